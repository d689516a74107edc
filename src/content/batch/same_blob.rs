//! Pulls of the same blob: it is pulled to one file, and copied from there.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::item::Destination;
use super::job::ItemJob;
use crate::content::descriptor::Descriptor;
use crate::content::pool::{Jobs, Worker};
use crate::content::repository::Repository;
use crate::error::Error;

/// The blobs that a batch pulls.
#[derive(Default)]
pub(super) struct SameBlobs(HashMap<(String, String), Arc<SameBlob>>);

/// A blob that several items may pull.
#[derive(Default)]
pub(super) struct SameBlob(Mutex<State>);

#[derive(Default)]
struct State {
    /// A pull to a file is queued or runs.
    is_pulled: bool,
    /// Pulls that wait for it.
    waiting: Vec<ItemJob>,
    /// A file that has the content.
    file: Option<PathBuf>,
}

impl SameBlobs {
    fn of(&mut self, repository: &Repository, blob: &Descriptor) -> Option<Arc<SameBlob>> {
        // A repository that cannot be identified is not the same as any other.
        let place = repository.identity().ok()?;
        let key = (place, blob.digest().as_str().to_owned());
        Some(Arc::clone(self.0.entry(key).or_default()))
    }

    /// Adds the job of an item, unless it waits for the job of another one.
    pub(super) fn add(&mut self, jobs: &mut Jobs, job: ItemJob, keep_going: bool) {
        let item = Arc::clone(&job.item);
        let repositories = item.work.repositories();
        let pull = item.work.as_pull();
        let same = pull.and_then(|(repository, blob, _)| self.of(repository, blob));
        let Some(same) = same else {
            jobs.add(&repositories, move |worker| job.run(worker, None));
            return;
        };
        let mut state = same.state();
        if state.is_pulled {
            state.waiting.push(job);
            return;
        }
        state.is_pulled = file_of(&job).is_some();
        let leader = state.is_pulled.then(|| Leader(Arc::clone(&same)));
        drop(state);
        jobs.add(&repositories, move |worker| match leader {
            Some(leader) => leader.run(worker, job, keep_going),
            None => {
                let file = same.state().file.clone();
                job.run(worker, file.as_deref())
            }
        });
    }
}

impl SameBlob {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The file that an item pulls to.
fn file_of(job: &ItemJob) -> Option<PathBuf> {
    match job.item.work.as_pull() {
        Some((_, _, Destination::Path(path))) => Some(path.clone()),
        _ => None,
    }
}

/// The pull that others wait for. They end with it, even if it never begins.
struct Leader(Arc<SameBlob>);

impl Leader {
    fn run(self, worker: &Worker, job: ItemJob, keep_going: bool) -> Result<(), Error> {
        let mut failure = None;
        let mut next = Some(job);
        while let Some(job) = next.take() {
            let (path, file) = (file_of(&job), self.0.state().file.clone());
            let pulled = job.run(worker, file.as_deref());
            if pulled.is_ok() && path.is_some() {
                self.0.state().file = path;
            }
            if let Err(error) = pulled {
                failure.get_or_insert(error);
                if !keep_going {
                    break;
                }
            }
            if let Err(error) = self.copy(worker, keep_going) {
                failure.get_or_insert(error);
            }
            next = self.next();
        }
        failure.map_or(Ok(()), Err)
    }

    /// Runs the items that wait for a file, once there is one.
    fn copy(&self, worker: &Worker, keep_going: bool) -> Result<(), Error> {
        let mut result = Ok(());
        loop {
            let (file, waiting) = {
                let mut state = self.0.state();
                let Some(file) = state.file.clone() else {
                    return result;
                };
                (file, std::mem::take(&mut state.waiting))
            };
            if waiting.is_empty() {
                return result;
            }
            let mut jobs = match keep_going {
                true => Jobs::new().keep_going(),
                false => Jobs::new(),
            };
            for job in waiting {
                let (item, file) = (Arc::clone(&job.item), file.clone());
                jobs.add(&item.work.repositories(), move |worker| {
                    job.run(worker, Some(&file))
                });
            }
            result = result.and(worker.run(jobs));
        }
    }

    /// The next pull after a failure; the file is no longer waited for if there is
    /// none.
    fn next(&self) -> Option<ItemJob> {
        let mut state = self.0.state();
        match state.waiting.is_empty() {
            true => {
                state.is_pulled = false;
                None
            }
            false => Some(state.waiting.remove(0)),
        }
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state();
            state.is_pulled = false;
            std::mem::take(&mut state.waiting)
        };
        // They end without the lock.
        drop(waiting);
    }
}
