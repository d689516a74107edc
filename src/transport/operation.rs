//! The state that an exchange shares with the objects that ureq owns while it
//! writes the request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::Connection;
use super::connection_permit::ConnectionPermit;
use super::dial::{ConnectTimes, Shared};
use super::exchange_timer::ExchangeLimits;
use super::file_piece::FilePiece;
use super::route::Route;
use super::ssrf_policy::Director;
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
    /// The connection, once ureq has released it.
    parked: Option<Box<Connection>>,
    /// The request was sent, or the server has responded before its end.
    sent: bool,
    reused: bool,
    phases: ConnectTimes,
    /// The connection is without TLS: the kernel can send files over it.
    plain: bool,
    /// What is to be sent in place of what ureq sends next.
    file_piece: Option<FilePiece>,
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
        self.state().plain = !connection.is_tls();
        connection.permit = permit;
        connection.begin(Arc::clone(&self.exchange_limits));
        connection.buffers.prepare(self.head, self.body)?;
        Ok(connection)
    }

    /// Scheme and host to insert before the path, if a proxy reads the request
    /// (RFC 9112, section 3.2.2).
    pub(crate) fn forwarded(&self) -> Option<String> {
        self.route.forwarder().map(|_| self.origin.to_string())
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

    /// Stores the connection when ureq releases it.
    pub(crate) fn park(&self, connection: Box<Connection>) {
        self.state().parked = Some(connection);
    }

    /// Takes the stored connection.
    pub(crate) fn take_parked(&self) -> Option<Box<Connection>> {
        self.state().parked.take()
    }

    /// The statistics, once the headers were received on `connection`.
    pub(crate) fn stats(&self, connection: &Connection) -> ExchangeStats {
        let state = self.state();
        ExchangeStats {
            phases: state.phases,
            first_byte: connection.first_byte(),
            reused: state.reused,
            peer: connection.peer(),
        }
    }

    pub(crate) fn was_reused(&self) -> bool {
        self.state().reused
    }

    /// Called when the request was sent, or the server has responded before its
    /// end.
    pub(crate) fn note_sent(&self) {
        self.state().sent = true;
    }

    /// Whether the response can be read.
    pub(crate) fn is_sent(&self) -> bool {
        self.state().sent
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

    pub(crate) fn note_failed_sending(&self) {
        self.state().failed_sending = true;
    }

    pub(crate) fn failed_sending(&self) -> bool {
        self.state().failed_sending
    }
}
