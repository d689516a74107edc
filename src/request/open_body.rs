//! The body of a response that the caller reads.

use crate::body::buffer;
use crate::body::digest::Digest;
use crate::body::sink::{QueueSink, Sink};
use crate::body::verify::VerifyingSink;
use crate::error::Error;
use crate::os::call_scope::CallScope;
use crate::os::deadline::CallLimits;
use crate::transport::RawBody;

/// How much is received at a time of a body that is verified.
const PIECE: usize = 64 * 1024;

/// A body on its connection, and how it is verified, if at all.
pub(crate) struct OpenBody {
    raw: RawBody,
    verified: Option<VerifiedReader>,
}

struct VerifiedReader {
    sink: VerifyingSink<QueueSink>,
    buffer: Vec<u8>,
    /// How the body ended. After a failure nothing more is returned of it.
    end: Option<Result<(), Error>>,
    /// How many bytes were returned.
    returned: u64,
}

impl OpenBody {
    pub(crate) fn new(raw: RawBody) -> OpenBody {
        OpenBody {
            raw,
            verified: None,
        }
    }

    /// From now on, the last part of the body is returned only if the body has
    /// this digest.
    pub(crate) fn verify(&mut self, expected: Digest) -> Result<(), Error> {
        let buffer = buffer::zeroed(PIECE, "receive buffer")?;
        self.verified = Some(VerifiedReader {
            sink: VerifyingSink::new(QueueSink::default(), expected, self.raw.length())?,
            buffer,
            end: None,
            returned: 0,
        });
        Ok(())
    }

    /// How many bytes the caller has.
    pub(crate) fn returned(&self) -> u64 {
        match &self.verified {
            Some(verified) => verified.returned,
            None => self.raw.received(),
        }
    }

    /// Passes an unverified body to `sink`, piece by piece, without copying.
    pub(crate) fn deliver(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.raw.deliver(sink)
    }

    pub(crate) fn set_limits(&mut self, limits: &CallLimits) {
        self.raw.set_limits(limits);
    }

    pub(crate) fn into_raw(self) -> RawBody {
        self.raw
    }

    /// Reads more of the body; 0 = the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let _scope = CallScope::enter();
        match &mut self.verified {
            Some(verified) if !buffer.is_empty() => verified.read(&mut self.raw, buffer),
            _ => self.raw.read(buffer),
        }
    }
}

impl VerifiedReader {
    fn read(&mut self, raw: &mut RawBody, buffer: &mut [u8]) -> Result<usize, Error> {
        loop {
            let count = self.sink.sink().take(buffer);
            if count > 0 {
                self.returned += count as u64;
                return Ok(count);
            }
            match &self.end {
                Some(Ok(())) => return Ok(0),
                Some(Err(error)) => return Err(error.clone()),
                None => self.end = self.receive(raw).transpose(),
            }
        }
    }

    /// Receives the next piece; `Ok(Some(()))` at the verified end.
    fn receive(&mut self, raw: &mut RawBody) -> Result<Option<()>, Error> {
        match raw.read(&mut self.buffer)? {
            0 => self.sink.commit().map(Some),
            received => self.sink.write(&self.buffer[..received]).map(|()| None),
        }
    }
}
