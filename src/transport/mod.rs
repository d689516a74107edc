//! Sends requests over our own connections.

mod address_class;
mod body_reader;
mod buffers;
mod connection;
mod connection_permit;
mod dial;
mod exchange_timer;
mod failure;
mod file_piece;
mod operation;
mod pool;
mod raw_response;
mod request_body;
mod request_sender;
mod reservation;
mod resolve;
mod response_head;
mod route;
mod slots;
mod socks;
mod ssrf_policy;
mod tls_stream;
mod tunnel;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

#[cfg(test)]
pub(crate) use address_class::AddressClass;
pub(crate) use operation::ExchangeStats;
pub(crate) use raw_response::{RawBody, RawResponse};
pub(crate) use request_body::Framing;
pub(crate) use ssrf_policy::Director;
#[cfg(fuzzing)]
pub(crate) use ssrf_policy::may_name_to_proxy;

use self::connection::Connection;
use self::dial::Shared;
use self::exchange_timer::ExchangeLimits;
use self::operation::Operation;
use self::request_body::CHUNK_ROOM;
use self::request_sender::SendFailure;
use self::reservation::Reservation;
use self::route::Route;
use self::ssrf_policy::class_of_server;
use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Kind, Step};
use crate::http::headers;
use crate::http::headers::Headers;
use crate::http::message::framing;
use crate::http::message::request_head::RequestHead;
use crate::http::url::{Origin, Scheme, Url};
use crate::log::secrets::Secrets;
use crate::os::deadline::{CallLimits, Reserved, StepLimit};
use crate::os::wait;

/// A request. Nothing is added to it except Host.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// Including Content-Length, if any.
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a mut Body,
    pub(crate) framing: Framing,
    pub(crate) limits: &'a CallLimits,
    /// Host and port of the URL.
    pub(crate) host: &'a str,
    pub(crate) director: Director,
    /// The server may take the commit timeout to respond.
    pub(crate) awaits_commit: bool,
    /// Reports the progress of its bodies to the program.
    pub(crate) reports_progress: bool,
}

/// An exchange that failed without a response.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// A kept connection was closed before any byte of a response.
    pub(crate) race: bool,
    /// No byte of the request was sent.
    pub(crate) unsent: bool,
}

/// The connections of a client.
#[derive(Debug)]
pub(crate) struct Transport {
    shared: Arc<Shared>,
}

impl Transport {
    /// Creates a transport that shares the connections.
    pub(crate) fn sharing(&self) -> Transport {
        Transport {
            shared: Arc::clone(&self.shared),
        }
    }

    /// For a client of the registry at `own`. With https, reads what TLS needs,
    /// to report errors immediately.
    pub(crate) fn new(config: &Config, own: Origin, secrets: &Secrets) -> Result<Transport, Error> {
        let shared = Shared::new(config, own.clone(), secrets)?;
        if own.scheme == Scheme::Https {
            shared.tls.prepare(&own)?;
        }
        Ok(Transport {
            shared: Arc::new(shared),
        })
    }

    /// Takes a connection to each of the origins for a call, which then need not wait for
    /// them. Nothing where connections are not limited.
    pub(crate) fn reserve(
        all: &[(&Transport, &Arc<Origin>)],
        limits: &CallLimits,
    ) -> Result<Option<Reserved>, Error> {
        let connections = all.iter().filter_map(|(transport, origin)| {
            let Shared { slots, proxies, .. } = &*transport.shared;
            Some(reservation::Connection {
                slots: slots.clone()?,
                route: Route::new(origin, proxies),
                host: origin.authority(),
            })
        });
        let connections: Vec<_> = connections.collect();
        if connections.len() < 2 {
            return Ok(None);
        }
        let reservation = Reservation::wait(connections, limits)?;
        Ok(Some(Reserved(Arc::new(reservation))))
    }

