//! The worker threads of a pool.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use crate::os::sys::with_signals_blocked;

/// The stack of a worker thread.
const STACK: usize = 512 * 1024;

/// The body of a thread.
type Body = Box<dyn FnOnce() + Send>;

/// Starts a thread.
pub(super) type Start = fn(usize, Body) -> io::Result<JoinHandle<()>>;

pub(super) fn start(number: usize, run: Body) -> io::Result<JoinHandle<()>> {
    let builder = Builder::new()
        .name(format!("reggie-worker-{number}"))
        .stack_size(STACK);
    with_signals_blocked(|| builder.spawn(run))
}

pub(super) struct Threads {
    max: usize,
    start: Start,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    handles: Vec<JoinHandle<()>>,
    /// Those that wait for a job.
    idle: usize,
    /// A thread could not be created. None is created later: the calling thread runs
    /// jobs only if there is none.
    has_failed: bool,
}

impl Threads {
    pub(super) fn new(max: usize, start: Start) -> Threads {
        Threads {
            max,
            start,
            state: Mutex::default(),
        }
    }

    pub(super) fn max(&self) -> usize {
        self.max
    }

    pub(super) fn count(&self) -> usize {
        self.state().handles.len()
    }

    /// Starts threads for jobs, whose number `jobs` counts up to a maximum. There is at
    /// least one then: jobs that cannot begin yet need it too.
    pub(super) fn start(&self, jobs: impl FnOnce(usize) -> usize, body: impl Fn() -> Body) {
        let mut state = self.state();
        let room = self.max - state.handles.len();
        if room == 0 || state.has_failed {
            return;
        }
        let jobs = jobs(room + state.idle).saturating_sub(state.idle);
        let min = usize::from(state.handles.is_empty());
        for _ in 0..jobs.clamp(min, room) {
            match (self.start)(state.handles.len(), body()) {
                Ok(handle) => {
                    state.handles.push(handle);
                    state.idle += 1;
                }
                Err(_) => {
                    state.has_failed = true;
                    return;
                }
            }
        }
    }

    /// A thread begins a job.
    pub(super) fn set_busy(&self) {
        self.state().idle -= 1;
    }

    /// A thread has ended a job.
    pub(super) fn set_idle(&self) {
        self.state().idle += 1;
    }

    /// Waits until they have ended.
    pub(super) fn join(&self) {
        loop {
            // A thread that ends may start another one.
            let Some(handle) = self.state().handles.pop() else {
                return;
            };
            // Panics are reported as failures.
            let _ = handle.join();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
