//! How long the waits of one exchange are: for a peer to take what is sent,
//! for its answer to begin, and for the answer to go on.

use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StallLimit, StepLimit, TransferRate};
use crate::os::transfer::TransferMeter;
use crate::os::{sys, wait};

/// How often it is looked how much of a request the peer has still to take: of
/// that no descriptor tells.
const LOOK: Duration = Duration::from_millis(100);
/// What is sent of a request before it pays to look.
const MUCH: u64 = 64 * 1024;
/// The most bytes of interim answers.
const MAX_INTERIM: u64 = super::buffers::INPUT_SIZE as u64;
/// The shortest start of an answer that shows its status: `HTTP/1.1 200`.
const STATUS_LINE_START: usize = 12;

/// What the waits of an exchange are bound by.
#[derive(Debug, Default)]
pub(crate) struct ExchangeLimits {
    pub(crate) call: CallLimits,
    /// Counts the bodies of the exchange, if the program is told of them.
    pub(crate) transfer: Option<Arc<TransferMeter>>,
    /// The server's name in errors.
    pub(crate) host: String,
    /// How long the answer may take to begin.
    pub(crate) first_byte: Option<Duration>,
    /// When the exchange as a whole ends, and how long it was given.
    pub(crate) end: End,
}

/// An end, and how long it was given.
type End = Option<(Instant, Duration)>;

/// What the waits of an exchange have come to so far.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ExchangeTimer {
    sending: TransferRate,
    receiving: TransferRate,
    /// Bytes that were handed to the system.
    sent: u64,
    /// Those of them that the peer had taken when the window began.
    taken: u64,
    /// What the peer has still to take of a request that is out, when last
    /// looked at; `None` before.
    left: Option<u64>,
    /// When the request was out, or when the peer took more of it.
    asked_at: Option<Instant>,
    /// When the final answer began.
    answered_at: Option<Instant>,
    /// Its head is here.
    has_head: bool,
    /// Bytes of the answer, and of interim ones before it.
    heard: u64,
    /// An end of the exchange that was set within it.
    end: End,
}

impl ExchangeTimer {
    pub(super) fn sent(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    pub(super) fn received(&mut self, bytes: usize) {
        self.receiving.moved(bytes);
        self.heard = self.heard.saturating_add(bytes as u64);
    }

    /// All of the request was handed to the system.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked_at = Some(now);
        self.left = None;
    }

    /// The answer's head is here.
    pub(super) fn take_head(&mut self) {
        self.has_head = true;
    }

    /// Ends the exchange after a time.
    pub(super) fn end_within(&mut self, time: Duration) {
        let end = Instant::now().checked_add(time);
        self.end = self.end.or(end.map(|end| (end, time)));
    }

    /// An error where interim answers do not end. `pending` is what was
    /// received and not yet read.
    pub(super) fn check_interim(
        &self,
        exchange_limits: &ExchangeLimits,
        pending: &[u8],
    ) -> io::Result<()> {
        let read = self.heard.saturating_sub(pending.len() as u64);
        if self.has_head || read <= MAX_INTERIM {
            return Ok(());
        }
        let host = &exchange_limits.host;
        let message = format!("answer of {host}: more than {MAX_INTERIM} bytes of interim answers");
        Err(io::Error::other(Error::new(Kind::Protocol, message)))
    }

    /// Waits until more can be sent, or for another of `events`; gives those
    /// that hold.
    pub(super) fn wait_to_send(
        &mut self,
        fd: RawFd,
        events: i16,
        exchange_limits: &ExchangeLimits,
    ) -> io::Result<i16> {
        let stall = exchange_limits.call.timeouts.stall;
        let before = Instant::now();
        let pause = self.sending.pause(stall);
        let end = first([exchange_limits.end, self.end]);
        let what = words(end, "send to", &exchange_limits.host);
        let limit = StepLimit {
            step: Step::Send,
            what: &what,
            end,
        };
        let ready = wait::wait(fd, events, &exchange_limits.call, limit, pause)?;
        self.count_sending(fd, before.elapsed(), stall, &exchange_limits.host)?;
        Ok(ready)
    }

    /// Counts a wait for the peer to take more. What counts is what it took:
    /// the system holds so much for it that a slow peer seems to do nothing for
    /// long, and at first a dead one to do a lot.
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

