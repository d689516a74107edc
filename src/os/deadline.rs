//! Limits of waits: cancel handles, the deadline of a call, the time limit of a
//! step, and the minimum rate of a transfer.

use std::any::Any;
use std::fmt::Display;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::callback_queue::CallbackQueue;
use super::cancel::Cancel;
use super::speed::Speed;
use super::step_clock;
use super::stop::Stop;
use super::transfer::TransferMeter;
use crate::error::{Error, Kind, Step};

/// Time limits of the steps of a call; `None` = no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timeouts {
    /// For resolving a host name.
    pub(crate) resolve: Option<Duration>,
    /// For connecting, over all addresses of the host.
    pub(crate) connect: Option<Duration>,
    /// For a TLS handshake.
    pub(crate) tls: Option<Duration>,
    /// From the last byte of the request to the first of its response.
    pub(crate) first_byte: Option<Duration>,
    /// The same if the registry has to store a blob or manifest first.
    pub(crate) commit: Option<Duration>,
    /// From the first byte of a response to the last of its headers.
    pub(crate) head: Option<Duration>,
    /// For a transfer that stalls.
    pub(crate) stall: Option<StallLimit>,
}

/// The minimum rate of a transfer: bytes per second, averaged over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StallLimit {
    pub(crate) bytes_per_second: u64,
    pub(crate) window: Duration,
}

impl Default for Timeouts {
    /// Values that end no transfer that moves, but every dead one.
    fn default() -> Timeouts {
        let seconds = |count| Some(Duration::from_secs(count));
        Timeouts {
            resolve: seconds(30),
            connect: seconds(30),
            tls: seconds(30),
            first_byte: seconds(120),
            commit: seconds(15 * 60),
            head: seconds(10 * 60),
            stall: Some(StallLimit {
                bytes_per_second: 1,
                window: Duration::from_secs(60),
            }),
        }
    }
}

/// Connections that a call has taken in advance, as the transport layer knows them.
#[derive(Clone, Debug)]
pub(crate) struct Reserved(pub(crate) Arc<dyn Any + Send + Sync>);

/// The limits of a call, for everything that it sends.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallLimits {
    /// The caller's.
    pub(crate) cancel: Option<Cancel>,
    /// Stops the threads of the call when one of them has failed.
    pub(crate) stop: Option<Stop>,
    /// Where worker threads leave callbacks for the calling thread; `None` in a
    /// call without workers.
    pub(crate) callbacks: Option<Arc<CallbackQueue>>,
    /// When the call ends, and its total time limit.
    pub(crate) deadline: Option<(Instant, Duration)>,
    pub(crate) timeouts: Timeouts,
    /// The call was made inside a callback of another call, so it must not wait
    /// for what other calls hold; see [`CallScope`](super::call_scope::CallScope).
    pub(crate) is_nested: bool,
    /// Connections that the call has taken in advance.
    pub(crate) reserved: Option<Reserved>,
    /// The maximum speed of the call.
    pub(crate) speed: Option<Arc<Speed>>,
    /// Reports progress to the program, which may stop the call. Only of calls
    /// without workers.
    pub(crate) transfer: Option<Arc<TransferMeter>>,
}

impl CallLimits {
    /// Limits of a call that may take that long.
    pub(crate) fn within(time: Option<Duration>) -> CallLimits {
        CallLimits {
            // A limit beyond the range of the clock is no limit.
            deadline: time.and_then(|time| Some((Instant::now().checked_add(time)?, time))),
            ..CallLimits::default()
        }
    }

    /// Prepares the call for worker threads: their callbacks run on the current
    /// thread, or on that of the call that this one is part of, and the result stops
    /// them all.
    pub(crate) fn allow_workers(&mut self) -> Result<Stop, Error> {
        if self.callbacks.is_none() {
            let queue = CallbackQueue::new()
                .map_err(|error| Error::io(Kind::NoMemory, "event of the callbacks", &error))?;
            self.callbacks = Some(queue.into());
        }
        let stop = match &self.stop {
            Some(stop) => stop.child()?,
            None => Stop::new()?,
        };
        self.stop = Some(stop.clone());
        Ok(stop)
    }

    /// An error if the call must end. For loops that may never wait.
    pub(crate) fn check(&self, step: Step) -> Result<(), Error> {
        self.check_in(step, &"")
    }

