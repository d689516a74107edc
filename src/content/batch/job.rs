//! The job of an item.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::callback_output::Forwarded;
use super::item::{Action, Destination, Item, Product, Work};
use crate::body::output::Output;
use crate::content::blob_pull;
use crate::content::copy::Transfers;
use crate::content::descriptor::Descriptor;
use crate::content::file_pull;
use crate::content::local_file;
use crate::content::location;
use crate::content::manifest_pull;
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::pool::Worker;
use crate::content::progress::Progress;
use crate::content::push::{self, Source};
use crate::content::target::Target;
use crate::error::{Error, Kind, Step};
use crate::os::callback_queue::CallbackQueue;

/// Items that have ended, in that order.
#[derive(Default)]
pub(super) struct Ended(Mutex<Vec<(usize, Result<Product, Error>)>>);

impl Ended {
    /// Those that have ended since the last time.
    pub(super) fn take(&self) -> Vec<(usize, Result<Product, Error>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, index: usize, outcome: Result<Product, Error>) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.push((index, outcome));
    }
}

/// The outcome of an item that has not ended. There is one, even if its job panics or
/// never begins.
pub(super) struct Promise {
    pub(super) index: usize,
    pub(super) ended: Arc<Ended>,
    /// Woken when the item ends.
    pub(super) callbacks: Arc<CallbackQueue>,
    is_kept: bool,
}

impl Promise {
    pub(super) fn new(index: usize, ended: &Arc<Ended>, callbacks: &Arc<CallbackQueue>) -> Promise {
        Promise {
            index,
            ended: Arc::clone(ended),
            callbacks: Arc::clone(callbacks),
            is_kept: false,
        }
    }

    fn keep(&mut self, outcome: Result<Product, Error>) {
        self.is_kept = true;
        self.ended.add(self.index, outcome);
        self.callbacks.wake();
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        if !self.is_kept {
            let error = match thread::panicking() {
                true => Error::new(Kind::Panic, "a worker thread has panicked"),
                false => Error::new(Kind::Cancelled, "the call was cancelled").at(Step::Prepare),
            };
            self.keep(Err(error));
        }
    }
}

/// The job of one item.
pub(super) struct ItemJob {
    pub(super) item: Arc<Item>,
    pub(super) options: Arc<Options>,
    pub(super) progress: Progress,
    pub(super) transfers: Arc<Transfers>,
    pub(super) promise: Promise,
}

impl ItemJob {
    /// Does the work. A pull copies from a file of the batch, if there is one.
    pub(super) fn run(mut self, worker: &Worker, file: Option<&Path>) -> Result<(), Error> {
        let outcome = match self.progress.stopped() {
            Some(error) => Err(error),
            None => self.perform(worker, file),
        };
        // Before the failures that are its consequence.
        let failure = outcome.as_ref().err().cloned();
        self.promise.keep(outcome);
        failure.map_or(Ok(()), Err)
    }

    fn perform(&self, worker: &Worker, file: Option<&Path>) -> Result<Product, Error> {
        let (options, progress) = (&self.options, &self.progress);
        match &self.item.work {
            Work::Copy(copy) => copy
                .run(worker, options, progress, &self.transfers)
                .map(Product::Content)
                .map_err(|error| match (error.kind(), copy.shown()) {
                    (Kind::Cancelled | Kind::Deadline, _) | (_, "") => error,
                    (_, name) => error.with_more(&format!(", in the copy of {name}")),
                }),
            Work::At(repository, action) => {
                let mut operation = worker.operation(repository, options, progress);
                if let Action::Pull(blob, _) = action {
                    operation.local =
                        file.and_then(|path| local_file::open(&operation, blob, path));
                }
                operation.finish_job(act(&operation, action))
            }
        }
    }
}

fn act(operation: &Operation, action: &Action) -> Result<Product, Error> {
    match action {
        Action::Pull(blob, to) => {
            pull(operation, blob, to)?;
            Ok(Product::Content(blob.clone()))
        }
        Action::Push(path, digest) => {
            push::push_in(operation, Source::Path(path.clone()), digest.clone())
                .map(Product::Content)
        }
        Action::Manifest { target, platform } => {
            let target = match target {
                Some(target) => target.clone(),
                None => Target::parse(None, operation.repository)?,
            };
            match platform {
                Some(platform) => manifest_pull::resolve_in(operation, target, platform),
                None => manifest_pull::pull_in(operation, &target),
            }
            .map(|manifest| Product::Manifest(Box::new(manifest)))
        }
        Action::Locate { blob, follow } => location::locate_in(operation, blob, *follow)
            .map(|found| Product::Location(blob.clone(), Arc::new(found))),
    }
}

fn pull(operation: &Operation, blob: &Descriptor, to: &Destination) -> Result<(), Error> {
    match to {
        Destination::Path(path) => file_pull::to_path_in(operation, blob, path),
        Destination::Descriptor(fd) => {
            blob_pull::to_output_in(operation, blob, Output::Descriptor(*fd))
        }
        Destination::Callback(output) => {
            let forwarded = Forwarded {
                output: Arc::clone(output),
                limits: operation.call.limits.clone(),
            };
            blob_pull::to_output_in(operation, blob, Output::Callback(Box::new(forwarded)))
        }
    }
}
