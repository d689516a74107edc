//! Parsed headers of a response.

use std::ffi::c_char;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::response::{reggie_response, string, value};
use super::status::reggie_status;
use super::{convert, guard};
use crate::error::{Error, Kind};
use crate::request::response::ResponseHead;

fn missing(what: &str) -> Error {
    let message = format!("{what}: the response has none that can be read");
    Error::new(Kind::NoHeader, message)
}

/// Returns the next page of a list (Link, RFC 8288) as a path with its query,
/// relative to the client's address. It can be used as the path of the next
/// request.
///
/// Borrowed. Returns NULL on the last page, if reggie_response_check_next_page()
/// returns an error, or if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_next_page(response: Option<&reggie_response>) -> *const c_char {
    string(response, ResponseHead::next_page)
}

/// Returns REGGIE_OK if reggie_response_next_page() returns the next page, or
/// NULL because this is the last one. Otherwise the list is incomplete: returns
/// REGGIE_NEXT_PAGE_REFUSED if the next page is not at the client's address, to
/// which the credentials belong, or if the Link header is invalid. The error's
/// message has the target. A warning is also written to the log.
///
/// May also return REGGIE_NULL_ARGUMENT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_check_next_page(
    response: Option<&reggie_response>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let response = convert::required(response, "response")?;
        response.head.check_next_page()
    })
}

/// Returns a byte range, both ends inclusive: for an upload, what the registry
/// has received (Range, OCI Distribution Specification, Pushing a blob in
/// chunks); for a 206 response, the part of the blob that the body contains
/// (Content-Range, RFC 9110, section 14.4).
///
/// A registry that has received nothing may send no range, or 0-0, which is
/// also the range of one byte. On REGGIE_OK, `first` and `last` are set.
/// Otherwise returns REGGIE_NULL_ARGUMENT or REGGIE_NO_HEADER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_range(
    response: Option<&reggie_response>,
    first: *mut u64,
    last: *mut u64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's out-pointer, or NULL.
        let first = unsafe { Out::new(first, 0, "first") };
        // SAFETY: the caller's out-pointer, or NULL.
        let last = unsafe { Out::new(last, 0, "last") };
        let (first, last) = (first?, last?);
        let response = convert::required(response, "response")?;
        let range = response.head.range().ok_or_else(|| missing("range"))?;
        first.set(range.0);
        last.set(range.1);
        Ok(())
    })
}

/// Returns the time in milliseconds, from when the response was received, that
/// the server asked to wait before the next request (Retry-After, RFC 9110,
/// section 10.2.3), also as a fraction, a Unix time or an RFC 3339 date; 0 if
/// the time has passed; at most one year. Returns -1 if the header is absent or
/// invalid or `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_retry_after(response: Option<&reggie_response>) -> i64 {
    value(response, -1, |head| {
        head.retry_after().map_or(-1, convert::milliseconds)
    })
}

/// Returns the rate limit of the registry: `limit` requests in a window of
/// `window_seconds` seconds, of which `remaining` are left. Parsed from
/// RateLimit-Limit and RateLimit-Remaining, X-RateLimit-Limit and
/// X-RateLimit-Remaining, or RateLimit and RateLimit-Policy. Values that were
/// not sent are -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_HEADER if neither the
/// limit nor the remaining number was sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_rate_limit(
    response: Option<&reggie_response>,
    limit: *mut i64,
    remaining: *mut i64,
    window_seconds: *mut i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's out-pointer, or NULL.
        let limit = unsafe { Out::new(limit, 0, "limit") };
        // SAFETY: the caller's out-pointer, or NULL.
        let remaining = unsafe { Out::new(remaining, 0, "remaining") };
        // SAFETY: the caller's out-pointer, or NULL.
        let window = unsafe { Out::new(window_seconds, 0, "window_seconds") };
        let (limit, remaining, window) = (limit?, remaining?, window?);
        let response = convert::required(response, "response")?;
        let found = response.head.rate_limit();
        let found = found.ok_or_else(|| missing("rate limit"))?;
        limit.set(signed(found.limit));
        remaining.set(signed(found.remaining));
        window.set(signed(found.window));
        Ok(())
    })
}

fn signed(number: Option<u64>) -> i64 {
    number.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// Returns the number of warnings; 0 if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_warnings_count(response: Option<&reggie_response>) -> usize {
    value(response, 0, |head| head.warnings().len())
}

/// Returns the warning at `index`, starting at 0 (Warning, RFC 7234, section
/// 5.5, as used by the OCI Distribution Specification): one line for the user.
/// Duplicates are removed; all warnings together are limited to 4096 bytes.
///
/// Borrowed. Returns NULL if there is no such warning or `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_warning(
    response: Option<&reggie_response>,
    index: usize,
) -> *const c_char {
    string(response, |head| head.warnings().get(index))
}
