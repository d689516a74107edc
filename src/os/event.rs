//! A one-time event that one thread waits for and another one signals.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::deadline::{CallLimits, StepLimit};
use super::{sys, wait};

/// Once signalled, stays signalled.
#[derive(Debug)]
pub(crate) struct Event(OwnedFd);

impl Event {
    pub(crate) fn new() -> io::Result<Event> {
        sys::event().map(Event)
    }

    pub(crate) fn happen(&self) {
        sys::signal_event(self.0.as_raw_fd());
    }

    /// Waits until the event is signalled or a limit is reached.
    pub(crate) fn wait(&self, limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
        let fd = self.0.as_raw_fd();
        wait::wait(fd, wait::READABLE, limits, limit, None).map(|_| ())
    }
}
