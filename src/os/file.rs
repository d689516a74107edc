//! Opening, reading and writing files.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use super::{descriptor, sys};

/// How much is written at a time. Linux takes the memory for pieces of at most 32 KiB
/// from what the same processor has freed last. For larger pieces it takes other memory,
/// which is often slow at first, above all in virtual machines.
const PIECE: usize = 32 * 1024;

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

/// Writes all of `content` at an offset.
pub(crate) fn write_all_at(file: &File, content: &[u8], offset: u64) -> io::Result<()> {
    let mut at = offset;
    for piece in content.chunks(PIECE) {
        file.write_all_at(piece, at)?;
        at += piece.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn content_of_any_size_is_written_at_an_offset() {
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE] {
            let content: Vec<u8> = (0..size).map(|at| (at / 7 % 251) as u8).collect();
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("file");
            let file = File::create(&path).expect("created");
            file.write_all_at(b"ab", 0).expect("written");
            write_all_at(&file, &content, 2).expect("written");
            let found = std::fs::read(&path).expect("a file");
            assert!(found[..2] == *b"ab" && found[2..] == content);
        }
    }

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