    /// The same, for a step that errors name: `connect to registry.example`.
    fn check_in(&self, step: Step, what: &dyn Display) -> Result<(), Error> {
        if self.cancel.as_ref().is_some_and(Cancel::is_triggered) {
            return Err(cancelled(step));
        }
        // Before the stop: the first thread that meets the deadline stops the others.
        if let Some((end, given)) = self.deadline
            && Instant::now() >= end
        {
            return Err(deadline(given, step, what));
        }
        self.check_cancelled(step)?;
        if let Some(transfer) = &self.transfer {
            transfer.check().map_err(|error| error.at(step))?;
        }
        Ok(())
    }

    /// An error if the call was cancelled.
    pub(crate) fn check_cancelled(&self, step: Step) -> Result<(), Error> {
        if self.cancels().any(Cancel::is_triggered) {
            return Err(cancelled(step));
        }
        Ok(())
    }

    /// The handles that end the call.
    pub(super) fn cancels(&self) -> impl Iterator<Item = &Cancel> {
        let stop = self.stop.as_ref().map(Stop::cancel);
        self.cancel.iter().chain(stop)
    }

    /// Like [`CallLimits::check`], for code that returns I/O errors, in a step that
    /// errors name.
    pub(crate) fn check_io(&self, step: Step, what: &dyn Display) -> io::Result<()> {
        // Most calls have none of them.
        if self.cancel.is_none()
            && self.stop.is_none()
            && self.deadline.is_none()
            && self.transfer.is_none()
        {
            return Ok(());
        }
        self.check_in(step, what).map_err(io::Error::other)
    }

    /// The limit of a step that begins now.
    pub(crate) fn limit<'a>(
        &self,
        step: Step,
        given: Option<Duration>,
        what: &'a dyn Display,
    ) -> StepLimit<'a> {
        StepLimit {
            step,
            what,
            end: given.and_then(|given| Some((step_clock::now().checked_add(given)?, given))),
        }
    }
}

/// The time limit of a step.
#[derive(Clone, Copy)]
pub(crate) struct StepLimit<'a> {
    pub(crate) step: Step,
    /// The step as an error names it: `connect to registry.example`; for
    /// [`Step::Receive`], what is to be received: `response from registry.example`.
    pub(crate) what: &'a dyn Display,
    /// By the step clock.
    pub(crate) end: Option<(Instant, Duration)>,
}

impl StepLimit<'_> {
    /// No limit.
    pub(crate) fn none(step: Step) -> StepLimit<'static> {
        StepLimit {
            step,
            what: &"",
            end: None,
        }
    }

    /// An error if it has passed.
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.end {
            Some((end, given)) if step_clock::now() >= end => {
                let (what, given) = (self.what, given.as_millis());
                let message = match self.step {
                    Step::Receive => format!("no {what} within {given} ms"),
                    _ => format!("{what}: not done within {given} ms"),
                };
                let error = Error::new(Kind::Timeout, message).at(self.step);
                Err(io::Error::other(error))
            }
            _ => Ok(()),
        }
    }
}

fn cancelled(step: Step) -> Error {
    Error::new(Kind::Cancelled, "the call was cancelled").at(step)
}

fn deadline(given: Duration, step: Step, what: &dyn Display) -> Error {
    let place = match what.to_string() {
        what if what.is_empty() => what,
        what => format!("{what}: "),
    };
    let given = given.as_millis();
    let message = format!("{place}the call exceeded its limit of {given} ms");
    Error::new(Kind::Deadline, message).at(step)
}

/// The rate of a transfer in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TransferRate {
    moved: u64,
    waited: Duration,
    /// Bytes received whose content is not known yet, now and at the start of
    /// the window.
    held: u64,
    held_before: u64,
}

impl TransferRate {
    pub(crate) fn moved(&mut self, bytes: usize) {
        self.moved = self.moved.saturating_add(bytes as u64);
    }

    /// Sets the number of bytes of an incomplete TLS record. They are progress
    /// while the record arrives: on a slow link, one takes minutes. Once it is
    /// complete, only its content is.
    pub(crate) fn holds(&mut self, bytes: usize) {
        self.held = bytes as u64;
    }

    /// When a wait that begins now must be checked again.
    pub(crate) fn pause(&self, stall: Option<StallLimit>) -> Option<Instant> {
        let left = stall?.window.saturating_sub(self.waited);
        Instant::now().checked_add(left)
    }