    /// Waits for the answer to begin, or to go on, for a while. `pending` is
    /// what was received and not yet read.
    pub(super) fn wait_to_receive(
        &mut self,
        fd: RawFd,
        exchange_limits: &ExchangeLimits,
        pending: &[u8],
    ) -> io::Result<()> {
        let timeouts = &exchange_limits.call.timeouts;
        let stall = timeouts.stall;
        let before = Instant::now();
        let begins = !self.has_head && self.asked_at.is_some();
        if begins && self.answered_at.is_none() && early_status(pending).is_some() {
            self.answered_at = Some(before);
        }
        let is_awaited = begins && self.answered_at.is_none();
        let left = if is_awaited { self.look(fd, before) } else { 0 };
        // The answer is not due while the peer takes the request.
        let is_due = is_awaited && (left == 0 || stall.is_none());
        let first_byte = is_due.then(|| after(self.asked_at, exchange_limits.first_byte));
        let head = begins.then(|| after(self.answered_at, timeouts.head));
        let end = first([
            exchange_limits.end,
            self.end,
            first_byte.flatten(),
            head.flatten(),
        ]);
        // Of an answer that has begun, be it an interim one.
        let flows = !is_awaited || !pending.is_empty();
        let pauses = [
            (left > 0).then(|| before + LOOK),
            flows.then(|| self.receiving.pause(stall)).flatten(),
        ];
        let what = words(end, "answer of", &exchange_limits.host);
        let limit = StepLimit {
            step: Step::Receive,
            what: &what,
            end,
        };
        let pause = pauses.into_iter().flatten().min();
        wait::wait(fd, wait::READABLE, &exchange_limits.call, limit, pause)?;
        let time = before.elapsed();
        if left > 0 {
            self.count_sending(fd, time, stall, &exchange_limits.host)?;
        }
        if flows {
            let what = format_args!("receive from {}", exchange_limits.host);
            self.receiving.waited(time, stall, Step::Receive, what)?;
        }
        Ok(())
    }

    /// What the peer has still to take of the request.
    fn look(&mut self, fd: RawFd, now: Instant) -> u64 {
        if self.sent < MUCH || self.left == Some(0) {
            return 0;
        }
        let left = sys::unsent(fd);
        if self.left.is_some_and(|before| left < before) {
            self.asked_at = Some(now);
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

/// What is waited for, where an error may have to tell it.
fn words(end: End, what: &str, host: &str) -> String {
    end.map_or_else(String::new, |_| format!("{what} {host}"))
}

/// The status of the first final answer in `input`, once it can be seen; of an
/// interim one while nothing follows it.
pub(super) fn early_status(input: &[u8]) -> Option<u16> {
    let line = input.get(..STATUS_LINE_START)?;
    if !line.starts_with(b"HTTP/1.") {
        return None;
    }
    let status: u16 = std::str::from_utf8(&line[9..]).ok()?.parse().ok()?;
    if status < 200 {
        let end = input.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
        return early_status(&input[end + 4..]);
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nX-A: a";

    /// ExchangeLimits that allow a head that much, and nothing else to end a wait.
    fn exchange_limits(head: Duration) -> ExchangeLimits {
        let mut exchange_limits = ExchangeLimits::default();
        exchange_limits.call.timeouts.stall = None;
        exchange_limits.call.timeouts.head = Some(head);
        exchange_limits
    }

    #[test]
    fn a_head_has_its_time() {
        let (ours, _theirs) = UnixStream::pair().expect("sockets");
        let mut timer = ExchangeTimer::default();
        timer.asked(Instant::now());
        let exchange_limits = exchange_limits(Duration::from_millis(20));
        let error = timer
            .wait_to_receive(ours.as_raw_fd(), &exchange_limits, HEAD)
            .expect_err("nothing comes");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Receive));
        assert_eq!(error.message(), "answer of : not done within 20 ms");
    }

    #[test]
    fn a_body_is_not_bound_by_the_time_of_its_head() {
        let (ours, mut theirs) = UnixStream::pair().expect("sockets");
        let fd = ours.as_raw_fd();
        let mut timer = ExchangeTimer::default();
        timer.asked(Instant::now());
        let exchange_limits = exchange_limits(Duration::ZERO);
        timer.take_head();
        theirs.write_all(b"a").expect("it is open");
        timer
            .wait_to_receive(fd, &exchange_limits, HEAD)
            .expect("a body that looks like a head");
    }

    #[test]
    fn interim_answers_have_their_most() {
        let exchange_limits = ExchangeLimits::default();
        let most = usize::try_from(MAX_INTERIM).expect("a small number");
        let mut timer = ExchangeTimer::default();
        timer.received(most + 2);
        timer
            .check_interim(&exchange_limits, b"HT")
            .expect("no more");
        let error = timer
            .check_interim(&exchange_limits, b"H")
            .expect_err("more");
        let error = error.downcast::<Error>().expect("ours");
        assert_eq!(error.kind(), Kind::Protocol);
        timer.take_head();
        timer.check_interim(&exchange_limits, b"H").expect("a body");
    }

    #[test]
    fn a_status_shows_once_its_line_is_long_enough() {
        for (input, status) in [
            (&b"HTTP/1.1 40"[..], None),
            (b"HTTP/1.1 401", Some(401)),
            (b"HTTP/1.1 100 Continue\r\n\r\n", None),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 ", Some(413)),
            (b"SSH-2.0-OpenSSH", None),
            (b"HTTP/1.1 x01 ", None),
        ] {
            assert_eq!(early_status(input), status);
        }
    }
}
