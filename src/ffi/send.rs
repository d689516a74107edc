//! Sending requests.

use super::client::reggie_client;
use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::response::reggie_response;
use super::status::reggie_status;
use super::{convert, guard};

/// Sends a request and receives the response, including its body, which goes to
/// the output of the request. Default output: memory.
///
/// If the registry sends a challenge, the client obtains an authorization and
/// sends the request again. Redirects are followed, at most 20. An HTTP status
/// such as 404 is not a failure: REGGIE_OK means that a complete response was
/// received. A 401 is returned as the response if there are no credentials or
/// the registry rejects them.
///
/// The time limits of the client and the request apply, as does the request's
/// cancel handle, until the body has been received. The callbacks of the
/// request and of the client's settings are called. The request can be
/// reused afterwards.
///
/// On REGGIE_OK, `response` must be freed with reggie_response_free().
/// Otherwise returns REGGIE_NULL_ARGUMENT; REGGIE_INVALID_PATH or
/// REGGIE_MISSING_VALUE if the path does not result in a valid URL;
/// REGGIE_INVALID_HEADER or REGGIE_LENGTH_MISMATCH if a header does not match
/// the request; REGGIE_INVALID_CERTIFICATES or
/// REGGIE_INVALID_CLIENT_CERTIFICATE if the certificates directory of a host is
/// invalid; REGGIE_INVALID_CREDENTIALS_FILE if a credentials file has become
/// invalid; REGGIE_BUSY; REGGIE_CANCELLED; REGGIE_DEADLINE if the call exceeded
/// its time limit; REGGIE_TIMEOUT if a step did; or any other status from
/// REGGIE_NO_MEMORY on, except REGGIE_NO_ERRORS, REGGIE_NO_HEADER and
/// REGGIE_HTTP_STATUS.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_do(
    client: Option<&reggie_client>,
    request: *mut reggie_request,
    response: *mut *mut reggie_response,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(client, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let response = unsafe { Out::handle(response, "response") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let core = request.send(|core| client.core().execute(core))?;
        response.give(reggie_response::new(core)?);
        Ok(())
    })
}

/// Sends a request and returns when the headers of the response have been
/// received. The body is then read with reggie_response_read(), whatever the
/// HTTP status and however long the body is. The output of the request is
/// ignored.
///
/// Otherwise the same as reggie_client_do(). The connection is in use until the
/// body has been read to its end or the response is freed, which closes the
/// connection. The time limits and the cancel handle of the call apply until
/// then: reggie_response_read() may return REGGIE_CANCELLED, REGGIE_DEADLINE or
/// REGGIE_TIMEOUT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_client_open(
    client: Option<&reggie_client>,
    request: *mut reggie_request,
    response: *mut *mut reggie_response,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(client, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let response = unsafe { Out::handle(response, "response") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let core = request.send(|core| client.core().open(core))?;
        response.give(reggie_response::new(core)?);
        Ok(())
    })
}
