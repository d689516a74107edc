//! The worker threads of a pool.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::Shared;
use crate::os::sys::with_signals_blocked;

/// The stack of a worker thread.
const STACK: usize = 512 * 1024;

/// Starts a thread.
pub(super) type Start = fn(usize, Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>;

pub(super) fn start(number: usize, run: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
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
    /// A thread could not be created: the calling thread relies on their number.
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

impl Shared {
    /// Whether there is a thread besides the calling one.
    pub(super) fn has_threads(&self) -> bool {
        !self.threads.state().handles.is_empty()
    }

    /// Starts threads for the jobs that can begin now.
    pub(super) fn start_threads(self: &Arc<Shared>) {
        let Threads { max, start, .. } = self.threads;
        let mut state = self.threads.state();
        let room = max - state.handles.len();
        if room == 0 || state.has_failed {
            return;
        }
        let wanted = self.queue.startable(room + state.idle);
        let wanted = wanted.saturating_sub(state.idle).min(room);
        // Jobs may begin later, but the calling thread runs none if there are threads.
        let least = usize::from(state.handles.is_empty());
        for _ in 0..wanted.max(least) {
            let shared = Arc::clone(self);
            match start(state.handles.len(), Box::new(move || shared.work())) {
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

    /// Runs jobs until the pool is closed. The body of a thread.
    fn work(self: &Arc<Shared>) {
        while let Some(entry) = self.queue.next(None) {
            self.threads.state().idle -= 1;
            entry.run(self, true);
            self.threads.state().idle += 1;
        }
    }
}
