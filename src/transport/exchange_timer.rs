//! The waits of one exchange: until the peer accepts data, until the response
//! starts, and until more of it arrives.

use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fmt, io};

use crate::error::Step;
use crate::http::message::head::early_status;
use crate::os::deadline::{CallLimits, StallLimit, StepLimit, TransferRate};
use crate::os::transfer::TransferMeter;
use crate::os::{step_clock, sys, wait};

/// Polling interval for the number of unacknowledged bytes, for which there is
/// no event.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Minimum number of sent bytes before polling pays off.
const MIN_UNSENT: u64 = 64 * 1024;

/// The limits of an exchange.
#[derive(Debug, Default)]
pub(crate) struct ExchangeLimits {
    pub(crate) call: CallLimits,
    /// Counts the bodies of the exchange, for progress reports.
    pub(crate) transfer: Option<Arc<TransferMeter>>,
    /// The server's name for error messages.
    pub(crate) host: String,
    /// Time limit until the first byte of the response.
    pub(crate) first_byte: Option<Duration>,
    /// Deadline of the exchange.
    pub(crate) end: End,
}

impl ExchangeLimits {
    /// The limits of the same exchange within another call.
    pub(super) fn for_call(&self, call: &CallLimits) -> ExchangeLimits {
        ExchangeLimits {
            call: call.clone(),
            transfer: self.transfer.clone(),
            host: self.host.clone(),
            ..*self
        }
    }

    /// An error if the call must end.
    pub(super) fn check_call(&self, step: Step) -> io::Result<()> {
        self.call.check_io(step, &self.what(step))
    }

    fn what(&self, step: Step) -> Wait<'_> {
        Wait {
            what: match step {
                Step::Send => "send to",
                _ => "response from",
            },
            host: &self.host,
        }
    }
}

/// A deadline by the step clock, and the time limit that it results from.
type End = Option<(Instant, Duration)>;

/// The progress of an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExchangeTimer {
    sending: TransferRate,
    receiving: TransferRate,
    /// Bytes passed to the system.
    sent: u64,
    /// Bytes that the peer had acknowledged when the window started.
    taken: u64,
    /// Unacknowledged bytes of a completely sent request, when last polled;
    /// `None` before that.
    left: Option<u64>,
    /// The time when the request was sent completely, or when the peer last
    /// acknowledged a part of it.
    sent_at: Option<Instant>,
    /// The time when the final response started.
    responded_at: Option<Instant>,
    /// The headers were received.
    has_head: bool,
    /// An additional deadline that was set during the exchange.
    end: End,
}

impl ExchangeTimer {
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    /// Counts bytes of heads. Those of the framing of a body are no progress:
    /// chunk extensions and trailers may be endless.
    pub(super) fn received(&mut self, bytes: usize) {
        if !self.has_head {
            self.receiving.moved(bytes);
        }
    }

    /// Counts the content of a body.
    pub(super) fn received_content(&mut self, bytes: usize) {
        self.receiving.moved(bytes);
    }

    /// Called when the complete request was passed to the system.
    pub(super) fn request_sent(&mut self, now: Instant) {
        self.sent_at = Some(now);
        self.left = None;
    }

    /// Called when the headers were received.
    pub(super) fn take_head(&mut self) {
        self.has_head = true;
    }

    /// Sets a deadline for the exchange.
    pub(super) fn end_within(&mut self, time: Duration) {
        let end = step_clock::now().checked_add(time);
        self.end = self.end.or(end.map(|end| (end, time)));
    }

    /// Waits until more can be sent or one of `events` occurs; returns the
    /// events.
    pub(super) fn wait_to_send(
        &mut self,
        fd: RawFd,
        events: i16,
        exchange_limits: &ExchangeLimits,
    ) -> io::Result<i16> {
        let stall = exchange_limits.call.timeouts.stall;
        let before = step_clock::now();
        let pause = self.sending.pause(stall);
        let end = first([exchange_limits.end, self.end]);
        let what = exchange_limits.what(Step::Send);
        let limit = StepLimit {
            step: Step::Send,
            what: &what,
            end,
        };
        let ready = wait::wait(fd, events, &exchange_limits.call, limit, pause)?;
        self.count_sending(fd, step_clock::now() - before, stall, &exchange_limits.host)?;
        Ok(ready)
    }

    /// Counts time spent waiting to send. Progress is what the peer
    /// acknowledged: because of the system's send buffer, a slow peer may seem
    /// stalled, and a dead one may seem to make progress at first.
    fn count_sending(
        &mut self,
        fd: RawFd,
        time: Duration,
        stall: Option<StallLimit>,
        host: &str,
    ) -> io::Result<()> {
        if self.sending.is_over_after(time, stall) {
            let taken = self.sent.saturating_sub(sys::unsent(fd));
            let more = taken.saturating_sub(self.taken);
            self.sending
                .moved(usize::try_from(more).unwrap_or(usize::MAX));
            self.taken = taken;
        }
        let what = format_args!("send to {host}");
        self.sending.waited(time, stall, Step::Send, what)
    }

