//! Jobs, and what they return.

use std::sync::{Arc, Mutex, PoisonError};

use super::queue::{Group, Needs};
use super::{Shared, Worker};
use crate::content::repository::Repository;
use crate::error::Error;

/// Runs a job.
type Run = Box<dyn FnOnce(&Worker) -> Result<(), Error> + Send>;

/// Part of a call. It owns what it uses.
pub(super) struct Job {
    pub(super) run: Run,
    pub(super) needs: Needs,
}

/// Jobs that a thread waits for.
#[derive(Default)]
pub(in crate::content) struct Jobs {
    pub(super) list: Vec<Job>,
    pub(super) keep_going: bool,
}

impl Jobs {
    /// No jobs.
    pub(in crate::content) fn new() -> Jobs {
        Jobs::default()
    }

    /// A job that has failed does not stop the others.
    pub(in crate::content) fn keep_going(mut self) -> Jobs {
        self.keep_going = true;
        self
    }

    /// Adds a job that has at most one connection to each of the repositories at a
    /// time. A repository that is named twice stands for two connections.
    pub(in crate::content) fn add(
        &mut self,
        repositories: &[&Repository],
        run: impl FnOnce(&Worker) -> Result<(), Error> + Send + 'static,
    ) {
        self.list.push(Job {
            run: Box::new(run),
            needs: Needs::of(repositories),
        });
    }
}

/// Jobs that run while the calling thread does something else.
pub(in crate::content) struct Running {
    shared: Arc<Shared>,
    group: Arc<Group>,
}

impl Running {
    pub(super) fn new(shared: &Arc<Shared>, group: Group) -> Running {
        Running {
            shared: Arc::clone(shared),
            group: Arc::new(group.detached()),
        }
    }

    /// Adds jobs.
    pub(in crate::content) fn add(&self, jobs: Jobs) {
        self.shared.queue.add(&self.group, jobs.list);
        self.shared.start_threads();
    }

    /// Runs a job on the current thread, if no thread could be created.
    pub(in crate::content) fn help(&self) {
        if !self.shared.has_threads()
            && let Some(entry) = self.shared.queue.try_next()
        {
            entry.run(&self.shared, false);
        }
    }

    /// Ends the jobs.
    pub(in crate::content) fn stop(&self) {
        self.group.stop();
    }

    /// Whether all jobs have ended.
    pub(in crate::content) fn is_done(&self) -> bool {
        self.group.is_done()
    }

    /// The first failure of a job, if there is one.
    pub(in crate::content) fn result(&self) -> Result<(), Error> {
        self.group.result()
    }
}

/// Results of jobs, in the order of the jobs.
pub(super) struct Results<T>(Arc<Mutex<Vec<Option<T>>>>);

impl<T> Results<T> {
    pub(super) fn new(count: usize) -> Results<T> {
        Results(Arc::new(Mutex::new((0..count).map(|_| None).collect())))
    }

    pub(super) fn clone(&self) -> Results<T> {
        Results(Arc::clone(&self.0))
    }

    pub(super) fn set(&self, index: usize, value: T) {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results[index] = Some(value);
    }

    /// All results, once all jobs have succeeded.
    pub(super) fn take(self) -> Vec<T> {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.drain(..).flatten().collect()
    }
}
