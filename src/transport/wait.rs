//! Waiting for descriptors: the one place where a call can block.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::bounds::{self, Bounds, Limit};
use super::cancel::Cancel;
use super::sys;

/// There is something to read, or the peer has gone.
pub(crate) const READABLE: i16 = libc::POLLIN;
/// There is room to write.
pub(crate) const WRITABLE: i16 = libc::POLLOUT;

/// The most descriptors of one wait: addresses tried at once, and a cancel.
const MAX_FDS: usize = 64;

/// Waits until `events` hold at `fd`; gives those that do, with the error and
/// hang-up bits. `Ok(0)` when `pause` passed first. The errors of a cancel, the
/// deadline and the limit are ours, inside an [`io::Error`].
pub(crate) fn wait(
    fd: RawFd,
    events: i16,
    bounds: &Bounds,
    limit: Limit<'_>,
    pause: Option<Instant>,
) -> io::Result<i16> {
    let mut fds = [entry(fd, events)];
    if wait_any(&mut fds, bounds, limit, pause)? {
        Ok(fds[0].revents)
    } else {
        Ok(0)
    }
}

/// An entry for [`wait_any`].
pub(crate) fn entry(fd: RawFd, events: i16) -> sys::PollFd {
    sys::PollFd {
        fd,
        events,
        revents: 0,
    }
}

/// Waits until something happens at one of `fds`; false when `pause` passed
/// first. Without any it only waits.
pub(crate) fn wait_any(
    fds: &mut [sys::PollFd],
    bounds: &Bounds,
    limit: Limit<'_>,
    pause: Option<Instant>,
) -> io::Result<bool> {
    let deadline = bounds.deadline.map(|(end, _)| end);
    let end = limit.end.map(|(end, _)| end);
    let first = [deadline, end, pause].into_iter().flatten().min();
    let mut all = [entry(-1, 0); MAX_FDS];
    let count = fds.len().min(MAX_FDS - 1);
    all[..count].copy_from_slice(&fds[..count]);
    let mut used = count;
    if let Some(event) = bounds.cancel.as_ref().and_then(Cancel::event) {
        all[used] = entry(event, READABLE);
        used += 1;
    }
    loop {
        if bounds.cancel.as_ref().is_some_and(Cancel::is_triggered) {
            return Err(io::Error::other(bounds::cancelled(limit.step)));
        }
        let milliseconds = match first {
            None => -1,
            Some(first) => {
                let left = first.saturating_duration_since(Instant::now());
                // Rounded up, so that the last turn does not spin.
                i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
            }
        };
        let ready = match sys::poll(&mut all[..used], milliseconds) {
            Ok(ready) => ready,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if ready > 0 {
            let happened = all[..count].iter().any(|entry| entry.revents != 0);
            if happened && !bounds.cancel.as_ref().is_some_and(Cancel::is_triggered) {
                fds[..count].copy_from_slice(&all[..count]);
                return Ok(true);
            }
            // The cancel's own event: told at the top.
            continue;
        }
        let now = Instant::now();
        if let Some((end, given)) = bounds.deadline
            && now >= end
        {
            return Err(io::Error::other(bounds::deadline(given, limit.step)));
        }
        if end.is_some_and(|end| now >= end) {
            return Err(io::Error::other(limit.passed()));
        }
        if pause.is_some_and(|pause| now >= pause) {
            return Ok(false);
        }
    }
}

#[expect(dead_code, reason = "used with the next step")]
/// Waits for a time, unless the bounds end the call before.
pub(crate) fn sleep(until: Instant, bounds: &Bounds, limit: Limit<'_>) -> io::Result<()> {
    wait_any(&mut [], bounds, limit, Some(until)).map(|_| ())
}
