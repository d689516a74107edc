//! The work of a batch from the first item that is started until nothing is left.

use std::collections::HashMap;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use super::item::{Item, Items, Product};
use super::job::{Ended, ItemJob, Promise};
use super::same_blob::SameBlobs;
use crate::content::copy::Transfers;
use crate::content::options::Options;
use crate::content::pool::{Jobs, Pool, Running};
use crate::content::progress::Progress;
use crate::error::{Error, Kind};
use crate::os::call_scope::{self, CallScope};
use crate::os::callback_queue::CallbackQueue;
use crate::os::deadline::CallLimits;

/// The threads of a batch, and what they have to do.
pub(super) struct Round {
    pool: Pool,
    running: Running,
    options: Arc<Options>,
    progress: Progress,
    keep_going: bool,
    transfers: Arc<Transfers>,
    callbacks: Arc<CallbackQueue>,
    ended: Arc<Ended>,
    /// How many items have not ended.
    left: usize,
    /// The progress of those.
    items: HashMap<usize, Progress>,
    /// The error of the first item that has failed.
    failure: Option<Error>,
    /// The error if the whole batch was cancelled or has exceeded its time limit.
    interruption: Option<Error>,
    process: u32,
}

impl Round {
    /// The time limit of the options begins. `before` items have ended earlier.
    pub(super) fn begin(
        items: &Items,
        options: &Arc<Options>,
        threads: usize,
        keep_going: bool,
        before: usize,
    ) -> Result<Round, Error> {
        let mut limits = CallLimits {
            cancel: options.cancel.clone(),
            callbacks: Some(Arc::clone(items.callbacks())),
            is_nested: call_scope::is_active(),
            speed: options.speed(),
            ..CallLimits::within(options.timeout)
        };
        let progress = Progress::new(options.progress.as_ref());
        progress.set_items(items.count(), before);
        let pool = Pool::with_threads(&mut limits, &progress, threads)?;
        let mut jobs = Jobs::new();
        if keep_going {
            jobs = jobs.keep_going();
        }
        Ok(Round {
            running: pool.start(jobs)?,
            pool,
            options: Arc::clone(options),
            progress,
            keep_going,
            transfers: Arc::default(),
            callbacks: Arc::clone(items.callbacks()),
            ended: Arc::default(),
            left: 0,
            items: HashMap::new(),
            failure: None,
            interruption: None,
            process: std::process::id(),
        })
    }

    /// Starts items; `first` is the index of the first one.
    pub(super) fn start(&mut self, first: usize, added: &[Arc<Item>], blobs: &mut SameBlobs) {
        self.progress.set_item_count(first + added.len());
        let mut jobs = Jobs::new();
        for (index, item) in (first..).zip(added) {
            let progress = self.progress.of_item(index);
            let (about, name) = item.work.about();
            progress.about(about, &name);
            if let Some((_, blob, _)) = item.work.as_pull() {
                progress.expect(blob.size());
            }
            self.items.insert(index, progress.clone());
            let job = ItemJob {
                item: Arc::clone(item),
                options: Arc::clone(&self.options),
                progress,
                transfers: Arc::clone(&self.transfers),
                promise: Promise::new(index, &self.ended, &self.callbacks),
            };
            blobs.add(&mut jobs, job, self.keep_going);
        }
        self.left += added.len();
        self.running.add(jobs);
    }

    /// Runs callbacks, notes which items have ended, and does the work of a thread if
    /// there is none. Returns whether there was anything to do.
    pub(super) fn serve(&mut self, items: &Items) -> bool {
        let mut has_acted = self.callbacks.run_queued() > 0;
        if self.running.help() {
            has_acted = true;
            // There may be more of it.
            self.callbacks.wake();
        }
        for (index, outcome) in self.ended.take() {
            has_acted = true;
            self.left -= 1;
            self.note(items, index, outcome);
        }
        has_acted
    }

    fn note(&mut self, items: &Items, index: usize, outcome: Result<Product, Error>) {
        let result = outcome.as_ref().map(|_| ()).map_err(Error::clone);
        if let Err(error) = &result {
            self.failure.get_or_insert_with(|| error.clone());
            // Nothing else ends items of a batch that keeps going.
            if self.keep_going && matches!(error.kind(), Kind::Cancelled | Kind::Deadline) {
                self.interruption.get_or_insert_with(|| error.clone());
            }
        }
        if let Some(item) = items.get(index) {
            item.set_outcome(outcome);
        }
        let _scope = CallScope::enter();
        if let Some(progress) = self.items.remove(&index) {
            // The failures of the item and of the callback are those of the batch.
            let _ = progress.done(result);
        }
    }

    /// Whether all items have ended.
    pub(super) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Ends the threads. The error is that of the whole batch, or of the first item that
    /// failed.
    pub(super) fn end(self) -> Result<(), Error> {
        drop(self.pool);
        // Log messages may be left.
        self.callbacks.run_queued();
        let stopped = self.progress.stopped();
        match stopped.or(self.interruption).or(self.failure) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Cancels the work and waits until it has ended.
    pub(super) fn abandon(self) {
        if self.process != std::process::id() {
            // The threads are those of the parent, and may have held locks.
            let _ = ManuallyDrop::new(self);
        }
        // Otherwise, dropping the pool stops its jobs and joins its threads.
    }
}
