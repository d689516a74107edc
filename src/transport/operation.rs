//! One exchange: a request and its response on one connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::connection_permit::ConnectionPermit;
use super::dial::{ConnectTimes, Shared};
use super::exchange_timer::ExchangeLimits;
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

/// What an exchange needs until its response is read.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) shared: Arc<Shared>,
    pub(crate) origin: Arc<Origin>,
    pub(crate) route: Arc<Route>,
    pub(crate) director: Director,
    /// The maximum size of the request's head, in bytes.
    pub(crate) head: usize,
    /// The buffer size that its body needs.
    pub(crate) body: u64,
    /// Do not use a kept connection.
    pub(crate) fresh: bool,
    pub(crate) exchange_limits: Arc<ExchangeLimits>,
    reused: bool,
    phases: ConnectTimes,
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
            reused: false,
            phases: ConnectTimes::default(),
        }
    }

    /// Takes a kept connection or creates a new one.
    pub(crate) fn connection(&mut self) -> Result<Box<Connection>, Error> {
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
        self.reused = kept.is_some();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let (connection, phases) = self.shared.connect(
                    &self.origin,
                    &self.route,
                    self.director,
                    &self.exchange_limits.call,
                )?;
                self.phases = phases;
                Box::new(connection)
            }
        };
        connection.permit = permit;
        connection.begin(Arc::clone(&self.exchange_limits));
        connection.buffers.prepare(self.head, self.body)?;
        Ok(connection)
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

    /// The statistics, once the headers were received on `connection`.
    pub(crate) fn stats(&self, connection: &Connection) -> ExchangeStats {
        ExchangeStats {
            phases: self.phases,
            first_byte: connection.first_byte(),
            reused: self.reused,
            peer: connection.peer(),
        }
    }

    /// Whether a kept connection was used.
    pub(crate) fn was_reused(&self) -> bool {
        self.reused
    }
}
