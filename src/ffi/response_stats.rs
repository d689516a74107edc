//! How a response was obtained: URL, connection, times.

use std::ffi::{c_char, c_int};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::guard;
use super::response::{reggie_response, string, value};
use crate::request::response::ResponseHead;

/// Time: resolving the host name.
pub const REGGIE_TIME_RESOLVE: c_int = 1;
/// Time: connecting.
pub const REGGIE_TIME_CONNECT: c_int = 2;
/// Time: TLS handshake.
pub const REGGIE_TIME_TLS: c_int = 3;
/// Time: from the last byte of the request to the first byte of its response.
pub const REGGIE_TIME_FIRST_BYTE: c_int = 4;
/// Time: the whole call.
pub const REGGIE_TIME_TOTAL: c_int = 5;

fn time(head: &ResponseHead, which: c_int) -> Option<Duration> {
    match which {
        REGGIE_TIME_RESOLVE => Some(head.resolve_time()),
        REGGIE_TIME_CONNECT => Some(head.connect_time()),
        REGGIE_TIME_TLS => Some(head.tls_time()),
        REGGIE_TIME_FIRST_BYTE => Some(head.first_byte_time()),
        REGGIE_TIME_TOTAL => Some(head.total_time()),
        _ => None,
    }
}

/// Returns the full URL that sent the response, after redirects. Its query may
/// contain secrets, such as a signature.
///
/// Borrowed. Returns NULL if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_url(response: Option<&reggie_response>) -> *const c_char {
    string(response, |head| Some(head.url()))
}

/// Returns the number of HTTP requests sent for this response: to the registry,
/// to token servers, for redirects and for retries. At least 1; 0 if `response`
/// is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_send_count(response: Option<&reggie_response>) -> usize {
    value(response, 0, |head| head.sends() as usize)
}

/// Returns 1 if the connection had served another request before; 0 if not or
/// `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_is_reused(response: Option<&reggie_response>) -> c_int {
    value(response, 0, |head| c_int::from(head.is_reused()))
}

/// Returns the address and port of the server, or of the proxy if the
/// connection goes through one, such as "192.0.2.1:443"; an IPv6 address is in
/// brackets.
///
/// Borrowed. Returns NULL for a Unix socket or if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_remote_address(
    response: Option<&reggie_response>,
) -> *const c_char {
    string(response, |head| {
        head.remote_address().map(|address| address.to_string())
    })
}

/// Returns a duration in microseconds. `which` is REGGIE_TIME_RESOLVE,
/// REGGIE_TIME_CONNECT or REGGIE_TIME_TLS, which are 0 if the connection was
/// reused; REGGIE_TIME_FIRST_BYTE, for the last HTTP request; or
/// REGGIE_TIME_TOTAL, for the whole call. For reggie_client_open(), the total
/// does not include the body.
///
/// Returns -1 if `which` is invalid or `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_time(response: Option<&reggie_response>, which: c_int) -> i64 {
    value(response, -1, |head| {
        time(head, which).map_or(-1, |time| {
            i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
        })
    })
}

/// Returns the number of bytes of the body delivered so far, wherever they went:
/// with reggie_response_read(), those read; with reggie_client_do(), all. 0 if
/// `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body_size(response: Option<&reggie_response>) -> u64 {
    guard::value(0, || {
        response.map_or(0, |response| response.body_size.load(Ordering::Relaxed))
    })
}
