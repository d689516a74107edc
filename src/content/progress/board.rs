//! The progress of a call with all its transfers, which may run on several threads.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::event::{Event, Phase, ProgressCallback, Snapshot, Totals};
use crate::content::descriptor::Descriptor;
use crate::error::Error;
use crate::os::stop::Stop;
use crate::os::transfer::Transfer;

/// The time between two reports while nothing is transferred.
const IDLE: Duration = Duration::from_secs(1);

/// What a call reports: its transfers and its totals. The callback runs on the
/// thread that calls [`Board::deliver`] and [`Board::report_if_due`].
pub(super) struct Board {
    callback: ProgressCallback,
    interval: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lines: BTreeMap<u64, Line>,
    next_line: u64,
    next_number: usize,
    /// Of transfers that are over.
    past_done: u64,
    past_total: u64,
    /// How many items a batch has; 0 for other calls.
    items: usize,
    items_done: usize,
    /// A report is on its way to the thread that calls back.
    is_posted: bool,
    /// The time of the last event.
    reported: Option<Instant>,
    /// The callback has stopped the call.
    stopped: Option<Error>,
    /// Ends the threads of the call then.
    stop: Option<Stop>,
}

/// A report on its way to the thread that calls back. If it never gets there, another
/// one may follow.
pub(super) struct Posted(Arc<Board>);

impl Posted {
    /// Reports as [`Board::report_if_due`] does.
    pub(super) fn report(self) {
        let board = Arc::clone(&self.0);
        drop(self);
        // The failure is stored.
        let _ = board.report_if_due(None);
    }
}

impl Drop for Posted {
    fn drop(&mut self) {
        self.0.state().is_posted = false;
    }
}

/// One transfer after another, each of which has a number.
pub(super) struct Line {
    pub(super) phase: Phase,
    pub(super) item: Option<Descriptor>,
    pub(super) name: String,
    /// Shown instead of the name that the transfer begins with.
    pub(super) title: Option<String>,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    pub(super) resumed: u64,
    /// The batch item that it belongs to.
    index: usize,
    number: usize,
    /// The offset in the content at which the current request body begins.
    pub(super) base: u64,
    /// This body is the last one: the registry then stores the content.
    pub(super) is_last: bool,
    pub(super) retry_at: Option<Instant>,
    has_begun: bool,
    /// A transfer has begun and not ended.
    is_active: bool,
    /// The end of a transfer that was not reported yet: the call may be stopped before.
    pub(super) ending: Option<Event>,
    /// Nothing uses it any more.
    is_left: bool,
    /// Bytes have moved since the last event.
    pub(super) moved: bool,
    reported: Instant,
}

impl Line {
    fn new(index: usize) -> Line {
        Line {
            phase: Phase::default(),
            item: None,
            name: String::new(),
            title: None,
            done: 0,
            total: None,
            resumed: 0,
            index,
            number: 0,
            base: 0,
            is_last: false,
            retry_at: None,
            has_begun: false,
            is_active: false,
            ending: None,
            is_left: false,
            moved: false,
            reported: Instant::now(),
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.is_active
    }

    /// Sets how many bytes are in place; what is sent again does not count, nor what is
    /// sent before the transfer begins, such as the empty blob of a manifest.
    pub(super) fn reached(&mut self, done: u64) {
        if self.is_active && done > self.done {
            self.done = done;
            self.moved = true;
        }
    }

    fn snapshot(&self, event: Event, totals: Totals) -> Snapshot {
        let wait = self
            .retry_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        Snapshot {
            event,
            phase: wait.map_or(self.phase, |_| Phase::Retry),
            number: self.number,
            index: self.index,
            item: self.item.clone(),
            name: self.name.clone(),
            done: self.done,
            total: self.total,
            resumed: self.resumed,
            wait: wait.unwrap_or_default(),
            totals,
        }
    }
}

impl Board {
    pub(super) fn new(callback: ProgressCallback, interval: Duration) -> Arc<Board> {
        let state = State {
            reported: Some(Instant::now()),
            ..State::default()
        };
        Arc::new(Board {
            callback,
            interval,
            state: Mutex::new(state),
        })
    }

    pub(super) fn interval(&self) -> Duration {
        self.interval
    }

