//! Creates connections: to the server, or through a proxy.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::exchange_timer::ExchangeLimits;
use super::pool::Pool;
use super::reservation::RoutePermits;
use super::route::Route;
use super::ssrf_policy::{Director, SsrfPolicy};
use super::{resolve, socks, tunnel};
use crate::config::{Addresses, Config};
use crate::error::{Error, Kind, Step};
use crate::http::url::{Origin, Scheme};
use crate::log::secrets::{Secret, Secrets};
use crate::os::deadline::CallLimits;
use crate::os::step_clock;
use crate::proxy::{Proxies, Proxy, ProxyKind};
use crate::tls::Tls;

/// The state that all requests of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: Pool<Arc<Route>, Box<Connection>>,
    /// `None`: unlimited.
    pub(crate) slots: Option<Arc<RoutePermits>>,
    pub(crate) tls: Tls,
    pub(crate) proxies: Proxies,
    /// Of the proxies. Kept here so that the log knows them.
    _secrets: Vec<Secret>,
    pub(crate) ssrf_policy: SsrfPolicy,
    addresses: Addresses,
}

/// The duration of each step of connecting; zero if it was not needed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectTimes {
    pub(crate) resolve: Duration,
    pub(crate) connect: Duration,
    pub(crate) tls: Duration,
}

impl Shared {
    /// For a client of the registry at `own`.
    pub(crate) fn new(config: &Config, own: Origin, secrets: &Secrets) -> Result<Shared, Error> {
        let network = &config.network;
        let proxies = config.proxies()?;
        let proxy_secrets = proxies.all().flat_map(tunnel::secrets);
        let proxy_secrets = proxy_secrets.map(|secret| secrets.add(secret)).collect();
        Ok(Shared {
            pool: Pool::new(
                network.keep_alive.max_per_host,
                network.keep_alive.max_idle_time,
            ),
            slots: network
                .max_connections
                .map(|max| Arc::new(RoutePermits::new(max.get()))),
            tls: Tls::new(&config.tls, own.clone(), |name| config.variable(name))?,
            proxies,
            _secrets: proxy_secrets,
            ssrf_policy: SsrfPolicy::new(own, network.allowed.clone()),
            addresses: network.addresses.clone(),
        })
    }

    /// Makes a new connection to `origin`. The SSRF policy applies to its
    /// addresses.
    pub(super) fn connect(
        &self,
        origin: &Origin,
        route: &Route,
        director: Director,
        limits: &CallLimits,
    ) -> Result<(Connection, ConnectTimes), Error> {
        let mut phases = ConnectTimes::default();
        let mut connection = match &route.proxy {
            None => self.direct(origin, director, limits, &mut phases)?,
            Some(proxy) => self.connect_to_proxy(proxy, limits, &mut phases)?,
        };
        if route.forwarder().is_some() {
            return Ok((connection, phases));
        }
        if let Some(proxy) = &route.proxy {
            let begun = Instant::now();
            self.pass(&mut connection, proxy, origin, director, limits)?;
            phases.connect += begun.elapsed();
        }
        if origin.scheme == Scheme::Https {
            let handshake = self.tls.handshake(origin, limits)?;
            let begun = Instant::now();
            connection = connection.secured(handshake.config(), origin, limits)?;
            phases.tls += begun.elapsed();
        }
        Ok((connection, phases))
    }

    fn direct(
        &self,
        origin: &Origin,
        director: Director,
        limits: &CallLimits,
        phases: &mut ConnectTimes,
    ) -> Result<Connection, Error> {
        let shown = origin.authority();
        if let Some(path) = origin.socket_path() {
            let begun = Instant::now();
            let socket = resolve::connect_unix(&path, &shown, limits)?;
            phases.connect = begun.elapsed();
            return Ok(Connection::plain(socket));
        }
        let begun = Instant::now();
        let addresses = self.look_up(&origin.host, origin.port, limits)?;
        phases.resolve = begun.elapsed();
        let addresses = self.permitted(director, origin, addresses)?;
        let begun = Instant::now();
        let (socket, address) = resolve::connect(&addresses, &shown, limits)?;
        phases.connect = begun.elapsed();
        Ok(Connection::plain(socket).at(address))
    }

