//! How long things may take, as C sees it: of one request.

use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};

/// Sets how long a call with this request may take as a whole, as
/// reggie_config_set_timeout() does for all. Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_timeout(time);
            Ok(())
        })
    })
}

/// Sets how long a server may take from the last byte of this request to the
/// first of its answer, as reggie_config_set_first_byte_timeout() does for all.
/// Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_first_byte_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_first_byte_timeout(time);
            Ok(())
        })
    })
}

/// Sets the same where the registry has to store something for this request, as
/// reggie_config_set_commit_timeout() does for all. Unless set, the client's.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is below 0, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_commit_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_commit_timeout(time);
            Ok(())
        })
    })
}

/// Sets the least that has to move, up or down, while a call with this request
/// waits for the server, as reggie_config_set_stall_limit() does for all. Unless
/// set, the client's.
///
/// A rate or a window of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the window is below 0, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_stall_limit(
    request: *mut reggie_request,
    bytes_per_second: u64,
    window_ms: i64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let window = convert::time(window_ms, "window_ms")?.unwrap_or_default();
        request.change(|core| {
            core.set_stall_limit(bytes_per_second, window);
            Ok(())
        })
    })
}
