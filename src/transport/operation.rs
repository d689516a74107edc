//! What one exchange shares with the pieces that ureq holds during it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::connection_permit::ConnectionPermit;
use super::dial::{ConnectTimes, Shared};
use super::exchange_timer::ExchangeLimits;
use super::failure::Observed;
use super::file_piece::FilePiece;
use super::route::Route;
use crate::error::Error;
use crate::http::url::Origin;

/// What an exchange took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExchangeStats {
    /// Of making the connection; zero where one was kept.
    pub(crate) phases: ConnectTimes,
    /// From the request's last byte to the first of its answer.
    pub(crate) first_byte: Duration,
    /// The connection had served another request before.
    pub(crate) reused: bool,
    /// Whom the connection is with; `None` for a socket of this host.
    pub(crate) peer: Option<SocketAddr>,
}

/// One exchange: a request and its answer over one connection.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) origin: Arc<Origin>,
    pub(crate) route: Arc<Route>,
    /// A server has led here; the caller has not.
    pub(crate) server_directed: bool,
    /// About how many bytes the request's head and body have.
    pub(crate) head: usize,
    pub(crate) body: u64,
    /// Use no kept connection.
    pub(crate) fresh: bool,
    pub(crate) exchange_limits: Arc<ExchangeLimits>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The connection, after ureq has let go of it before the answer's end.
    parked: Option<Box<Connection>>,
    /// The answer was read whole, and the connection given back to the pool.
    finished: bool,
    reused: bool,
    peer: Option<SocketAddr>,
    phases: ConnectTimes,
    first_byte: Duration,
    early: bool,
    /// The connection is without TLS: the kernel can send files over it.
    plain: bool,
    /// What is to be sent in place of what ureq sends next.
    file_piece: Option<FilePiece>,
    /// The server's end was an error.
    broken: bool,
    /// The head of the answer is here.
    has_head: bool,
    /// What is left may take this long.
    end_within: Option<Duration>,
    /// The last thing that failed was sending.
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
            server_directed: false,
            head,
            body,
            fresh: false,
            state: Mutex::new(State::default()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for this exchange: one that was kept, or a new one.
    pub(crate) fn connection(&self) -> Result<Box<Connection>, Error> {
        if self.server_directed && self.route.proxy.is_some() {
            self.shared.ssrf_policy.check_name(&self.origin)?;
        }
        let slots = self.shared.slots.as_ref();
        let permit = slots.map(|slots| {
            let host = self.origin.authority();
            ConnectionPermit::wait(slots, &self.route, &host, &self.exchange_limits.call)
        });
        let permit = permit.transpose()?;
        let kept = if self.fresh {
            if permit.is_some() {
                // The new one comes in the place of one that is kept, if there
                // is one: those count too.
                drop(self.shared.pool.checkout(&self.route));
            }
            None
        } else {
            // Who made it may have been allowed more. Dialling tells why not.
            let may_use = |kept: &Connection| {
                let address = kept.address().filter(|_| self.server_directed);
                address.is_none_or(|ip| self.shared.ssrf_policy.check(&self.origin, ip).is_ok())
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
                    self.server_directed,
                    &self.exchange_limits.call,
                )?;
                self.state().phases = phases;
                Box::new(connection)
            }
        };
        {
            let mut state = self.state();
            state.peer = connection.peer();
            state.plain = !connection.is_tls();
        }
        connection.permit = permit;
        connection.begin(Arc::clone(&self.exchange_limits));
        connection.buffers.plan(self.head, self.body);
        Ok(connection)
    }

    /// Scheme and host in front of the path, where a proxy reads the request
    /// (RFC 9112, section 3.2.2).
    pub(crate) fn forwarded(&self) -> Option<String> {
        self.route.forwarder().map(|_| self.origin.to_string())
    }

    /// Keeps the connection for others: its answer was read whole.
    pub(crate) fn finish(&self, connection: Box<Connection>) {
        self.state().finished = true;
        self.keep(connection);
    }

    /// Puts a connection back into the pool, if another request can use it.
    pub(crate) fn keep(&self, mut connection: Box<Connection>) {
        if connection.is_reusable() {
            connection.rest();
            let permit = connection.permit.take();
            self.shared.pool.put_back(&self.route, connection);
            drop(permit);
        }
    }

    /// Sets the connection aside: ureq is done with it, its answer is not.
    pub(crate) fn park(&self, connection: Box<Connection>) {
        self.state().parked = Some(connection);
    }

    /// Takes the connection that ureq let go of.
    pub(crate) fn take_parked(&self) -> Option<Box<Connection>> {
        self.state().parked.take()
    }

    /// Whether ureq has let go of the connection, either way.
    pub(crate) fn is_released(&self) -> bool {
        let state = self.state();
        state.finished || state.parked.is_some()
    }

    /// What the exchange took, once its headers are here.
    pub(crate) fn stats(&self) -> ExchangeStats {
        let state = self.state();
        ExchangeStats {
            phases: state.phases,
            first_byte: state.first_byte,
            reused: state.reused,
            peer: state.peer,
        }
    }

    /// What an error of this exchange depends on.
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

    /// Whether the server refused before the whole request was sent.
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

    /// The head of the answer is here.
    pub(crate) fn take_head(&self) {
        self.state().has_head = true;
    }

    /// Ends the rest of the answer after a time.
    pub(crate) fn end_within(&self, time: Duration) {
        self.state().end_within = Some(time);
    }

    /// Tells a connection what has become of its exchange.
    pub(crate) fn tell(&self, connection: &mut Connection) {
        let state = self.state();
        if state.has_head {
            connection.take_head();
        }
        if let Some(time) = state.end_within {
            connection.end_within(time);
        }
    }

    pub(crate) fn note_failed_sending(&self) {
        self.state().failed_sending = true;
    }

    fn failed_sending(&self) -> bool {
        self.state().failed_sending
    }

    /// Whether bytes of an answer came, and whether they fill all that is kept
    /// of a header block.
    pub(crate) fn heard(&self) -> (bool, bool) {
        match &mut self.state().parked {
            None => (false, false),
            Some(connection) => (connection.heard(), connection.buffers.free().is_empty()),
        }
    }

    /// Whether what came begins as an alert or a handshake of TLS does.
    fn heard_tls(&self) -> bool {
        let state = self.state();
        let received = state
            .parked
            .as_ref()
            .map(|parked| parked.buffers.received());
        matches!(received, Some([0x15 | 0x16, 0x03, ..]))
    }

    /// Whether bytes of the request left.
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
