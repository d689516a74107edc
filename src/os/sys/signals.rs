//! Signals of the calling thread and of threads of the library.

use std::cell::Cell;
use std::thread::{Builder, JoinHandle};
use std::{io, mem, ptr};

thread_local! {
    /// Whether this thread was started by [`spawn_thread`]. Nothing on such a thread
    /// unblocks signals.
    static BLOCKS_ALL: Cell<bool> = const { Cell::new(false) };
}

/// Starts a thread that has all signals blocked from its beginning.
pub(crate) fn spawn_thread<T: Send + 'static>(
    builder: Builder,
    body: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    with_signals_blocked(|| {
        builder.spawn(|| {
            BLOCKS_ALL.set(true);
            body()
        })
    })
}

/// Runs `spawn` with all signals blocked, so that the thread it creates never
/// runs a signal handler of the host program.
pub(crate) fn with_signals_blocked<T>(spawn: impl FnOnce() -> T) -> T {
    // SAFETY: all-zero is a valid value of these types; both live for the calls.
    let (mut all, mut old): (libc::sigset_t, libc::sigset_t) = unsafe { mem::zeroed() };
    // SAFETY: the set lives for the call.
    unsafe { libc::sigfillset(&mut all) };
    // SAFETY: both sets live for the call.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut old) };
    let result = spawn();
    // SAFETY: the old mask was stored above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &old, ptr::null_mut()) };
    result
}

/// Repeats a system call while it is interrupted by signals.
pub(super) fn uninterrupted(mut call: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Makes a system call that writes up to `count` bytes, may raise SIGPIPE and
/// has no flag to prevent that. The signal is blocked on this thread meanwhile, and
/// then consumed, unless one was pending before. It is raised not only with
/// EPIPE: a call that has written a part returns its size.
pub(super) fn without_sigpipe(
    count: usize,
    call: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    if BLOCKS_ALL.get() {
        // If SIGPIPE is raised, it stays pending until the thread ends.
        debug_assert!(is_blocked(libc::SIGPIPE));
        return uninterrupted(call);
    }
    let sigpipe = signal_set(libc::SIGPIPE);
    // SAFETY: all-zero is a valid value of these types.
    let (mut pending, mut old): (libc::sigset_t, libc::sigset_t) = unsafe { mem::zeroed() };
    // SAFETY: the set lives for the call.
    unsafe { libc::sigpending(&mut pending) };
    // SAFETY: the set was initialised.
    let was_pending = unsafe { libc::sigismember(&pending, libc::SIGPIPE) } == 1;
    // SAFETY: both sets live for the call.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &sigpipe, &mut old) };
    let result = uninterrupted(call);
    let may_have_raised = match &result {
        Ok(written) => *written < count,
        Err(error) => error.raw_os_error() == Some(libc::EPIPE),
    };
    if !was_pending && may_have_raised {
        let now = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        loop {
            // SAFETY: set and time live for the call, which waits for nothing.
            let taken = unsafe { libc::sigtimedwait(&sigpipe, ptr::null_mut(), &now) };
            let interrupted =
                taken < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted;
            if !interrupted {
                break;
            }
        }
    }
    // SAFETY: the old mask was stored above.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &old, ptr::null_mut()) };
    result
}

fn is_blocked(signal: i32) -> bool {
    // SAFETY: all-zero is a valid value of this type.
    let mut blocked: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set lives for the call; without a new one, nothing changes.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, ptr::null(), &mut blocked) };
    // SAFETY: the set was initialised.
    unsafe { libc::sigismember(&blocked, signal) == 1 }
}

fn signal_set(signal: i32) -> libc::sigset_t {
    // SAFETY: all-zero is a valid value of this type.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: the set lives for the call.
    unsafe { libc::sigemptyset(&mut set) };
    // SAFETY: the set was initialised.
    unsafe { libc::sigaddset(&mut set, signal) };
    set
}
