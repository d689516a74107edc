//! Provides the body of a request to ureq, with exactly the announced length.

use std::io;
use std::io::Read;
use std::sync::Arc;

use super::operation::Operation;
use crate::body::Body;
use crate::error::{Error, Kind};

/// Reads a body and holds it to its announced length: ureq would spin for ever
/// on one that ends early. Once the server has refused, the source is left
/// alone, and ureq is given the rest of the length to throw away.
pub(crate) struct ExactBody<'a> {
    pub(crate) body: &'a mut Body,
    /// What is still to come; `None` = until the source ends.
    pub(crate) left: Option<u64>,
    pub(crate) operation: Arc<Operation>,
}

impl Read for ExactBody<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = match self.left {
            None => buffer.len(),
            Some(left) => usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(buffer.len()),
        };
        if most == 0 {
            return Ok(0);
        }
        let refused = self.operation.is_early();
        let amount = match (refused, self.left) {
            (true, Some(_)) => most,
            (true, None) => 0,
            (false, _) => self
                .body
                .read(&mut buffer[..most], &self.operation.exchange_limits.call)
                .map_err(io::Error::other)?,
        };
        if let Some(left) = &mut self.left {
            if amount == 0 {
                let message = format!("the body ended {left} bytes before its length");
                return Err(io::Error::other(Error::new(Kind::BodyLength, message)));
            }
            *left -= amount as u64;
        }
        Ok(amount)
    }
}
