//! Jobs that no thread waits for.

use std::sync::Arc;

use super::group::Group;
use super::worker::{Jobs, Shared, run_entry};

/// Jobs that run while the calling thread does something else.
pub(in crate::content) struct Running {
    shared: Arc<Shared>,
    pub(super) group: Arc<Group>,
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
        if jobs.list.is_empty() {
            return;
        }
        self.shared.queue.add(&self.group, jobs.list);
        self.shared.start_threads();
    }

    /// Runs one queued job on the current thread if the pool has no threads; returns
    /// whether there was one.
    pub(in crate::content) fn help(&self) -> bool {
        if self.shared.has_threads() {
            return false;
        }
        let entry = self.shared.queue.try_next();
        let is_there = entry.is_some();
        if let Some(entry) = entry {
            run_entry(entry, &self.shared, false, None);
        }
        is_there
    }
}
