//! Waiting for a descriptor: the one place where a call can block.

use std::io;
use std::os::fd::RawFd;
use std::time::Instant;

use super::sys;

/// There is something to read, or the peer has gone.
pub(crate) const READABLE: i16 = libc::POLLIN;
/// There is room to write.
pub(crate) const WRITABLE: i16 = libc::POLLOUT;

/// Waits until `events` hold at `fd`; gives those that do, with the error and
/// hang-up bits. `Ok(0)` when the deadline passed first.
pub(crate) fn wait(fd: RawFd, events: i16, deadline: Option<Instant>) -> io::Result<i16> {
    let mut fds = [entry(fd, events)];
    if wait_any(&mut fds, deadline)? {
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

/// Waits until something happens at one of `fds`; false when the deadline
/// passed first.
pub(crate) fn wait_any(fds: &mut [sys::PollFd], deadline: Option<Instant>) -> io::Result<bool> {
    loop {
        let milliseconds = match deadline {
            None => -1,
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                // Rounded up, so that the last turn does not spin.
                i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
            }
        };
        match sys::poll(fds, milliseconds) {
            Ok(0) => return Ok(false),
            Ok(_) => return Ok(true),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
