//! Settings of one request: its challenge callback, retries and time limits.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::request::reggie_request;
use super::status::{REGGIE_UNKNOWN_SIZE, reggie_status};
use super::{callback, convert, guard};
use crate::error::Kind;
use crate::os::transfer::TransferCallback;
use crate::request::ChallengeCallback;

/// Called after the server has sent a challenge, before the request is sent
/// again with authorization.
///
/// It may use all functions on `request` except reggie_client_do(),
/// reggie_client_open() and reggie_request_free(); its changes are sent. Return
/// 0 to continue, or any other value to stop the call, which then returns
/// REGGIE_CHALLENGE_CALLBACK.
pub type reggie_challenge_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, request: *mut reggie_request) -> c_int,
>;

/// The core's challenge callback on a request; `None` for NULL.
fn challenge(
    callback: reggie_challenge_callback,
    request: *mut reggie_request,
    registration: Registration,
) -> Option<ChallengeCallback> {
    let callback = callback?;
    let handle = Handle(request);
    Some(Arc::new(move |core| {
        let request = handle.pointer();
        let userdata = registration.userdata();
        // SAFETY: this runs while the request is sent, and so it is not freed.
        let shown = unsafe { &*request };
        let value = shown.with_core_inside(core, || {
            // SAFETY: the caller registered them together.
            guard::outside(|| unsafe { callback(userdata, request) })
        })?;
        callback::result(Kind::ChallengeCallback, "challenge", value)
    }))
}

/// The request that a challenge callback was set on.
struct Handle(*mut reggie_request);

// SAFETY: what is behind it can be used from any thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    fn pointer(&self) -> *mut reggie_request {
        self.0
    }
}

/// Sets the callback that is called after a challenge, before the request is
/// sent again. If `callback` is NULL, removes it and frees `userdata`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_challenge_callback(
    request: *mut reggie_request,
    callback: reggie_challenge_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let handle = unsafe { request.as_ref() };
    guard::logged_status(handle, || {
        let registration = Registration::new(userdata, free_userdata);
        let callback = challenge(callback, request, registration);
        let request = convert::required(handle, "request")?;
        request.change(|core| {
            core.set_challenge_callback(callback);
            Ok(())
        })
    })
}

/// If `follow` is 0, ignores challenges: a 401 is returned as the response.
/// Default: 1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_follow_challenge(
    request: *mut reggie_request,
    follow: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_follow_challenge(follow != 0);
            Ok(())
        })
    })
}

/// Sets the maximum number of retries of this request, 0 to 1000, or -1 for the
/// client's setting; see reggie_config_set_retries(). Default: -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the
/// number is out of range, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_retries(
    request: *mut reggie_request,
    retries: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let retries = match retries {
            -1 => None,
            retries => Some(convert::unsigned(retries, "retries")?),
        };
        request.change(|core| core.set_retries(retries))
    })
}

/// Sets the time limit for a whole call with this request; see
/// reggie_config_set_timeout(). Default: the client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_timeout(time);
            Ok(())
        })
    })
}

/// Sets the time limit from the last byte of this request to the first byte of
/// its response; see reggie_config_set_first_byte_timeout(). Default: the
/// client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_first_byte_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_first_byte_timeout(time);
            Ok(())
        })
    })
}

/// Sets the time limit from the last byte of this request to the first byte of
/// its response, if the registry has to store something for it; see
/// reggie_config_set_commit_timeout(). Default: the client's.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_commit_timeout(
    request: *mut reggie_request,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        request.change(|core| {
            core.set_commit_timeout(time);
            Ok(())
        })
    })
}

/// Sets the minimum transfer rate of this request; see
/// reggie_config_set_stall_limit(). Default: the client's.
///
/// A rate or window of 0 means no limit. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the window is negative, or
/// REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_stall_limit(
    request: *mut reggie_request,
    bytes_per_second: u64,
    window_ms: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let window = convert::time(window_ms, "window_ms")?.unwrap_or_default();
        request.change(|core| {
            core.set_stall_limit(bytes_per_second, window);
            Ok(())
        })
    })
}

/// Reports the progress of the transfers of a request.
///
/// `sent` and `received` are the numbers of bytes of the request body that were
/// sent and of the response body that were received. A total is
/// REGGIE_UNKNOWN_SIZE if it is unknown, and 0 if there is no body. All four
/// start again when the request is sent again. Return 0 to continue, or any
/// other value to stop the call, which then returns REGGIE_PROGRESS_CALLBACK.
pub type reggie_transfer_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        sent: u64,
        send_total: u64,
        received: u64,
        receive_total: u64,
    ) -> c_int,
>;

/// The core's progress callback; `None` for NULL.
fn transfer(
    callback: reggie_transfer_callback,
    registration: Registration,
) -> Option<TransferCallback> {
    let callback = callback?;
    Some(Arc::new(move |transfer| {
        let userdata = registration.userdata();
        let [send_total, receive_total] = [transfer.send_total, transfer.receive_total]
            .map(|total| total.unwrap_or(REGGIE_UNKNOWN_SIZE));
        let (sent, received) = (transfer.sent, transfer.received);
        let report = || {
            // SAFETY: the caller registered them together.
            unsafe { callback(userdata, sent, send_total, received, receive_total) }
        };
        callback::result(Kind::ProgressCallback, "progress", guard::outside(report))
    }))
}

/// Sets the progress callback, from the next call on. If `callback` is NULL,
/// removes it and frees `userdata`.
///
/// While a body is being transferred, the callback is called at most every 100
/// ms. While nothing is transferred, it is called once a second, whatever the
/// call waits for: a name server, a connection, the response, a token, or the
/// next retry. The program can thus check for signals. The callback is called
/// once more when the response body has been received, which may be the only
/// time in a short call. The bodies of token requests are not counted.
///
/// The callback runs on the thread that called reggie_client_do(),
/// reggie_client_open() or reggie_response_read(), and only during such a call.
/// `userdata` is freed when the callback is replaced or the request is freed,
/// but not before the response of reggie_client_open() is freed.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_progress_callback(
    request: *mut reggie_request,
    callback: reggie_transfer_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let registration = Registration::new(userdata, free_userdata);
        let callback = transfer(callback, registration);
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_progress_callback(callback);
            Ok(())
        })
    })
}
