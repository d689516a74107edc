//! Settings of a client: time limits.

use super::config::reggie_config;
use super::status::reggie_status;
use super::{convert, guard};

/// Sets the time limit for a whole call, including the challenge, token
/// requests, redirects, retries and the response body. A call that exceeds it
/// returns REGGIE_DEADLINE. Default: no limit, because the duration of a large
/// transfer is unknown; the limits below detect calls that hang.
///
/// For reggie_client_open() the limit applies until the body has been read to
/// its end: reggie_response_read() then returns REGGIE_DEADLINE.
/// reggie_request_set_timeout() sets the limit for one request. Calls about
/// content ignore both: reggie_options_set_timeout() sets their limit.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_timeout(time));
        Ok(())
    })
}

/// Sets the time limit for resolving a host name. If it is exceeded, the call
/// returns REGGIE_TIMEOUT; the lookup, which cannot be interrupted, ends on a
/// thread of its own. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_resolve_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_resolve_timeout(time));
        Ok(())
    })
}

/// Sets the time limit for connecting to a host, over all its addresses; the
/// next address is tried when one has failed or has not responded within 250
/// ms. A proxy gets the same time again to connect to the host. If the limit is
/// exceeded, the call returns REGGIE_TIMEOUT. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_connect_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_connect_timeout(time));
        Ok(())
    })
}

/// Sets the time limit for a TLS handshake. If it is exceeded, the call returns
/// REGGIE_TIMEOUT. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_tls_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_tls_timeout(time));
        Ok(())
    })
}

/// Sets the time limit from the last byte of a request to the first byte of its
/// response. If it is exceeded, the call returns REGGIE_TIMEOUT. Default: 2
/// min.
///
/// The time starts when the server has received the request; until then, the
/// stall limit applies. Interim responses (RFC 9110, section 15.2) do not count
/// as a response. The remaining headers must arrive within 10 min.
///
/// A different limit applies to requests for which the registry has to store
/// something; see reggie_config_set_commit_timeout().
/// reggie_request_set_first_byte_timeout() sets the limit for one request.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_first_byte_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_first_byte_timeout(time));
        Ok(())
    })
}

/// Sets the same limit as reggie_config_set_first_byte_timeout() for requests
/// for which the registry has to store something: all PUT requests, and POST
/// and PATCH requests with a body. Registries may verify and move a large blob
/// before they respond. Default: 15 min.
///
/// reggie_request_set_commit_timeout() sets the limit for one request.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_commit_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_commit_timeout(time));
        Ok(())
    })
}

/// Sets the minimum transfer rate, in either direction: `bytes_per_second`,
/// averaged over `window_ms` milliseconds. A slower transfer fails with
/// REGGIE_TIMEOUT at the end of the window. Default: 1 byte per second over 60
/// s. reggie_request_set_stall_limit() sets the limit for one request.
///
/// Only time spent waiting for the server counts, not time spent in callbacks
/// or on the caller's file descriptors. Uploaded bytes count when the server's
/// system has received them, not while they are in a local buffer. While
/// waiting for the first byte of the response, the limits above apply instead.
/// A rate or window of 0 means no limit.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// window is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_stall_limit(
    config: *mut reggie_config,
    bytes_per_second: u64,
    window_ms: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let window = convert::time(window_ms, "window_ms")?.unwrap_or_default();
        config.change(|core| core.set_stall_limit(bytes_per_second, window));
        Ok(())
    })
}
