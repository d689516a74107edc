//! A handle that cancels calls from another thread or from a signal handler.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sys;
use crate::error::{Error, Kind};

/// Cancels the calls it was passed to. A clone is the same handle.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    triggered: AtomicBool,
    /// An eventfd that becomes readable when triggered, so that waits end.
    event: OwnedFd,
    process: u32,
}

impl Cancel {
    /// Creates a handle in the untriggered state.
    pub fn new() -> Result<Cancel, Error> {
        let event = sys::event()
            .map_err(|error| Error::io(Kind::NoMemory, "event of a cancel handle", &error))?;
        Ok(Cancel(Arc::new(Inner {
            triggered: AtomicBool::new(false),
            event,
            process: std::process::id(),
        })))
    }

    /// Cancels all current and later calls that use the handle.
    /// Async-signal-safe: uses only atomic stores and system calls.
    pub fn trigger(&self) {
        self.0.triggered.store(true, Ordering::Release);
        // After a fork the eventfd is shared with the parent: signalling it
        // would cancel the parent's calls. Calls in the child poll the flag.
        if self.0.process == std::process::id() {
            sys::signal_event(self.0.event.as_raw_fd());
        }
    }

    /// Returns whether the handle was triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.triggered.load(Ordering::Acquire)
    }

    /// The eventfd, which becomes readable when triggered; `None` in a forked
    /// child, which must poll [`Cancel::is_triggered`] because the eventfd is
    /// its parent's.
    pub(crate) fn event(&self) -> Option<RawFd> {
        (self.0.process == std::process::id()).then(|| self.0.event.as_raw_fd())
    }
}
