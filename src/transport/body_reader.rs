//! Reads the bodies of responses from their connections.

use std::io;

use super::buffers::{INPUT_SIZE, RECEIVE, grow};
use super::connection::Connection;
use super::tls_stream::LARGE;
use crate::http::message::chunked::{ChunkDecoder, ChunkError, Next};

/// For shorter chunks, the beginning of the next one is received with them.
const SHORT_CHUNK: u64 = INPUT_SIZE as u64 / 2;

/// Number of bytes received at a time for a sink.
const PIECE: usize = 1024 * 1024;
/// The same if the length of the body is unknown.
const PIECE_OF_UNKNOWN: usize = PIECE / 4;
/// The same over TLS, which receives no more at once.
const PIECE_OF_TLS: usize = LARGE;

/// The unread rest of a body.
#[derive(Debug)]
pub(super) enum BodyReader {
    /// This many bytes.
    Length(u64),
    Chunked(ChunkDecoder),
    /// Until the connection is closed.
    Close,
}

/// Why a body cannot be read.
#[derive(Debug)]
pub(super) enum ReadFailure {
    Io(io::Error),
    /// The connection ended before the body; what is missing.
    Truncated(String),
    Chunk(ChunkError),
}

impl From<io::Error> for ReadFailure {
    fn from(error: io::Error) -> ReadFailure {
        ReadFailure::Io(error)
    }
}

impl BodyReader {
    /// Whether the end was reached, as far as is known without reading.
    pub(super) fn is_at_end(&self) -> bool {
        matches!(self, BodyReader::Length(0))
    }

    /// The number of bytes left, if it is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self {
            BodyReader::Length(left) => Some(*left),
            BodyReader::Chunked(_) | BodyReader::Close => None,
        }
    }

    /// Reads into `buffer`, which is not empty; returns 0 at the end.
    pub(super) fn read(
        &mut self,
        connection: &mut Connection,
        buffer: &mut [u8],
    ) -> Result<usize, ReadFailure> {
        let max = self.next(connection)?;
        if max == 0 {
            return Ok(0);
        }
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let room = buffer.len().min(max);
        let result = connection.read(&mut buffer[..room]);
        self.account(result)
    }

    /// Passes the next piece to `sink` from the buffer it was received in, which
    /// is `scratch` if [`Connection::needs_scratch`]; returns 0 at the end.
    pub(super) fn read_piece(
        &mut self,
        connection: &mut Connection,
        scratch: &mut Vec<u8>,
        sink: &mut dyn FnMut(&[u8]),
    ) -> Result<usize, ReadFailure> {
        let max = self.next(connection)?;
        if max == 0 {
            return Ok(0);
        }
        // Not needed for data received with the headers. The size of a chunk may
        // be all that was received of it.
        if scratch.is_empty() && connection.needs_scratch() {
            let piece = match connection.is_tls() {
                true => PIECE_OF_TLS,
                false => PIECE,
            };
            let size = self.left().map_or(PIECE_OF_UNKNOWN, |left| {
                usize::try_from(left).unwrap_or(piece).min(piece)
            });
            grow(scratch, size, RECEIVE).map_err(io::Error::other)?;
        }
        let result = connection.read_piece(max, scratch, sink);
        self.account(result)
    }

    /// Returns how many bytes can be read next; 0 at the end.
    fn next(&mut self, connection: &mut Connection) -> Result<u64, ReadFailure> {
        let decoder = match self {
            BodyReader::Length(left) => return Ok(*left),
            BodyReader::Close => return Ok(u64::MAX),
            BodyReader::Chunked(decoder) => decoder,
        };
        loop {
            let (used, next) = decoder
                .advance(connection.buffers.received())
                .map_err(ReadFailure::Chunk)?;
            connection.buffers.consume(used);
            match next {
                Next::End => return Ok(0),
                Next::Data(left) if left >= SHORT_CHUNK || !connection.needs_scratch() => {
                    return Ok(left);
                }
                Next::Data(_) | Next::Input => {}
            }
            if !connection.await_input()? {
                // The body is complete (RFC 9112, section 8).
                if decoder.has_last_chunk() {
                    return Ok(0);
                }
                return Err(ReadFailure::Truncated("the last chunk is missing".into()));
            }
        }
    }

    /// Counts bytes that were read, and detects a premature end.
    fn account(&mut self, result: io::Result<usize>) -> Result<usize, ReadFailure> {
        let amount = match result {
            // A reset is not the end of a body.
            Err(error) if matches!(self, BodyReader::Close) && is_reset(&error) => {
                return Err(ReadFailure::Truncated("the connection was lost".into()));
            }
            other => other?,
        };
        match self {
            BodyReader::Length(left) if amount == 0 => {
                let missing = format!("{left} bytes are missing");
                return Err(ReadFailure::Truncated(missing));
            }
            BodyReader::Chunked(_) if amount == 0 => {
                return Err(ReadFailure::Truncated("a chunk is incomplete".into()));
            }
            BodyReader::Length(left) => *left = left.saturating_sub(amount as u64),
            BodyReader::Chunked(decoder) => decoder.took(amount as u64),
            BodyReader::Close => {}
        }
        Ok(amount)
    }
}

fn is_reset(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionReset)
}