    /// Sends a request and reads the headers of the response. If `fresh`, uses
    /// a new connection.
    pub(crate) fn exchange(&self, outgoing: Outgoing, fresh: bool) -> Result<RawResponse, Failure> {
        let Outgoing {
            method,
            url,
            headers,
            body,
            framing,
            limits,
            awaits_commit,
            reports_progress,
            director,
            host,
        } = outgoing;
        let unsent = |error| Failure {
            error,
            race: false,
            unsent: true,
        };
        let origin = Arc::clone(url.origin_ref());
        let route = Arc::new(Route::new(&origin, &self.shared.proxies));
        let front = route.forwarder().map(|_| origin.to_string());
        let mut headers = Cow::Borrowed(headers);
        if let Some(login) = route.forwarder().and_then(|proxy| proxy.authorization()) {
            headers
                .to_mut()
                .set("Proxy-Authorization", login.as_bytes());
        }
        headers::check_all(&headers).map_err(unsent)?;
        let head = RequestHead {
            method,
            front: front.as_deref().unwrap_or_default(),
            path_and_query: url.path_and_query(),
            host: url.host_field(),
            headers: &headers,
            chunked: framing == Framing::Chunked,
        };
        let size = head.max_size();
        if size > MAX_HEAD {
            let message = format!("request head of more than {MAX_HEAD} bytes");
            return Err(unsent(Error::new(Kind::InvalidHeader, message)));
        }
        let (length, room) = match framing {
            Framing::None => (Some(0), 0),
            Framing::Length(length) => (Some(length), length),
            Framing::Chunked => (None, CHUNK_ROOM as u64),
        };
        let transfer = limits.transfer.clone().filter(|_| reports_progress);
        if let Some(transfer) = &transfer {
            transfer.begin_request(length);
        }
        let exchange_limits = ExchangeLimits {
            transfer,
            call: limits.clone(),
            host: host.to_owned(),
            first_byte: if awaits_commit {
                limits.timeouts.commit
            } else {
                limits.timeouts.first_byte
            },
            end: None,
        };
        let mut operation = Operation::new(
            Arc::clone(&self.shared),
            origin,
            route,
            size,
            room,
            exchange_limits,
        );
        operation.fresh = fresh;
        operation.director = director;
        let sent = request_sender::send(&mut operation, &head, body, framing);
        body.end();
        let connection = sent.map_err(|failed| of_sending(failed, &operation))?;
        let keeps_open = !framing::says_close(&headers);
        receive(connection, operation, method, keeps_open)
    }
}

/// Receives the head of a response, which says how its body is read. If
/// `keeps_open`, the connection can be reused, unless the response forbids it.
fn receive(
    mut connection: Box<Connection>,
    operation: Operation,
    method: &str,
    keeps_open: bool,
) -> Result<RawResponse, Failure> {
    let origin = &operation.origin;
    let response = response_head::receive(&mut connection).map_err(|failed| Failure {
        race: operation.was_reused() && !connection.heard() && failed.is_end(),
        unsent: false,
        error: failure::of_head(failed, origin, &connection),
    })?;
    let status = response.status;
    let refused = |error: Error| Failure {
        error: error
            .with_host(&origin.authority())
            .with_http_status(status),
        race: false,
        unsent: false,
    };
    if let Some(proxy) = operation.route.forwarder()
        && status == 407
    {
        let host = &operation.exchange_limits.host;
        return Err(refused(tunnel::refused(proxy, host, status, "")));
    }
    let (body, persists) = framing::of_response(method, &response).map_err(|why| {
        let message = format!("response of {}: {why}", origin.authority());
        refused(Error::new(Kind::Protocol, message))
    })?;
    let keep = persists && keeps_open;
    let stats = operation.stats(&connection);
    let director = Director::Server(class_of_server(origin, connection.address()));
    Ok(RawResponse {
        status,
        version: response.version,
        stats,
        director,
        body: RawBody::new(connection, Box::new(operation), status, body, keep),
        headers: response.headers,
    })
}

fn of_sending(failed: SendFailure, operation: &Operation) -> Failure {
    let SendFailure { error, connection } = failed;
    let connection = connection.as_deref();
    let heard = connection.is_some_and(Connection::heard);
    Failure {
        race: operation.was_reused() && !heard && response_head::is_end(&error),
        unsent: !connection.is_some_and(Connection::spoke),
        error: failure::of_request(error, &operation.origin, connection),
    }
}

/// Sleeps within the limits of the call.
pub(crate) fn pause(time: Duration, limits: &CallLimits) -> Result<(), Error> {
    let Some(until) = Instant::now().checked_add(time) else {
        return Ok(());
    };
    wait::sleep(until, limits, StepLimit::none(Step::Wait))
        .map_err(|error| Error::of_io(Kind::Receive, "wait", error))
}

/// Maximum size of a request head, in bytes.
const MAX_HEAD: usize = 128 * 1024;
