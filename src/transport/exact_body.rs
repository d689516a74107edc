//! Provides the body of a request to ureq, with exactly the announced length.

use std::io;
use std::io::Read;
use std::sync::Arc;

use super::file_piece::{FilePiece, ended_early};
use super::operation::Operation;
use crate::body::Body;

/// Reads a body and holds it to its announced length: ureq would loop forever
/// on one that ends early. After the server has rejected the request, the source is
/// not read, and ureq gets the rest of the length to discard.
///
/// A file is not read where the kernel can send it. ureq gets a piece of the
/// length that it frames, with whatever is in its buffer, and the transport
/// sends as many bytes of the file in its place.
pub(crate) struct ExactBody<'a> {
    pub(crate) body: &'a mut Body,
    /// The number of bytes left; `None`: until the source ends.
    pub(crate) left: Option<u64>,
    pub(crate) operation: Arc<Operation>,
}

impl ExactBody<'_> {
    /// Leaves the next `length` bytes of a file to the transport; false if
    /// they have to be read.
    fn hand_over(&mut self, length: usize) -> bool {
        let Some(left) = self.left.filter(|_| self.operation.sends_files()) else {
            return false;
        };
        let Some(file) = self.body.file() else {
            return false;
        };
        self.operation.hand_over(FilePiece { file, length, left });
        self.body.advance(length);
        true
    }
}

impl Read for ExactBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let max = match self.left {
            None => buffer.len(),
            Some(left) => usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len()),
        };
        if max == 0 {
            return Ok(0);
        }
        if self.operation.is_early() {
            let amount = self.left.map_or(0, |_| max);
            self.left = self.left.map(|left| left - amount as u64);
            return Ok(amount);
        }
        let amount = if self.hand_over(max) {
            max
        } else {
            self.body
                .read(&mut buffer[..max], &self.operation.exchange_limits.call)
                .map_err(io::Error::other)?
        };
        if let Some(left) = &mut self.left {
            if amount == 0 {
                return Err(io::Error::other(ended_early(*left)));
            }
            *left -= amount as u64;
        }
        if let Some(transfer) = &self.operation.exchange_limits.transfer {
            transfer.begin_piece(amount);
        }
        Ok(amount)
    }
}
