//! Waiting for descriptors: the only place where a call can block.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::cancel::Cancel;
use super::deadline::{CallLimits, StepLimit};
use super::sys;

/// Data is available, or the peer has closed the connection.
pub(crate) const READABLE: i16 = libc::POLLIN;
/// There is room to write.
pub(crate) const WRITABLE: i16 = libc::POLLOUT;

/// Maximum number of descriptors in one wait: parallel connects and the cancel
/// handle.
const MAX_FDS: usize = 64;
/// Polling interval for a cancel handle without a usable eventfd.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

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

/// Waits until an event occurs on one of `fds` and sets their `revents`. They
/// stay unchanged if `pause` passed first. With no descriptors, sleeps.
pub(crate) fn wait_any(
    fds: &mut [sys::PollFd],
    limits: &CallLimits,
    limit: StepLimit<'_>,
    pause: Option<Instant>,
) -> io::Result<()> {
    let ends = [limits.deadline, limit.end].map(|end| end.map(|(end, _)| end));
    let first = ends.into_iter().chain([pause]).flatten().min();
    let event = limits.cancel.as_ref().map(Cancel::event);
    let mut all = [entry(-1, 0); MAX_FDS];
    let count = fds.len().min(MAX_FDS - 1);
    all[..count].copy_from_slice(&fds[..count]);
    let mut used = count;
    if let Some(Some(event)) = event {
        all[used] = entry(event, READABLE);
        used += 1;
    }
    loop {
        // Check before each poll, so that a peer that is always ready cannot
        // prevent it.
        limits.check_io(limit.step)?;
        limit.check()?;
        let left = first.map(|first| first.saturating_duration_since(Instant::now()));
        let left = match event {
            Some(None) => Some(left.map_or(POLL_INTERVAL, |left| left.min(POLL_INTERVAL))),
            _ => left,
        };
        // Round up, so that the last iteration does not spin.
        let milliseconds = left.map_or(-1, |left| {
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        });
        match sys::poll(&mut all[..used], milliseconds) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
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

/// Sleeps until a time or until a limit is reached.
pub(crate) fn sleep(until: Instant, limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
    wait_any(&mut [], limits, limit, Some(until))
}
