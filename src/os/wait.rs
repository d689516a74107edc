//! Waiting for descriptors: the only place where a call can block.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::callback_queue::CallbackQueue;
use super::deadline::{CallLimits, StepLimit};
use super::{step_clock, sys};

/// Data is available, or the peer has closed the connection.
pub(crate) const READABLE: i16 = libc::POLLIN;
/// There is room to write.
pub(crate) const WRITABLE: i16 = libc::POLLOUT;

/// The maximum number of descriptors of one wait.
const MAX_FDS: usize = 64;
/// Of those, the events of two cancel handles and of queued callbacks.
const OWN_FDS: usize = 3;
/// The interval at which a forked child checks a cancel handle, whose event is
/// its parent's.
const CANCEL_INTERVAL: Duration = Duration::from_millis(50);

/// Waits for `events` on `fd` and returns those that occurred, including error
/// and hang-up, or `Ok(0)` if `pause` passed first. Cancellation, deadline and
/// time limit are returned as [`Error`](crate::error::Error) inside
/// [`io::Error`].
pub(crate) fn wait(
    fd: RawFd,
    events: i16,
    limits: &CallLimits,
    limit: StepLimit<'_>,
    pause: Option<Instant>,
) -> io::Result<i16> {
    let mut fds = [entry(fd, events)];
    wait_any(&mut fds, limits, limit, pause)?;
    Ok(fds[0].revents)
}

/// An entry for [`wait_any`].
pub(crate) fn entry(fd: RawFd, events: i16) -> sys::PollFd {
    sys::PollFd {
        fd,
        events,
        revents: 0,
    }
}

/// Waits until something happens at one of `fds`, and sets their results; they
/// stay unchanged if `pause` passed first. Without any it only waits. Callbacks
/// that worker threads of the call have queued for this thread run meanwhile.
pub(crate) fn wait_any(
    fds: &mut [sys::PollFd],
    limits: &CallLimits,
    limit: StepLimit<'_>,
    pause: Option<Instant>,
) -> io::Result<()> {
    let deadline = limits.deadline.map(|(end, _)| end);
    let first = [deadline, pause].into_iter().flatten().min();
    let mut all = [entry(-1, 0); MAX_FDS];
    let count = fds.len().min(MAX_FDS - OWN_FDS);
    all[..count].copy_from_slice(&fds[..count]);
    let mut used = count;
    let mut add = |event| {
        all[used] = entry(event, READABLE);
        used += 1;
        used - 1
    };
    let mut has_silent_cancel = false;
    for cancel in limits.cancels() {
        match cancel.event() {
            Some(event) => {
                add(event);
            }
            None => has_silent_cancel = true,
        }
    }
    let queue = limits.callbacks.as_deref();
    let callbacks = queue.and_then(CallbackQueue::event).map(add);
    loop {
        // Check before each poll, so that a peer that is always ready cannot
        // prevent it.
        limits.check_io(limit.step, limit.what)?;
        limit.check()?;
        let report = limits.transfer.as_ref().map(|transfer| transfer.due());
        let first = first.into_iter().chain(report).min();
        let mut left = first.map(|first| first.saturating_duration_since(Instant::now()));
        if let Some((end, _)) = limit.end {
            let of_step = end.saturating_duration_since(step_clock::now());
            left = Some(left.map_or(of_step, |left| left.min(of_step)));
        }
        if has_silent_cancel {
            left = Some(left.map_or(CANCEL_INTERVAL, |left| left.min(CANCEL_INTERVAL)));
        }
        // Rounded up, so that the last round does not spin.
        let milliseconds = left.map_or(-1, |left| {
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        });
        match sys::poll(&mut all[..used], milliseconds) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if callbacks.is_some_and(|at| all[at].revents != 0) {
            run_callbacks(limits);
        }
        if all[..count].iter().any(|entry| entry.revents != 0) {
            fds[..count].copy_from_slice(&all[..count]);
            return Ok(());
        }
        if pause.is_some_and(|pause| Instant::now() >= pause) {
            return Ok(());
        }
    }
}

/// Runs the callbacks that workers of the call have queued for this thread.
pub(super) fn run_callbacks(limits: &CallLimits) {
    if let Some(queue) = &limits.callbacks {
        queue.run_queued();
    }
}

/// Sleeps until a time or until a limit is reached.
pub(crate) fn sleep(until: Instant, limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
    wait_any(&mut [], limits, limit, Some(until))
}
