//! Converts errors of ureq and of the system.

use std::io;

use crate::error::{Error, Kind, describe};
use crate::http::url::{Origin, Scheme};
use crate::tls::explain;

/// The state of a failed exchange.
pub(crate) struct Observed<'a> {
    pub(crate) origin: &'a Origin,
    /// Part of a response was received.
    pub(crate) heard: bool,
    /// The received data fills the header buffer.
    pub(crate) header_full: bool,
    /// The received data looks like TLS.
    pub(crate) heard_tls: bool,
    /// Sending failed, rather than receiving.
    pub(crate) failed_sending: bool,
}

/// Extracts our error from an I/O error.
fn ours(error: io::Error) -> Result<Error, io::Error> {
    error.downcast::<Error>()
}

/// Converts the failure of an exchange without a response.
pub(crate) fn of_round_trip(error: ureq::Error, observed: &Observed) -> Error {
    let host = observed.origin.authority();
    let failed = match error {
        ureq::Error::Io(error) => match ours(error) {
            Ok(ours) => ours,
            Err(_) if is_tls(observed) => response_in_tls(&host),
            Err(error) => of_io(&error, observed, &host),
        },
        _ if is_tls(observed) => response_in_tls(&host),
        ureq::Error::LargeResponseHeader(..) => too_long(&host),
        ureq::Error::BodyExceedsLimit(_) => {
            let message = format!("send to {host}: the body is longer than its content-length");
            Error::new(Kind::BodyLength, message)
        }
        ureq::Error::Http(error) => {
            let message = format!("send to {host}: {error}");
            Error::new(Kind::InvalidPath, message)
        }
        other => {
            let message = format!("response of {host}: {other}").to_lowercase();
            Error::new(Kind::Protocol, message)
        }
    };
    failed.with_host(&host)
}

/// Whether the server sent TLS to a plain http request.
fn is_tls(observed: &Observed) -> bool {
    observed.origin.scheme == Scheme::Http && observed.heard_tls
}

fn response_in_tls(host: &str) -> Error {
    let message = format!("response of {host} is not http: does the server use https?");
    Error::new(Kind::Protocol, message)
}

fn too_long(host: &str) -> Error {
    let message = format!(
        "response of {host}: the header block is longer than {} bytes",
        super::buffers::INPUT_SIZE
    );
    Error::new(Kind::Protocol, message)
}

fn of_io(error: &io::Error, observed: &Observed, host: &str) -> Error {
    let heard = observed.heard;
    if observed.header_full {
        return too_long(host);
    }
    if let Some(error) = of_tls(error, host) {
        return error;
    }
    if observed.failed_sending {
        return Error::io(Kind::Send, format_args!("send to {host}"), error);
    }
    match error.kind() {
        io::ErrorKind::UnexpectedEof if heard => {
            let message =
                format!("response of {host}: the connection was closed within the headers");
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

fn of_tls(error: &io::Error, host: &str) -> Option<Error> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(explain(tls, host))
}

/// Converts a failure to read a body.
pub(crate) fn of_body(error: io::Error, origin: &Origin) -> Error {
    let host = origin.authority();
    let error = &match ours(error) {
        Ok(ours) => return ours.with_host(&host),
        Err(error) => error,
    };
    let failed = if let Some(tls) = of_tls(error, &host) {
        tls
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = format!("the response of {host} is truncated: the connection was closed");
        Error::new(Kind::Truncated, message)
    } else if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::NotConnected {
        Error::io(
            Kind::Receive,
            format_args!("receive the body from {host}"),
            error,
        )
    } else {
        let source = error.get_ref().and_then(|inner| inner.source());
        let why = source.map_or_else(|| describe(error), |s| s.to_string().to_lowercase());
        let message = format!("receive the body from {host}: {why}");
        Error::new(Kind::Protocol, message)
    };
    failed.with_host(&host)
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
