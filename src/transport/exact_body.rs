//! Provides the body of a request to ureq, with exactly the announced length.

use std::io;
use std::io::Read;
use std::sync::Arc;

use super::file_piece::{FilePiece, ended_early};
use super::operation::Operation;
use crate::body::Body;
use crate::error::Error;

/// Reads a body and holds it to its announced length: ureq would loop forever
/// on one that ends early, and cut one that is longer.
///
/// A file is not read where the kernel can send it. ureq gets a piece of the
/// length that it frames, with whatever is in its buffer, and the transport
/// sends as many bytes of the file in its place.
pub(super) struct ExactBody<'a> {
    body: &'a mut Body,
    /// The number of bytes left; `None`: until the source ends.
    left: Option<u64>,
    operation: Arc<Operation>,
}

impl<'a> ExactBody<'a> {
    pub(super) fn new(
        body: &'a mut Body,
        left: Option<u64>,
        operation: Arc<Operation>,
    ) -> ExactBody<'a> {
        ExactBody {
            body,
            left,
            operation,
        }
    }

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

    fn read_body(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let max = match self.left {
            None => buffer.len(),
            Some(left) => usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len()),
        };
        if max == 0 {
            return Ok(0);
        }
        if self.hand_over(max) {
            self.left = self.left.map(|left| left - max as u64);
            return Ok(max);
        }
        let limits = &self.operation.exchange_limits.call;
        let amount = self.body.read(&mut buffer[..max], limits)?;
        if let Some(left) = &mut self.left {
            if amount == 0 {
                return Err(ended_early(*left));
            }
            *left -= amount as u64;
            if *left == 0 {
                // Before the last piece is sent, so that the server does not
                // take a part for the whole.
                self.body.check_end(limits)?;
            }
        }
        Ok(amount)
    }
}

impl Read for ExactBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let amount = self.read_body(buffer).map_err(io::Error::other)?;
        if let Some(transfer) = &self.operation.exchange_limits.transfer {
            transfer.begin_piece(amount);
        }
        Ok(amount)
    }
}
