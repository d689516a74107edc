//! What receives the body of a response, and sinks in memory.

use std::collections::VecDeque;

use crate::error::{Error, Kind};

/// Receives a body in pieces. Until `commit`, the body may turn out to be cut
/// short or wrong: dropping the sink before aborts the output.
pub(crate) trait Sink {
    /// Receives the next piece.
    fn write(&mut self, piece: &[u8]) -> Result<(), Error>;

    /// The body is complete and, if requested, verified.
    fn commit(&mut self) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the caller sees nothing of the body before `commit`.
    fn is_atomic(&self) -> bool;

    /// Whether the caller has received part of the body, so that the request
    /// cannot be sent again.
    fn has_delivered(&self) -> bool {
        false
    }
}

impl<S: Sink + ?Sized> Sink for Box<S> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        (**self).write(piece)
    }

    fn commit(&mut self) -> Result<(), Error> {
        (**self).commit()
    }

    fn is_atomic(&self) -> bool {
        (**self).is_atomic()
    }

    fn has_delivered(&self) -> bool {
        (**self).has_delivered()
    }
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        (**self).write(piece)
    }

    fn commit(&mut self) -> Result<(), Error> {
        (**self).commit()
    }

    fn is_atomic(&self) -> bool {
        (**self).is_atomic()
    }

    fn has_delivered(&self) -> bool {
        (**self).has_delivered()
    }
}

/// How many bytes of a body may be kept in memory, and what sets that.
#[derive(Clone, Copy)]
pub(crate) struct MemoryLimit {
    pub(crate) bytes: usize,
    pub(crate) set_by: &'static str,
}

impl MemoryLimit {
    fn exceeded(self) -> Error {
        let MemoryLimit { bytes, set_by } = self;
        let message = format!("the body is larger than the {bytes} bytes that {set_by} allows");
        Error::new(Kind::BodyTooLarge, message)
    }
}

/// Keeps a body in memory, never more than `max` bytes. The announced length
/// reserves nothing: a server could claim any.
pub(crate) struct MemorySink<'a> {
    bytes: &'a mut Vec<u8>,
    /// Of the body.
    max: MemoryLimit,
    /// What precedes the body.
    head: usize,
}

impl<'a> MemorySink<'a> {
    /// Appends to `bytes` a body whose announced length is `length`.
    pub(crate) fn new(
        bytes: &'a mut Vec<u8>,
        length: Option<u64>,
        max: MemoryLimit,
    ) -> Result<MemorySink<'a>, Error> {
        if length.is_some_and(|length| length > max.bytes as u64) {
            return Err(max.exceeded());
        }
        let head = bytes.len();
        Ok(MemorySink { bytes, max, head })
    }
}

impl Sink for MemorySink<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let MemorySink { bytes, max, head } = self;
        if piece.len() > max.bytes - (bytes.len() - *head) {
            return Err(max.exceeded());
        }
        let needed = bytes.len() + piece.len();
        if needed > bytes.capacity() {
            // One more byte, for the NUL that the C boundary appends.
            let all = max.bytes.saturating_add(*head);
            let target = needed.max(bytes.capacity() * 2).min(all) + 1;
            bytes
                .try_reserve_exact(target - bytes.len())
                .map_err(|_| Error::no_memory("response body"))?;
        }
        bytes.extend_from_slice(piece);
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        true
    }
}

/// Holds what a reader has not taken yet.
#[derive(Default)]
pub(crate) struct QueueSink {
    bytes: VecDeque<u8>,
}

impl QueueSink {
    /// Moves bytes to the beginning of `buffer` and returns their number.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> usize {
        let (front, _) = self.bytes.as_slices();
        let count = front.len().min(buffer.len());
        buffer[..count].copy_from_slice(&front[..count]);
        self.bytes.drain(..count);
        count
    }
}

impl Sink for QueueSink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.bytes
            .try_reserve(piece.len())
            .map_err(|_| Error::no_memory("receive buffer"))?;
        self.bytes.extend(piece);
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        false
    }
}
