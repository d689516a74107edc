//! System calls on files that the standard library does not offer.

use std::os::fd::RawFd;

/// Starts to write part of a file to disk. Only a hint: failures show in
/// fsync(2).
pub(crate) fn start_write_back(fd: RawFd, offset: u64, length: u64) {
    let (Ok(offset), Ok(length)) = (offset.try_into(), length.try_into()) else {
        return;
    };
    // SAFETY: no memory is passed.
    unsafe { libc::sync_file_range(fd, offset, length, libc::SYNC_FILE_RANGE_WRITE) };
}

/// The user that new files of this process belong to.
pub(crate) fn file_owner() -> u32 {
    // SAFETY: no memory is passed.
    unsafe { libc::geteuid() }
}
