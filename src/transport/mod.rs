//! Sends requests over our own connections. The only module that uses ureq, and
//! only for the framing of HTTP/1.1.

mod address_class;
mod buffers;
mod connection;
mod connection_permit;
mod connector;
mod dial;
mod exact_body;
mod exchange_timer;
mod failure;
mod file_piece;
mod operation;
mod pool;
mod raw_response;
mod resolve;
mod route;
mod slots;
mod socks;
mod ssrf_policy;
mod tls_stream;
mod tunnel;

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::http::Request;
use ureq::{Agent, http};

#[cfg(test)]
pub(crate) use address_class::AddressClass;
pub(crate) use operation::ExchangeStats;
pub(crate) use raw_response::{RawBody, RawResponse, Version};
pub(crate) use ssrf_policy::Director;

use self::connector::{NoResolver, OperationConnector};
use self::dial::Shared;
use self::exact_body::ExactBody;
use self::exchange_timer::ExchangeLimits;
use self::operation::Operation;
use self::route::Route;
use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Kind, Step};
use crate::http::headers::Headers;
use crate::http::url::{Origin, Scheme, Url};
use crate::log::secrets::Secrets;
use crate::os::deadline::{CallLimits, StepLimit};
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

/// The framing of a request body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// No body, and no header about one.
    None,
    /// A body of the length in the headers.
    Length(u64),
    /// In chunks.
    Chunked,
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
    config: ureq::config::Config,
}

impl Transport {
    /// Creates a transport that shares the connections.
    pub(crate) fn sharing(&self) -> Transport {
        Transport {
            shared: Arc::clone(&self.shared),
            config: self.config.clone(),
        }
    }

    /// For a client of the registry at `own`. With https, reads what TLS needs,
    /// to report errors immediately.
    pub(crate) fn new(config: &Config, own: Origin, secrets: &Secrets) -> Result<Transport, Error> {
        let shared = Shared::new(config, own.clone(), secrets)?;
        if own.scheme == Scheme::Https {
            shared.tls.prepare(&own)?;
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .proxy(None)
            .allow_non_standard_methods(true)
            .max_idle_connections(0)
            .max_idle_connections_per_host(0)
            // Larger than the input buffer, so that only our own limit applies.
            .max_response_header_size(2 * buffers::INPUT_SIZE)
            .build();
        Ok(Transport {
            shared: Arc::new(shared),
            config,
        })
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
        let text = url.for_server();
        let origin = Arc::clone(url.origin_ref());
        let route = Arc::new(Route::new(&origin, &self.shared.proxies));
        let forwarder = route.forwarder().cloned();
        let mut headers = Cow::Borrowed(headers);
        if let Some(login) = forwarder.as_ref().and_then(|proxy| proxy.authorization()) {
            headers
                .to_mut()
                .set("Proxy-Authorization", login.as_bytes());
        }
        let head = text.len()
            + headers
                .iter()
                .map(|(n, v)| n.len() + v.len() + 4)
                .sum::<usize>();
        if head > MAX_HEAD {
            let message = format!("request head of more than {MAX_HEAD} bytes");
            return Err(unsent(Error::new(Kind::InvalidHeader, message)));
        }
        let length = match framing {
            Framing::None => 0,
            Framing::Length(length) => length,
            Framing::Chunked => u64::MAX,
        };
        let transfer = limits.transfer.clone().filter(|_| reports_progress);
        if let Some(transfer) = &transfer {
            transfer.begin_request((framing != Framing::Chunked).then_some(length));
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
            head + 256,
            length,
            exchange_limits,
        );
        operation.fresh = fresh;
        operation.director = director;
        let operation = Arc::new(operation);
        let connector = OperationConnector(Arc::clone(&operation));
        let agent = Agent::with_parts(self.config.clone(), connector, NoResolver);
        let request = assemble(&agent, method, &text, &headers).map_err(unsent)?;

        let result = match framing {
            Framing::None => agent.run(request),
            Framing::Length(0) => agent.run(request.map(|()| &b""[..])),
            Framing::Length(_) | Framing::Chunked => {
                let mut source = ExactBody {
                    body: &mut *body,
                    left: (framing != Framing::Chunked).then_some(length),
                    operation: Arc::clone(&operation),
                };
                agent.run(request.map(|()| ureq::SendBody::from_reader(&mut source)))
            }
        };
        body.end();
        let response = match result {
            Ok(response) => response,
            Err(error) => {
                // Check what the server sent before the connection is dropped.
                let (heard, _) = operation.heard();
                let race = operation.was_reused() && !heard && is_end(&error);
                return Err(Failure {
                    race,
                    unsent: !operation.spoke(),
                    error: failure::of_round_trip(error, &operation.observed()),
                });
            }
        };
        operation.take_head();
        let (parts, ureq_body) = response.into_parts();
        if let Some(proxy) = forwarder
            && parts.status.as_u16() == 407
        {
            return Err(Failure {
                error: tunnel::refused(&proxy, &url.authority(), 407, ""),
                race: false,
                unsent: false,
            });
        }
        let version = match parts.version {
            http::Version::HTTP_10 => Version::Http10,
            _ => Version::Http11,
        };
        let mut received = Headers::with_capacity(parts.headers.len());
        for (name, value) in &parts.headers {
            received.add(name.as_str(), value.as_bytes());
        }
        let keep = version == Version::Http11 && !says_close(&received) && !says_close(&headers);
        Ok(RawResponse {
            status: parts.status.as_u16(),
            version,
            stats: operation.stats(),
            director: Director::Server(operation.server_class()),
            body: RawBody::new(ureq_body, operation, keep),
            headers: received,
        })
    }
}

/// Sleeps within the limits of the call.
pub(crate) fn pause(time: Duration, limits: &CallLimits) -> Result<(), Error> {
    let Some(until) = Instant::now().checked_add(time) else {
        return Ok(());
    };
    wait::sleep(until, limits, StepLimit::none(Step::Wait)).map_err(|error| {
        error
            .downcast::<Error>()
            .unwrap_or_else(|error| Error::io(Kind::Receive, "wait", &error))
    })
}

/// Maximum size of a request head, in bytes.
const MAX_HEAD: usize = 128 * 1024;

fn assemble(
    agent: &Agent,
    method: &str,
    url: &str,
    headers: &Headers,
) -> Result<Request<()>, Error> {
    let refused = |why: &dyn std::fmt::Display| {
        let message = format!("request: {why}");
        Error::new(Kind::InvalidPath, message)
    };
    // Only the builder preserves the case of header names.
    let mut builder = agent.get(url);
    for (name, value) in headers.iter() {
        builder = builder.header_raw(name, value);
    }
    let uri = builder.uri_ref().cloned();
    let fields = builder.headers_mut().map(mem::take);
    let extensions = builder.extensions_mut().map(mem::take);
    let (Some(uri), Some(fields), Some(extensions)) = (uri, fields, extensions) else {
        return Err(refused(&"url or headers cannot be sent"));
    };
    let method = http::Method::from_bytes(method.as_bytes()).map_err(|e| refused(&e))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = fields;
    *request.extensions_mut() = extensions;
    Ok(request)
}

/// Whether an error means that the connection was closed.
fn is_end(error: &ureq::Error) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error, ureq::Error::Io(error) if matches!(
        error.kind(),
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof
    ))
}

fn says_close(headers: &Headers) -> bool {
    headers.all("connection").any(|value| {
        value
            .split(|&byte| byte == b',')
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    })
}
