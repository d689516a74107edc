//! Settings of a client: retries.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;
use std::time::Duration;

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::status::{REGGIE_OK, reggie_status};
use super::{callback, convert, guard, status};
use crate::config::retry::RetryCondition;
use crate::error::Kind;

/// Decides whether a request is retried.
///
/// `attempt` is the number of attempts so far, at least 1; `method` is the
/// method; `http_status` is the HTTP status of the response, or 0 if there was
/// none; `failure` is the failure, or REGGIE_OK if the response was received.
/// Both are set if the head of a response was received but its body failed.
/// `would_retry` is 1 if the request would be retried, else 0. On entry,
/// `retry` has the same value as `would_retry`; set it to 1 or 0. Strings are
/// valid during the call.
///
/// May be called concurrently from several threads. Return 0 to continue, or
/// any other value to stop the call, which then returns
/// REGGIE_RETRY_CONDITION_CALLBACK.
pub type reggie_retry_condition_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        attempt: c_int,
        method: *const c_char,
        http_status: c_int,
        failure: reggie_status,
        would_retry: c_int,
        retry: *mut c_int,
    ) -> c_int,
>;

/// The core's retry condition; `None` for NULL.
fn retry_condition(
    callback: reggie_retry_condition_callback,
    registration: Registration,
) -> Option<RetryCondition> {
    let callback = callback?;
    Some(Arc::new(move |question| {
        let userdata = registration.userdata();
        let attempt = c_int::try_from(question.attempt).unwrap_or(c_int::MAX);
        let method = convert::c_string(question.method);
        let http_status = c_int::from(question.http_status);
        let failure = question.failure.map_or(REGGIE_OK, status::of);
        let would_retry = c_int::from(question.would_retry);
        let mut retry = would_retry;
        let place = &raw mut retry;
        let decide = || {
            // SAFETY: the caller registered them together; all outlives the call.
            unsafe {
                callback(
                    userdata,
                    attempt,
                    method.as_ptr(),
                    http_status,
                    failure,
                    would_retry,
                    place,
                )
            }
        };
        let value = guard::outside(decide);
        callback::result(Kind::RetryConditionCallback, "retry condition", value)?;
        Ok(retry != 0)
    }))
}

/// Sets the maximum number of retries of a request, 0 to 1000. Default: 0.
///
/// A request is retried after a failure to resolve, connect, send or receive,
/// and after the HTTP statuses 408, 425, 429, 499, 500, 502, 503, 504 and 520
/// to 524, also from a token server. This applies to GET, HEAD, PUT, DELETE,
/// OPTIONS and POST, if the body, if any, can be read again. PATCH and other
/// methods are retried only if nothing was sent. No request is retried after
/// the caller has received a part of the response body. The requests to a host
/// share a budget of ten retries, which is refilled by one for every ten
/// successful requests; retries after a Retry-After are not counted. If the
/// budget is used up, or after the last retry, the last response or failure is
/// returned. Sending a request again after a challenge is not a retry.
///
/// reggie_request_set_retries() sets the number for one request. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the number is
/// out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_retries(
    config: *mut reggie_config,
    retries: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let retries = convert::unsigned(retries, "retries")?;
        config.change(|core| core.set_retries(retries))
    })
}

/// Sets the delays before retries, in milliseconds: a random part of `base_ms`,
/// which doubles with each retry up to `max_ms`. Defaults: 500 and 30000.
///
/// If the server sends Retry-After (RFC 9110, section 10.2.3), all retries to
/// that host, and all other requests that may be retried, wait that long plus a
/// random part of `base_ms`. What it refuses until then, because it was sent
/// before, counts as one retry. If the time exceeds
/// `max_retry_after_ms` (default: 60000), or is the Unix time at which a quota is
/// renewed, as Docker Hub sends it, the call fails at once: with
/// REGGIE_RETRY_LATER if there was a response, otherwise with the failure of
/// the attempt. reggie_error_retry_after() returns the time.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if an
/// argument is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_retry_delays(
    config: *mut reggie_config,
    base_ms: i64,
    max_ms: i64,
    max_retry_after_ms: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let base = convert::unsigned(base_ms, "base_ms")?;
        let max = convert::unsigned(max_ms, "max_ms")?;
        let max_retry_after = convert::unsigned(max_retry_after_ms, "max_retry_after_ms")?;
        config.change(|core| {
            core.set_retry_delays(
                Duration::from_millis(base),
                Duration::from_millis(max),
                Duration::from_millis(max_retry_after),
            )
        });
        Ok(())
    })
}

/// Sets the callback that decides whether a request is retried, in place of the
/// rules of reggie_config_set_retries().
///
/// Called after each attempt that failed or had an HTTP status of 400 or above,
/// if there are retries left and the request can safely be sent again. It
/// cannot change the number of retries, the delays, or which methods and bodies
/// can be sent again.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_retry_condition(
    config: *mut reggie_config,
    callback: reggie_retry_condition_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let condition = retry_condition(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_retry_condition(condition)) }
    })
}
