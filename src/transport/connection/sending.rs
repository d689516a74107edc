//! Sends requests, and watches for an early response.

use std::io;
use std::ops::Range;
use std::time::Instant;

use super::{Connection, Stream, WATCHED};
use crate::error::Step;
use crate::os::{step_clock, sys, wait};
use crate::transport::file_piece::FilePiece;

impl Connection {
    /// Sends a short message, which is zeroized afterwards.
    pub(crate) fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.buffers.put(message).map_err(io::Error::other)?;
        let sent = self.send(0..message.len());
        self.buffers.wipe(message.len());
        sent
    }

    /// Sends a part of the output. If the server rejects the request in the
    /// meantime, the rest counts as sent, and the response is kept for reading.
    pub(crate) fn send(&mut self, part: Range<usize>) -> io::Result<()> {
        if !self.may_send(part.len())? {
            return Ok(());
        }
        if let Stream::Tls(tls) = &mut self.stream {
            let mut early = Vec::new();
            tls.seal(self.buffers.to_send(part.clone()), &mut |piece| {
                early.extend_from_slice(piece);
            })?;
            if !early.is_empty() {
                self.hear(&early)?;
            }
        }
        self.flush(part)?;
        self.note_sent();
        Ok(())
    }

    /// Sends a piece of a file over a connection without TLS. It ends as
    /// [`Connection::send`] does.
    pub(crate) fn send_file(&mut self, piece: &FilePiece) -> io::Result<()> {
        if !self.may_send(piece.length)? {
            return Ok(());
        }
        let kernel = |connection: &Connection, sent, max| piece.send(connection.fd(), sent, max);
        let sent = self.send_from(0, piece.length, kernel)?;
        if sent < piece.length && !self.exchange.responded_early {
            let rest = &mut self.buffers.output()[sent..piece.length];
            piece.read(rest, sent).map_err(io::Error::other)?;
            self.send_from(sent, piece.length, |connection, sent, max| {
                let output = connection.buffers.to_send(0..piece.length);
                sys::send(connection.fd(), up_to(&output[sent..], max))
            })?;
        }
        self.note_sent();
        Ok(())
    }

    /// Whether to send the next `amount` bytes: not if the server has rejected
    /// the request.
    fn may_send(&mut self, amount: usize) -> io::Result<bool> {
        // First, since discarding the rest of a long body takes time too.
        self.exchange_limits.check_call(Step::Send)?;
        if self.exchange.responded_early {
            return Ok(false);
        }
        if amount > WATCHED && sys::is_readable(self.fd()) {
            return self.look_for_response().map(|found| !found);
        }
        Ok(true)
    }

    /// Receives what has arrived. Returns true if the rest of the request is
    /// not needed: the server has rejected it, or has ended the TLS session
    /// after its response. Without a response, the alert is the error.
    fn look_for_response(&mut self) -> io::Result<bool> {
        self.pull_all();
        if self.notice_refusal() {
            return Ok(true);
        }
        match self.failure.take_if(|failure| is_of_tls(failure)) {
            None => Ok(false),
            Some(_) if self.heard_any_response() => {
                self.exchange.responded_early = true;
                Ok(true)
            }
            Some(failure) => Err(failure),
        }
    }

    fn note_sent(&mut self) {
        if !self.exchange.responded_early {
            let now = Instant::now();
            self.exchange.expecting = true;
            self.exchange.sent_at = Some(now);
            self.exchange.timer.request_sent(step_clock::now());
        }
    }

    pub(super) fn flush(&mut self, part: Range<usize>) -> io::Result<()> {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.wrap()?;
        }
        let length = self.wire(part.clone()).len();
        let sent = self.send_from(0, length, |connection, sent, max| {
            let rest = &connection.wire(part.clone())[sent..];
            sys::send(connection.fd(), up_to(rest, max))
        })?;
        if sent == length
            && let Stream::Tls(tls) = &mut self.stream
        {
            tls.sent_all();
        }
        Ok(())
    }

    /// The bytes to send for a part of the output.
    fn wire(&self, part: Range<usize>) -> &[u8] {
        match &self.stream {
            Stream::Plain => self.buffers.to_send(part),
            Stream::Tls(tls) => tls.outgoing(),
        }
    }

    /// Repeats `step`, which sends more after the first `sent` bytes, until
    /// `length` bytes are sent, the server rejects the request, or a step sends
    /// nothing. Returns the number of bytes sent.
    fn send_from(
        &mut self,
        mut sent: usize,
        length: usize,
        step: impl Fn(&Connection, usize, usize) -> io::Result<usize>,
    ) -> io::Result<usize> {
        while sent < length {
            let max = self.exchange_limits.call.wait_to_send(length - sent)?;
            let result = step(self, sent, max);
            if let Some(speed) = &self.exchange_limits.call.speed {
                speed.not_sent(max.saturating_sub(*result.as_ref().unwrap_or(&0)));
            }
            match result {
                Ok(0) => break,
                Ok(more) => {
                    sent += more;
                    self.exchange.spoke = true;
                    self.exchange.timer.sent(more);
                    if let Some(transfer) = &self.exchange_limits.transfer {
                        transfer.sent(sent, length);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Only write once the peer has closed its side, or the
                    // input buffer is full.
                    let reading = if self.exchange.ended || self.is_full() {
                        0
                    } else {
                        wait::READABLE
                    };
                    let ready = self.wait_to_send(wait::WRITABLE | reading)?;
                    if ready & reading != 0 && self.look_for_response()? {
                        break;
                    }
                }
                Err(error) => {
                    // The peer has closed; its last data may still be unread:
                    // a response, or the alert that explains the end.
                    let found = self.look_for_response()?;
                    self.exchange.ended = true;
                    if found || self.heard_any_response() {
                        self.exchange.responded_early = true;
                        break;
                    }
                    return Err(error);
                }
            }
        }
        Ok(sent)
    }

    fn wait_to_send(&mut self, events: i16) -> io::Result<i16> {
        let fd = self.fd();
        self.exchange
            .timer
            .wait_to_send(fd, events, &self.exchange_limits)
    }
}

/// Whether a failure is the TLS session's, such as an alert of the server.
fn is_of_tls(failure: &io::Error) -> bool {
    failure
        .get_ref()
        .is_some_and(|inner| inner.is::<rustls::Error>())
}

/// The first bytes, at most that many.
fn up_to(bytes: &[u8], max: usize) -> &[u8] {
    &bytes[..bytes.len().min(max)]
}
