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
    /// How many threads of the pool have no job, or will have none when they begin.
    idle: usize,
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
            idle: 0,
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

    /// How many more threads would have a job now, at most `max`.
    pub(super) fn missing_threads(&self, max: usize) -> usize {
        let state = self.state();
        let mut in_use = state.in_use.clone();
        let mut startable = 0;
        for entry in &state.entries {
            if startable == max + state.idle {
                break;
            }
            if in_use.has_room(&entry.needs) {
                in_use.take(&entry.needs);
                startable += 1;
            }
        }
        startable.saturating_sub(state.idle)
    }

    /// A thread of the pool begins, or has ended a job.
    pub(super) fn add_idle(&self) {
        self.state().idle += 1;
    }

    /// A thread of the pool could not be created.
    pub(super) fn remove_idle(&self) {
        self.state().idle -= 1;
    }

    /// Waits for a job that can begin; `None` once the queue is closed. For a thread of
    /// the pool, which is no longer idle then.
    pub(super) fn next(&self) -> Option<Entry<J>> {
        let mut state = self.state();
        while !state.is_closed {
            if let Some(entry) = state.take(None) {
                state.idle -= 1;
                return Some(entry);
            }
            state = self.wait(state);
        }
        None
    }

    /// Waits for a job of the group, or below it, that can begin; `None` once all have
    /// ended, or the queue is closed.
    pub(super) fn next_of(&self, group: &Arc<Group>) -> Option<Entry<J>> {
        let mut state = self.state();
        while !state.is_closed && !group.is_done() {
            if let Some(entry) = state.take(Some(group)) {
                return Some(entry);
            }
            state = self.wait(state);
        }
        None
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::pool::Jobs;
    use crate::content::pool::tests::repository;
    use crate::os::deadline::CallLimits;

    fn group() -> Arc<Group> {
        Arc::new(Group::new(None, &CallLimits::default(), false).expect("no stop"))
    }

    #[test]
    fn a_job_that_needs_two_connections_counts_twice() {
        let place = repository(Some(3));
        let twice = Needs::of(&[&place, &place]);
        let queue = Queue::new();
        let mut jobs = Jobs::new();
        for _ in 0..2 {
            jobs.add(&[&place, &place], |_| Ok(()));
        }
        jobs.add(&[&place], |_| Ok(()));
        queue.add(&group(), jobs.list);
        assert_eq!(queue.missing_threads(9), 2);
        queue.acquire(&twice);
        assert_eq!(queue.missing_threads(9), 1);
        queue.acquire(&Needs::of(&[&place]));
        assert_eq!(queue.missing_threads(9), 0);
        queue.release(&twice);
        assert_eq!(queue.missing_threads(9), 1);
    }

    #[test]
    fn a_thread_that_has_a_job_is_not_idle() {
        let queue = Queue::new();
        let group = group();
        queue.add_idle();
        queue.add(&group, vec![(Needs::default(), ())]);
        assert_eq!(queue.missing_threads(9), 0);
        assert!(queue.next().is_some());
        queue.add(&group, vec![(Needs::default(), ())]);
        assert_eq!(queue.missing_threads(9), 1);
        // The job that it has taken has ended.
        queue.add_idle();
        assert_eq!(queue.missing_threads(9), 0);
    }
}
