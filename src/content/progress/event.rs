//! The events that are passed to a progress callback.

use std::sync::Arc;
use std::time::Duration;

use crate::content::descriptor::Descriptor;
use crate::error::Error;

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A transfer begins.
    Begin,
    /// Bytes were transferred.
    Move,
    /// Nothing was transferred for a second.
    Wait,
    /// The transfer starts over.
    Restart,
    /// The content is in place and verified.
    End,
    /// The content existed.
    Skip,
    /// The transfer has failed.
    Fail,
    /// The call, or the item of a batch, is done.
    Done,
}

/// What a transfer does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Reads a local file to compute its digest.
    Check,
    /// Pulls.
    #[default]
    Pull,
    /// Pushes.
    Push,
    /// The registry stores what it has received.
    Commit,
    /// Waits before a retry.
    Retry,
    /// Waits for another writer of the same file.
    Lock,
}

/// A snapshot for the callback.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// What has happened.
    pub event: Event,
    /// What the transfer does.
    pub phase: Phase,
    /// The number of the transfer, in the order in which they began.
    pub number: usize,
    /// The batch item that the transfer belongs to.
    pub index: usize,
    /// The content, if its digest is known.
    pub item: Option<Descriptor>,
    /// A name for display.
    pub name: String,
    /// Bytes that are in place, of the total.
    pub done: u64,
    /// The size, if it is known.
    pub total: Option<u64>,
    /// Bytes that were in place before the call.
    pub resumed: u64,
    /// The time until the next retry.
    pub wait: Duration,
    /// The progress of the whole call.
    pub totals: Totals,
}

/// The progress of a whole call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Bytes that are in place.
    pub done: u64,
    /// The size of all content, as far as it is known.
    pub total: u64,
    /// How many items a batch has.
    pub items: usize,
    /// How many of them are done.
    pub items_done: usize,
}

/// Called with each event; an error stops the call.
pub type ProgressCallback = Arc<dyn Fn(&Snapshot) -> Result<(), Error> + Send + Sync>;
