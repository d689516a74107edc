//! Progress events of a call.

mod board;
mod event;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use self::board::{Board, Line};
pub use self::event::{Event, Phase, ProgressCallback, Snapshot, Totals};
use super::descriptor::Descriptor;
use crate::error::{Error, Step};
use crate::os::deadline::CallLimits;
use crate::os::stop::Stop;
use crate::os::transfer::{Transfer, TransferMeter};

/// The progress of one transfer after another of a call. Not for concurrent use.
#[derive(Clone)]
pub(crate) struct Progress(Option<Reporter>);

#[derive(Clone)]
struct Reporter {
    line: Arc<OwnLine>,
    /// The limits of a worker thread, which has the callback run on the calling thread.
    limits: Option<Arc<CallLimits>>,
}

/// A line of a board.
struct OwnLine {
    board: Arc<Board>,
    id: u64,
    index: usize,
}

impl Drop for OwnLine {
    fn drop(&mut self) {
        self.board.leave(self.id);
    }
}

impl OwnLine {
    fn new(board: &Arc<Board>, index: usize) -> Arc<OwnLine> {
        Arc::new(OwnLine {
            board: Arc::clone(board),
            id: board.add_line(index),
            index,
        })
    }
}

impl Progress {
    /// The progress of a call, reported to a callback if there is one.
    pub(crate) fn new(settings: Option<&(ProgressCallback, Duration)>) -> Progress {
        Progress(settings.map(|(callback, interval)| {
            let board = Board::new(Arc::clone(callback), *interval);
            Reporter {
                line: OwnLine::new(&board, 0),
                limits: None,
            }
        }))
    }

    /// The progress of another transfer of the same call or batch item.
    pub(crate) fn another(&self) -> Progress {
        self.of_item(self.0.as_ref().map_or(0, |reporter| reporter.line.index))
    }

    /// The progress of a transfer of a batch item.
    pub(crate) fn of_item(&self, index: usize) -> Progress {
        Progress(self.0.as_ref().map(|reporter| Reporter {
            line: OwnLine::new(&reporter.line.board, index),
            limits: reporter.limits.clone(),
        }))
    }

    /// The same, used by a thread with these limits.
    pub(crate) fn within(&self, limits: &CallLimits) -> Progress {
        Progress(self.0.as_ref().map(|reporter| Reporter {
            line: Arc::clone(&reporter.line),
            limits: Some(Arc::new(limits.clone())),
        }))
    }

    /// The callback ends these threads too if it stops the call.
    pub(crate) fn stops(&self, stop: &Stop) {
        if let Some(reporter) = &self.0 {
            reporter.line.board.set_stop(stop.clone());
        }
    }

    /// Sets how many items the batch has, and how many were done before.
    pub(crate) fn set_items(&self, count: usize, done: usize) {
        if let Some(reporter) = &self.0 {
            reporter.line.board.set_items(count, done);
        }
    }

    /// Sets how many items the batch has by now.
    pub(crate) fn set_item_count(&self, count: usize) {
        if let Some(reporter) = &self.0 {
            reporter.line.board.set_item_count(count);
        }
    }

    /// Why the callback has stopped the call, if it has.
    pub(crate) fn stopped(&self) -> Option<Error> {
        self.0.as_ref()?.line.board.stopped()
    }

    /// Reports when that is due while the call transfers or waits, and counts the bytes
    /// of request bodies.
    pub(crate) fn meter(&self) -> Option<Arc<TransferMeter>> {
        let reporter = self.0.clone()?;
        let interval = reporter.line.board.interval();
        let callback = move |transfer: &Transfer| {
            reporter.line.board.note_sent(reporter.line.id, transfer);
            reporter.report_if_due()
        };
        Some(TransferMeter::with_interval(Arc::new(callback), interval))
    }

    /// The same for requests to another server, whose bytes are not counted.
    pub(crate) fn idle_meter(&self) -> Option<Arc<TransferMeter>> {
        let reporter = self.0.clone()?;
        let interval = reporter.line.board.interval();
        let callback = move |_: &Transfer| reporter.report_if_due();
        Some(TransferMeter::with_interval(Arc::new(callback), interval))
    }

    /// What the call or the item is about, for events before its first transfer begins
    /// and after its last.
    pub(crate) fn about(&self, item: Option<&Descriptor>, name: &str) {
        self.change(|line| {
            line.item = item.cloned();
            name.clone_into(&mut line.name);
        });
    }

    /// Sets a name that is shown instead of the one that the transfer begins with.
    pub(crate) fn set_title(&self, title: Option<&str>) {
        self.change(|line| line.title = title.map(str::to_owned));
    }

    /// The size of a transfer that has not begun yet counts as part of the total.
    pub(crate) fn expect(&self, total: Option<u64>) {
        self.change(|line| line.total = total);
    }

    /// Begins the transfer of some content, unless this continues one.
    pub(crate) fn begin(
        &self,
        phase: Phase,
        item: Option<&Descriptor>,
        name: &str,
        total: Option<u64>,
    ) -> Result<(), Error> {
        let is_active = self.is_active();
        if !is_active && let Some(reporter) = &self.0 {
            reporter.line.board.renew(reporter.line.id);
        }
        self.change(|line| {
            line.phase = phase;
            line.item = item.cloned();
            let name = line.title.as_deref().unwrap_or(name);
            line.name = name.to_owned();
            line.total = total;
        });
        match is_active {
            true => Ok(()),
            false => self.emit(Event::Begin, |_| {}),
        }
    }

