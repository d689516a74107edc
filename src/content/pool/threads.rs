//! The worker threads of a pool.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::queue::Queue;
use crate::os::sys::signals::spawn_thread;

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
    spawn_thread(builder, run)
}

pub(super) struct Threads {
    max: usize,
    start: Start,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    handles: Vec<JoinHandle<()>>,
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

    /// Starts threads for the jobs of a queue. There is at least one then: jobs that
    /// cannot begin yet need it too.
    pub(super) fn start<J>(&self, queue: &Queue<J>, body: impl Fn() -> Body) {
        let mut state = self.state();
        let room = self.max - state.handles.len();
        if room == 0 || state.has_failed {
            return;
        }
        let min = usize::from(state.handles.is_empty());
        for _ in 0..queue.missing_threads(room).clamp(min, room) {
            queue.add_idle();
            match (self.start)(state.handles.len(), body()) {
                Ok(handle) => state.handles.push(handle),
                Err(_) => {
                    queue.remove_idle();
                    state.has_failed = true;
                    return;
                }
            }
        }
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
