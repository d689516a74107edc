//! The buffers of a connection.

use std::ops::Range;

use zeroize::Zeroize;

use crate::error::Error;

/// Size of the input buffer. A head that is not complete in it is too long.
pub(crate) const INPUT_SIZE: usize = crate::http::message::head::MAX_HEAD;
/// Buffer size for a request without a body; a longer head gets a larger one.
const HEAD_SIZE: usize = 16 * 1024;
/// Buffer size for request bodies.
const BODY_SIZE: usize = 1024 * 1024;

/// Input and output buffers of one connection.
#[derive(Debug, Default)]
pub(crate) struct ConnectionBuffers {
    input: Vec<u8>,
    start: usize,
    end: usize,
    output: Vec<u8>,
}

impl ConnectionBuffers {
    /// Allocates the buffers for a request with a head of at most `head` bytes
    /// and a body of `body` bytes.
    pub(crate) fn prepare(&mut self, head: usize, body: u64) -> Result<(), Error> {
        let room = usize::try_from(body).unwrap_or(BODY_SIZE).min(BODY_SIZE);
        grow(&mut self.output, HEAD_SIZE.max(head).max(room), SEND)?;
        grow(&mut self.input, INPUT_SIZE, RECEIVE)
    }

    /// The bytes received and not yet consumed.
    pub(crate) fn received(&self) -> &[u8] {
        &self.input[self.start..self.end]
    }

    /// Removes the first `amount` bytes received.
    pub(crate) fn consume(&mut self, amount: usize) {
        self.start = (self.start + amount).min(self.end);
    }

    /// The output, to write to.
    pub(crate) fn output(&mut self) -> &mut [u8] {
        &mut self.output
    }

    /// A part of the output.
    pub(crate) fn to_send(&self, part: Range<usize>) -> &[u8] {
        &self.output[part]
    }

    /// Writes a message to the start of the output buffer.
    pub(crate) fn put(&mut self, message: &[u8]) -> Result<(), Error> {
        grow(&mut self.output, message.len().max(HEAD_SIZE), SEND)?;
        self.output[..message.len()].copy_from_slice(message);
        Ok(())
    }

    /// Overwrites the first `amount` bytes of the output.
    pub(crate) fn wipe(&mut self, amount: usize) {
        self.output[..amount].zeroize();
    }

    /// Free space for input. Moves the pending input to the front first.
    pub(crate) fn free(&mut self) -> Result<&mut [u8], Error> {
        grow(&mut self.input, INPUT_SIZE, RECEIVE)?;
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        } else if self.start > 0 && self.input.len() - self.end < INPUT_SIZE / 2 {
            self.input.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        Ok(&mut self.input[self.end..])
    }

    /// Marks `amount` bytes of the free space as received.
    pub(crate) fn received_more(&mut self, amount: usize) {
        self.end = (self.end + amount).min(self.input.len());
    }

    /// Appends input, which may exceed the free space: a TLS record is
    /// delivered in one piece.
    pub(crate) fn append(&mut self, piece: &[u8]) -> Result<(), Error> {
        if self.free()?.len() < piece.len() {
            let needed = self.end + piece.len();
            grow(&mut self.input, needed, RECEIVE)?;
        }
        self.input[self.end..self.end + piece.len()].copy_from_slice(piece);
        self.received_more(piece.len());
        Ok(())
    }

    /// Frees memory that an idle connection does not need.
    pub(crate) fn shrink(&mut self) {
        if self.output.len() > HEAD_SIZE {
            self.output = Vec::new();
        }
        if self.input.len() > INPUT_SIZE && self.start == self.end {
            self.input = Vec::new();
            self.start = 0;
            self.end = 0;
        }
    }
}

const SEND: &str = "send buffer";
pub(super) const RECEIVE: &str = "receive buffer";

/// Enlarges a buffer, if it is smaller than `size`.
pub(super) fn grow(buffer: &mut Vec<u8>, size: usize, name: &str) -> Result<(), Error> {
    let Some(more) = size.checked_sub(buffer.len()).filter(|more| *more > 0) else {
        return Ok(());
    };
    buffer
        .try_reserve_exact(more)
        .map_err(|_| Error::no_memory(name))?;
    buffer.resize(size, 0);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_wiped() {
        let mut buffers = ConnectionBuffers::default();
        buffers.put(b"secret").expect("memory");
        assert_eq!(buffers.to_send(0..6), b"secret");
        buffers.wipe(6);
        assert_eq!(buffers.to_send(0..6), [0; 6]);
    }

    #[test]
    fn a_buffer_that_does_not_fit_in_memory_is_an_error() {
        let mut buffers = ConnectionBuffers::default();
        let error = buffers.prepare(usize::MAX / 2, 0).expect_err("too much");
        assert_eq!(error.kind(), crate::error::Kind::NoMemory);
        assert_eq!(error.message(), "send buffer: out of memory");
        buffers.prepare(1, 1).expect("memory");
        assert_eq!(buffers.output().len(), HEAD_SIZE);
        buffers.append(&[7; INPUT_SIZE]).expect("memory");
        buffers.append(&[8; INPUT_SIZE]).expect("memory");
        assert_eq!(buffers.received().len(), 2 * INPUT_SIZE);
    }
}
