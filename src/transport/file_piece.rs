//! A piece of a request body that the kernel sends from a file.

use std::io;
use std::os::fd::RawFd;

use crate::body::FileRest;
use crate::error::{Error, Kind, Step};
use crate::os::sys;

/// The next bytes of a file.
#[derive(Debug)]
pub(crate) struct FilePiece {
    pub(crate) file: FileRest,
    pub(crate) length: usize,
    /// The number of bytes of the body from the start of the piece.
    pub(crate) left: u64,
}

impl FilePiece {
    /// Sends more, at most `max` bytes after the first `sent` ones. Returns 0 if the kernel cannot
    /// send this file or the file has ended; reading it shows which.
    pub(super) fn send(&self, socket: RawFd, sent: usize, max: usize) -> io::Result<usize> {
        let offset = self.file.offset + sent as u64;
        match sys::send_file(socket, self.file.fd, offset, max.min(self.length - sent)) {
            Err(error) if !is_of_socket(&error) => Ok(0),
            other => other,
        }
    }

    /// Reads what follows the first `sent` bytes, until `buffer` is full.
    pub(super) fn read(&self, mut buffer: &mut [u8], mut sent: usize) -> Result<(), Error> {
        while !buffer.is_empty() {
            let offset = self.file.offset + sent as u64;
            let amount = sys::pread(self.file.fd, buffer, offset)
                .map_err(|error| Error::io(Kind::File, &self.file.name, &error).at(Step::Send))?;
            if amount == 0 {
                return Err(ended_early(self.left - sent as u64));
            }
            sent += amount;
            buffer = &mut buffer[amount..];
        }
        Ok(())
    }
}

/// Whether an error of sendfile(2) is the socket's, and not the file's or for
/// want of the system call.
fn is_of_socket(error: &io::Error) -> bool {
    use io::ErrorKind::{
        BrokenPipe, ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown,
        NetworkUnreachable, NotConnected, TimedOut, WouldBlock,
    };
    matches!(
        error.kind(),
        BrokenPipe
            | ConnectionAborted
            | ConnectionReset
            | HostUnreachable
            | NetworkDown
            | NetworkUnreachable
            | NotConnected
            | TimedOut
            | WouldBlock
    )
}

/// The error of a body that ends `left` bytes before its length.
pub(super) fn ended_early(left: u64) -> Error {
    let message = format!("the body ended {left} bytes before its length");
    Error::new(Kind::BodyLength, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    fn piece(fd: RawFd, offset: u64, length: usize) -> FilePiece {
        FilePiece {
            file: FileRest {
                fd,
                offset,
                name: "body a".to_owned(),
            },
            length,
            left: 100,
        }
    }

    fn file(content: &[u8]) -> std::fs::File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(content).expect("written");
        file
    }

    #[test]
    fn a_piece_is_sent_or_read_after_what_was_sent() {
        let file = file(b"0123456789");
        let piece = piece(file.as_raw_fd(), 2, 6);
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        assert_eq!(
            piece.send(ours.as_raw_fd(), 1, usize::MAX).expect("sent"),
            5
        );
        let mut received = [0; 5];
        theirs.read_exact(&mut received).expect("received");
        assert_eq!(&received, b"34567");
        piece.read(&mut received, 1).expect("read");
        assert_eq!(&received, b"34567");
    }

    #[test]
    fn a_file_that_ends_is_an_error_once_it_is_read() {
        let file = file(b"0123456789");
        let piece = piece(file.as_raw_fd(), 8, 6);
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        assert_eq!(
            piece.send(ours.as_raw_fd(), 0, usize::MAX).expect("sent"),
            2
        );
        assert_eq!(
            piece
                .send(ours.as_raw_fd(), 2, usize::MAX)
                .expect("the end"),
            0
        );
        let error = piece.read(&mut [0; 4], 2).expect_err("the end");
        assert_eq!(error.kind(), Kind::BodyLength);
        assert_eq!(error.message(), "the body ended 98 bytes before its length");
    }

    #[test]
    fn errors_of_the_file_show_when_it_is_read_and_those_of_the_socket_at_once() {
        let (ours, theirs) = UnixStream::pair().expect("sockets");
        let folder = std::fs::File::open("/").expect("a folder");
        let of_folder = piece(folder.as_raw_fd(), 0, 1);
        assert_eq!(
            of_folder
                .send(ours.as_raw_fd(), 0, usize::MAX)
                .expect("not sent"),
            0
        );
        let error = of_folder.read(&mut [0], 0).expect_err("a folder");
        assert_eq!((error.kind(), error.errno()), (Kind::File, libc::EISDIR));
        assert!(error.message().starts_with("body a: "), "{error}");
        drop(theirs);
        let file = file(b"a");
        let error = piece(file.as_raw_fd(), 0, 1)
            .send(ours.as_raw_fd(), 0, usize::MAX)
            .expect_err("no peer");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}
