//! Progress events of a call.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::descriptor::Descriptor;
use crate::error::Error;
use crate::os::transfer::{Transfer, TransferMeter};

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
    /// The call is done.
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
}

/// Called with each event; an error stops the call.
pub type ProgressCallback = Arc<dyn Fn(&Snapshot) -> Result<(), Error> + Send + Sync>;

/// The progress of one call. Used on the calling thread only.
#[derive(Clone)]
pub(crate) struct Progress(Option<Arc<Reporter>>);

struct Reporter {
    callback: ProgressCallback,
    interval: Duration,
    state: Mutex<State>,
}

struct State {
    now: Snapshot,
    /// The offset in the content at which the current request body begins.
    base: u64,
    /// This body is the last one: the registry then stores the content.
    is_last: bool,
    retry_at: Option<Instant>,
    /// A transfer has begun and not ended.
    active: bool,
    moved: bool,
    reported: Instant,
    /// The callback has stopped the call.
    stopped: Option<Error>,
}

impl Progress {
    /// The progress of a call, reported to a callback if there is one.
    pub(crate) fn new(settings: Option<&(ProgressCallback, Duration)>) -> Progress {
        Progress(settings.map(|(callback, interval)| {
            Arc::new(Reporter {
                callback: Arc::clone(callback),
                interval: *interval,
                state: Mutex::new(State {
                    now: Snapshot {
                        event: Event::Begin,
                        phase: Phase::default(),
                        item: None,
                        name: String::new(),
                        done: 0,
                        total: None,
                        resumed: 0,
                        wait: Duration::ZERO,
                    },
                    base: 0,
                    is_last: false,
                    retry_at: None,
                    active: false,
                    moved: false,
                    reported: Instant::now(),
                    stopped: None,
                }),
            })
        }))
    }

    /// Calls back once a second while the call waits, whatever it waits for, and
    /// counts the bytes of request bodies.
    pub(crate) fn meter(&self) -> Option<Arc<TransferMeter>> {
        let reporter = Arc::clone(self.0.as_ref()?);
        let interval = reporter.interval;
        let callback = move |transfer: &Transfer| reporter.tick(transfer);
        Some(TransferMeter::with_interval(Arc::new(callback), interval))
    }

    /// Calls back once a second while requests to another server wait: their bytes
    /// are not counted.
    pub(crate) fn idle_meter(&self) -> Option<Arc<TransferMeter>> {
        let reporter = Arc::clone(self.0.as_ref()?);
        let interval = reporter.interval;
        let callback = move |_: &Transfer| reporter.report_if_due();
        Some(TransferMeter::with_interval(Arc::new(callback), interval))
    }

    /// Begins the transfer of some content.
    pub(crate) fn begin(
        &self,
        phase: Phase,
        item: Option<&Descriptor>,
        name: &str,
        total: Option<u64>,
    ) -> Result<(), Error> {
        self.emit(Event::Begin, |now| {
            now.phase = phase;
            now.item = item.cloned();
            name.clone_into(&mut now.name);
            now.total = total;
            (now.done, now.resumed) = (0, 0);
        })
    }

