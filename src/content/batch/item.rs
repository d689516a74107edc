//! The items of a batch: their work and their results.

use std::os::fd::{BorrowedFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use super::callback_output::CallbackOutput;
use crate::content::blob_pull;
use crate::content::copy::Copy;
use crate::content::descriptor::Descriptor;
use crate::content::digest::Digest;
use crate::content::location::Location;
use crate::content::manifest::Manifest;
use crate::content::platform::Platform;
use crate::content::push::Source;
use crate::content::repository::Repository;
use crate::content::target::Target;
use crate::error::{Error, Kind, Step};
use crate::os::callback_queue::CallbackQueue;
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::wait;

/// What an item does.
pub enum Work {
    /// Copies a manifest and everything that it refers to.
    Copy(Copy),
    /// Does something with a repository.
    At(Repository, Action),
}

/// What an item does with a repository.
pub enum Action {
    /// Pulls a blob.
    Pull(Descriptor, Destination),
    /// Pushes a file as a blob, whose digest may be known.
    Push(PathBuf, Option<Digest>),
    /// Pulls a manifest.
    Manifest {
        /// Its tag or digest; `None` for the target of the repository.
        target: Option<Target>,
        /// The platform that an index is resolved for, if it is.
        platform: Option<Platform>,
    },
    /// Looks up the location of a blob.
    Locate {
        /// The blob.
        blob: Descriptor,
        /// Whether to follow redirects.
        follow: bool,
    },
}

/// The destination of a pulled blob.
pub enum Destination {
    /// A file.
    Path(PathBuf),
    /// A descriptor of the caller.
    Descriptor(RawFd),
    /// A callback of the caller.
    Callback(Arc<CallbackOutput>),
}

impl Work {
    /// A pull of a blob.
    pub fn pull(repository: &Repository, blob: &Descriptor, to: Destination) -> Work {
        Work::At(repository.clone(), Action::Pull(blob.clone(), to))
    }

    /// A push of a file.
    pub fn push(repository: &Repository, path: &Path, digest: Option<&str>) -> Result<Work, Error> {
        let digest = digest.map(Digest::parse).transpose()?;
        let action = Action::Push(path.to_owned(), digest);
        Ok(Work::At(repository.clone(), action))
    }

    /// A pull of a manifest. A platform of `None` is that of the host; an empty one
    /// means that indexes are not resolved.
    pub fn manifest(
        repository: &Repository,
        reference: Option<&str>,
        platform: Option<&str>,
    ) -> Result<Work, Error> {
        // Which manifest is the target of a layout may change until the item is started.
        let target = reference.map(|text| Target::parse(Some(text), repository));
        let target = target.transpose()?;
        let platform = match platform {
            Some("") => None,
            platform => Some(Platform::parse_or_host(platform)?),
        };
        let action = Action::Manifest { target, platform };
        Ok(Work::At(repository.clone(), action))
    }

    /// A lookup of the location of a blob.
    pub fn locate(repository: &Repository, blob: &Descriptor, follow: bool) -> Work {
        let blob = blob.clone();
        Work::At(repository.clone(), Action::Locate { blob, follow })
    }

    /// The repository and the blob, if it is pulled, and the destination.
    pub(super) fn as_pull(&self) -> Option<(&Repository, &Descriptor, &Destination)> {
        match self {
            Work::At(repository, Action::Pull(blob, to)) => Some((repository, blob, to)),
            _ => None,
        }
    }

    /// The content if it is known, and a name for display.
    pub(super) fn about(&self) -> (Option<&Descriptor>, String) {
        match self {
            Work::Copy(copy) => (None, copy.shown().to_owned()),
            Work::At(_, Action::Pull(blob, _) | Action::Locate { blob, .. }) => {
                (Some(blob), blob_pull::shown_name(blob).to_owned())
            }
            Work::At(_, Action::Push(path, digest)) => {
                (None, Source::Path(path.clone()).name(digest.as_ref()))
            }
            Work::At(_, Action::Manifest { target, .. }) => {
                let name = target.as_ref().map_or("", Target::shown);
                (None, name.to_owned())
            }
        }
    }

    /// The repository of each connection that it may use at a time.
    pub(super) fn repositories(&self) -> Vec<&Repository> {
        match self {
            Work::Copy(copy) => copy.repositories().to_vec(),
            Work::At(repository, _) => vec![repository],
        }
    }
}

/// What an item results in.
pub enum Product {
    /// What was pulled, pushed or copied.
    Content(Descriptor),
    /// A manifest that was pulled.
    Manifest(Box<Manifest>),
    /// The location of a blob.
    Location(Descriptor, Arc<Location>),
}

impl Product {
    /// What was pulled, pushed, copied or located.
    pub fn descriptor(&self) -> &Descriptor {
        match self {
            Product::Content(blob) | Product::Location(blob, _) => blob,
            Product::Manifest(manifest) => manifest.descriptor(),
        }
    }
}

/// An item of a batch.
pub struct Item {
    /// Kept until the batch is freed, so that no worker thread frees it.
    pub(super) work: Work,
    outcome: OnceLock<Result<Product, Error>>,
}

impl Item {
    /// What it has resulted in, once it has ended.
    pub fn outcome(&self) -> Option<&Result<Product, Error>> {
        self.outcome.get()
    }

    pub(super) fn set_outcome(&self, outcome: Result<Product, Error>) {
        // It ends once.
        let _ = self.outcome.set(outcome);
    }
}

/// The items of a batch, and the queue of its callbacks. Callbacks may use it while
/// the batch runs.
pub struct Items {
    list: Mutex<Vec<Arc<Item>>>,
    callbacks: Arc<CallbackQueue>,
}

/// The current thread runs the callbacks as long as this exists.
pub(super) struct Owner(Arc<CallbackQueue>);

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.disown();
    }
}

