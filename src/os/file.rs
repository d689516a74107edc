//! Opens files for reading.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::{descriptor, sys};

/// Opens a regular file and returns it with its length. Anything else is an
/// error. Never blocks, as opening a pipe without a writer would.
pub(crate) fn open(path: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
        .and_then(descriptor::above_standard)?;
    let about = file.metadata()?;
    if about.is_dir() {
        return Err(io::Error::from_raw_os_error(libc::EISDIR));
    }
    if !about.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    Ok((file, about.len()))
}

/// Reads at an offset. 0 = the end.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    sys::pread(file.as_raw_fd(), buffer, offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_pipe_without_a_writer_is_an_error_and_no_wait() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("pipe");
        let made = Command::new("mkfifo").arg(&path).status().expect("mkfifo");
        assert!(made.success());
        let error = open(&path).expect_err("no regular file");
        assert_eq!(error.to_string(), "not a regular file");
        let error = open(folder.path()).expect_err("a folder");
        assert_eq!(error.raw_os_error(), Some(libc::EISDIR));
        std::fs::write(folder.path().join("file"), b"abc").expect("written");
        assert_eq!(open(&folder.path().join("file")).expect("a file").1, 3);
    }
}
