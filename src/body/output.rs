//! The outputs of response bodies: memory, file, descriptor, callback.

use std::fmt;
use std::os::fd::RawFd;
use std::path::PathBuf;

use super::file_sink::FileSink;
use super::sink::Sink;
use crate::error::{Error, Step};
use crate::os::deadline::CallLimits;
use crate::os::descriptor;

/// A receiver of bytes that the caller supplies.
pub trait WriteSink: Send {
    /// Takes all of `piece`, or stops the call.
    fn write(&mut self, piece: &[u8]) -> Result<(), Error>;
}

/// The output of a 2xx response body.
#[derive(Default)]
pub(crate) enum Output {
    /// Kept in the response.
    #[default]
    Memory,
    /// A file, which appears once it is complete.
    Path(PathBuf),
    /// A descriptor of the caller.
    Descriptor(RawFd),
    /// A callback of the caller.
    Callback(Box<dyn WriteSink>),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Output::Memory => "Memory",
            Output::Path(_) => "Path",
            Output::Descriptor(_) => "Descriptor",
            Output::Callback(_) => "Callback",
        })
    }
}

impl Output {
    /// Starts the output of one body; `None` if it is to be kept in memory.
    pub(crate) fn sink<'a>(
        &'a mut self,
        limits: &'a CallLimits,
    ) -> Result<Option<Box<dyn Sink + 'a>>, Error> {
        Ok(match self {
            Output::Memory => None,
            Output::Path(path) => Some(Box::new(FileSink::create(path)?)),
            Output::Descriptor(fd) => Some(Box::new(DescriptorSink {
                fd: *fd,
                limits,
                has_delivered: false,
            })),
            Output::Callback(callback) => Some(Box::new(CallbackSink {
                callback: callback.as_mut(),
                has_delivered: false,
            })),
        })
    }
}

/// Writes to a descriptor of the caller.
struct DescriptorSink<'a> {
    fd: RawFd,
    limits: &'a CallLimits,
    has_delivered: bool,
}

impl Sink for DescriptorSink<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.has_delivered = true;
        descriptor::write_all(self.fd, piece, self.limits).map_err(|error| error.at(Step::Deliver))
    }

    fn is_atomic(&self) -> bool {
        false
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}

/// Passes the pieces to a callback of the caller.
struct CallbackSink<'a> {
    callback: &'a mut dyn WriteSink,
    has_delivered: bool,
}

impl Sink for CallbackSink<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.has_delivered = true;
        self.callback.write(piece)
    }

    fn is_atomic(&self) -> bool {
        false
    }

    fn has_delivered(&self) -> bool {
        self.has_delivered
    }
}