impl Items {
    pub(super) fn new() -> Result<Items, Error> {
        let callbacks = CallbackQueue::new()
            .map_err(|error| Error::io(Kind::NoMemory, "event of the batch", &error))?;
        callbacks.disown();
        // The first step is due even if there are no items: it reports that.
        callbacks.wake();
        Ok(Items {
            list: Mutex::default(),
            callbacks: Arc::new(callbacks),
        })
    }

    /// Adds an item, which the next step starts.
    pub fn add(&self, work: Work) {
        self.list().push(Arc::new(Item {
            work,
            outcome: OnceLock::new(),
        }));
        self.callbacks.wake();
    }

    /// How many items there are.
    pub fn count(&self) -> usize {
        self.list().len()
    }

    /// An item.
    pub fn get(&self, index: usize) -> Option<Arc<Item>> {
        self.list().get(index).cloned()
    }

    /// Readable while a step has something to do.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.callbacks.event_descriptor()
    }

    /// The items from an index on.
    pub(super) fn since(&self, start: usize) -> Vec<Arc<Item>> {
        self.list()[start..].to_vec()
    }

    pub(super) fn callbacks(&self) -> &Arc<CallbackQueue> {
        &self.callbacks
    }

    pub(super) fn own_callbacks(&self) -> Owner {
        self.callbacks.adopt();
        Owner(Arc::clone(&self.callbacks))
    }

    /// Runs what is still queued, such as log messages, and clears the event.
    pub(super) fn run_queued(&self) {
        self.callbacks.run_queued();
    }

    /// Waits until there is something to do.
    pub(super) fn wait(&self, until: Option<Instant>) -> Result<(), Error> {
        let waited = wait::wait(
            self.callbacks.descriptor(),
            wait::READABLE,
            &CallLimits::default(),
            StepLimit::none(Step::Prepare),
            until,
        );
        let waited = waited.map(|_| ());
        waited.map_err(|error| Error::of_io(Kind::Receive, "wait for a batch", error))
    }

    fn list(&self) -> MutexGuard<'_, Vec<Arc<Item>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
