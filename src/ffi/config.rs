//! The settings of a client, as C sees them.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::callback::{Registration, reggie_free_callback, reggie_log_callback};
use super::status::reggie_status;
use super::{callback, convert, guard, status};
use crate::config::Config;
use crate::error::{Error, Kind};

/// The settings of clients.
///
/// reggie_config_new() makes one with the defaults, reggie_config_free() frees
/// it. reggie_client_new() copies it: it may be changed, used for further
/// clients or freed afterwards. One thread at a time may change it; several may
/// make clients of it at once. A setter that fails leaves the setting as it
/// was.
pub struct reggie_config {
    core: Config,
}

impl reggie_config {
    pub(super) fn core(&self) -> &Config {
        &self.core
    }

    pub(super) fn core_mut(&mut self) -> &mut Config {
        &mut self.core
    }
}

/// Makes settings with the defaults.
///
/// Returns a handle that the caller frees with reggie_config_free(); NULL only
/// after a defect of the library.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_new() -> *mut reggie_config {
    guard::value(ptr::null_mut(), || {
        let core = Config::new();
        Box::into_raw(Box::new(reggie_config { core }))
    })
}

/// Frees settings. NULL is ignored. Clients made of them stay as they are.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_free(config: Option<Box<reggie_config>>) {
    guard::value((), || drop(config));
}

/// Sets the repository that <name> means in the paths of requests that have no
/// name of their own, such as "myorg/myrepo".
///
/// reggie_client_set_default_name() changes it later. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_VALUE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_default_name(
    config: Option<&mut reggie_config>,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        config.core.set_default_name(name)
    })
}

/// Sets the scope to ask tokens for, in place of the one in the challenge of
/// the registry, such as "repository:myorg/myrepo:pull,push".
///
/// Several scopes stand in one text, with blanks between them. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_auth_scope(
    config: Option<&mut reggie_config>,
    scope: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let scope = unsafe { convert::text(scope, "scope") }?;
        config.core.set_auth_scope(scope)
    })
}

/// Sets the User-Agent of requests that set none (RFC 9110, section 10.1.5).
/// Unless set, it is "reggie/" and the version.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_HEADER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_user_agent(
    config: Option<&mut reggie_config>,
    user_agent: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let user_agent = unsafe { convert::text(user_agent, "user_agent") }?;
        config.core.set_user_agent(user_agent)
    })
}

/// Logs each request and response if `debug` is not 0: their first lines,
/// their headers and the beginnings of bodies that are text, without
/// credentials, tokens and signed queries. They go to the log callback,
/// whatever its level, and to stderr where there is none. Unless set, 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_debug(
    config: Option<&mut reggie_config>,
    debug: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core.set_debug(debug != 0);
        Ok(())
    })
}

/// Sets what receives the log: entries up to `level`, one of
/// REGGIE_LOG_ERROR, REGGIE_LOG_WARNING, REGGIE_LOG_INFO and REGGIE_LOG_DEBUG.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback, and so do their responses whose body
/// is still to be read; the last of them frees its userdata. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the level is none of
/// those.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_log_callback(
    config: *mut reggie_config,
    level: c_int,
    callback: reggie_log_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let level = status::level(level).ok_or_else(|| {
            let message = format!("level: {level} is no level of the log");
            Error::new(Kind::InvalidArgument, message)
        })?;
        let callback = callback::log(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core.log.clone();
        config.core.set_log_callback(level, callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}

/// Sets how many bytes of a response body are kept in memory at most; a call
/// whose body is larger fails with REGGIE_BODY_TOO_LARGE. Unless set, 64 MiB.
///
/// Bodies that go elsewhere have no such limit. Returns REGGIE_OK or
/// REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_max_body_memory(
    config: Option<&mut reggie_config>,
    bytes: usize,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core.set_max_body_memory(bytes);
        Ok(())
    })
}
