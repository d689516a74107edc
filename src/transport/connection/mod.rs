//! One connection to a server: bytes out, bytes in, and the answer that comes
//! before the request is out.

mod receiving;
mod sending;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use rustls::ClientConfig;

use super::buffers::ConnectionBuffers;
use super::pool::Kept;
use crate::error::Error;
use crate::os::deadline::CallLimits;
use crate::os::sys;
use crate::transport::connection_permit::ConnectionPermit;
use crate::transport::exchange_timer::{ExchangeLimits, ExchangeTimer};
use crate::transport::tls_stream::TlsStream;

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
    exchange_limits: Arc<ExchangeLimits>,
    /// Whom the socket is connected with, the server or a proxy; `None` for a
    /// socket of this host.
    peer: Option<SocketAddr>,
    /// The server's address; `None` if a proxy has it, or if it is a socket.
    address: Option<IpAddr>,
    /// Where connections are limited, while one is used. The last field: the
    /// socket is closed before another one may be opened.
    pub(super) permit: Option<ConnectionPermit>,
}

/// The exchange_limits of a connection that serves no exchange.
static RESTING: LazyLock<Arc<ExchangeLimits>> = LazyLock::new(Arc::default);

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
    timer: ExchangeTimer,
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
        self.timer.received(amount);
        if !self.heard {
            self.heard = true;
            self.heard_at = Some(Instant::now());
        }
    }

    /// Counts bytes of a body; 0 = the end.
    fn received(&mut self, amount: usize) {
        self.timer.received(amount);
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
        limits: &CallLimits,
    ) -> Result<Connection, Error> {
        let tunnel = match self.stream {
            Stream::Plain => None,
            Stream::Tls(tls) => Some(tls),
        };
        let stream = TlsStream::handshake(&self.socket, tunnel, config, host, limits)?;
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
            exchange_limits: Arc::clone(&RESTING),
            peer: None,
            address: None,
            permit: None,
        }
    }

    /// Begins another exchange.
    pub(crate) fn begin(&mut self, exchange_limits: Arc<ExchangeLimits>) {
        self.exchange = Exchange::default();
        self.exchange_limits = exchange_limits;
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
        self.exchange_limits = Arc::clone(&RESTING);
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
