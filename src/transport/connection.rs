//! One connection to a server: bytes out, bytes in, and the answer that comes
//! before the request is out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::bounds::Bounds;
use super::buffers::ConnectionBuffers;
use super::patience::{Patience, Terms, early_status};
use super::pool::Kept;
use super::tls::{Opened, TlsStream};
use super::turn::Turn;
use super::{sys, wait};
use crate::error::{Error, Step};

/// Beyond this many bytes at once it pays to look first whether the server has
/// answered already.
const WATCHED: usize = 16 * 1024;

#[derive(Debug)]
enum Stream {
    Plain,
    Tls(Box<TlsStream>),
}

/// A connected socket, with TLS or without, and its buffers.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: OwnedFd,
    stream: Stream,
    pub(crate) buffers: ConnectionBuffers,
    /// The process that made it: after a fork the child must not touch it.
    process: u32,
    exchange: Exchange,
    terms: Arc<Terms>,
    /// Whom the socket is connected with, the server or a proxy; `None` for a
    /// socket of this host.
    peer: Option<SocketAddr>,
    /// The server's address; `None` if a proxy has it, or if it is a socket.
    address: Option<IpAddr>,
    /// Where connections are limited, while one is used. The last field: the
    /// socket is closed before another one may be opened.
    pub(super) turn: Option<Turn>,
}

/// The terms of a connection that serves no exchange.
static RESTING: LazyLock<Arc<Terms>> = LazyLock::new(Arc::default);

/// What has happened since the last request was begun.
#[derive(Clone, Copy, Debug, Default)]
struct Exchange {
    /// The server refused before the whole request was sent.
    answered_early: bool,
    /// At least one byte of an answer came.
    heard: bool,
    /// At least one byte of the request left.
    spoke: bool,
    /// The request was just sent: the answer cannot be here yet.
    expecting: bool,
    /// The peer sends no more.
    ended: bool,
    /// The end came as an error.
    broken: bool,
    patience: Patience,
    /// When the request was out.
    sent_at: Option<Instant>,
    /// When the first byte of the answer came.
    heard_at: Option<Instant>,
}

impl Exchange {
    /// Counts bytes of an answer.
    fn hear(&mut self, amount: usize) {
        if amount == 0 {
            return;
        }
        self.patience.received(amount);
        if !self.heard {
            self.heard = true;
            self.heard_at = Some(Instant::now());
        }
    }

    /// Counts bytes of a body; 0 = the end.
    fn received(&mut self, amount: usize) {
        self.patience.received(amount);
        self.ended |= amount == 0;
    }
}

impl Connection {
    pub(crate) fn plain(socket: OwnedFd) -> Connection {
        Connection::over(socket, Stream::Plain)
    }

    /// The same connection with TLS on it.
    pub(crate) fn secured(
        self,
        config: Arc<ClientConfig>,
        host: &str,
        bounds: &Bounds,
    ) -> Result<Connection, Error> {
        let tunnel = match self.stream {
            Stream::Plain => None,
            Stream::Tls(tls) => Some(tls),
        };
        let stream = TlsStream::handshake(&self.socket, tunnel, config, host, bounds)?;
        let secured = Connection::over(self.socket, Stream::Tls(Box::new(stream)));
        Ok(Connection {
            peer: self.peer,
            address: self.address,
            ..secured
        })
    }

    /// Notes the server's address.
    pub(crate) fn at(self, address: SocketAddr) -> Connection {
        Connection {
            address: Some(address.ip()),
            ..self.through(address)
        }
    }

