//! What a request has in place of its client's settings, as C sees it.

use std::ffi::{c_int, c_void};

use super::callback::{Registration, reggie_free_callback, reggie_transfer_callback};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{callback, convert, guard};

/// Sets how many further tries this request has, as
/// reggie_config_set_retries() does for all: 0 to 1000, 0 for none, or -1, as
/// unless set, for as many as the client's other requests have.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the
/// number is out of range, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_retries(
    request: *mut reggie_request,
    tries: c_int,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let tries = match tries {
            -1 => None,
            tries => Some(convert::unsigned(tries, "tries")?),
        };
        request.change(|core| core.set_retries(tries))
    })
}

/// Sets the progress callback, from the next call on. A `callback` of NULL
/// removes it, and frees `userdata`.
///
/// While bytes of a body move, the callback is called at most every 100 ms.
/// While nothing moves, it is called once a second, whatever the call waits
/// for: a name server, a connection, the response, a token, the next retry. So
/// the program can check for signals. It is called once more when the response
/// body has been received, which may be the only time in a short call. The
/// bodies of token requests are not counted.
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
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = callback::transfer(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_progress_callback(callback);
            Ok(())
        })
    })
}
