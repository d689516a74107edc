//! Reads and writes file descriptors that the caller owns. They are never
//! closed, and never seeked if they are seekable; if they are non-blocking,
//! calls wait for them.

use std::io;
use std::os::fd::RawFd;

use super::deadline::{CallLimits, StepLimit};
use super::{sys, wait};
use crate::error::{Error, Kind, Step};

/// The name in messages of a descriptor that a body is read from.
pub(crate) fn body_name(fd: RawFd) -> String {
    format!("body descriptor {fd}")
}

fn read_failed(fd: RawFd, error: &io::Error) -> Error {
    Error::io(Kind::File, body_name(fd), error)
}

/// Moves a newly opened file off the descriptors 0, 1 and 2.
pub(crate) use super::sys::above_standard;
/// Reserves free descriptors among 0 to 2 while other code opens files.
pub(crate) use super::sys::hold_standard;

/// The current offset; `None` if the descriptor cannot seek.
pub(crate) fn position(fd: RawFd) -> Result<Option<u64>, Error> {
    sys::position(fd).map_err(|error| read_failed(fd, &error))
}

/// Reads at an offset. Returns 0 at the end of the file.
pub(crate) fn read_at(fd: RawFd, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
    sys::pread(fd, buffer, offset).map_err(|error| read_failed(fd, &error).at(Step::Send))
}

/// The size of the regular file that is open there; an error if it is none.
pub(crate) fn file_size(fd: RawFd) -> Result<u64, Error> {
    match sys::regular_file_size(fd) {
        Ok(Some(size)) => Ok(size),
        Ok(None) => {
            let message = format!("{}: not a regular file", body_name(fd));
            Err(Error::new(Kind::File, message))
        }
        Err(error) => Err(read_failed(fd, &error)),
    }
}

/// Size and time of change of the regular file that is open there.
pub(crate) fn file_stamp(fd: RawFd) -> io::Result<(u64, (i64, i64))> {
    let none = || io::Error::other("not a regular file");
    sys::regular_file(fd)?.ok_or_else(none)
}

/// Whether a regular file is open there.
pub(crate) fn is_regular(fd: RawFd) -> Result<bool, Error> {
    let found = sys::regular_file(fd).map_err(|error| read_failed(fd, &error))?;
    Ok(found.is_some())
}

/// Reads from a descriptor that may have no data yet. Returns 0 at the end.
pub(crate) fn read(fd: RawFd, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
    // Wait first: a read from a blocking descriptor could not be cancelled.
    let (events, step) = (wait::READABLE, Step::Send);
    ready(fd, events, step, limits)
        .and_then(|()| when_ready(fd, events, step, limits, || sys::read(fd, buffer)))
        .map_err(|error| Error::of_io(Kind::File, body_name(fd), error).at(step))
}

/// Writes all of `data` without raising SIGPIPE. Blocks only within the limits,
/// even if the descriptor is a full pipe.
pub(crate) fn write_all(fd: RawFd, data: &[u8], limits: &CallLimits) -> Result<(), Error> {
    write_pieces(fd, data, limits).map_err(|error| {
        let what = format_args!("output descriptor {fd}");
        Error::of_io(Kind::File, what, error)
    })
}

fn write_pieces(fd: RawFd, mut data: &[u8], limits: &CallLimits) -> io::Result<()> {
    let (events, step) = (wait::WRITABLE, Step::Deliver);
    let can_hold_up = sys::blocks(fd) && sys::position(fd)?.is_none();
    while !data.is_empty() {
        let mut piece = data;
        if can_hold_up {
            // If poll(2) reports a pipe as writable, this much fits without
            // blocking.
            piece = &data[..data.len().min(libc::PIPE_BUF)];
            ready(fd, events, step, limits)?;
        }
        let write = || sys::write_without_sigpipe(fd, piece);
        let written = when_ready(fd, events, step, limits, write)?;
        if written == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        data = &data[written..];
    }
    Ok(())
}

fn when_ready(
    fd: RawFd,
    events: i16,
    step: Step,
    limits: &CallLimits,
    mut attempt: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                ready(fd, events, step, limits)?;
            }
            other => return other,
        }
    }
}

fn ready(fd: RawFd, events: i16, step: Step, limits: &CallLimits) -> io::Result<()> {
    wait::wait(fd, events, limits, StepLimit::none(step), None).map(|_| ())
}
