//! The queue of jobs that have not begun.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::group::Group;
use super::needs::{InUse, Needs};
use crate::error::Error;

/// A job that has not begun.
pub(super) struct Entry<J> {
    pub(super) group: Arc<Group>,
    pub(super) needs: Needs,
    pub(super) job: J,
}

struct State<J> {
    entries: VecDeque<Entry<J>>,
    in_use: InUse,
    is_closed: bool,
}

/// Jobs that have not begun.
pub(super) struct Queue<J> {
    state: Mutex<State<J>>,
    /// Something has changed that a thread may wait for.
    changed: Condvar,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Queue<J> {
        let state = State {
            entries: VecDeque::new(),
            in_use: InUse::default(),
            is_closed: false,
        };
        Queue {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    pub(super) fn add(&self, group: &Arc<Group>, jobs: Vec<(Needs, J)>) {
        let mut state = self.state();
        group.add(jobs.len());
        state
            .entries
            .extend(jobs.into_iter().map(|(needs, job)| Entry {
                group: Arc::clone(group),
                needs,
                job,
            }));
        drop(state);
        self.changed.notify_all();
    }

    /// How many jobs could begin now, at most `max`.
    pub(super) fn startable(&self, max: usize) -> usize {
        let state = self.state();
        let mut in_use = state.in_use.clone();
        let mut count = 0;
        for entry in &state.entries {
            if count == max {
                break;
            }
            if in_use.has_room(&entry.needs) {
                in_use.take(&entry.needs);
                count += 1;
            }
        }
        count
    }

    /// Waits for a job that can begin; `None` once the queue is closed, or all jobs of
    /// the group have ended. Only jobs of the group or below it, if there is one.
    pub(super) fn next(&self, group: Option<&Arc<Group>>) -> Option<Entry<J>> {
        let mut state = self.state();
        loop {
            if state.is_closed || group.is_some_and(|group| group.is_done()) {
                return None;
            }
            if let Some(entry) = state.take(group) {
                return Some(entry);
            }
            state = self.wait(state);
        }
    }

    /// A job that can begin now.
    pub(super) fn try_next(&self) -> Option<Entry<J>> {
        self.state().take(None)
    }

    /// Waits until all jobs of a stopped group have ended. Those that have not begun
    /// never do.
    pub(super) fn wait_for(&self, group: &Arc<Group>) {
        let mut state = self.state();
        while !group.is_done() {
            let entries = &mut state.entries;
            let at = entries.iter().position(|entry| entry.group.is_in(group));
            match at.and_then(|at| entries.remove(at)) {
                Some(entry) => {
                    drop(state);
                    self.end(&entry.group, None, Ok(()));
                    // What it owns is freed without the lock.
                    drop(entry);
                    state = self.state();
                }
                None => state = self.wait(state),
            }
        }
    }

    /// A job has ended.
    pub(super) fn end(&self, group: &Arc<Group>, needs: Option<&Needs>, result: Result<(), Error>) {
        if let Err(error) = result {
            group.fail(error);
        }
        let mut state = self.state();
        if let Some(needs) = needs {
            state.in_use.give_back(needs);
        }
        group.end_one();
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until a job that has waited for others can continue.
    pub(super) fn acquire(&self, needs: &Needs) {
        let mut state = self.state();
        while !state.in_use.has_room(needs) {
            state = self.wait(state);
        }
        state.in_use.take(needs);
    }

    /// A job waits for others, without connections of its own.
    pub(super) fn release(&self, needs: &Needs) {
        self.state().in_use.give_back(needs);
        self.changed.notify_all();
    }

    /// The threads end once they have ended their jobs.
    pub(super) fn close(&self) {
        let entries = {
            let mut state = self.state();
            state.is_closed = true;
            std::mem::take(&mut state.entries)
        };
        for entry in &entries {
            self.end(&entry.group, None, Ok(()));
        }
        self.changed.notify_all();
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<J>>) -> MutexGuard<'a, State<J>> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> State<J> {
    fn take(&mut self, group: Option<&Arc<Group>>) -> Option<Entry<J>> {
        let at = self.entries.iter().position(|entry| {
            group.is_none_or(|group| entry.group.is_in(group)) && self.in_use.has_room(&entry.needs)
        })?;
        let entry = self.entries.remove(at)?;
        self.in_use.take(&entry.needs);
        Some(entry)
    }
}