    /// The transfer does something else.
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.change(|state| {
            state.now.phase = phase;
            state.retry_at = None;
        });
    }

    /// Sets the descriptor of the content, once it is known.
    pub(crate) fn set_item(&self, item: &Descriptor) {
        self.change(|state| {
            state.now.item = Some(item.clone());
            state.now.total = item.size();
        });
    }

    /// Sets the size of the content, once it is known.
    pub(crate) fn set_total(&self, total: u64) {
        self.change(|state| state.now.total = Some(total));
    }

    /// Counts bytes that were in place before the call.
    pub(crate) fn resume(&self, bytes: u64) {
        self.change(|state| (state.now.done, state.now.resumed) = (bytes, bytes));
    }

    /// Counts bytes that are now in place.
    pub(crate) fn moved(&self, bytes: u64) {
        self.change(|state| {
            state.now.done += bytes;
            state.moved |= bytes > 0;
        });
    }

    /// The next request body begins at this offset of the content.
    pub(crate) fn send_from(&self, offset: u64) {
        self.change(|state| (state.base, state.is_last) = (offset, false));
    }

    /// The last request body begins at this offset of the content.
    pub(crate) fn send_last_from(&self, offset: u64) {
        self.change(|state| (state.base, state.is_last) = (offset, true));
    }

    /// Sets how many bytes are in place; what is sent again does not count.
    pub(crate) fn reached(&self, done: u64) {
        self.change(|state| state.reached(done));
    }

    /// The call waits before a retry; `None` = it continues.
    pub(crate) fn retries_in(&self, wait: Option<Duration>) {
        self.change(|state| state.retry_at = wait.map(|wait| Instant::now() + wait));
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
        self.emit(Event::Restart, |now| (now.done, now.resumed) = (0, 0))
    }

    /// The content is in place.
    pub(crate) fn end(&self) -> Result<(), Error> {
        self.emit(Event::End, |now| {
            now.done = now.total.unwrap_or(now.done);
            now.total = Some(now.done);
        })
    }

    /// The content existed.
    pub(crate) fn skip(&self) -> Result<(), Error> {
        self.emit(Event::Skip, |now| now.done = now.total.unwrap_or(now.done))
    }

    /// The end of a call: `FAIL` if it has failed, and `DONE`. A program that
    /// stops the call even now makes it fail.
    pub(crate) fn done<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        if result.is_err() && self.is_active() {
            // The first failure counts.
            let _ = self.emit(Event::Fail, |_| {});
        }
        let done = self.emit(Event::Done, |_| {});
        result.and_then(|value| done.map(|()| value))
    }

    /// Whether a transfer has begun and not ended.
    fn is_active(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|reporter| reporter.state().active)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        if let Some(reporter) = &self.0 {
            change(&mut reporter.state());
        }
    }

    fn emit(&self, event: Event, change: impl FnOnce(&mut Snapshot)) -> Result<(), Error> {
        let Some(reporter) = &self.0 else {
            return Ok(());
        };
        change(&mut reporter.state().now);
        reporter.emit(event)
    }
}

impl Reporter {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self, transfer: &Transfer) -> Result<(), Error> {
        {
            let mut state = self.state();
            if state.now.phase == Phase::Push {
                let sent = state.base + transfer.sent;
                state.reached(sent);
                if state.is_last && transfer.send_total == Some(transfer.sent) {
                    state.now.phase = Phase::Commit;
                }
            }
        }
        self.report_if_due()
    }

    fn report_if_due(&self) -> Result<(), Error> {
        /// The time between two reports while nothing is transferred.
        const IDLE: Duration = Duration::from_secs(1);
        let event = {
            let state = self.state();
            let passed = state.reported.elapsed();
            match state.moved {
                true if passed >= self.interval => Event::Move,
                false if passed >= IDLE => Event::Wait,
                _ => return Ok(()),
            }
        };
        self.emit(event)
    }

    fn emit(&self, event: Event) -> Result<(), Error> {
        let snapshot = {
            let mut state = self.state();
            if let Some(error) = &state.stopped {
                return Err(error.clone());
            }
            match event {
                Event::Begin => state.active = true,
                Event::End | Event::Skip | Event::Fail => state.active = false,
                _ => {}
            }
            state.moved = false;
            state.reported = Instant::now();
            state.snapshot(event)
        };
        // Without the lock: the callback may make calls of its own.
        let result = (self.callback)(&snapshot);
        let mut state = self.state();
        state.reported = Instant::now();
        if let Err(error) = &result {
            state.stopped = Some(error.clone());
        }
        result
    }
}

impl State {
    fn reached(&mut self, done: u64) {
        if done > self.now.done {
            self.now.done = done;
            self.moved = true;
        }
    }

