//! The state that an exchange shares with the objects that ureq owns.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::address_class::AddressClass;
use super::connection::Connection;
use super::connection_permit::ConnectionPermit;
use super::dial::{ConnectTimes, Shared};
use super::exchange_timer::ExchangeLimits;
use super::failure::Observed;
use super::file_piece::FilePiece;
use super::route::Route;
use super::ssrf_policy::{Director, class_of_server};
use crate::error::Error;
use crate::http::url::Origin;

/// Statistics of an exchange.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExchangeStats {
    /// Times of connecting; zero for a kept connection.
    pub(crate) phases: ConnectTimes,
    /// From the last byte of the request to the first byte of the response.
    pub(crate) first_byte: Duration,
    /// A kept connection was used.
    pub(crate) reused: bool,
    /// The peer's address; `None` for a Unix domain socket.
    pub(crate) peer: Option<SocketAddr>,
}

/// One exchange: a request and its response on one connection.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) origin: Arc<Origin>,
    pub(crate) route: Arc<Route>,
    pub(crate) director: Director,
    /// Approximate size of the request's head, in bytes.
    pub(crate) head: usize,
    pub(crate) body: u64,
    /// Do not use a kept connection.
    pub(crate) fresh: bool,
    pub(crate) exchange_limits: Arc<ExchangeLimits>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection, if ureq released it before the end of the response.
    parked: Option<Box<Connection>>,
    /// The response was read to its end, and the connection returned to the
    /// pool.
    finished: bool,
    reused: bool,
    peer: Option<SocketAddr>,
    server_class: AddressClass,
    phases: ConnectTimes,
    first_byte: Duration,
    early: bool,
    /// The connection is without TLS: the kernel can send files over it.
    plain: bool,
    /// What is to be sent in place of what ureq sends next.
    file_piece: Option<FilePiece>,
    /// The connection ended with an error.
    broken: bool,
    /// The headers were received.
    has_head: bool,
    /// Content of the body that the connection does not know of yet.
    content: usize,
    /// Time limit for the rest of the response.
    end_within: Option<Duration>,
    /// The last failure occurred while sending.
    failed_sending: bool,
}

impl Operation {
    pub(crate) fn new(
        shared: Arc<Shared>,
        origin: Arc<Origin>,
        route: Arc<Route>,
        head: usize,
        body: u64,
        exchange_limits: ExchangeLimits,
    ) -> Operation {
        Operation {
            exchange_limits: Arc::new(exchange_limits),
            shared,
            origin,
            route,
            director: Director::Caller,
            head,
            body,
            fresh: false,
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a kept connection or creates a new one.
    pub(crate) fn connection(&self) -> Result<Box<Connection>, Error> {
        let ssrf_policy = &self.shared.ssrf_policy;
        if self.route.proxy.is_some() {
            ssrf_policy.check_name(self.director, &self.origin)?;
        }
        let slots = self.shared.slots.as_ref();
        let permit = slots.map(|slots| {
            let host = self.origin.authority();
            ConnectionPermit::wait(slots, &self.route, &host, &self.exchange_limits.call)
        });
        let permit = permit.transpose()?;
        let kept = if self.fresh {
            if permit.is_some() {
                // Kept connections count towards the limit, so close one for
                // the new one.
                drop(self.shared.pool.checkout(&self.route));
            }
            None
        } else {
            // The connection may have been created under a more permissive
            // policy. A new connection reports the violation.
            let may_use = |kept: &Connection| {
                let address = kept.address();
                address.is_none_or(|ip| ssrf_policy.check(self.director, &self.origin, ip).is_ok())
            };
            self.shared
                .pool
                .checkout(&self.route)
                .filter(|kept| may_use(kept))
        };
        self.state().reused = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let (connection, phases) = self.shared.connect(
                    &self.origin,
                    &self.route,
                    self.director,
                    &self.exchange_limits.call,
                )?;
                self.state().phases = phases;
                Box::new(connection)
            }
        };
        {
            let mut state = self.state();
            state.peer = connection.peer();
            state.server_class = class_of_server(&self.origin, connection.address());
            state.plain = !connection.is_tls();
        }
        connection.permit = permit;
        connection.begin(Arc::clone(&self.exchange_limits));
        connection.buffers.plan(self.head, self.body);
        Ok(connection)
    }

    /// Scheme and host to insert before the path, if a proxy reads the request
    /// (RFC 9112, section 3.2.2).
    pub(crate) fn forwarded(&self) -> Option<String> {
        self.route.forwarder().map(|_| self.origin.to_string())
    }