    /// Notes the address of a proxy.
    pub(crate) fn through(self, address: SocketAddr) -> Connection {
        Connection {
            peer: Some(address),
            ..self
        }
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    pub(crate) fn address(&self) -> Option<IpAddr> {
        self.address
    }

    fn over(socket: OwnedFd, stream: Stream) -> Connection {
        Connection {
            socket,
            stream,
            buffers: ConnectionBuffers::default(),
            process: std::process::id(),
            exchange: Exchange::default(),
            terms: Arc::clone(&RESTING),
            peer: None,
            address: None,
            turn: None,
        }
    }

    /// Begins another exchange.
    pub(crate) fn begin(&mut self, terms: Arc<Terms>) {
        self.exchange = Exchange::default();
        self.terms = terms;
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    pub(crate) fn answered_early(&self) -> bool {
        self.exchange.answered_early
    }

    pub(crate) fn heard(&self) -> bool {
        self.exchange.heard
    }

    /// How long the answer took to begin.
    pub(crate) fn first_byte(&self) -> Duration {
        match (self.exchange.sent_at, self.exchange.heard_at) {
            (Some(sent), Some(heard)) => heard.saturating_duration_since(sent),
            _ => Duration::ZERO,
        }
    }

    pub(crate) fn spoke(&self) -> bool {
        self.exchange.spoke
    }

    /// Whether the connection ended with an error, and not in good order.
    pub(crate) fn broken(&self) -> bool {
        self.exchange.broken
    }

    /// Whether it can take another request after this answer.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.exchange.answered_early && !self.exchange.ended && self.buffers.received().is_empty()
    }

    /// Gives back what an idle connection need not hold: memory, and the
    /// cancel handle of the call that is over.
    pub(crate) fn rest(&mut self) {
        self.terms = Arc::clone(&RESTING);
        self.buffers.shrink();
        if let Stream::Tls(tls) = &mut self.stream {
            tls.shrink();
        }
    }

    /// Makes ready for a large body.
    pub(crate) fn expect_large(&mut self) {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.expect_large();
        }
    }

    /// Whether this process made it.
    fn is_own(&self) -> bool {
        self.process == std::process::id()
    }

    fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

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
        self.terms.bounds.check_io(Step::Send)?;
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
            self.exchange.patience.asked(now);
        }
        Ok(())
    }

    fn flush(&mut self, amount: usize) -> io::Result<()> {
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
                    self.exchange.patience.sent(more);
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

    fn wait_to_send(&mut self, events: i16) -> io::Result<i16> {
        let fd = self.fd();
        self.exchange.patience.wait_to_send(fd, events, &self.terms)
    }

    /// Waits for the answer to begin, or to go on.
    fn wait_to_receive(&mut self) -> io::Result<()> {
        let fd = self.fd();
        let pending = self.buffers.received();
        let patience = &mut self.exchange.patience;
        patience.wait_to_receive(fd, &self.terms, pending)
    }

    /// The head of the answer is here: what follows is its body.
    pub(crate) fn take_head(&mut self) {
        self.exchange.patience.take_head();
    }

    /// Ends what is left of the exchange after a time.
    pub(crate) fn end_within(&mut self, time: Duration) {
        self.exchange.patience.end_within(time);
    }

    fn hear(&mut self, piece: &[u8]) {
        self.exchange.hear(piece.len());
        self.buffers.append(piece);
    }

    /// Takes in what has arrived, without waiting, up to a bound.
    fn pull_all(&mut self) {
        while !self.is_full() {
            match self.pull() {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    if error.kind() != io::ErrorKind::WouldBlock {
                        self.exchange.ended = true;
                        self.exchange.broken = true;
                    }
                    return;
                }
            }
        }
    }

    /// Whether no more is taken in while the request goes out.
    fn is_full(&self) -> bool {
        self.buffers.received().len() >= super::buffers::INPUT_SIZE / 2
    }

    /// Takes one piece into the input buffer; false at the peer's end.
    fn pull(&mut self) -> io::Result<bool> {
        let fd = self.fd();
        let Connection {
            stream,
            buffers,
            exchange,
            terms,
            ..
        } = self;
        match stream {
            Stream::Plain => {
                let room = buffers.free();
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
                    let mut sink = |piece: &[u8]| {
                        exchange.hear(piece.len());
                        buffers.append(piece);
                    };
                    match tls.open(&mut sink)? {
                        Opened::Record => return Ok(true),
                        Opened::Closed => {
                            exchange.ended = true;
                            return Ok(false);
                        }
                        Opened::Incomplete => {}
                    }
                }
                // Records without content must not keep us here.
                terms.bounds.check_io(Step::Receive)?;
                if tls.receive(fd)? == 0 {
                    exchange.ended = true;
                    // An end without a word of TLS may be anybody's doing.
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            },
        }
    }

    /// Whether what has arrived is a final answer, of whatever status.
    fn heard_any_answer(&self) -> bool {
        early_status(self.buffers.received()).is_some()
    }

    /// Notes it if the server has refused: a redirect or an error. A success
    /// that comes early is read after the whole body is out.
    fn notice_refusal(&mut self) -> bool {
        let refused = early_status(self.buffers.received()).is_some_and(|status| status >= 300);
        self.exchange.answered_early |= refused;
        refused
    }

    /// Waits for more input for ureq; false at the end.
    pub(crate) fn await_input(&mut self) -> io::Result<bool> {
        if self.buffers.free().is_empty() {
            return Ok(false);
        }
        let pending = self.buffers.received();
        self.exchange.patience.check_interim(&self.terms, pending)?;
        self.blocking(Connection::pull)
    }

    /// Repeats `attempt` until it need not wait any more.
    fn blocking<T>(
        &mut self,
        mut attempt: impl FnMut(&mut Connection) -> io::Result<T>,
    ) -> io::Result<T> {
        if !self.is_own() {
            // After a fork: what a child reads here, its parent would miss.
            let message = "the connection is the parent process's";
            return Err(io::Error::new(io::ErrorKind::NotConnected, message));
        }
        loop {
            self.terms.bounds.check_io(Step::Receive)?;
            let waits_anyway = std::mem::take(&mut self.exchange.expecting);
            let result = if waits_anyway && !self.holds_input() {
                Err(io::ErrorKind::WouldBlock.into())
            } else {
                attempt(self)
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.answer_peer()?;
                    self.wait_to_receive()?;
                }
                Err(error) => {
                    self.exchange.ended = true;
                    self.exchange.broken = true;
                    return Err(error);
                }
                other => return other,
            }
        }
    }

    fn holds_input(&self) -> bool {
        !self.buffers.received().is_empty()
            || matches!(&self.stream, Stream::Tls(tls) if tls.holds_input())
    }

    /// Sends what TLS itself has to say, such as a key update.
    fn answer_peer(&mut self) -> io::Result<()> {
        match &self.stream {
            Stream::Tls(tls) if tls.holds_output() => {
                self.flush(0)?;
                self.exchange.expecting = false;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Reads a body straight into the caller's memory. 0 = the peer's end.
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
            self.buffers.append(&rest);
        }
        Ok(filled)
    }

    /// Whether the next piece of a body has to be received into memory of the
    /// reader's.
    pub(crate) fn needs_scratch(&self) -> bool {
        !self.is_tls() && self.buffers.received().is_empty()
    }

    /// Hands at most `limit` bytes of a body to `sink`, from where they were
    /// received. 0 = the peer's end.
    pub(crate) fn read_piece(
        &mut self,
        limit: u64,
        scratch: &mut [u8],
        sink: &mut dyn FnMut(&[u8]),
    ) -> io::Result<usize> {
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let held = self.buffers.received();
        if !held.is_empty() {
            let amount = held.len().min(most);
            sink(&held[..amount]);
            self.buffers.consume(amount);
            return Ok(amount);
        }
        if let Stream::Plain = self.stream {
            let room = scratch.len().min(most);
            let received = self.blocking(|connection| {
                let received = sys::recv(connection.fd(), &mut scratch[..room])?;
                connection.exchange.received(received);
                Ok(received)
            })?;
            sink(&scratch[..received]);
            return Ok(received);
        }
        let mut handed = 0;
        let mut excess = Vec::new();
        self.blocking(|connection| {
            connection.open_one(&mut |piece| {
                let amount = piece.len().min(most - handed);
                if amount > 0 {
                    sink(&piece[..amount]);
                }
                handed += amount;
                excess.extend_from_slice(&piece[amount..]);
            })
        })?;
        if !excess.is_empty() {
            // More than the body: kept, so that the connection is not.
            self.buffers.append(&excess);
        }
        Ok(handed)
    }

    /// Opens one TLS record; nothing is handed on at the peer's good end.
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
            self.terms.bounds.check_io(Step::Receive)?;
            let received = tls.receive(fd)?;
            self.exchange.patience.received(received);
            if received == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Kept for Box<Connection> {
    fn is_usable(&mut self) -> bool {
        if !self.is_own() {
            return false;
        }
        match &self.stream {
            Stream::Plain => !sys::is_readable(self.fd()),
            Stream::Tls(tls) => {
                // Session tickets may have come after the last answer.
                let quiet = !tls.holds_input() && !sys::is_readable(self.fd());
                quiet || matches!(self.pull(), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
            }
        }
    }
}
