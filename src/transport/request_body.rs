//! Sends the body of a request, with exactly the announced length.

use std::io;

use super::connection::Connection;
use super::exchange_timer::ExchangeLimits;
use super::file_piece::{FilePiece, ended_early};
use crate::body::Body;

/// Maximum size of a chunk.
const CHUNK: usize = 64 * 1024;
/// Size of the line before a chunk.
const SIZE_LINE: usize = "10000\r\n".len();
/// Buffer size for a chunk, its size, and the end of its line.
pub(super) const CHUNK_ROOM: usize = SIZE_LINE + CHUNK + "\r\n".len();

/// The framing of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body, and no header about one.
    None,
    /// A body of the length in the headers.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// The unsent part of a request body.
pub(super) struct RequestBody<'a> {
    body: &'a mut Body,
    left: Left,
    limits: &'a ExchangeLimits,
}

enum Left {
    /// The number of bytes.
    Length(u64),
    /// Chunks, until the source ends.
    Chunks,
}

impl<'a> RequestBody<'a> {
    pub(super) fn new(
        body: &'a mut Body,
        framing: Framing,
        limits: &'a ExchangeLimits,
    ) -> RequestBody<'a> {
        let left = match framing {
            Framing::None => Left::Length(0),
            Framing::Length(length) => Left::Length(length),
            Framing::Chunked => Left::Chunks,
        };
        RequestBody { body, left, limits }
    }

    /// Sends the next piece. Returns whether more follows.
    pub(super) fn send_piece(&mut self, connection: &mut Connection) -> io::Result<bool> {
        match self.left {
            Left::Length(0) => Ok(false),
            Left::Length(left) => self.send_next(connection, left),
            Left::Chunks => self.send_chunk(connection),
        }
    }

    /// Sends a piece of a body of known length. A file is not read where the
    /// kernel can send it.
    fn send_next(&mut self, connection: &mut Connection, left: u64) -> io::Result<bool> {
        let output = connection.buffers.output();
        let size = usize::try_from(left).map_or(output.len(), |left| left.min(output.len()));
        let file = match connection.is_tls() {
            true => None,
            false => self.body.file(),
        };
        let amount = match file {
            Some(file) => {
                let piece = FilePiece {
                    file,
                    length: size,
                    left,
                };
                self.body.advance(size);
                self.begin_piece(size);
                connection.send_file(&piece)?;
                size
            }
            None => {
                let amount = self.read(&mut connection.buffers.output()[..size])?;
                if amount == 0 {
                    return Err(io::Error::other(ended_early(left)));
                }
                if amount as u64 == left {
                    // Before the last piece is sent, so that the server does not
                    // take a part for the whole.
                    self.body
                        .check_end(&self.limits.call)
                        .map_err(io::Error::other)?;
                }
                self.begin_piece(amount);
                connection.send(0..amount)?;
                amount
            }
        };
        let left = left - amount as u64;
        self.left = Left::Length(left);
        Ok(left > 0)
    }

    /// Sends a chunk (RFC 9112, section 7.1); at the end of the source, the last
    /// one.
    fn send_chunk(&mut self, connection: &mut Connection) -> io::Result<bool> {
        let output = connection.buffers.output();
        let amount = self.read(&mut output[SIZE_LINE..SIZE_LINE + CHUNK])?;
        let line = format!("{amount:x}\r\n");
        let start = SIZE_LINE - line.len();
        let end = SIZE_LINE + amount + 2;
        output[start..SIZE_LINE].copy_from_slice(line.as_bytes());
        output[end - 2..end].copy_from_slice(b"\r\n");
        self.begin_piece(amount);
        connection.send(start..end)?;
        Ok(amount > 0)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.body.read(buffer, &self.limits.call);
        read.map_err(io::Error::other)
    }

    fn begin_piece(&self, amount: usize) {
        if let Some(transfer) = &self.limits.transfer {
            transfer.begin_piece(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use crate::body::ReadSource;
    use crate::error::Error;

    /// As many bytes as are requested, `left` in all.
    struct Source {
        left: usize,
    }

    impl ReadSource for Source {
        fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
            let amount = self.left.min(buffer.len());
            self.left -= amount;
            buffer[..amount].fill(b'x');
            Ok(amount)
        }

        fn rewind(&mut self) -> Result<(), Error> {
            Ok(())
        }
    }

    /// What is sent of a body.
    fn sent(size: usize, framing: Framing, room: u64) -> Vec<u8> {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let server = thread::spawn(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).expect("received");
            received
        });
        let mut connection = Connection::plain(OwnedFd::from(ours));
        connection.buffers.prepare(0, room).expect("memory");
        let mut body = Body::callback(Box::new(Source { left: size }), None);
        let limits = ExchangeLimits::default();
        let mut body = RequestBody::new(&mut body, framing, &limits);
        while body.send_piece(&mut connection).expect("sent") {}
        drop(connection);
        server.join().expect("no panic")
    }

    #[test]
    fn chunks_have_their_sizes() {
        let chunked = |size| sent(size, Framing::Chunked, CHUNK_ROOM as u64);
        assert_eq!(chunked(0), b"0\r\n\r\n");
        assert_eq!(
            chunked(26),
            b"1a\r\nxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"
        );
        let large = chunked(CHUNK + 1);
        assert!(large.starts_with(b"10000\r\nx"));
        assert!(large.ends_with(b"x\r\n1\r\nx\r\n0\r\n\r\n"));
        assert_eq!(
            large.len(),
            CHUNK + 1 + "10000\r\n\r\n1\r\n\r\n0\r\n\r\n".len()
        );
    }

    #[test]
    fn a_body_of_known_length_is_sent_as_it_is() {
        assert!(sent(1, Framing::None, 0).is_empty());
        let length = 100_000;
        let body = sent(length + 1, Framing::Length(length as u64), 10);
        assert_eq!(body, vec![b'x'; length]);
    }
}
