//! Waiting for descriptors: the one place where a call can block.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::cancel::Cancel;
use super::deadline::{CallLimits, StepLimit};
use super::sys;

/// There is something to read, or the peer has gone.
pub(crate) const READABLE: i16 = libc::POLLIN;
/// There is room to write.
pub(crate) const WRITABLE: i16 = libc::POLLOUT;

/// The most descriptors of one wait: addresses tried at once, and a cancel.
const MAX_FDS: usize = 64;
/// How often a cancel is looked at whose event cannot be waited for.
const LOOK: Duration = Duration::from_millis(50);

/// Waits until `events` hold at `fd`; gives those that do, with the error and
/// hang-up bits. `Ok(0)` when `pause` passed first. The errors of a cancel, the
/// deadline and the limit are ours, inside an [`io::Error`].
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

/// Waits until something happens at one of `fds`, which then tell what; they
/// stay as they are when `pause` passed first. Without any it only waits.
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
        // Before each poll: a peer that never lets a wait be one gains nothing.
        limits.check_io(limit.step)?;
        limit.check()?;
        let report = limits.transfer.as_ref().map(|transfer| transfer.due());
        let first = first.into_iter().chain(report).min();
        let left = first.map(|first| first.saturating_duration_since(Instant::now()));
        let left = match event {
            Some(None) => Some(left.map_or(LOOK, |left| left.min(LOOK))),
            _ => left,
        };
        // Rounded up, so that the last turn does not spin.
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

/// Waits for a time, unless the limits end the call before.
pub(crate) fn sleep(until: Instant, limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
    wait_any(&mut [], limits, limit, Some(until))
}
