//! Jobs that no thread waits for.

use std::sync::Arc;

use super::group::Group;
use super::worker::{Jobs, Shared, run_entry};
use crate::error::Error;

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
            run_entry(entry, &self.shared, false, None);
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
