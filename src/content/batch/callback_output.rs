//! Pulls to callbacks, which run on the thread that steps the batch.

use std::sync::{Arc, Mutex, PoisonError};

use crate::body::output::WriteSink;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;

/// A callback of the caller. Its item keeps it, so that no worker thread frees it.
pub struct CallbackOutput(Mutex<Option<Box<dyn WriteSink>>>);

impl CallbackOutput {
    /// The output of an item.
    pub fn new(sink: Box<dyn WriteSink>) -> Arc<CallbackOutput> {
        Arc::new(CallbackOutput(Mutex::new(Some(sink))))
    }

    fn write(&self, piece: &[u8]) -> Result<(), Error> {
        // Without the lock: the callback may use the library.
        let mut sink = self
            .take()
            .ok_or_else(|| Error::new(Kind::Panic, "a callback did not return"))?;
        let written = sink.write(piece);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(sink);
        written
    }

    fn take(&self) -> Option<Box<dyn WriteSink>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Passes the pieces of one pull to the callback.
pub(super) struct Forwarded {
    pub(super) output: Arc<CallbackOutput>,
    pub(super) limits: CallLimits,
}

impl WriteSink for Forwarded {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        // A worker that has to end does not wait until the callback has returned.
        let (output, piece) = (Arc::clone(&self.output), piece.to_vec());
        self.limits
            .call_back(Step::Deliver, move || output.write(&piece))?
    }
}
