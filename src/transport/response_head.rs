//! Receives the heads of responses, from servers and from proxies.

use std::fmt;
use std::io;

use super::connection::Connection;
use crate::http::message::head::{Head, HeadError, HeadParser, MAX_HEAD};

/// Why no head was received.
#[derive(Debug)]
pub(super) enum HeadFailure {
    Io(io::Error),
    /// The peer closed the connection before the end of the head.
    Closed,
    /// What was received is not a head.
    Invalid(HeadError),
    /// The interim responses exceed [`MAX_HEAD`].
    Interim,
}

impl fmt::Display for HeadFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeadFailure::Io(error) => error.fmt(f),
            HeadFailure::Closed => f.write_str("the connection was closed within the headers"),
            HeadFailure::Invalid(error) => error.fmt(f),
            HeadFailure::Interim => write!(f, "more than {MAX_HEAD} bytes of interim responses"),
        }
    }
}

impl HeadFailure {
    /// Whether the connection was closed.
    pub(super) fn is_end(&self) -> bool {
        match self {
            HeadFailure::Io(error) => is_end(error),
            HeadFailure::Closed => true,
            HeadFailure::Invalid(_) | HeadFailure::Interim => false,
        }
    }
}

/// Whether an error means that the connection was closed.
pub(super) fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    )
}

impl From<io::Error> for HeadFailure {
    fn from(error: io::Error) -> HeadFailure {
        HeadFailure::Io(error)
    }
}

impl From<HeadError> for HeadFailure {
    fn from(error: HeadError) -> HeadFailure {
        HeadFailure::Invalid(error)
    }
}

/// Receives the head of the next final response. What follows it stays in the
/// connection's buffer.
pub(super) fn receive(connection: &mut Connection) -> Result<Head, HeadFailure> {
    let mut interim = 0;
    let mut parser = HeadParser::default();
    loop {
        let received = connection.buffers.received();
        let parsed = match received {
            [] => None,
            _ => parser.parse(received)?,
        };
        if let Some((head, length)) = parsed {
            connection.buffers.consume(length);
            if !head.is_interim() {
                connection.take_head();
                return Ok(head);
            }
            interim += length;
            if interim > MAX_HEAD {
                return Err(HeadFailure::Interim);
            }
            parser = HeadParser::default();
        } else if !connection.await_input()? {
            parser.check_incomplete(connection.buffers.received())?;
            return Err(HeadFailure::Closed);
        }
    }
}