    /// Adds a line for a batch item, or for the only item.
    pub(super) fn add_line(&self, index: usize) -> u64 {
        let mut state = self.state();
        let id = state.next_line;
        state.next_line += 1;
        state.lines.insert(id, Line::new(index));
        id
    }

    /// Nothing uses the line any more. If its transfer is active, it has failed, which
    /// is reported with the end of its item.
    pub(super) fn leave(&self, id: u64) {
        let mut state = self.state();
        match state.lines.get_mut(&id) {
            Some(line) if line.is_active => line.is_left = true,
            Some(_) => state.remove(id),
            None => {}
        }
    }

    /// The callback stops these threads too if it stops the call.
    pub(super) fn set_stop(&self, stop: Stop) {
        self.state().stop = Some(stop);
    }

    /// Sets how many items the batch has, and how many were done before.
    pub(super) fn set_items(&self, count: usize, done: usize) {
        let mut state = self.state();
        (state.items, state.items_done) = (count, done);
    }

    /// Sets how many items the batch has by now.
    pub(super) fn set_item_count(&self, count: usize) {
        self.state().items = count;
    }

    /// Why the callback has stopped the call, if it has.
    pub(super) fn stopped(&self) -> Option<Error> {
        self.state().stopped.clone()
    }

    pub(super) fn with_line<R>(&self, id: u64, change: impl FnOnce(&mut Line) -> R) -> Option<R> {
        self.state().lines.get_mut(&id).map(change)
    }

    /// Another transfer begins on the line. What the earlier one has moved stays part of
    /// the totals.
    pub(super) fn renew(&self, id: u64) {
        let mut state = self.state();
        // Otherwise, the size that was expected is that of this transfer.
        if state.lines.get(&id).is_some_and(|line| line.has_begun) {
            state.retire(id);
        }
    }

    /// Notes how far a request body was sent. That of another request, such as one for
    /// a list of referrers, may be larger than the content.
    pub(super) fn note_sent(&self, id: u64, transfer: &Transfer) {
        self.with_line(id, |line| {
            if line.phase != Phase::Push || !line.is_active {
                return;
            }
            let sent = line.base + transfer.sent;
            line.reached(line.total.map_or(sent, |total| sent.min(total)));
            if line.is_last && transfer.send_total == Some(transfer.sent) {
                line.phase = Phase::Commit;
            }
        });
    }

    /// A report that another thread has to make, if one is due; at most one is on its
    /// way. An error once the callback has stopped the call.
    pub(super) fn take_post(self: &Arc<Board>) -> Result<Option<Posted>, Error> {
        let mut state = self.state();
        if let Some(error) = &state.stopped {
            return Err(error.clone());
        }
        let is_due =
            !state.is_posted && (state.is_idle() || state.next_due(self.interval).is_some());
        state.is_posted |= is_due;
        Ok(is_due.then(|| Posted(Arc::clone(self))))
    }

    /// Reports transfers that have moved, or, once a second, that none has: if no
    /// transfer is active, as a report of `line`, or of one with a name.
    pub(super) fn report_if_due(&self, line: Option<u64>) -> Result<(), Error> {
        loop {
            let (id, event) = {
                let state = self.state();
                match state.next_due(self.interval) {
                    Some(id) => (id, Event::Move),
                    None if state.is_idle() => match state.any_active().or(state.idle(line)) {
                        Some(id) => (id, Event::Wait),
                        None => return Ok(()),
                    },
                    None => return Ok(()),
                }
            };
            self.deliver(id, event)?;
        }
    }

    /// Reports the failure of all active transfers of a line's item, and its end.
    pub(super) fn end_item(&self, id: u64, is_failed: bool) -> Result<(), Error> {
        let next = || self.state().active_with(id).filter(|_| is_failed);
        while let Some(active) = next() {
            // The first failure counts.
            if self.deliver(active, Event::Fail).is_err() {
                break;
            }
        }
        {
            let mut state = self.state();
            if state.items > 0 {
                state.items_done += 1;
            }
        }
        self.deliver(id, Event::Done)
    }

