//! Converts errors of connections, of TLS and of the system.

use std::io;

use super::body_reader::ReadFailure;
use super::connection::Connection;
use super::response_head::HeadFailure;
use crate::error::{Error, Kind};
use crate::http::message::head::HeadError;
use crate::http::url::{Origin, Scheme};
use crate::tls::explain;

/// Extracts our error from an I/O error.
fn ours(error: io::Error) -> Result<Error, io::Error> {
    error.downcast::<Error>()
}

/// Converts a failure to send a request. `connection` is `None` if there was no
/// connection.
pub(crate) fn of_request(
    error: io::Error,
    origin: &Origin,
    connection: Option<&Connection>,
) -> Error {
    let host = origin.authority();
    let failed = match ours(error) {
        Ok(ours) => ours,
        Err(_) if is_tls(origin, connection) => response_in_tls(&host),
        Err(error) => of_tls(&error, &host)
            .unwrap_or_else(|| Error::io(Kind::Send, format_args!("send to {host}"), &error)),
    };
    failed.with_host(&host)
}

/// Converts a failure to receive the head of a response.
pub(super) fn of_head(failure: HeadFailure, origin: &Origin, connection: &Connection) -> Error {
    let host = origin.authority();
    let heard = connection.heard();
    let failed = match failure {
        HeadFailure::Io(error) => match ours(error) {
            Ok(ours) => ours,
            Err(error) => of_receiving(&error, heard, &host),
        },
        HeadFailure::Invalid(HeadError::NoMemory) => Error::no_memory("response headers"),
        HeadFailure::Closed if !heard => {
            let message = format!("{host} closed the connection without a response");
            Error::new(Kind::Closed, message)
        }
        HeadFailure::Closed => {
            let message = format!("response of {host}: {failure}");
            Error::new(Kind::Receive, message)
        }
        HeadFailure::Invalid(_) if is_tls(origin, Some(connection)) => response_in_tls(&host),
        HeadFailure::Invalid(HeadError::NotHttp) => {
            let message = format!("response of {host} is not http");
            Error::new(Kind::Protocol, message)
        }
        HeadFailure::Invalid(_) | HeadFailure::Interim => {
            let message = format!("response of {host}: {failure}");
            Error::new(Kind::Protocol, message)
        }
    };
    failed.with_host(&host)
}

fn of_receiving(error: &io::Error, heard: bool, host: &str) -> Error {
    if let Some(error) = of_tls(error, host) {
        return error;
    }
    match error.kind() {
        // TLS without a close notice.
        io::ErrorKind::UnexpectedEof if heard => {
            let message = format!("response of {host}: {}", HeadFailure::Closed);
            Error::new(Kind::Receive, message)
        }
        io::ErrorKind::UnexpectedEof => {
            let message = format!("{host} closed the connection without a response");
            Error::new(Kind::Closed, message)
        }
        io::ErrorKind::ConnectionReset if !heard => Error::io(
            Kind::Closed,
            format_args!("{host} closed the connection without a response"),
            error,
        ),
        _ => Error::io(Kind::Receive, format_args!("receive from {host}"), error),
    }
}

/// Whether the server sent TLS, an alert or a handshake, to a plain http request.
fn is_tls(origin: &Origin, connection: Option<&Connection>) -> bool {
    let received = connection.map(|connection| connection.buffers.received());
    origin.scheme == Scheme::Http && matches!(received, Some([0x15 | 0x16, 0x03, ..]))
}

fn response_in_tls(host: &str) -> Error {
    let message = format!("response of {host} is not http: does the server use https?");
    Error::new(Kind::Protocol, message)
}

fn of_tls(error: &io::Error, host: &str) -> Option<Error> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(explain(tls, host))
}

/// Converts a failure to read a body.
pub(super) fn of_body(failure: ReadFailure, origin: &Origin) -> Error {
    let host = origin.authority();
    let failed = match failure {
        ReadFailure::Truncated(why) => truncated(&host, &why),
        ReadFailure::Chunk(error) => {
            let message = format!("receive the body from {host}: {error}");
            Error::new(Kind::Protocol, message)
        }
        ReadFailure::Io(error) => match ours(error) {
            Ok(ours) => ours,
            // TLS without a close notice.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                truncated(&host, "the connection was closed")
            }
            Err(error) => of_tls(&error, &host).unwrap_or_else(|| {
                let what = format_args!("receive the body from {host}");
                Error::io(Kind::Receive, what, &error)
            }),
        },
    };
    failed.with_host(&host)
}

fn truncated(host: &str, why: &str) -> Error {
    let message = format!("the response of {host} is truncated: {why}");
    Error::new(Kind::Truncated, message)
}

/// Converts a failure of a proxy to connect to the server.
pub(crate) fn of_proxy(error: io::Error, proxy: &str) -> Error {
    match ours(error) {
        Ok(ours) => ours,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let message = format!("proxy {proxy} closed the connection without a response");
            Error::new(Kind::Proxy, message)
        }
        Err(error) => of_tls(&error, &format!("proxy {proxy}"))
            .unwrap_or_else(|| Error::io(Kind::Proxy, format_args!("proxy {proxy}"), &error)),
    }
}
