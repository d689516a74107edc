//! A caller's file descriptors: read and written, never closed, never moved
//! where they can seek, and waited for where they do not block.

use std::io;
use std::os::fd::RawFd;

use super::{sys, wait};
use crate::error::{Error, Kind};

fn failed(fd: RawFd, error: &io::Error) -> Error {
    Error::io(Kind::File, format_args!("descriptor {fd}"), error)
}

/// Where it stands: `None` if it cannot seek.
pub(crate) fn position(fd: RawFd) -> Result<Option<u64>, Error> {
    sys::position(fd).map_err(|error| failed(fd, &error))
}

/// Reads at an offset. 0 = the end.
pub(crate) fn read_at(fd: RawFd, buffer: &mut [u8], offset: u64) -> Result<usize, Error> {
    sys::pread(fd, buffer, offset).map_err(|error| failed(fd, &error))
}

/// Reads on. 0 = the end.
pub(crate) fn read(fd: RawFd, buffer: &mut [u8]) -> Result<usize, Error> {
    patiently(fd, wait::READABLE, || sys::read(fd, buffer))
}

/// Writes all of `data`, without raising SIGPIPE.
pub(crate) fn write_all(fd: RawFd, mut data: &[u8]) -> Result<(), Error> {
    while !data.is_empty() {
        let written = patiently(fd, wait::WRITABLE, || sys::write_without_sigpipe(fd, data))?;
        if written == 0 {
            return Err(failed(fd, &io::ErrorKind::WriteZero.into()));
        }
        data = &data[written..];
    }
    Ok(())
}

fn patiently(
    fd: RawFd,
    events: i16,
    mut attempt: impl FnMut() -> io::Result<usize>,
) -> Result<usize, Error> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                wait::wait(fd, events, None).map_err(|error| failed(fd, &error))?;
            }
            other => return other.map_err(|error| failed(fd, &error)),
        }
    }
}
