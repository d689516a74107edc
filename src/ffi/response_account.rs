//! What it took to get a response, as C sees it.

use std::ffi::{CString, c_char, c_int};
use std::net::SocketAddr;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::convert::{borrowed, c_string};
use super::guard;
use super::response::reggie_response;
use crate::request::response::Response;

/// A time of a response: resolving the host's name.
pub const REGGIE_TIME_RESOLVE: c_int = 1;
/// A time of a response: connecting.
pub const REGGIE_TIME_CONNECT: c_int = 2;
/// A time of a response: the TLS handshake.
pub const REGGIE_TIME_TLS: c_int = 3;
/// A time of a response: from the last byte of the request to the first of its
/// answer.
pub const REGGIE_TIME_FIRST_BYTE: c_int = 4;
/// A time of a response: the whole call.
pub const REGGIE_TIME_TOTAL: c_int = 5;

/// What does not change once the response is there.
pub(super) struct Account {
    url: CString,
    sends: usize,
    is_reused: bool,
    remote: Option<SocketAddr>,
    /// Written out when it is asked for.
    remote_text: OnceLock<CString>,
    resolve: Duration,
    connect: Duration,
    tls: Duration,
    first_byte: Duration,
    total: Duration,
}

impl Account {
    pub(super) fn of(core: &Response) -> Account {
        Account {
            url: c_string(core.url()),
            sends: core.sends() as usize,
            is_reused: core.is_reused(),
            remote: core.remote_address(),
            remote_text: OnceLock::new(),
            resolve: core.resolve_time(),
            connect: core.connect_time(),
            tls: core.tls_time(),
            first_byte: core.first_byte_time(),
            total: core.total_time(),
        }
    }

    fn remote_address(&self) -> Option<&CString> {
        let remote = self.remote?;
        let text = || c_string(remote.to_string());
        Some(self.remote_text.get_or_init(text))
    }

    fn time(&self, which: c_int) -> Option<Duration> {
        match which {
            REGGIE_TIME_RESOLVE => Some(self.resolve),
            REGGIE_TIME_CONNECT => Some(self.connect),
            REGGIE_TIME_TLS => Some(self.tls),
            REGGIE_TIME_FIRST_BYTE => Some(self.first_byte),
            REGGIE_TIME_TOTAL => Some(self.total),
            _ => None,
        }
    }
}

/// The whole URL that answered, after redirects. Its query may be a secret,
/// such as a signature.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_url(response: Option<&reggie_response>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.map(|response| &response.account.url))
    })
}

/// How often something was sent for this response: to the registry, to token
/// servers, along redirects, and once more over another connection. At least 1;
/// 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_sends(response: Option<&reggie_response>) -> usize {
    guard::value(0, || response.map_or(0, |response| response.account.sends))
}

/// Whether the response came over a connection that had served another request
/// before: 1 if so, 0 if not, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_is_reused(response: Option<&reggie_response>) -> c_int {
    guard::value(0, || {
        response.map_or(0, |response| c_int::from(response.account.is_reused))
    })
}

/// The address that the response came from, with its port, such as
/// "192.0.2.1:443", an IPv6 address in brackets: of the server, or of the proxy where
/// the connection is with one.
///
/// Returns a borrowed text; NULL for a socket of this host, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_remote_address(
    response: Option<&reggie_response>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.and_then(|response| response.account.remote_address()))
    })
}

/// How long something took, in microseconds: `which` is one of
/// REGGIE_TIME_RESOLVE, REGGIE_TIME_CONNECT and REGGIE_TIME_TLS, which are of
/// the connection that the response came over, and 0 where it was there before;
/// REGGIE_TIME_FIRST_BYTE, of the send that was answered; or
/// REGGIE_TIME_TOTAL, of the whole call, with all that was sent in it. A call
/// of reggie_client_open() ends before the body.
///
/// -1 if `which` is none of those, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_time(response: Option<&reggie_response>, which: c_int) -> i64 {
    guard::value(-1, || {
        response
            .and_then(|response| response.account.time(which))
            .map_or(-1, |time| {
                i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
            })
    })
}

/// How many bytes of the body have been received so far, wherever they went:
/// while it is read by reggie_response_read(), what that has given; of a
/// response of reggie_client_do(), all. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body_size(response: Option<&reggie_response>) -> u64 {
    guard::value(0, || {
        response.map_or(0, |response| response.body_size.load(Ordering::Relaxed))
    })
}
