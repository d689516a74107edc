//! A connection to a server: sends requests and receives responses, including a
//! response before the request is complete.

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
use crate::http::url::Origin;
use crate::os::deadline::CallLimits;
use crate::os::sys;
use crate::transport::connection_permit::ConnectionPermit;
use crate::transport::exchange_timer::{ExchangeLimits, ExchangeTimer};
use crate::transport::tls_stream::TlsStream;

/// For sends larger than this, checks first whether the server has already
/// responded.
const WATCHED: usize = 16 * 1024;

#[derive(Debug)]
enum Stream {
    Plain,
    Tls(Box<TlsStream>),
}

/// A connected socket, optionally with TLS, and its buffers.
#[derive(Debug)]
pub(crate) struct Connection {
    socket: OwnedFd,
    stream: Stream,
    pub(crate) buffers: ConnectionBuffers,
    /// The process that created it; a forked child must not use it.
    process: u32,
    exchange: Exchange,
    /// Why nothing more can be received, if that was found while sending.
    failure: Option<io::Error>,
    exchange_limits: Arc<ExchangeLimits>,
    /// The address of the server or the proxy; `None` for a Unix domain socket.
    peer: Option<SocketAddr>,
    /// The server's address; `None` if a proxy resolved it, and for a Unix
    /// domain socket.
    address: Option<IpAddr>,
    /// The permit, if connections are limited and this one is in use. Declared
    /// last: the socket is closed before another one may be opened.
    pub(super) permit: Option<ConnectionPermit>,
}

/// The limits of an idle connection.
static RESTING: LazyLock<Arc<ExchangeLimits>> = LazyLock::new(Arc::default);

/// The progress of the current exchange.
#[derive(Clone, Copy, Debug, Default)]
struct Exchange {
    /// The server rejected the request before it was sent completely.
    responded_early: bool,
    /// A byte of the response was received.
    heard: bool,
    /// A byte of the request was sent.
    spoke: bool,
    /// The request was just sent, so the response cannot have arrived yet.
    expecting: bool,
    /// The peer has closed its side.
    ended: bool,
    timer: ExchangeTimer,
    /// When the request was sent completely.
    sent_at: Option<Instant>,
    /// When the first byte of the response was received.
    heard_at: Option<Instant>,
}

impl Exchange {
    /// Counts bytes of a response.
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

    /// Notes the end of a body, if no bytes were received.
    fn received(&mut self, amount: usize) {
        self.ended |= amount == 0;
    }
}

impl Connection {
    pub(crate) fn plain(socket: OwnedFd) -> Connection {
        Connection::over(socket, Stream::Plain)
    }

    /// The same connection with TLS.
    pub(crate) fn secured(
        self,
        config: Arc<ClientConfig>,
        origin: &Origin,
        limits: &CallLimits,
    ) -> Result<Connection, Error> {
        let tunnel = match self.stream {
            Stream::Plain => None,
            Stream::Tls(tls) => Some(tls),
        };
        let stream = TlsStream::handshake(&self.socket, tunnel, config, origin, limits)?;
        let secured = Connection::over(self.socket, Stream::Tls(Box::new(stream)));
        Ok(Connection {
            peer: self.peer,
            address: self.address,
            ..secured
        })
    }

    /// Sets the server's address.
    pub(crate) fn at(self, address: SocketAddr) -> Connection {
        Connection {
            address: Some(address.ip()),
            ..self.through(address)
        }
    }

    /// Sets the address of a proxy.
    pub(crate) fn through(self, address: SocketAddr) -> Connection {
        Connection {
            peer: Some(address),
            ..self
        }
    }

    /// Sets the server's address behind a proxy.
    pub(crate) fn set_address(&mut self, address: Option<IpAddr>) {
        self.address = address;
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
            failure: None,
            exchange_limits: Arc::clone(&RESTING),
            peer: None,
            address: None,
            permit: None,
        }
    }

    /// Starts another exchange.
    pub(crate) fn begin(&mut self, exchange_limits: Arc<ExchangeLimits>) {
        self.exchange = Exchange::default();
        self.failure = None;
        self.exchange_limits = exchange_limits;
    }

    /// Sets the limits of the call that reads the rest.
    pub(crate) fn set_limits(&mut self, exchange_limits: &Arc<ExchangeLimits>) {
        self.exchange_limits = Arc::clone(exchange_limits);
    }

    pub(crate) fn is_tls(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    pub(crate) fn responded_early(&self) -> bool {
        self.exchange.responded_early
    }

    pub(crate) fn heard(&self) -> bool {
        self.exchange.heard
    }

    /// The time until the first byte of the response.
    pub(crate) fn first_byte(&self) -> Duration {
        match (self.exchange.sent_at, self.exchange.heard_at) {
            (Some(sent), Some(heard)) => heard.saturating_duration_since(sent),
            _ => Duration::ZERO,
        }
    }

    pub(crate) fn spoke(&self) -> bool {
        self.exchange.spoke
    }

    /// Whether the connection can be used for another request after this
    /// response.
    pub(crate) fn is_reusable(&self) -> bool {
        !self.exchange.responded_early && !self.exchange.ended && self.buffers.received().is_empty()
    }

    /// Releases what an idle connection does not need: memory, and the cancel
    /// handle of the last call.
    pub(crate) fn rest(&mut self) {
        self.exchange_limits = Arc::clone(&RESTING);
        self.buffers.shrink();
        if let Stream::Tls(tls) = &mut self.stream {
            tls.shrink();
        }
    }

    /// Prepares for a large body.
    pub(crate) fn expect_large(&mut self) {
        if let Stream::Tls(tls) = &mut self.stream {
            tls.expect_large();
        }
    }

    /// Whether this process created the connection.
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
                // Session tickets may have arrived after the last response.
                let quiet = !tls.holds_input() && !sys::is_readable(self.fd());
                quiet || matches!(self.pull(), Err(e) if e.kind() == io::ErrorKind::WouldBlock)
            }
        }
    }
}