    /// Whether a window ends with another wait of that time.
    pub(crate) fn is_over_after(&self, time: Duration, stall: Option<StallLimit>) -> bool {
        stall.is_some_and(|stall| self.waited + time >= stall.window)
    }

    /// Counts a wait. An error if too little moved in the last window. Only time
    /// spent waiting for the peer counts, not the caller's own.
    pub(crate) fn waited(
        &mut self,
        time: Duration,
        stall: Option<StallLimit>,
        step: Step,
        what: impl Display,
    ) -> io::Result<()> {
        let Some(stall) = stall else {
            return Ok(());
        };
        self.waited += time;
        if self.waited < stall.window {
            return Ok(());
        }
        let min = (stall.bytes_per_second as f64 * stall.window.as_secs_f64()).max(1.0);
        let moved = self.moved + self.held.saturating_sub(self.held_before);
        if (moved as f64) < min {
            let message = format!(
                "{what}: {moved} bytes in {} ms, less than {} per second",
                self.waited.as_millis(),
                stall.bytes_per_second
            );
            return Err(io::Error::other(
                Error::new(Kind::Timeout, message).at(step),
            ));
        }
        *self = TransferRate {
            held: self.held,
            held_before: self.held,
            ..TransferRate::default()
        };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_transfer_below_its_rate_is_stalled() {
        let stall = Some(StallLimit {
            bytes_per_second: 100,
            window: Duration::from_secs(2),
        });
        let second = Duration::from_secs(1);
        let mut flow = TransferRate::default();
        flow.moved(200);
        for _ in 0..2 {
            flow.waited(second, stall, Step::Receive, "x")
                .expect("enough");
        }
        flow.moved(199);
        flow.waited(second, stall, Step::Receive, "x")
            .expect("not over");
        let error = flow
            .waited(second, stall, Step::Receive, "x")
            .expect_err("too little");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Receive));
        assert_eq!(
            error.message(),
            "x: 199 bytes in 2000 ms, less than 100 per second"
        );
    }

    #[test]
    fn a_record_is_progress_while_it_arrives_but_not_once_it_was_empty() {
        let stall = Some(StallLimit {
            bytes_per_second: 1,
            window: Duration::from_secs(60),
        });
        let window = Duration::from_secs(60);
        let mut flow = TransferRate::default();
        for held in [60, 120, 5_000] {
            flow.holds(held);
            flow.waited(window, stall, Step::Receive, "x")
                .expect("it grows");
        }
        flow.moved(16_384);
        flow.holds(0);
        flow.waited(window, stall, Step::Receive, "x")
            .expect("it had content");
        // A record of 27 bytes that comes slowly, and another one.
        for held in [20, 27, 0, 26] {
            flow.holds(held);
        }
        let error = flow
            .waited(window, stall, Step::Receive, "x")
            .expect_err("records without content");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!(error.kind(), Kind::Timeout);
        flow.holds(5);
        flow.waited(window, stall, Step::Receive, "x")
            .expect_err("even less");
    }

    #[test]
    fn a_deadline_and_each_cancel_have_their_errors() {
        let mut limits = CallLimits::default();
        limits.check(Step::Send).expect("none is set");
        limits.deadline = Some((Instant::now(), Duration::from_millis(5)));
        let error = limits.check(Step::Send).expect_err("it has come");
        assert_eq!((error.kind(), error.step()), (Kind::Deadline, Step::Send));
        assert_eq!(error.message(), "the call exceeded its limit of 5 ms");
        let error = limits.check_io(Step::Connect, &"connect to registry.example");
        let error = error.expect_err("it has come");
        assert_eq!(
            error.to_string(),
            "connect to registry.example: the call exceeded its limit of 5 ms"
        );
        // Another thread that has met it stops this one.
        let stop = Stop::new().expect("a handle");
        stop.trigger();
        limits.stop = Some(stop);
        let error = limits.check(Step::Send).expect_err("it has come");
        assert_eq!(error.kind(), Kind::Deadline);
        limits.deadline = None;
        let cancel = Cancel::new().expect("a handle");
        cancel.trigger();
        let stop = Stop::new().expect("a handle");
        stop.trigger();
        for (of_caller, stop) in [(Some(cancel), None), (None, Some(stop))] {
            limits.cancel = of_caller;
            limits.stop = stop;
            let error = limits.check(Step::Resolve).expect_err("it was triggered");
            assert_eq!(
                (error.kind(), error.step()),
                (Kind::Cancelled, Step::Resolve)
            );
        }
    }
}
