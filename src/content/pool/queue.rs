//! The queue of jobs that have not begun, and the groups that they belong to.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::jobs::Job;
use super::{Shared, Worker};
use crate::content::repository::Repository;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;
use crate::os::event::Event;

/// Jobs that one thread waits for.
pub(super) struct Group {
    pub(super) parent: Option<Arc<Group>>,
    /// Those of its jobs. If they have a stop, it is the group's own.
    pub(super) limits: CallLimits,
    /// Whether jobs continue after another one has failed.
    keep_going: bool,
    is_stopped: AtomicBool,
    /// How many jobs have not ended. Changed with the queue locked.
    left: AtomicUsize,
    failure: Mutex<Option<Error>>,
    /// Happens when all have ended, for a thread that serves callbacks.
    done: Option<Event>,
    /// Whether the end of the group wakes whoever serves callbacks.
    is_detached: bool,
}

impl Group {
    /// A group below another one; `parent_limits` are those of the job that waits for
    /// it.
    pub(super) fn new(
        parent: Option<&Arc<Group>>,
        parent_limits: &CallLimits,
        keep_going: bool,
    ) -> Result<Group, Error> {
        let mut limits = parent_limits.clone();
        if let Some(stop) = &limits.stop {
            limits.stop = Some(stop.child()?);
        }
        Ok(Group {
            parent: parent.cloned(),
            limits,
            keep_going,
            is_stopped: AtomicBool::new(false),
            left: AtomicUsize::new(0),
            failure: Mutex::default(),
            done: None,
            is_detached: false,
        })
    }

    /// The end of the group signals an event.
    pub(super) fn signalling(self) -> Result<Group, Error> {
        let done = Event::new()
            .map_err(|error| Error::io(Kind::NoMemory, "event of the workers", &error))?;
        Ok(Group {
            done: Some(done),
            ..self
        })
    }

    /// The end of the group wakes whoever serves callbacks.
    pub(super) fn detached(self) -> Group {
        Group {
            is_detached: true,
            ..self
        }
    }

    pub(super) fn done(&self) -> Option<&Event> {
        self.done.as_ref()
    }

    pub(super) fn is_done(&self) -> bool {
        self.left.load(Ordering::Acquire) == 0
    }

    /// The first failure counts.
    pub(super) fn fail(&self, error: Error) {
        self.failure().get_or_insert(error);
        if !self.keep_going {
            self.stop();
        }
    }

    /// Ends its jobs, and those of groups below it.
    pub(super) fn stop(&self) {
        self.is_stopped.store(true, Ordering::Release);
        if let Some(stop) = &self.limits.stop {
            stop.trigger();
        }
    }

    /// Whether jobs of the group need not begin.
    fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Acquire)
            || self.limits.check_cancelled(Step::Prepare).is_err()
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_stopped())
    }

    /// The first failure, if there is one.
    pub(super) fn result(&self) -> Result<(), Error> {
        match &*self.failure() {
            Some(error) => Err(error.clone()),
            // Jobs that never began leave none.
            None if self.is_stopped() => self.limits.check_cancelled(Step::Prepare),
            None => Ok(()),
        }
    }

    fn failure(&self) -> MutexGuard<'_, Option<Error>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it is another group, or below it.
    fn is_in(self: &Arc<Group>, other: &Arc<Group>) -> bool {
        Arc::ptr_eq(self, other)
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_in(other))
    }
}

/// The connections that a job may have at once, for each host with a limit.
#[derive(Clone, Debug, Default)]
pub(super) struct Needs(Vec<Need>);

#[derive(Clone, Debug)]
struct Need {
    host: String,
    max: usize,
    count: usize,
}

impl Needs {
    /// One connection for each of the repositories.
    pub(super) fn of(repositories: &[&Repository]) -> Needs {
        let mut needs: Vec<Need> = Vec::new();
        for client in repositories.iter().filter_map(|place| place.client()) {
            let Some(max) = client.max_connections() else {
                continue;
            };
            let host = client.host();
            match needs.iter_mut().find(|need| need.host == host) {
                Some(need) => (need.count, need.max) = (need.count + 1, need.max.min(max)),
                None => needs.push(Need {
                    host,
                    max,
                    count: 1,
                }),
            }
        }
        Needs(needs)
    }
}

/// A job that has not begun.
pub(super) struct Entry {
    group: Arc<Group>,
    job: Job,
}