    /// The transfer does something else.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.change(|line| {
            line.phase = phase;
            line.retry_at = None;
        });
    }

    /// Sets the descriptor of the content, once it is known.
    pub(crate) fn set_item(&self, item: &Descriptor) {
        self.change(|line| {
            line.item = Some(item.clone());
            line.total = item.size();
        });
    }

    /// Sets the size of the content, once it is known.
    pub(crate) fn set_total(&self, total: u64) {
        self.change(|line| line.total = Some(total));
    }

    /// Counts bytes that were in place before the call.
    pub(crate) fn resume(&self, bytes: u64) {
        self.change(|line| (line.done, line.resumed) = (bytes, bytes));
    }

    /// Counts bytes that are now in place.
    pub(crate) fn moved(&self, bytes: u64) {
        self.change(|line| {
            line.done += bytes;
            line.moved |= bytes > 0;
        });
    }

    /// The next request body begins at this offset of the content.
    pub(crate) fn send_from(&self, offset: u64) {
        self.change(|line| (line.base, line.is_last) = (offset, false));
    }

    /// The last request body begins at this offset of the content.
    pub(crate) fn send_last_from(&self, offset: u64) {
        self.change(|line| (line.base, line.is_last) = (offset, true));
    }

    /// Sets how many bytes are in place; what is sent again does not count.
    pub(crate) fn reached(&self, done: u64) {
        self.change(|line| line.reached(done));
    }

    /// The call waits before a retry; `None` = it continues.
    pub(crate) fn retries_in(&self, wait: Option<Duration>) {
        self.change(|line| line.retry_at = wait.map(|wait| Instant::now() + wait));
    }

    /// Reports if that is due. For calls that wait for worker threads.
    pub(crate) fn poll(&self) -> Result<(), Error> {
        match &self.0 {
            Some(reporter) => reporter.report_if_due(),
            None => Ok(()),
        }
    }

    /// The transfer starts over.
    pub(crate) fn restart(&self) -> Result<(), Error> {
        self.emit(Event::Restart, |line| (line.done, line.resumed) = (0, 0))
    }

    /// The content is in place.
    pub(crate) fn end(&self) -> Result<(), Error> {
        self.emit(Event::End, |line| {
            line.done = line.total.unwrap_or(line.done);
            line.total = Some(line.done);
            line.ending = Some(Event::End);
        })
    }

    /// The content existed.
    pub(crate) fn skip(&self) -> Result<(), Error> {
        self.emit(Event::Skip, |line| {
            line.done = line.total.unwrap_or(line.done);
            line.ending = Some(Event::Skip);
        })
    }

    /// The end of a call or a batch item: `FAIL` for each of its transfers that has
    /// failed, and `DONE`. A program that stops the call even now makes it fail.
    pub(crate) fn done<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        let Some(reporter) = &self.0 else {
            return result;
        };
        let is_failed = result.is_err();
        let done = reporter.run(move |line| line.board.end_item(line.id, is_failed));
        result.and_then(|value| done.map(|()| value))
    }

    /// The end of a transfer of a call that continues: `FAIL` if it has failed.
    pub(crate) fn transferred<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_err() && self.is_active() {
            // If the call has been stopped, this is reported with its end.
            let _ = self.emit(Event::Fail, |_| {});
        }
        result
    }

    /// Whether a transfer has begun and not ended.
    fn is_active(&self) -> bool {
        self.0.as_ref().is_some_and(|reporter| {
            let line = &reporter.line;
            line.board.with_line(line.id, |line| line.is_active()) == Some(true)
        })
    }

    fn change(&self, change: impl FnOnce(&mut Line)) {
        if let Some(reporter) = &self.0 {
            reporter.line.board.with_line(reporter.line.id, change);
        }
    }

    fn emit(&self, event: Event, change: impl FnOnce(&mut Line)) -> Result<(), Error> {
        self.change(change);
        match &self.0 {
            Some(reporter) => reporter.run(move |line| line.board.deliver(line.id, event)),
            None => Ok(()),
        }
    }
}

impl Reporter {
    /// Runs something that calls back, on the calling thread.
    fn run(
        &self,
        report: impl FnOnce(&OwnLine) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        match &self.limits {
            None => report(&self.line),
            Some(limits) => {
                let line = Arc::clone(&self.line);
                limits.call_back(Step::Prepare, move || report(&line))?
            }
        }
    }

    /// Reports if that is due; a worker does not wait for it.
    fn report_if_due(&self) -> Result<(), Error> {
        let board = &self.line.board;
        match &self.limits {
            Some(limits) if limits.is_worker() => {
                if let Some(posted) = board.take_post()? {
                    limits.post_callback(Step::Prepare, move || posted.report());
                }
                Ok(())
            }
            _ => board.report_if_due(Some(self.line.id)),
        }
    }
}
