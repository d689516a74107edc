//! What the headers of a response mean, as C sees it.

use std::ffi::{CString, c_char};
use std::ptr;

use super::convert::{Out, borrowed, c_string};
use super::response::reggie_response;
use super::status::reggie_status;
use super::{convert, guard};
use crate::error::{Error, Kind};
use crate::http::header::rate_limit::RateLimit;
use crate::request::response::Response;

/// What was read of the headers when the response came.
pub(super) struct Told {
    next_page: Option<CString>,
    warnings: Vec<CString>,
    retry_after: i64,
    range: Option<(u64, u64)>,
    rate_limit: Option<RateLimit>,
}

impl Told {
    pub(super) fn of(core: &Response) -> Told {
        let warnings = core.warnings().iter();
        Told {
            next_page: core.next_page().map(c_string),
            warnings: warnings.map(|text| c_string(text.as_str())).collect(),
            retry_after: core.retry_after().map_or(-1, |wait| {
                i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)
            }),
            range: core.range(),
            rate_limit: core.rate_limit(),
        }
    }
}

fn missing(what: &str) -> Error {
    let message = format!("{what}: the response has none that can be read");
    Error::new(Kind::NoHeader, message)
}

/// Where the next page of a list is (Link, RFC 8288), as a path with its query,
/// less the path of the client's address: such that it can be the path of the
/// next request, as it is.
///
/// Returns a borrowed text; NULL on the last page, where the next is at another
/// server, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_next_page(response: Option<&reggie_response>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.and_then(|response| response.told.next_page.as_ref()))
    })
}

/// The range of bytes that the response tells of, both ends in it: what the
/// registry has of an upload (Range, OCI Distribution Specification, Pushing a
/// blob in chunks); or, where the HTTP status is 206, what the body is of the
/// blob (Content-Range, RFC 9110, section 14.4).
///
/// A registry that has nothing yet may say so by no range, or by 0 and 0, as if
/// it had one byte. On REGGIE_OK, `first` and `last` are set. Otherwise returns
/// REGGIE_NULL_ARGUMENT or REGGIE_NO_HEADER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_range(
    response: Option<&reggie_response>,
    first: *mut u64,
    last: *mut u64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a place of the caller's, or NULL.
        let first = unsafe { Out::new(first, 0, "first") };
        // SAFETY: a place of the caller's, or NULL.
        let last = unsafe { Out::new(last, 0, "last") };
        let (first, last) = (first?, last?);
        let response = convert::required(response, "response")?;
        let range = response.told.range.ok_or_else(|| missing("range"))?;
        first.set(range.0);
        last.set(range.1);
        Ok(())
    })
}

/// How long the server wants to be left alone (Retry-After, RFC 9110, section
/// 10.2.3), in milliseconds from when the response came; 0 where that time has
/// passed, at most a year.
///
/// Returns -1 if it did not say so, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_retry_after(response: Option<&reggie_response>) -> i64 {
    guard::value(-1, || {
        response.map_or(-1, |response| response.told.retry_after)
    })
}

/// How many requests the registry lets pass: `limit` in all, of which
/// `remaining` are left, in a window of `window_seconds`; as the headers
/// RateLimit-Limit and RateLimit-Remaining tell, or X-RateLimit-Limit and
/// X-RateLimit-Remaining. Each is -1 if it was not told.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_HEADER if neither the
/// limit nor what remains was told.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_rate_limit(
    response: Option<&reggie_response>,
    limit: *mut i64,
    remaining: *mut i64,
    window_seconds: *mut i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a place of the caller's, or NULL.
        let limit = unsafe { Out::new(limit, 0, "limit") };
        // SAFETY: a place of the caller's, or NULL.
        let remaining = unsafe { Out::new(remaining, 0, "remaining") };
        // SAFETY: a place of the caller's, or NULL.
        let window = unsafe { Out::new(window_seconds, 0, "window_seconds") };
        let (limit, remaining, window) = (limit?, remaining?, window?);
        let response = convert::required(response, "response")?;
        let told = response.told.rate_limit;
        let told = told.ok_or_else(|| missing("rate limit"))?;
        limit.set(signed(told.limit));
        remaining.set(signed(told.remaining));
        window.set(signed(told.window));
        Ok(())
    })
}

fn signed(number: Option<u64>) -> i64 {
    number.map_or(-1, |number| i64::try_from(number).unwrap_or(i64::MAX))
}

/// How many warnings the response has; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_warnings_count(response: Option<&reggie_response>) -> usize {
    guard::value(0, || {
        response.map_or(0, |response| response.told.warnings.len())
    })
}

/// The warning at `index`, from 0 on (Warning, RFC 7234, section 5.5, as the
/// OCI Distribution Specification has it): a text for people, on one line, each
/// once, 4096 bytes of all together at most.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_warning(
    response: Option<&reggie_response>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.and_then(|response| response.told.warnings.get(index)))
    })
}