#[derive(Default)]
struct State {
    entries: VecDeque<Entry>,
    /// The connections of running jobs, by host.
    in_use: HashMap<String, usize>,
    is_closed: bool,
}

/// Jobs that have not begun.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Something has changed that a thread may wait for.
    changed: Condvar,
}

impl Queue {
    pub(super) fn add(&self, group: &Arc<Group>, jobs: Vec<Job>) {
        let mut state = self.state();
        group.left.fetch_add(jobs.len(), Ordering::AcqRel);
        state.entries.extend(jobs.into_iter().map(|job| Entry {
            group: Arc::clone(group),
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
            if has_room(&in_use, &entry.job.needs) {
                take(&mut in_use, &entry.job.needs);
                count += 1;
            }
        }
        count
    }

    /// Waits for a job that can begin; `None` once the queue is closed, or all jobs of
    /// the group have ended. Only jobs of the group or below it, if there is one.
    pub(super) fn next(&self, group: Option<&Arc<Group>>) -> Option<Entry> {
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
    pub(super) fn try_next(&self) -> Option<Entry> {
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
    fn end(&self, group: &Arc<Group>, needs: Option<&Needs>, result: Result<(), Error>) {
        if let Err(error) = result {
            group.fail(error);
        }
        let mut state = self.state();
        if let Some(needs) = needs {
            give_back(&mut state.in_use, needs);
        }
        if group.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            if let Some(done) = &group.done {
                done.happen();
            }
            if let Some(callbacks) = group
                .limits
                .callbacks
                .as_ref()
                .filter(|_| group.is_detached)
            {
                callbacks.wake();
            }
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits until a job that has waited for others can continue.
    pub(super) fn acquire(&self, needs: &Needs) {
        let mut state = self.state();
        while !has_room(&state.in_use, needs) {
            state = self.wait(state);
        }
        take(&mut state.in_use, needs);
    }

    /// A job waits for others, without connections of its own.
    pub(super) fn release(&self, needs: &Needs) {
        give_back(&mut self.state().in_use, needs);
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

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, group: Option<&Arc<Group>>) -> Option<Entry> {
        let at = self.entries.iter().position(|entry| {
            group.is_none_or(|group| entry.group.is_in(group))
                && has_room(&self.in_use, &entry.job.needs)
        })?;
        let entry = self.entries.remove(at)?;
        take(&mut self.in_use, &entry.job.needs);
        Some(entry)
    }
}

/// A job that needs more than is allowed runs alone.
fn has_room(in_use: &HashMap<String, usize>, needs: &Needs) -> bool {
    needs.0.iter().all(|need| {
        let used = in_use.get(&need.host).copied().unwrap_or(0);
        used == 0 || used + need.count <= need.max
    })
}

fn take(in_use: &mut HashMap<String, usize>, needs: &Needs) {
    for need in &needs.0 {
        *in_use.entry(need.host.clone()).or_default() += need.count;
    }
}

fn give_back(in_use: &mut HashMap<String, usize>, needs: &Needs) {
    for need in &needs.0 {
        if let Some(used) = in_use.get_mut(&need.host) {
            *used = used.saturating_sub(need.count);
        }
    }
}

impl Entry {
    /// Runs the job on the current thread, unless its group is to end.
    pub(super) fn run(self, shared: &Arc<Shared>, is_thread: bool) {
        let Entry { group, job } = self;
        let Job { run, needs } = job;
        let mut end = End {
            shared,
            group: &group,
            needs: &needs,
            result: Err(panicked()),
        };
        end.result = match group.is_stopped() {
            true => Ok(()),
            false => {
                let worker = Worker {
                    shared,
                    limits: group.limits.clone(),
                    needs: needs.clone(),
                    group: Some(Arc::clone(&group)),
                    is_thread,
                    caller: None,
                };
                match is_thread {
                    // A callback that unwinds through the calling thread goes on.
                    false => run(&worker),
                    true => catch_unwind(AssertUnwindSafe(|| run(&worker)))
                        .unwrap_or_else(|_| Err(panicked())),
                }
            }
        };
    }
}

fn panicked() -> Error {
    Error::new(Kind::Panic, "a worker thread has panicked")
}

/// Ends a job, however it ends.
struct End<'a> {
    shared: &'a Shared,
    group: &'a Arc<Group>,
    needs: &'a Needs,
    result: Result<(), Error>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.result, Ok(()));
        self.shared.queue.end(self.group, Some(self.needs), result);
    }
}
