//! An event that one thread waits for and others signal.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

use super::deadline::{CallLimits, StepLimit};
use super::{sys, wait};

/// Once signalled, stays signalled until it is reset.
#[derive(Debug)]
pub(crate) struct Event(OwnedFd);

impl Event {
    pub(crate) fn new() -> io::Result<Event> {
        sys::event().map(Event)
    }

    pub(crate) fn happen(&self) {
        sys::signal_event(self.0.as_raw_fd());
    }

    pub(crate) fn reset(&self) {
        sys::clear_event(self.0.as_raw_fd());
    }

    /// Waits until the event is signalled or a limit is reached.
    pub(crate) fn wait(&self, limits: &CallLimits, limit: StepLimit<'_>) -> io::Result<()> {
        self.wait_until(limits, limit, None)
    }

    /// As [`Event::wait`], but no longer than until `pause`.
    pub(crate) fn wait_until(
        &self,
        limits: &CallLimits,
        limit: StepLimit<'_>,
        pause: Option<Instant>,
    ) -> io::Result<()> {
        let fd = self.0.as_raw_fd();
        wait::wait(fd, wait::READABLE, limits, limit, pause).map(|_| ())
    }
}
