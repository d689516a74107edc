//! Callbacks on their way from worker threads to the thread that owns a call.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fmt, io};

use super::call_scope::CallScope;
use super::sys;

/// Maximum number of queued callbacks that no worker waits for.
const MAX_POSTED: usize = 1024;

/// A callback with its arguments. It owns them, so that a worker need not stay
/// until it has run.
type Job = Box<dyn FnOnce() + Send>;

/// Runs callbacks on one thread, in the order in which they were queued.
pub(crate) struct CallbackQueue {
    /// 0 while no thread runs them.
    owner: AtomicUsize,
    process: u32,
    state: Mutex<State>,
    /// Readable while the owner has something to run.
    wake: OwnedFd,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<(u64, Job)>,
    next_id: u64,
}

/// A queued callback that a worker waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobId(u64);

impl fmt::Debug for CallbackQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackQueue").finish_non_exhaustive()
    }
}

thread_local! {
    static HERE: u8 = const { 0 };
}

/// A number that no other running thread has. Unlike the standard library's
/// thread id it needs no memory.
fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

impl CallbackQueue {
    /// A queue whose callbacks run on the current thread.
    pub(crate) fn new() -> io::Result<CallbackQueue> {
        Ok(CallbackQueue {
            owner: AtomicUsize::new(this_thread()),
            process: std::process::id(),
            state: Mutex::default(),
            wake: sys::event()?,
        })
    }

    /// Whether the current thread is the one that the callbacks run on.
    pub(crate) fn is_owner(&self) -> bool {
        self.owner.load(Ordering::Acquire) == this_thread()
    }

    /// From now on the callbacks run on the current thread.
    #[cfg_attr(not(test), expect(dead_code, reason = "for batches"))]
    pub(crate) fn adopt(&self) {
        self.owner.store(this_thread(), Ordering::Release);
    }

    /// The callbacks wait until a thread adopts the queue.
    #[cfg_attr(not(test), expect(dead_code, reason = "for batches"))]
    pub(crate) fn disown(&self) {
        self.owner.store(0, Ordering::Release);
    }

    /// Readable while there is something to run.
    #[cfg_attr(not(test), expect(dead_code, reason = "for batches"))]
    pub(crate) fn descriptor(&self) -> RawFd {
        self.wake.as_raw_fd()
    }

    /// Wakes the owner without a callback.
    pub(crate) fn wake(&self) {
        sys::signal_event(self.wake.as_raw_fd());
    }

    /// What the owner polls; `None` on other threads, and in a forked child,
    /// which shares the event with its parent but has no workers.
    pub(super) fn event(&self) -> Option<RawFd> {
        (self.is_owner() && self.process == std::process::id()).then(|| self.wake.as_raw_fd())
    }

    /// Queues a callback.
    pub(super) fn push(&self, job: Job) -> JobId {
        let id = {
            let mut state = self.state();
            let id = state.next_id;
            state.next_id += 1;
            state.jobs.push_back((id, job));
            id
        };
        sys::signal_event(self.wake.as_raw_fd());
        JobId(id)
    }

    /// Whether a callback that no worker waits for must block, because too
    /// many are queued.
    pub(super) fn is_full(&self) -> bool {
        self.state().jobs.len() >= MAX_POSTED
    }

    /// Removes a callback that has not begun.
    pub(super) fn remove(&self, id: JobId) {
        // Dropped outside the lock: an argument may run code of the caller's.
        let removed = {
            let mut state = self.state();
            let at = state.jobs.iter().position(|(other, _)| *other == id.0);
            at.and_then(|at| state.jobs.remove(at))
        };
        drop(removed);
    }

    /// Runs what is queued now; what is queued meanwhile signals the event
    /// again. Does nothing on other threads.
    pub(super) fn run_queued(&self) {
        let Some(event) = self.event() else {
            return;
        };
        sys::clear_event(event);
        let count = self.state().jobs.len();
        for _ in 0..count {
            let Some(job) = self.pop() else {
                return;
            };
            let _scope = CallScope::enter();
            job();
        }
    }

    fn pop(&self) -> Option<Job> {
        self.state().jobs.pop_front().map(|(_, job)| job)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
