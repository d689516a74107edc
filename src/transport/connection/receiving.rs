//! Receives responses.

use std::io;
use std::time::Duration;

use super::{Connection, Stream};
use crate::error::Step;
use crate::http::message::head::early_status;
use crate::os::sys;
use crate::transport::buffers::INPUT_SIZE;
use crate::transport::tls_stream::{Opened, RECORD_PAYLOAD};

impl Connection {
    /// Waits for the response to start or continue.
    fn wait_to_receive(&mut self) -> io::Result<()> {
        let fd = self.fd();
        let pending = self.buffers.received();
        let fragment = match &self.stream {
            Stream::Plain => 0,
            Stream::Tls(tls) => tls.fragment(),
        };
        let timer = &mut self.exchange.timer;
        timer.wait_to_receive(fd, &self.exchange_limits, pending, fragment)
    }

    /// Called when the headers were received; the body follows.
    pub(crate) fn take_head(&mut self) {
        self.exchange.timer.take_head();
    }

    /// Sets a time limit for the rest of the exchange.
    pub(crate) fn end_within(&mut self, time: Duration) {
        self.exchange.timer.end_within(time);
    }

    /// Counts the content of a body that was passed on.
    pub(crate) fn received_content(&mut self, amount: usize) {
        self.exchange.timer.received_content(amount);
    }

    pub(super) fn hear(&mut self, piece: &[u8]) -> io::Result<()> {
        self.exchange.hear(piece.len());
        self.buffers.append(piece).map_err(io::Error::other)
    }

