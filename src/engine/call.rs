//! One call of the caller's, with all that is sent for it.

use std::cell::Cell;
use std::time::Instant;

use crate::transport::Bounds;

/// Kept while the call runs.
pub(crate) struct Call {
    pub(crate) bounds: Bounds,
    pub(crate) started: Instant,
    /// How often something was sent, to whomever.
    pub(crate) sends: Cell<u32>,
}

impl Call {
    pub(crate) fn new(bounds: Bounds) -> Call {
        Call {
            bounds,
            started: Instant::now(),
            sends: Cell::new(0),
        }
    }

    /// When it ends at the latest.
    pub(crate) fn limit(&self) -> Option<Instant> {
        self.bounds.deadline.map(|(end, _)| end)
    }
}
