//! What ureq and the system report, as errors of ours.

use std::io;

use crate::error::{Error, Kind, describe};
use crate::http::url::{Origin, Scheme};
use crate::tls::explain;

/// What is known of an exchange that failed.
pub(crate) struct Observed<'a> {
    pub(crate) origin: &'a Origin,
    /// Part of a response was received.
    pub(crate) heard: bool,
    /// What was received fills the buffer of the header block.
    pub(crate) header_full: bool,
    /// What was received looks like TLS.
    pub(crate) heard_tls: bool,
    /// Sending failed, rather than receiving.
    pub(crate) failed_sending: bool,
}

/// Our own error inside another one, if that is what it carries.
fn ours(error: io::Error) -> Result<Error, io::Error> {
    error.downcast::<Error>()
}

/// Why an exchange gave no answer.
pub(crate) fn of_round_trip(error: ureq::Error, observed: &Observed) -> Error {
    let host = observed.origin.authority();
    let failed = match error {
        ureq::Error::Io(error) => match ours(error) {
            Ok(ours) => ours,
            Err(_) if is_tls(observed) => answered_in_tls(&host),
            Err(error) => of_io(&error, observed, &host),
        },
        _ if is_tls(observed) => answered_in_tls(&host),
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
            let message = format!("answer of {host}: {other}").to_lowercase();
            Error::new(Kind::Protocol, message)
        }
    };
    failed.with_host(&host)
}

/// Whether a server that was asked without TLS has answered in it.
fn is_tls(observed: &Observed) -> bool {
    observed.origin.scheme == Scheme::Http && observed.heard_tls
}

fn answered_in_tls(host: &str) -> Error {
    let message = format!("answer of {host} is no http: does this server speak https?");
    Error::new(Kind::Protocol, message)
}

fn too_long(host: &str) -> Error {
    let message = format!(
        "answer of {host}: the header block is longer than {} bytes",
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
            let message = format!("answer of {host}: the connection closed within the headers");
            Error::new(Kind::Receive, message)
        }
        io::ErrorKind::UnexpectedEof => {
            let message = format!("{host} closed the connection without an answer");
            Error::new(Kind::Closed, message)
        }
        io::ErrorKind::ConnectionReset if !heard => Error::io(
            Kind::Closed,
            format_args!("{host} closed the connection without an answer"),
            error,
        ),
        _ => Error::io(Kind::Receive, format_args!("receive from {host}"), error),
    }
}

fn of_tls(error: &io::Error, host: &str) -> Option<Error> {
    let tls = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(explain(tls, host))
}

/// Why a body could not be read on.
pub(crate) fn of_body(error: io::Error, origin: &Origin) -> Error {
    let host = origin.authority();
    let error = &match ours(error) {
        Ok(ours) => return ours.with_host(&host),
        Err(error) => error,
    };
    let failed = if let Some(tls) = of_tls(error, &host) {
        tls
    } else if error.kind() == io::ErrorKind::UnexpectedEof {
        let message = format!("the answer of {host} is cut short: the connection closed");
        Error::new(Kind::Truncated, message)
    } else if error.raw_os_error().is_some() || error.kind() == io::ErrorKind::NotConnected {
        Error::io(
            Kind::Receive,
            format_args!("receive the body from {host}"),
            error,
        )
    } else {
        let source = error.get_ref().and_then(|inner| inner.source());
        let words = source.map_or_else(|| describe(error), |s| s.to_string().to_lowercase());
        let message = format!("receive the body from {host}: {words}");
        Error::new(Kind::Protocol, message)
    };
    failed.with_host(&host)
}

/// Why a proxy did not connect to the server.
pub(crate) fn of_proxy(error: io::Error, proxy: &str) -> Error {
    match ours(error) {
        Ok(ours) => ours,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            let message = format!("proxy {proxy} closed the connection without an answer");
            Error::new(Kind::Proxy, message)
        }
        Err(error) => of_tls(&error, &format!("proxy {proxy}"))
            .unwrap_or_else(|| Error::io(Kind::Proxy, format_args!("proxy {proxy}"), &error)),
    }
}
