//! The request on its way out, and the answer that comes before all of it is.

use std::io;
use std::os::fd::AsRawFd;
use std::time::Instant;

use super::{Connection, Stream, WATCHED};
use crate::error::Step;
use crate::os::{sys, wait};

impl Connection {
    /// Sends a short message of our own, and forgets it.
    pub(crate) fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.buffers.put(message);
        let sent = self.send(message.len());
        self.buffers.wipe(message.len());
        sent
    }

    /// Sends the first `amount` bytes of the output. When the server refuses
    /// meanwhile, the rest counts as sent and the answer is kept for reading.
    pub(crate) fn send(&mut self, amount: usize) -> io::Result<()> {
        // First of all: the rest of a long body takes a while to throw away too.
        self.exchange_limits.call.check_io(Step::Send)?;
        if self.exchange.answered_early {
            return Ok(());
        }
        if amount > WATCHED && sys::is_readable(self.fd()) {
            self.pull_all();
            if self.notice_refusal() {
                return Ok(());
            }
        }
        if let Stream::Tls(tls) = &mut self.stream {
            let mut early = Vec::new();
            tls.seal(self.buffers.to_send(amount), &mut |piece| {
                early.extend_from_slice(piece);
            })?;
            if !early.is_empty() {
                self.hear(&early);
            }
        }
        self.flush(amount)?;
        if !self.exchange.answered_early {
            let now = Instant::now();
            self.exchange.expecting = true;
            self.exchange.sent_at = Some(now);
            self.exchange.timer.request_sent(now);
        }
        Ok(())
    }

    pub(super) fn flush(&mut self, amount: usize) -> io::Result<()> {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.wrap()?;
        }
        let mut sent = 0;
        loop {
            let wire = match &self.stream {
                Stream::Plain => self.buffers.to_send(amount),
                Stream::Tls(tls) => tls.outgoing(),
            };
            if sent == wire.len() {
                break;
            }
            match sys::send(self.socket.as_raw_fd(), &wire[sent..]) {
                Ok(more) => {
                    sent += more;
                    self.exchange.spoke = true;
                    self.exchange.timer.sent(more);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Only writing matters once the peer has ended its side,
                    // or where what it says is more than is taken now.
                    let reading = if self.exchange.ended || self.is_full() {
                        0
                    } else {
                        wait::READABLE
                    };
                    let ready = self.wait_to_send(wait::WRITABLE | reading)?;
                    if ready & reading != 0 {
                        self.pull_all();
                        if self.notice_refusal() {
                            return Ok(());
                        }
                    }
                }
                Err(error) => {
                    // The peer has gone; its last words may still be here.
                    self.pull_all();
                    self.exchange.ended = true;
                    if self.heard_any_answer() {
                        self.exchange.answered_early = true;
                        return Ok(());
                    }
                    return Err(error);
                }
            }
        }
        if let Stream::Tls(tls) = &mut self.stream {
            tls.sent_all();
        }
        Ok(())
    }

    pub(super) fn wait_to_send(&mut self, events: i16) -> io::Result<i16> {
        let fd = self.fd();
        self.exchange
            .timer
            .wait_to_send(fd, events, &self.exchange_limits)
    }
}
