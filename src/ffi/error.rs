//! What an error says.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::error_handle::reggie_error;
use super::status::{REGGIE_OK, reggie_status};
use super::{convert, guard, status};

/// Frees an error. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_free(error: Option<Box<reggie_error>>) {
    guard::value((), || drop(error));
}

/// Returns the status of the call that failed; REGGIE_OK if `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_status(error: Option<&reggie_error>) -> reggie_status {
    guard::value(REGGIE_OK, || {
        error.map_or(REGGIE_OK, |error| status::of(error.core.kind()))
    })
}

/// Returns a one-line message: what failed, with which value, and why.
///
/// Text from a server is limited to 1 KiB, and its control characters are
/// escaped.
///
/// It contains no secrets: passwords, tokens, the values of headers such as
/// Authorization, Cookie and X-Api-Key, and signatures in URLs are replaced by
/// `[redacted]` in every common encoding, even if a server repeats them. A
/// password of one to three bytes is replaced only if no letter or digit is next
/// to it. The same applies to the log, to warnings and to error lists, but not
/// to the headers and the body of a response.
///
/// Borrowed. Returns "" if `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_message(error: Option<&reggie_error>) -> *const c_char {
    guard::value(c"".as_ptr(), || {
        error.map_or(c"".as_ptr(), |error| {
            error.strings.lend(error.core.message())
        })
    })
}

/// Returns the step in which the call failed: "prepare", "resolve", "connect",
/// "tls", "send", "receive", "credentials", "token", "redirect", "retry",
/// "wait", "deliver", "check" (of a local file), "lock" or "verify". Later
/// versions may add steps.
///
/// Borrowed. Returns "" if `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_step(error: Option<&reggie_error>) -> *const c_char {
    guard::value(c"".as_ptr(), || {
        error.map_or(c"".as_ptr(), |error| {
            error.strings.lend(error.core.step().name())
        })
    })
}

/// Returns the HTTP status of the response that caused the failure, for example
/// the response of a token server, or whose body could not be received or
/// delivered; 0 if there was none or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_http_status(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || {
        error.map_or(0, |error| c_int::from(error.core.http_status()))
    })
}

/// Returns the code from the server's error list, such as "UNAUTHORIZED" (OCI
/// Distribution Specification, Error Codes).
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_code(error: Option<&reggie_error>) -> *const c_char {
    guard::value(ptr::null(), || {
        error.map_or(ptr::null(), |error| {
            error.strings.lend_if_any(error.core.registry_code())
        })
    })
}

/// Returns the digest of the content that the failure is about, for calls that
/// transfer content.
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_digest(error: Option<&reggie_error>) -> *const c_char {
    guard::value(ptr::null(), || {
        error.map_or(ptr::null(), |error| {
            error.strings.lend_if_any(error.core.digest())
        })
    })
}

/// Returns the errno of the system call that failed; 0 if there is none or
/// `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_errno(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || error.map_or(0, |error| error.core.errno()))
}

/// Returns the host, with its port, that the failed step concerned.
///
/// Borrowed. Returns NULL if there is none or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_host(error: Option<&reggie_error>) -> *const c_char {
    guard::value(ptr::null(), || {
        error.map_or(ptr::null(), |error| {
            error.strings.lend_if_any(error.core.host())
        })
    })
}

/// Returns the time in milliseconds that the server asked to wait before the
/// next request (Retry-After, RFC 9110, section 10.2.3); -1 if it did not or
/// `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_retry_after(error: Option<&reggie_error>) -> i64 {
    guard::value(-1, || {
        error
            .and_then(|error| error.core.retry_after())
            .map_or(-1, convert::milliseconds)
    })
}

/// Returns the value that a callback returned to stop the call; 0 if none did
/// or `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_callback_value(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || error.map_or(0, |error| error.core.callback_value()))
}

/// Returns 1 if the same call may succeed later without changes; 0 if not, if a
/// limit of the program's own ended it, or if `error` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_is_retryable(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || {
        error.map_or(0, |error| c_int::from(error.core.is_retryable()))
    })
}