    /// Receives what has arrived, up to a limit, without blocking.
    pub(super) fn pull_all(&mut self) {
        while !self.is_full() {
            match self.pull() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.exchange.ended = true;
                        self.failure.get_or_insert(error);
                    }
                    return;
                }
            }
        }
    }

    /// Whether to stop receiving until the request is sent.
    pub(super) fn is_full(&self) -> bool {
        self.buffers.received().len() >= INPUT_SIZE / 2
    }

    /// Receives one piece into the input buffer; false if the peer has closed.
    pub(super) fn pull(&mut self) -> io::Result<bool> {
        let fd = self.fd();
        let Connection {
            stream,
            buffers,
            exchange,
            exchange_limits,
            ..
        } = self;
        match stream {
            Stream::Plain => {
                let room = buffers.free().map_err(io::Error::other)?;
                if room.is_empty() {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                let received = sys::recv(fd, room)?;
                buffers.received_more(received);
                exchange.hear(received);
                exchange.ended |= received == 0;
                Ok(received > 0)
            }
            Stream::Tls(tls) => loop {
                if tls.holds_input() {
                    let mut kept = Ok(());
                    let mut sink = |piece: &[u8]| {
                        exchange.hear(piece.len());
                        if kept.is_ok() {
                            kept = buffers.append(piece);
                        }
                    };
                    let opened = tls.open(&mut sink)?;
                    kept.map_err(io::Error::other)?;
                    match opened {
                        Opened::Record => return Ok(true),
                        Opened::Closed => {
                            exchange.ended = true;
                            return Ok(false);
                        }
                        Opened::Incomplete => {}
                    }
                }
                // Checked here, in case the peer sends endless records without
                // content.
                exchange_limits.check_call(Step::Receive)?;
                if tls.receive(fd)? == 0 {
                    exchange.ended = true;
                    // Without a close notice, the end may have been forged.
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            },
        }
    }

    /// Whether a final response has arrived, whatever its status.
    pub(super) fn heard_any_response(&self) -> bool {
        early_status(self.buffers.received()).is_some()
    }

    /// Checks whether the server has rejected the request with a redirect or an
    /// error. A successful early response is read after the whole body is sent.
    pub(super) fn notice_refusal(&mut self) -> bool {
        let refused = early_status(self.buffers.received()).is_some_and(|status| status >= 300);
        self.exchange.responded_early |= refused;
        refused
    }

    /// Waits for more input; false at the end, and if the buffer is full.
    pub(crate) fn await_input(&mut self) -> io::Result<bool> {
        if self.buffers.free().map_err(io::Error::other)?.is_empty() {
            return Ok(false);
        }
        self.blocking(Connection::pull)
    }

    /// Repeats `attempt` until it does not block.
    fn blocking<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Connection) -> io::Result<T>,
    ) -> io::Result<T> {
        if !self.is_own() {
            // After a fork: data that the child reads would be lost to the
            // parent.
            let message = "the connection is the parent process's";
            return Err(io::Error::new(io::ErrorKind::NotConnected, message));
        }
        loop {
            self.exchange_limits.check_call(Step::Receive)?;
            let waits_anyway = std::mem::take(&mut self.exchange.expecting);
            let result = if waits_anyway && !self.holds_input() {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                attempt(self)
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.reply_to_peer()?;
                    self.wait_to_receive()?;
                }
                Err(error) => {
                    self.exchange.ended = true;
                    return Err(error);
                }
                other => return other,
            }
        }
    }

    pub(super) fn holds_input(&self) -> bool {
        !self.buffers.received().is_empty()
            || matches!(&self.stream, Stream::Tls(tls) if tls.holds_input())
    }

    /// Sends replies of the TLS layer, such as a key update.
    fn reply_to_peer(&mut self) -> io::Result<()> {
        match &self.stream {
            Stream::Tls(tls) if tls.holds_output() => {
                self.flush(0..0)?;
                self.exchange.expecting = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads a body into the caller's buffer; returns 0 if the peer has closed.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let held = self.buffers.received();
        if !held.is_empty() {
            let amount = held.len().min(buffer.len());
            buffer[..amount].copy_from_slice(&held[..amount]);
            self.buffers.consume(amount);
            return Ok(amount);
        }
        self.blocking(|connection| connection.read_some(buffer))
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Stream::Plain = self.stream {
            let received = sys::recv(self.fd(), buffer)?;
            self.exchange.received(received);
            return Ok(received);
        }
        let mut filled = 0;
        let mut rest = Vec::new();
        self.open_one(&mut |piece| {
            let amount = piece.len().min(buffer.len() - filled);
            buffer[filled..filled + amount].copy_from_slice(&piece[..amount]);
            filled += amount;
            rest.extend_from_slice(&piece[amount..]);
        })?;
        if !rest.is_empty() {
            self.buffers.append(&rest).map_err(io::Error::other)?;
        }
        Ok(filled)
    }

    /// Whether the next piece of a body needs a buffer of the reader.
    pub(crate) fn needs_scratch(&self) -> bool {
        self.buffers.received().is_empty()
    }

    /// Passes up to `limit` bytes of a body to `sink` from the buffer they were
    /// received in; returns 0 if the peer has closed.
    pub(crate) fn read_piece(
        &mut self,
        limit: u64,
        scratch: &mut [u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<usize> {
        let max = usize::try_from(limit).unwrap_or(usize::MAX);
        let held = self.buffers.received();
        if !held.is_empty() {
            let amount = held.len().min(max);
            sink(&held[..amount]);
            self.buffers.consume(amount);
            return Ok(amount);
        }
        let room = scratch.len().min(max);
        let room = &mut scratch[..room];
        let received = match self.stream {
            Stream::Plain => self.blocking(|connection| {
                let received = sys::recv(connection.fd(), room)?;
                connection.exchange.received(received);
                Ok(received)
            })?,
            Stream::Tls(_) => self.read_records(room)?,
        };
        sink(&room[..received]);
        Ok(received)
    }

    /// Reads the records that have arrived, and waits for the first: files are
    /// written much faster in large pieces than record by record.
    fn read_records(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let mut filled = 0;
        let mut excess = Vec::new();
        let mut take = |piece: &[u8]| {
            let amount = piece.len().min(room.len() - filled);
            room[filled..filled + amount].copy_from_slice(&piece[..amount]);
            filled += amount;
            excess.extend_from_slice(&piece[amount..]);
            room.len() - filled
        };
        let mut left = 0;
        self.blocking(|connection| connection.open_one(&mut |piece| left = take(piece)))?;
        while left >= RECORD_PAYLOAD
            && let Stream::Tls(tls) = &mut self.stream
            && tls.holds_input()
            && !self.exchange.ended
        {
            match tls.open(&mut |piece| left = take(piece)) {
                Ok(Opened::Record) => {}
                Ok(Opened::Closed) => self.exchange.ended = true,
                // An error comes again with the next record.
                Ok(Opened::Incomplete) | Err(_) => break,
            }
        }
        if !excess.is_empty() {
            // The rest of the last record: of the body, or after it, so that the
            // connection is not reused.
            self.buffers.append(&excess).map_err(io::Error::other)?;
        }
        Ok(filled)
    }

    /// Decrypts one TLS record; passes nothing on at a close notice.
    fn open_one(&mut self, sink: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        let fd = self.fd();
        let Stream::Tls(tls) = &mut self.stream else {
            return Ok(());
        };
        loop {
            if tls.holds_input() {
                match tls.open(sink)? {
                    Opened::Record => return Ok(()),
                    Opened::Closed => {
                        self.exchange.ended = true;
                        return Ok(());
                    }
                    Opened::Incomplete => {}
                }
            }
            // As in `pull`.
            self.exchange_limits.check_call(Step::Receive)?;
            if tls.receive(fd)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}
