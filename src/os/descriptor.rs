//! Reads and writes file descriptors that the caller owns. They are never
//! closed, and never seeked if they are seekable; if they are non-blocking,
//! calls wait for them.

use std::io;
use std::os::fd::RawFd;

use super::deadline::{CallLimits, StepLimit};
use super::{sys, wait};
use crate::error::{Error, Kind, Step};

fn failed(fd: RawFd, error: &io::Error) -> Error {
    Error::io(Kind::File, format_args!("descriptor {fd}"), error)
}

/// Moves a newly opened file off the descriptors 0, 1 and 2.
pub(crate) use super::sys::above_standard;
/// Reserves free descriptors among 0 to 2 while other code opens files.
pub(crate) use super::sys::hold_standard;

/// The current offset; `None` if the descriptor cannot seek.
pub(crate) fn position(fd: RawFd) -> Result<Option<u64>, Error> {
    sys::position(fd).map_err(|error| failed(fd, &error))
}

/// Reads at an offset. Returns 0 at the end of the file.
pub(crate) fn read_at(fd: RawFd, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
    sys::pread(fd, buffer, offset).map_err(|error| failed(fd, &error))
}

/// The size of the regular file that is open there; an error if it is none.
pub(crate) fn file_size(fd: RawFd) -> Result<u64, Error> {
    match sys::regular_file_size(fd) {
        Ok(Some(size)) => Ok(size),
        Ok(None) => {
            let message = format!("descriptor {fd}: not a regular file");
            Err(Error::new(Kind::File, message))
        }
        Err(error) => Err(failed(fd, &error)),
    }
}

/// Size and time of change of the regular file that is open there.
pub(crate) fn file_stamp(fd: RawFd) -> io::Result<(u64, (i64, i64))> {
    let none = || io::Error::other("not a regular file");
    sys::regular_file(fd)?.ok_or_else(none)
}

/// Whether a regular file is open there.
pub(crate) fn is_regular(fd: RawFd) -> Result<bool, Error> {
    let found = sys::regular_file(fd).map_err(|error| failed(fd, &error))?;
    Ok(found.is_some())
}

/// Reads from a descriptor that may have no data yet. Returns 0 at the end.
pub(crate) fn read(fd: RawFd, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
    // Wait first: a read from a blocking descriptor could not be cancelled.
    ready(fd, wait::READABLE, limits)?;
    when_ready(fd, wait::READABLE, limits, || sys::read(fd, buffer))
}

/// Writes all of `data` without raising SIGPIPE. Blocks only within the limits,
/// even if the descriptor is a full pipe.
pub(crate) fn write_all(fd: RawFd, mut data: &[u8], limits: &CallLimits) -> Result<(), Error> {
    let can_hold_up = sys::blocks(fd) && position(fd)?.is_none();
    while !data.is_empty() {
        let mut piece = data;
        if can_hold_up {
            // If poll(2) reports a pipe as writable, this much fits without
            // blocking.
            piece = &data[..data.len().min(libc::PIPE_BUF)];
            ready(fd, wait::WRITABLE, limits)?;
        }
        let written = when_ready(fd, wait::WRITABLE, limits, || {
            sys::write_without_sigpipe(fd, piece)
        })?;
        if written == 0 {
            return Err(failed(fd, &io::ErrorKind::WriteZero.into()));
        }
        data = &data[written..];
    }
    Ok(())
}

fn when_ready(
    fd: RawFd,
    events: i16,
    limits: &CallLimits,
    mut attempt: impl FnMut() -> io::Result<usize>,
) -> Result<usize, Error> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ready(fd, events, limits)?;
            }
            other => return other.map_err(|error| failed(fd, &error)),
        }
    }
}

fn ready(fd: RawFd, events: i16, limits: &CallLimits) -> Result<(), Error> {
    let step = if events == wait::READABLE {
        Step::Send
    } else {
        Step::Deliver
    };
    match wait::wait(fd, events, limits, StepLimit::none(step), None) {
        Ok(_) => Ok(()),
        Err(error) => Err(error
            .downcast::<Error>()
            .unwrap_or_else(|error| failed(fd, &error))),
    }
}
