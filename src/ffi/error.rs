//! Failures, as C sees them.

use std::ffi::{CString, c_char, c_int};
use std::ptr;
use std::ptr::NonNull;

use super::convert::{borrowed, c_string};
use super::status::{REGGIE_OK, reggie_status};
use super::{guard, status};
use crate::error::Error;

/// Why a call failed.
///
/// Functions give one through their last parameter, a pointer to a pointer
/// that may be NULL; the caller frees it with reggie_error_free(). It never
/// changes: all threads may read it at once. Its texts are borrowed and valid
/// until it is freed. All functions on it accept NULL, as if there were no
/// failure.
pub struct reggie_error {
    core: Error,
    message: CString,
    step: CString,
    code: Option<CString>,
    host: Option<CString>,
}

impl reggie_error {
    fn new(core: Error) -> reggie_error {
        reggie_error {
            message: c_string(core.message()),
            step: c_string(core.step().name()),
            code: core.registry_code().map(c_string),
            host: core.host().map(c_string),
            core,
        }
    }
}

/// A place of the caller's for an error; none where the caller wants none.
pub(super) struct ErrorOut(Option<NonNull<*mut reggie_error>>);

impl ErrorOut {
    /// Takes the place and writes there that nothing failed.
    ///
    /// # Safety
    ///
    /// `place` is NULL or can be written to until the exported function returns.
    pub(super) unsafe fn new(place: *mut *mut reggie_error) -> ErrorOut {
        let place = NonNull::new(place);
        if let Some(place) = place {
            // SAFETY: as above.
            unsafe { place.write(ptr::null_mut()) };
        }
        ErrorOut(place)
    }

    /// Makes the error the caller's, and tells its status.
    pub(super) fn give(self, error: Error) -> reggie_status {
        let status = status::of(error.kind());
        if let Some(place) = self.0 {
            let error = Box::into_raw(Box::new(reggie_error::new(error)));
            // SAFETY: promised to `new`.
            unsafe { place.write(error) };
        }
        status
    }
}

/// Frees an error. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_free(error: Option<Box<reggie_error>>) {
    guard::value((), || drop(error));
}

/// The status of the call that failed, REGGIE_OK for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_status(error: Option<&reggie_error>) -> reggie_status {
    guard::value(REGGIE_OK, || {
        error.map_or(REGGIE_OK, |error| status::of(error.core.kind()))
    })
}

/// One line for a person: what failed, with which value, and why.
///
/// It holds no secrets. A server's words in it have their control characters
/// escaped and are cut at 1 KiB. Returns a borrowed text, "" for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_message(error: Option<&reggie_error>) -> *const c_char {
    guard::value(c"".as_ptr(), || {
        error.map_or(c"".as_ptr(), |error| error.message.as_ptr())
    })
}

/// The step in which the call failed: "prepare", "resolve", "connect", "tls",
/// "send", "receive", "token", "redirect", "retry", "wait" or "deliver". More may come.
///
/// Returns a borrowed text, "" for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_step(error: Option<&reggie_error>) -> *const c_char {
    guard::value(c"".as_ptr(), || {
        error.map_or(c"".as_ptr(), |error| error.step.as_ptr())
    })
}

/// The HTTP status of the answer that led to the failure, such as that of a
/// token server; 0 if there was none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_http_status(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || {
        error.map_or(0, |error| c_int::from(error.core.http_status()))
    })
}

/// The code in the server's own error list, such as "UNAUTHORIZED" (OCI
/// Distribution Specification, Error Codes).
///
/// Returns a borrowed text; NULL if none was sent, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_code(error: Option<&reggie_error>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(error.and_then(|error| error.code.as_ref()))
    })
}

/// The system's errno, 0 if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_errno(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || error.map_or(0, |error| error.core.errno()))
}

/// The host that the step had to do with, with its port.
///
/// Returns a borrowed text; NULL if there is none, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_host(error: Option<&reggie_error>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(error.and_then(|error| error.host.as_ref()))
    })
}

/// After how many seconds the server wants to be asked again (RFC 9110,
/// section 10.2.3); -1 if it did not say so, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_retry_after(error: Option<&reggie_error>) -> i64 {
    guard::value(-1, || {
        error
            .and_then(|error| error.core.retry_after())
            .map_or(-1, |seconds| i64::try_from(seconds).unwrap_or(i64::MAX))
    })
}

/// What the callback returned that stopped the call; 0 if none did, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_callback_value(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || error.map_or(0, |error| error.core.callback_value()))
}

/// Whether the same call can succeed at another time without any change: 1 if
/// so, 0 if not, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_error_is_retryable(error: Option<&reggie_error>) -> c_int {
    guard::value(0, || {
        error.map_or(0, |error| c_int::from(error.core.is_retryable()))
    })
}
