//! Settings of a client: its log, warnings, and hooks on requests.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::exchange::reggie_exchange_callback;
use super::status::reggie_status;
use super::{convert, exchange, guard};
use crate::config::observe::WarningCallback;
use crate::error::{Error, Kind};
use crate::log::{Level, LogCallback};

/// Log level: errors.
pub const REGGIE_LOG_ERROR: c_int = 1;
/// Log level: possible problems.
pub const REGGIE_LOG_WARNING: c_int = 2;
/// Log level: what the client does on its own, such as requesting tokens.
pub const REGGIE_LOG_INFO: c_int = 3;
/// Log level: every request and response, and invalid arguments.
pub const REGGIE_LOG_DEBUG: c_int = 4;

/// Receives a log message.
///
/// `level` is REGGIE_LOG_ERROR, REGGIE_LOG_WARNING, REGGIE_LOG_INFO or
/// REGGIE_LOG_DEBUG. The message is valid during the call; it may have several
/// lines and does not end with a newline. If the callback was called for an
/// invalid argument, invalid arguments of its own calls are not logged. May be
/// called concurrently from several threads.
pub type reggie_log_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, level: c_int, message: *const c_char),
>;

/// Receives a warning of a registry.
///
/// `host` is the host and port that sent it; `text` is one line. Both are valid
/// during the call. May be called concurrently from several threads.
pub type reggie_warning_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, host: *const c_char, text: *const c_char),
>;

/// The level for a number from C.
pub(super) fn level(number: c_int) -> Option<Level> {
    match number {
        REGGIE_LOG_ERROR => Some(Level::Error),
        REGGIE_LOG_WARNING => Some(Level::Warning),
        REGGIE_LOG_INFO => Some(Level::Info),
        REGGIE_LOG_DEBUG => Some(Level::Debug),
        _ => None,
    }
}

/// The core's log callback; `None` for NULL.
fn log(callback: reggie_log_callback, registration: Registration) -> Option<LogCallback> {
    let callback = callback?;
    Some(Arc::new(move |level, message| {
        let message = convert::c_string(message);
        let userdata = registration.userdata();
        // SAFETY: the caller registered them together; the string outlives the call.
        guard::outside(|| unsafe { callback(userdata, level as c_int, message.as_ptr()) });
    }))
}

/// The core's warning callback; `None` for NULL.
fn warning(
    callback: reggie_warning_callback,
    registration: Registration,
) -> Option<WarningCallback> {
    let callback = callback?;
    Some(Arc::new(move |host, text| {
        let (host, text) = (convert::c_string(host), convert::c_string(text));
        let userdata = registration.userdata();
        // SAFETY: the caller registered them together; the strings outlive the call.
        guard::outside(|| unsafe { callback(userdata, host.as_ptr(), text.as_ptr()) });
    }))
}

/// If `debug` is not 0, logs each request and response: the first line, the
/// headers, and the beginning of bodies that are text. Credentials, tokens and
/// signatures in URLs are removed. Also logs why an argument is invalid. The
/// output goes to the log callback, regardless of its level, or to stderr if
/// there is none. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_debug(
    config: Option<&mut reggie_config>,
    debug: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_debug(debug != 0);
        Ok(())
    })
}

/// Sets the callback for log messages up to `level`: REGGIE_LOG_ERROR,
/// REGGIE_LOG_WARNING, REGGIE_LOG_INFO or REGGIE_LOG_DEBUG.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback, as do their unread responses; its userdata is
/// freed with the last of them.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// level is invalid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_log_callback(
    config: *mut reggie_config,
    level: c_int,
    callback: reggie_log_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let handle = unsafe { config.as_ref() };
    guard::logged_status(handle, || {
        let registration = Registration::new(userdata, free_userdata);
        let level = self::level(level).ok_or_else(|| {
            let message = format!("level: {level} is not a log level");
            Error::new(Kind::InvalidArgument, message)
        })?;
        let callback = log(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_log_callback(level, callback)) }
    })
}

/// Sets the callback for warnings of registries (OCI Distribution
/// Specification, Warnings): messages for the user, for example that a token
/// expires soon. reggie_response_warning() returns those of one response.
///
/// Called once for each host and text per client; the last 1024 are remembered.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_warning_callback(
    config: *mut reggie_config,
    callback: reggie_warning_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = warning(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_warning_callback(callback)) }
    })
}

/// Sets the callback that is called before each HTTP request that is sent: the
/// first attempt, the one after a challenge, token requests, redirects and
/// retries. It can change the headers of that HTTP request through
/// reggie_exchange_headers(). The headers contain credentials.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_send_callback(
    config: *mut reggie_config,
    callback: reggie_exchange_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = exchange::at_sends(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_send_callback(callback)) }
    })
}

/// Sets the callback that is called when the headers of an HTTP response have
/// been received, before they are processed: for each HTTP request that the
/// send callback is called for. The headers may contain credentials, such as
/// cookies.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_response_callback(
    config: *mut reggie_config,
    callback: reggie_exchange_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = exchange::at_responses(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_response_callback(callback)) }
    })
}
