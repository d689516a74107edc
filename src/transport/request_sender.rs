//! Sends requests with ureq, which writes the head and frames the body.

use std::mem;
use std::sync::Arc;

use ureq::http::Request;
use ureq::{Agent, http};

use super::connection::Connection;
use super::connector::{NoResolver, OperationConnector, wrap};
use super::exact_body::ExactBody;
use super::operation::Operation;
use crate::body::Body;
use crate::error::{Error, Kind};
use crate::http::headers::Headers;

/// Sends requests as they are, with a Host header.
pub(super) fn config() -> ureq::config::Config {
    Agent::config_builder()
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .proxy(None)
        .allow_non_standard_methods(true)
        .max_idle_connections(0)
        .max_idle_connections_per_host(0)
        .build()
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

/// A request without its body.
pub(super) struct RequestHead<'a> {
    pub(super) method: &'a str,
    pub(super) url: &'a str,
    pub(super) headers: &'a Headers,
}

/// A request that was not sent.
pub(super) struct SendFailure {
    pub(super) error: ureq::Error,
    pub(super) connection: Option<Box<Connection>>,
}

/// Sends a request, unless the server rejects it before it is complete. Returns
/// the connection, from which the response can be read in both cases.
pub(super) fn send(
    config: &ureq::config::Config,
    operation: &Arc<Operation>,
    head: &RequestHead<'_>,
    body: &mut Body,
    framing: Framing,
) -> Result<Box<Connection>, SendFailure> {
    let connector = OperationConnector(Arc::clone(operation));
    let agent = Agent::with_parts(config.clone(), connector, NoResolver);
    let unsent = |error| SendFailure {
        error: wrap(error),
        connection: None,
    };
    let request = assemble(&agent, head).map_err(unsent)?;
    if framing == Framing::Length(0) {
        let limits = &operation.exchange_limits.call;
        body.check_end(limits).map_err(unsent)?;
    }
    let sent = match framing {
        Framing::None => agent.run(request),
        Framing::Length(0) => agent.run(request.map(|()| &b""[..])),
        Framing::Length(_) | Framing::Chunked => {
            let left = match framing {
                Framing::Length(length) => Some(length),
                _ => None,
            };
            let mut source = ExactBody::new(body, left, Arc::clone(operation));
            agent.run(request.map(|()| ureq::SendBody::from_reader(&mut source)))
        }
    };
    match (sent, operation.take_parked()) {
        (_, Some(connection)) if operation.is_sent() => Ok(connection),
        (sent, connection) => Err(SendFailure {
            error: sent.err().unwrap_or(ureq::Error::ConnectionFailed),
            connection,
        }),
    }
}

fn assemble(agent: &Agent, head: &RequestHead<'_>) -> Result<Request<()>, Error> {
    let refused = |why: &dyn std::fmt::Display| {
        let message = format!("request: {why}");
        Error::new(Kind::InvalidPath, message)
    };
    // Only the builder preserves the case of header names.
    let mut builder = agent.get(head.url);
    for (name, value) in head.headers.iter() {
        builder = builder.header_raw(name, value);
    }
    let uri = builder.uri_ref().cloned();
    let fields = builder.headers_mut().map(mem::take);
    let extensions = builder.extensions_mut().map(mem::take);
    let (Some(uri), Some(fields), Some(extensions)) = (uri, fields, extensions) else {
        return Err(refused(&"url or headers cannot be sent"));
    };
    let method = http::Method::from_bytes(head.method.as_bytes()).map_err(|e| refused(&e))?;
    let mut request = Request::new(());
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    *request.headers_mut() = fields;
    *request.extensions_mut() = extensions;
    Ok(request)
}