    /// Calls back.
    pub(super) fn deliver(&self, id: u64, event: Event) -> Result<(), Error> {
        let snapshot = {
            let mut state = self.state();
            if let Some(error) = &state.stopped {
                return Err(error.clone());
            }
            match state.note(id, event) {
                Some(snapshot) => snapshot,
                None => return Ok(()),
            }
        };
        // Without the lock: the callback may make calls of its own.
        let result = (self.callback)(&snapshot);
        let mut state = self.state();
        let now = Instant::now();
        state.reported = Some(now);
        if let Some(line) = state.lines.get_mut(&id) {
            line.reported = now;
            if line.is_left && !line.is_active {
                state.remove(id);
            }
        }
        if let Err(error) = &result {
            state.stopped = Some(error.clone());
            if let Some(stop) = &state.stop {
                stop.trigger();
            }
        }
        result
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Manifests may claim any sizes.
fn sum(past: u64, sizes: impl IntoIterator<Item = u64>) -> u64 {
    let all: u128 = sizes.into_iter().map(u128::from).sum();
    u64::try_from(u128::from(past) + all).unwrap_or(u64::MAX)
}

impl State {
    /// Notes an event, and returns what is to be reported.
    fn note(&mut self, id: u64, event: Event) -> Option<Snapshot> {
        let now = Instant::now();
        let next = self.next_number;
        let line = self.lines.get_mut(&id)?;
        let event = match (event, line.ending) {
            (Event::Fail, Some(ending)) => ending,
            _ => event,
        };
        match event {
            Event::Begin => {
                line.has_begun = true;
                line.is_active = true;
                line.number = next;
                self.next_number += 1;
            }
            Event::End | Event::Skip | Event::Fail => {
                line.is_active = false;
                line.ending = None;
            }
            _ => {}
        }
        line.moved = false;
        line.reported = now;
        self.reported = Some(now);
        let totals = self.totals();
        Some(self.lines.get(&id)?.snapshot(event, totals))
    }

    fn totals(&self) -> Totals {
        let lines = self.lines.values();
        Totals {
            done: sum(self.past_done, lines.clone().map(|line| line.done)),
            total: sum(self.past_total, lines.map(|line| line.total.unwrap_or(0))),
            items: self.items,
            items_done: self.items_done,
        }
    }

    fn retire(&mut self, id: u64) {
        if let Some(line) = self.lines.get_mut(&id) {
            self.past_done = sum(self.past_done, [std::mem::take(&mut line.done)]);
            self.past_total = sum(self.past_total, line.total.take());
            line.resumed = 0;
        }
    }

    fn remove(&mut self, id: u64) {
        self.retire(id);
        self.lines.remove(&id);
    }

    /// A transfer that has moved, if the next report of it is due.
    fn next_due(&self, interval: Duration) -> Option<u64> {
        let is_due = |line: &Line| line.moved && line.reported.elapsed() >= interval;
        let mut lines = self.lines.iter();
        lines.find(|(_, line)| is_due(line)).map(|(id, _)| *id)
    }

    /// Whether nothing has moved for so long that this is reported.
    fn is_idle(&self) -> bool {
        self.reported.is_none_or(|at| at.elapsed() >= IDLE)
            && !self.lines.values().any(|line| line.moved)
    }

    /// The active transfer that has begun first.
    fn any_active(&self) -> Option<u64> {
        let active = self.lines.iter().filter(|(_, line)| line.is_active);
        active
            .min_by_key(|(_, line)| line.number)
            .map(|(id, _)| *id)
    }

    /// A line without an active transfer: this one, unless it has no name and another
    /// one has.
    fn idle(&self, line: Option<u64>) -> Option<u64> {
        let is_named = |id: &u64| {
            let line = self.lines.get(id);
            line.is_some_and(|line| !line.name.is_empty())
        };
        let ids = || line.into_iter().chain(self.lines.keys().copied());
        ids().find(is_named).or(ids().next())
    }

    /// The first active transfer of the same item as a line.
    fn active_with(&self, id: u64) -> Option<u64> {
        let index = self.lines.get(&id)?.index;
        let active = self.lines.iter();
        let active = active.filter(|(_, line)| line.is_active && line.index == index);
        active
            .min_by_key(|(_, line)| line.number)
            .map(|(id, _)| *id)
    }
}
