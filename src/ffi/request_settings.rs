//! What a request has in place of its client's settings, as C sees it.

use std::ffi::c_int;

use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};

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