    /// Waits up to a time for the response to start or continue. `pending`
    /// contains the unread input; `fragment` is the size of an incomplete TLS
    /// record.
    pub(super) fn wait_to_receive(
        &mut self,
        fd: RawFd,
        exchange_limits: &ExchangeLimits,
        pending: &[u8],
        fragment: usize,
    ) -> io::Result<()> {
        self.receiving.holds(fragment);
        let timeouts = &exchange_limits.call.timeouts;
        let stall = timeouts.stall;
        let before = step_clock::now();
        let begins = !self.has_head && self.sent_at.is_some();
        if begins && self.responded_at.is_none() && early_status(pending).is_some() {
            self.responded_at = Some(before);
        }
        let is_awaited = begins && self.responded_at.is_none();
        let left = if is_awaited { self.look(fd, before) } else { 0 };
        // The response is not due while the peer is still receiving the
        // request.
        let is_due = is_awaited && (left == 0 || stall.is_none());
        let first_byte = is_due.then(|| after(self.sent_at, exchange_limits.first_byte));
        let head = begins.then(|| after(self.responded_at, timeouts.head));
        let end = first([
            exchange_limits.end,
            self.end,
            first_byte.flatten(),
            head.flatten(),
        ]);
        // Whether a response has started, including interim ones.
        let flows = !is_awaited || !pending.is_empty();
        let pauses = [
            (left > 0).then(|| Instant::now() + POLL_INTERVAL),
            flows.then(|| self.receiving.pause(stall)).flatten(),
        ];
        let what = Wait {
            what: match begins && !is_awaited {
                true => "complete response headers from",
                false => "response from",
            },
            host: &exchange_limits.host,
        };
        let limit = StepLimit {
            step: Step::Receive,
            what: &what,
            end,
        };
        let pause = pauses.into_iter().flatten().min();
        wait::wait(fd, wait::READABLE, &exchange_limits.call, limit, pause)?;
        let time = step_clock::now() - before;
        if left > 0 {
            self.count_sending(fd, time, stall, &exchange_limits.host)?;
        }
        if flows {
            let what = format_args!("receive from {}", exchange_limits.host);
            self.receiving.waited(time, stall, Step::Receive, what)?;
        }
        Ok(())
    }

    /// Returns the number of unacknowledged bytes of the request.
    fn look(&mut self, fd: RawFd, now: Instant) -> u64 {
        if self.sent < MIN_UNSENT || self.left == Some(0) {
            return 0;
        }
        let left = sys::unsent(fd);
        if self.left.is_some_and(|before| left < before) {
            self.sent_at = Some(now);
        }
        self.left = Some(left);
        left
    }
}

fn after(begun: Option<Instant>, given: Option<Duration>) -> End {
    let given = given?;
    Some((begun?.checked_add(given)?, given))
}

fn first<const N: usize>(ends: [End; N]) -> End {
    ends.into_iter().flatten().min_by_key(|(end, _)| *end)
}

/// What is waited for, as errors name it.
pub(super) struct Wait<'a> {
    what: &'static str,
    host: &'a str,
}

impl fmt::Display for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.what, self.host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nX-A: a";

    /// Limits with a time limit for the headers and no others.
    fn exchange_limits(head: Duration) -> ExchangeLimits {
        let mut exchange_limits = ExchangeLimits {
            host: "registry.example".to_owned(),
            ..ExchangeLimits::default()
        };
        exchange_limits.call.timeouts.stall = None;
        exchange_limits.call.timeouts.head = Some(head);
        exchange_limits
    }

    #[test]
    fn a_head_has_its_time() {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        let mut timer = ExchangeTimer::default();
        timer.request_sent(step_clock::now());
        let exchange_limits = exchange_limits(Duration::from_millis(20));
        let error = timer
            .wait_to_receive(ours.as_raw_fd(), &exchange_limits, HEAD, 0)
            .expect_err("nothing comes");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Receive));
        assert_eq!(
            error.message(),
            "no complete response headers from registry.example within 20 ms"
        );
    }

    #[test]
    fn a_response_has_its_time_to_begin() {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        let mut timer = ExchangeTimer::default();
        timer.request_sent(step_clock::now());
        let exchange_limits = ExchangeLimits {
            first_byte: Some(Duration::from_millis(20)),
            host: "registry.example".to_owned(),
            ..ExchangeLimits::default()
        };
        let error = timer
            .wait_to_receive(ours.as_raw_fd(), &exchange_limits, b"", 0)
            .expect_err("nothing comes");
        assert_eq!(
            error.to_string(),
            "no response from registry.example within 20 ms"
        );
    }

    #[test]
    fn a_body_is_not_bound_by_the_time_of_its_head() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let fd = ours.as_raw_fd();
        let mut timer = ExchangeTimer::default();
        timer.request_sent(step_clock::now());
        let exchange_limits = exchange_limits(Duration::ZERO);
        timer.take_head();
        theirs.write_all(b"a").expect("it is open");
        timer
            .wait_to_receive(fd, &exchange_limits, HEAD, 0)
            .expect("a body that looks like a head");
    }
}