    fn snapshot(&self, event: Event) -> Snapshot {
        let wait = self
            .retry_at
            .map(|at| at.saturating_duration_since(Instant::now()));
        Snapshot {
            event,
            phase: wait.map_or(self.now.phase, |_| Phase::Retry),
            wait: wait.unwrap_or_default(),
            ..self.now.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    type Seen = Arc<Mutex<Vec<Snapshot>>>;

    /// Stops the call when that many bytes are in place.
    fn progress(interval: Duration, stop_at: u64) -> (Progress, Seen) {
        let seen = Seen::default();
        let snapshots = Arc::clone(&seen);
        let callback: ProgressCallback = Arc::new(move |snapshot| {
            snapshots.lock().expect("no panic").push(snapshot.clone());
            match snapshot.done >= stop_at {
                true => Err(Error::new(Kind::ProgressCallback, "stop")),
                false => Ok(()),
            }
        });
        (Progress::new(Some(&(callback, interval))), seen)
    }

    #[test]
    fn only_a_transfer_that_has_begun_can_fail() {
        let (progress, seen) = progress(Duration::ZERO, u64::MAX);
        let failed = || Err(Error::new(Kind::NotFound, "x"));
        progress.done::<()>(failed()).expect_err("failed");
        for is_ended in [true, false] {
            progress
                .begin(Phase::Pull, None, "", Some(1))
                .expect("not stopped");
            if is_ended {
                progress.end().expect("not stopped");
            }
            progress.done::<()>(failed()).expect_err("failed");
        }
        let events: Vec<Event> = events(&seen).iter().map(|(event, _)| *event).collect();
        let ended = [Event::Begin, Event::End, Event::Done];
        let expected = [
            &[Event::Done][..],
            &ended,
            &[Event::Begin, Event::Fail, Event::Done],
        ];
        assert_eq!(events, expected.concat());
    }

    fn events(seen: &Seen) -> Vec<(Event, u64)> {
        let seen = seen.lock().expect("no panic");
        seen.iter().map(|found| (found.event, found.done)).collect()
    }

    #[test]
    fn a_transfer_begins_moves_and_ends() {
        let (progress, seen) = progress(Duration::ZERO, u64::MAX);
        progress
            .begin(Phase::Pull, None, "name", Some(10))
            .expect("not stopped");
        progress.resume(3);
        progress.poll().expect("not stopped");
        progress.moved(2);
        progress.poll().expect("not stopped");
        progress.poll().expect("not stopped");
        progress.restart().expect("not stopped");
        progress.end().expect("not stopped");
        progress.done(Ok(())).expect("not stopped");
        let expected = [
            (Event::Begin, 0),
            (Event::Move, 5),
            (Event::Restart, 0),
            (Event::End, 10),
            (Event::Done, 10),
        ];
        assert_eq!(events(&seen), expected);
        let seen = seen.lock().expect("no panic");
        assert_eq!((seen[1].resumed, seen[1].total), (3, Some(10)));
        assert!(seen.iter().all(|found| found.name == "name"));
    }

    #[test]
    fn what_is_sent_again_does_not_count_again() {
        let (progress, seen) = progress(Duration::ZERO, u64::MAX);
        progress
            .begin(Phase::Push, None, "", None)
            .expect("not stopped");
        let meter = progress.meter().expect("a meter");
        meter.begin_request(Some(10));
        meter.begin_piece(10);
        meter.sent(6, 10);
        meter.report().expect("not stopped");
        meter.begin_request(Some(10));
        meter.begin_piece(10);
        for sent in [4, 8] {
            meter.sent(sent, 10);
            meter.report().expect("not stopped");
        }
        progress.send_from(10);
        meter.begin_request(Some(5));
        meter.begin_piece(5);
        meter.sent(5, 5);
        meter.report().expect("not stopped");
        let done: Vec<u64> = events(&seen).iter().map(|(_, done)| *done).collect();
        assert_eq!(done, [0, 6, 8, 15]);
    }

    #[test]
    fn a_wait_for_a_retry_is_a_phase() {
        let (progress, seen) = progress(Duration::ZERO, u64::MAX);
        progress.retries_in(Some(Duration::from_secs(100)));
        progress.restart().expect("not stopped");
        progress.retries_in(None);
        progress.restart().expect("not stopped");
        let seen = seen.lock().expect("no panic");
        assert_eq!((seen[0].phase, seen[1].phase), (Phase::Retry, Phase::Pull));
        assert!(seen[0].wait > Duration::from_secs(90));
        assert!(seen[1].wait.is_zero());
    }

    #[test]
    fn a_call_that_was_stopped_stays_so_and_the_first_failure_counts() {
        let (progress, seen) = progress(Duration::ZERO, 5);
        progress.moved(5);
        let error = progress.poll().expect_err("stopped");
        assert_eq!(error.kind(), Kind::ProgressCallback);
        assert!(progress.restart().is_err());
        let first = Error::new(Kind::Cancelled, "first");
        let error = progress.done::<()>(Err(first)).expect_err("failed");
        assert_eq!(error.kind(), Kind::Cancelled);
        assert_eq!(events(&seen).len(), 1);
        assert!(progress.done(Ok(())).is_err());
    }
}
