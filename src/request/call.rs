//! One call of the caller's, with all that is sent for it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::os::deadline::CallLimits;

/// Kept while the call runs.
pub(crate) struct Call {
    pub(crate) limits: CallLimits,
    pub(crate) started: Instant,
    /// How often something was sent, to whomever.
    pub(crate) sends: Cell<u32>,
    /// How often the request was tried, this time included.
    pub(crate) attempts: Cell<u32>,
    /// A byte of an answer's body has gone to the caller.
    pub(crate) delivered: Cell<bool>,
}

impl Call {
    pub(crate) fn new(limits: CallLimits) -> Call {
        Call {
            limits,
            started: Instant::now(),
            sends: Cell::new(0),
            attempts: Cell::new(1),
            delivered: Cell::new(false),
        }
    }

    /// Counts another try.
    pub(crate) fn begin_again(&self) {
        self.attempts.set(self.attempts.get() + 1);
    }

    /// Whether it is over after that time.
    pub(crate) fn ends_within(&self, time: Duration) -> bool {
        self.limit()
            .is_some_and(|end| end.saturating_duration_since(Instant::now()) <= time)
    }

    /// When it ends at the latest.
    pub(crate) fn limit(&self) -> Option<Instant> {
        self.limits.deadline.map(|(end, _)| end)
    }
}
