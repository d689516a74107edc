//! How long things may take, as C sees it: the settings of a client.

use super::config::reggie_config;
use super::status::reggie_status;
use super::{convert, guard};

/// Sets how long a call may take as a whole, with all that it sends: the
/// challenge, the token, redirects, the request itself, and the body of the
/// answer. A call that takes longer returns REGGIE_DEADLINE. Unless set, there
/// is no limit, as the time that a large body takes is nobody's to know; the
/// limits of the steps, below, find what hangs.
///
/// For reggie_client_open() the time goes on until the body has been read to its
/// end: reggie_response_read() then returns REGGIE_DEADLINE.
/// reggie_request_set_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_timeout(time);
        Ok(())
    })
}

/// Sets how long resolving the name of a host may take. What takes longer is
/// REGGIE_TIMEOUT, and the look-up, which the system cannot be told to end, ends
/// by itself in a thread of its own. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_resolve_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_resolve_timeout(time);
        Ok(())
    })
}

/// Sets how long connecting to a host may take, over all its addresses; the
/// next one is tried when one has failed, or has not answered within 250 ms.
/// A proxy has as long again to connect to the host. What takes longer is
/// REGGIE_TIMEOUT. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_connect_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_connect_timeout(time);
        Ok(())
    })
}

/// Sets how long a TLS handshake may take. What takes longer is REGGIE_TIMEOUT.
/// Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_tls_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_tls_timeout(time);
        Ok(())
    })
}

/// Sets how long a server may take from the last byte of a request to the first
/// of its answer. What takes longer is REGGIE_TIMEOUT. Unless set, 2 minutes.
///
/// The time begins when the server has taken the request: before, the stall
/// limit holds. Interim answers (RFC 9110, section 15.2) do not end it. Once the
/// answer has begun, all of its headers have to be there within 10 minutes.
///
/// Requests that the registry has to store something for have a limit of their
/// own: reggie_config_set_commit_timeout().
/// reggie_request_set_first_byte_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_first_byte_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_first_byte_timeout(time);
        Ok(())
    })
}

/// Sets the same for requests that the registry has to store something for: all
/// PUT requests, and POST and PATCH requests with a body. Registries may check
/// and move a large blob before they answer. Unless set, 15 minutes.
///
/// reggie_request_set_commit_timeout() sets another for a request.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_commit_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_commit_timeout(time);
        Ok(())
    })
}

/// Sets the least that has to move, up or down, while a call waits for the
/// server: `bytes_per_second`, taken over windows of `window_ms` milliseconds.
/// A transfer that moves less is REGGIE_TIMEOUT at the end of the window, and no
/// other is cut, however long it takes. Unless set, 1 byte per second over 60
/// seconds. reggie_request_set_stall_limit() sets another for a request.
///
/// Only waiting for the server counts, not what callbacks and the caller's
/// descriptors take. What goes up counts when the server's system has taken it,
/// not when it lies in the buffers of this one. Before the answer has begun, the limits of the first byte
/// hold in place of this one. A rate or a window of 0 is no limit. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the window is
/// below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_stall_limit(
    config: Option<&mut reggie_config>,
    bytes_per_second: u64,
    window_ms: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let window = convert::time(window_ms, "window_ms")?.unwrap_or_default();
        config.core_mut().set_stall_limit(bytes_per_second, window);
        Ok(())
    })
}