    /// The addresses that the policy permits; an error if there is none.
    fn permitted(
        &self,
        director: Director,
        origin: &Origin,
        addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Error> {
        let mut refused = None;
        let mut left = Vec::with_capacity(addresses.len());
        for address in addresses {
            match self.ssrf_policy.check(director, origin, address.ip()) {
                Ok(()) => left.push(address),
                Err(error) => {
                    refused.get_or_insert(error);
                }
            }
        }
        match refused {
            Some(error) if left.is_empty() => Err(error),
            _ => Ok(left),
        }
    }

    fn look_up(
        &self,
        host: &str,
        port: u16,
        limits: &CallLimits,
    ) -> Result<Vec<SocketAddr>, Error> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let mut found = match self.addresses.fixed(bare, port) {
            Some(fixed) => fixed.iter().map(|&ip| SocketAddr::new(ip, port)).collect(),
            None => resolve::resolve(host, port, limits)?,
        };
        found.retain(|address| self.addresses.version.includes(address.ip()));
        if found.is_empty() {
            let message = format!("resolve {bare}: no address of the configured ip version");
            return Err(Error::new(Kind::Resolve, message));
        }
        Ok(found)
    }

    /// Connects to a proxy.
    fn connect_to_proxy(
        &self,
        proxy: &Proxy,
        limits: &CallLimits,
        phases: &mut ConnectTimes,
    ) -> Result<Connection, Error> {
        let shown = proxy.authority();
        let named = |error: Error| error.with_host(&shown);
        let begun = Instant::now();
        let addresses = self
            .look_up(&proxy.host, proxy.port, limits)
            .map_err(named)?;
        phases.resolve = begun.elapsed();
        let begun = Instant::now();
        let shown_proxy = format!("proxy {shown}");
        let (socket, address) =
            resolve::connect(&addresses, &shown_proxy, limits).map_err(named)?;
        phases.connect = begun.elapsed();
        let connection = Connection::plain(socket).through(address);
        if proxy.kind != ProxyKind::Https {
            return Ok(connection);
        }
        let at = Origin {
            scheme: Scheme::Https,
            host: proxy.host.clone(),
            port: proxy.port,
        };
        let handshake = self.tls.handshake(&at, limits)?;
        let begun = Instant::now();
        let secured = connection
            .secured(handshake.config(), &at, limits)
            .map_err(named)?;
        phases.tls = begun.elapsed();
        Ok(secured)
    }

    /// Lets a proxy connect to the server.
    fn pass(
        &self,
        connection: &mut Connection,
        proxy: &Proxy,
        origin: &Origin,
        director: Director,
        limits: &CallLimits,
    ) -> Result<(), Error> {
        let host = format!("proxy {}", proxy.authority());
        let given = limits.timeouts.connect;
        connection.begin(Arc::new(ExchangeLimits {
            call: limits.clone(),
            transfer: None,
            host,
            first_byte: None,
            // One limit for the whole exchange with the proxy, however slowly
            // it responds.
            end: given.and_then(|given| Some((step_clock::now().checked_add(given)?, given))),
        }));
        let passed = match proxy.kind {
            ProxyKind::Http | ProxyKind::Https => tunnel::open(connection, proxy, origin),
            ProxyKind::SocksByName => socks::open(connection, proxy, origin, None),
            ProxyKind::Socks => {
                let addresses = self.look_up(&origin.host, origin.port, limits)?;
                let addresses = self.permitted(director, origin, addresses)?;
                let address = addresses.first();
                connection.set_address(address.map(SocketAddr::ip));
                socks::open(connection, proxy, origin, address)
            }
        };
        passed.map_err(|error| error.at(Step::Connect).with_host(&proxy.authority()))
    }
}
