//! Batches: pulls, pushes, copies and lookups that run concurrently, in one call or
//! while the program does other things.

mod callback_output;
mod item;
mod job;
mod round;
mod same_blob;

use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::callback_output::CallbackOutput;
pub use self::item::{Action, Destination, Item, Items, Product, Work};
use self::round::Round;
use self::same_blob::SameBlobs;
use super::options::Options;
use super::pool::threads_for;
use crate::error::{Error, Kind};

/// Items that share options, a progress callback and a cancel handle.
pub struct Batch {
    items: Arc<Items>,
    options: Arc<Options>,
    keep_going: bool,
    /// How many items have been started.
    started: usize,
    blobs: SameBlobs,
    /// While there is work.
    round: Option<Round>,
}

impl Batch {
    /// A batch without items.
    pub fn new(options: Arc<Options>) -> Result<Batch, Error> {
        Ok(Batch {
            items: Arc::new(Items::new()?),
            options,
            keep_going: false,
            started: 0,
            blobs: SameBlobs::default(),
            round: None,
        })
    }

    /// Its items, to which more can be added while it runs.
    pub fn items(&self) -> &Arc<Items> {
        &self.items
    }

    /// Sets whether the other items continue after one has failed.
    pub fn set_keep_going(&mut self, keep_going: bool) -> Result<(), Error> {
        if self.round.is_some() {
            return Err(Error::new(Kind::Busy, "batch: still running"));
        }
        self.keep_going = keep_going;
        Ok(())
    }

    /// Runs all items that have not ended. The error is that of the first item that
    /// failed, or of the whole batch.
    pub fn run(&mut self) -> Result<(), Error> {
        let threads = threads_for(self.options.parallel());
        while self.advance(threads, None)? {}
        Ok(())
    }

    /// Starts the items that were added, and runs callbacks. Waits up to `wait` for
    /// something to do; `None` means no limit. Returns whether there is work left, and at
    /// the end of all work what [`Batch::run`] returns.
    pub fn step(&mut self, wait: Option<Duration>) -> Result<bool, Error> {
        // A limit beyond the range of the clock is no limit.
        let until = wait.and_then(|wait| Instant::now().checked_add(wait));
        self.advance(self.options.parallel(), until)
    }

    fn advance(&mut self, threads: usize, until: Option<Instant>) -> Result<bool, Error> {
        let _owner = self.items.own_callbacks();
        let mut has_waited = false;
        loop {
            self.start_added(threads)?;
            let Some(round) = &mut self.round else {
                self.items.run_queued();
                return Ok(false);
            };
            let has_acted = round.serve(&self.items);
            if round.is_over() && self.started == self.items.count() {
                return self.end();
            }
            if has_acted || has_waited {
                return Ok(true);
            }
            self.items.wait(until)?;
            has_waited = true;
        }
    }

    fn start_added(&mut self, threads: usize) -> Result<(), Error> {
        let added = self.items.since(self.started);
        if added.is_empty() {
            return Ok(());
        }
        let round = match &mut self.round {
            Some(round) => round,
            none => none.insert(Round::begin(
                &self.items,
                &self.options,
                threads,
                self.keep_going,
                self.started,
            )?),
        };
        round.start(self.started, &added, &mut self.blobs);
        self.started += added.len();
        Ok(())
    }

    fn end(&mut self) -> Result<bool, Error> {
        match self.round.take() {
            Some(round) => round.end().map(|()| false),
            None => Ok(false),
        }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if let Some(round) = self.round.take() {
            round.abandon();
        }
    }
}
