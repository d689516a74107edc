//! Cancel handles: end calls from another thread or a signal handler.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sys;
use crate::error::{Error, Kind};

/// Ends the calls that use it. Clones are the same handle.
#[derive(Clone, Debug)]
pub struct Cancel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    triggered: AtomicBool,
    /// Becomes readable with the trigger, which ends polls.
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

    /// Ends all calls that use it, now and later. Async-signal-safe.
    pub fn trigger(&self) {
        self.0.triggered.store(true, Ordering::Release);
        // After a fork the event is the parent's, whose calls continue; those
        // of the child check the flag.
        if self.0.process == std::process::id() {
            sys::signal_event(self.0.event.as_raw_fd());
        }
    }

    /// Returns whether the handle was triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.triggered.load(Ordering::Acquire)
    }

    /// What becomes readable with the trigger; `None` in a forked child, where
    /// the event is the parent's: it must check the flag at intervals.
    pub(crate) fn event(&self) -> Option<RawFd> {
        (self.0.process == std::process::id()).then(|| self.0.event.as_raw_fd())
    }
}
