//! Requests over connections of our own: the only place that names ureq, which
//! frames HTTP/1.1 here and nothing else.

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

pub(crate) use operation::ExchangeStats;
pub(crate) use raw_response::{RawBody, RawResponse, Version};

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

/// A request as it goes out: nothing is added to it but Host.
pub(crate) struct Outgoing<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a Url,
    /// With the Content-Length, if there is to be one.
    pub(crate) headers: &'a Headers,
    pub(crate) body: &'a mut Body,
    pub(crate) framing: Framing,
    pub(crate) limits: &'a CallLimits,
    /// The URL's host and port.
    pub(crate) host: &'a str,
    /// A server has led to this URL: a redirect, or a challenge.
    pub(crate) server_directed: bool,
    /// The answer may take as long as storing what was sent takes.
    pub(crate) awaits_commit: bool,
    /// The program is told how much of its bodies is transferred.
    pub(crate) reports_progress: bool,
}

/// How the body of a request is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none, and nothing says so.
    None,
    /// Of this length, which the headers tell.
    Length(u64),
    /// In chunks.
    Chunked,
}

/// An exchange that gave no answer.
pub(crate) struct Failure {
    pub(crate) error: Error,
    /// A kept connection ended without a word on this request.
    pub(crate) race: bool,
    /// Not a byte of the request was sent.
    pub(crate) unsent: bool,
}

/// The connections of a client.
#[derive(Debug)]
pub(crate) struct Transport {
    shared: Arc<Shared>,
    config: ureq::config::Config,
}

impl Transport {
    /// Over the same connections.
    pub(crate) fn sharing(&self) -> Transport {
        Transport {
            shared: Arc::clone(&self.shared),
            config: self.config.clone(),
        }
    }

    /// For a client of the registry at `own`. With https all that its TLS needs
    /// is read now, and any error shows now.
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
            // Above the input buffer, so that only our own limit counts.
            .max_response_header_size(2 * buffers::INPUT_SIZE)
            .build();
        Ok(Transport {
            shared: Arc::new(shared),
            config,
        })
    }

    /// Sends a request and reads the answer's headers. `fresh` asks for a new
    /// connection.
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
            server_directed,
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
        operation.server_directed = server_directed;
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
                // What the server did must be seen before the connection goes.
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
            body: RawBody::new(ureq_body, operation, keep),
            headers: received,
        })
    }
}

/// Waits for a time, unless the call is to end before.
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

/// The longest request head that is sent, in bytes.
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
    // The builder is the one way to keep the case of header names.
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

/// Whether an error means that the connection ended.
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
