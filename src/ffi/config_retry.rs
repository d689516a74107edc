//! Whether and when requests are sent again, as C sees it.

use std::ffi::{c_int, c_void};
use std::time::Duration;

use super::callback::{Registration, reggie_free_callback, reggie_retry_condition_callback};
use super::config::reggie_config;
use super::status::reggie_status;
use super::{callback, convert, guard};

/// Sets how many further tries a request has where its connection fails or its
/// server has no time: 0 to 1000; 0, as unless set, for none.
///
/// A request is sent again after a failure to resolve, connect, send or
/// receive, and after the HTTP statuses 408, 425, 429, 499, 500, 502, 503, 504
/// and 520 to 524; of a token server too. That holds for GET, HEAD, PUT,
/// DELETE, OPTIONS and POST whose body, if there is one, can be read again. A
/// PATCH, and methods that are none of these, are sent again only if not a byte
/// of them left. None is sent again once the caller has got a byte of the
/// answer's body. All requests to a host together have ten tries to spend, and
/// get one back for every ten requests that succeed; where none is left, and
/// after the last try, the last answer or failure stands. A second send after a
/// challenge is no try.
///
/// reggie_request_set_retries() is for one request. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the number is out of
/// range.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_retries(
    config: Option<&mut reggie_config>,
    tries: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let tries = convert::unsigned(tries, "tries")?;
        config.core_mut().set_retries(tries)
    })
}

/// Sets how long to wait before a request is sent again, in milliseconds: a
/// random part of `base_ms`, which doubles with each further try, up to
/// `cap_ms`. Unless set, 500 and 30000.
///
/// Where the server says when to come back (Retry-After, RFC 9110, section
/// 10.2.3), all retries to that host wait that long, and a random part of
/// `base_ms` more. If it asks for more than `retry_after_cap_ms`, unless set
/// 60000, the call fails at once with REGGIE_RETRY_LATER, or with the failure
/// there was; reggie_error_retry_after() has the time.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if one
/// is negative.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_retry_delays(
    config: Option<&mut reggie_config>,
    base_ms: i64,
    cap_ms: i64,
    retry_after_cap_ms: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let base = convert::unsigned(base_ms, "base_ms")?;
        let cap = convert::unsigned(cap_ms, "cap_ms")?;
        let retry_after_cap = convert::unsigned(retry_after_cap_ms, "retry_after_cap_ms")?;
        config.core_mut().set_retry_delays(
            Duration::from_millis(base),
            Duration::from_millis(cap),
            Duration::from_millis(retry_after_cap),
        );
        Ok(())
    })
}

/// Sets what decides whether a request is sent again, in place of the rules of
/// reggie_config_set_retries().
///
/// It is asked after each send that failed or whose HTTP status is 400 or
/// above, as long as there are tries left and the request can be sent again
/// without harm: its answer does not change the number of tries, how long is
/// waited, and which methods and bodies can be sent again.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
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
        let condition = callback::retry_condition(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().retry.condition.clone();
        config.core_mut().set_retry_condition(condition);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}