    /// Returns the connection to the pool after a complete response.
    pub(crate) fn finish(&self, connection: Box<Connection>) {
        self.state().finished = true;
        self.keep(connection);
    }

    /// Returns a connection to the pool if it can be reused.
    pub(crate) fn keep(&self, mut connection: Box<Connection>) {
        if connection.is_reusable() {
            connection.rest();
            let permit = connection.permit.take();
            self.shared.pool.put_back(&self.route, connection);
            drop(permit);
        }
    }

    /// Stores a connection that ureq released before the end of the response.
    pub(crate) fn park(&self, connection: Box<Connection>) {
        self.state().parked = Some(connection);
    }

    /// Takes the stored connection.
    pub(crate) fn take_parked(&self) -> Option<Box<Connection>> {
        self.state().parked.take()
    }

    /// Whether ureq has released the connection.
    pub(crate) fn is_released(&self) -> bool {
        let state = self.state();
        state.finished || state.parked.is_some()
    }

    /// The statistics, once the headers were received.
    pub(crate) fn stats(&self) -> ExchangeStats {
        let state = self.state();
        ExchangeStats {
            phases: state.phases,
            first_byte: state.first_byte,
            reused: state.reused,
            peer: state.peer,
        }
    }

    /// The class of the server's address on this connection.
    pub(crate) fn server_class(&self) -> AddressClass {
        self.state().server_class
    }

    /// The state for the conversion of errors.
    pub(crate) fn observed(&self) -> Observed<'_> {
        let (heard, header_full) = self.heard();
        Observed {
            origin: &self.origin,
            heard,
            header_full,
            heard_tls: self.heard_tls(),
            failed_sending: self.failed_sending(),
        }
    }

    pub(crate) fn was_reused(&self) -> bool {
        self.state().reused
    }

    pub(crate) fn note_early(&self) {
        self.state().early = true;
    }

    /// Whether the server rejected the request before it was sent completely.
    pub(crate) fn is_early(&self) -> bool {
        self.state().early
    }

    /// Whether the kernel can send files over the connection.
    pub(crate) fn sends_files(&self) -> bool {
        self.state().plain
    }

    /// Leaves a piece of the body to the connection, which sends it in place
    /// of what ureq sends next.
    pub(crate) fn hand_over(&self, piece: FilePiece) {
        self.state().file_piece = Some(piece);
    }

    /// Takes the piece that is to be sent now.
    pub(crate) fn take_file_piece(&self) -> Option<FilePiece> {
        self.state().file_piece.take()
    }

    /// Called when the headers were received.
    pub(crate) fn take_head(&self) {
        self.state().has_head = true;
    }

    /// Sets a time limit for the rest of the response.
    pub(crate) fn end_within(&self, time: Duration) {
        self.state().end_within = Some(time);
    }

    /// Updates a connection with the result of its exchange.
    pub(crate) fn tell(&self, connection: &mut Connection) {
        let mut state = self.state();
        if state.has_head {
            connection.take_head();
        }
        connection.received_content(std::mem::take(&mut state.content));
        if let Some(time) = state.end_within {
            connection.end_within(time);
        }
    }

    /// Counts decoded content of the body.
    pub(crate) fn note_content(&self, amount: usize) {
        self.state().content += amount;
    }

    pub(crate) fn note_failed_sending(&self) {
        self.state().failed_sending = true;
    }

    fn failed_sending(&self) -> bool {
        self.state().failed_sending
    }

    /// Whether any byte was received, and whether the header buffer is full.
    pub(crate) fn heard(&self) -> (bool, bool) {
        match &mut self.state().parked {
            None => (false, false),
            Some(connection) => (connection.heard(), connection.buffers.free().is_empty()),
        }
    }

    /// Whether the received data starts like a TLS alert or handshake.
    fn heard_tls(&self) -> bool {
        let state = self.state();
        let received = state
            .parked
            .as_ref()
            .map(|parked| parked.buffers.received());
        matches!(received, Some([0x15 | 0x16, 0x03, ..]))
    }

    /// Whether any byte of the request was sent.
    pub(crate) fn spoke(&self) -> bool {
        matches!(&self.state().parked, Some(connection) if connection.spoke())
    }

    pub(crate) fn note_first_byte(&self, time: Duration) {
        self.state().first_byte = time;
    }

    pub(crate) fn note_broken(&self) {
        self.state().broken = true;
    }

    /// Whether the connection ended with an error.
    pub(crate) fn is_broken(&self) -> bool {
        self.state().broken
    }
}
