//! General settings of a client.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};

use super::guard::HasLog;
use super::status::reggie_status;
use super::{convert, guard};
use crate::config::Config;
use crate::error::Error;
use crate::log::Log;

/// The settings of a client.
///
/// Created by reggie_config_new(); freed by reggie_config_free().
/// reggie_client_new() copies it: it may be changed, reused or freed
/// afterwards. Setters are not safe for concurrent use; creating clients from
/// the same settings is. A setter that fails leaves the setting unchanged.
pub struct reggie_config {
    /// Locked for moments only, never while a callback runs, which may use the
    /// config.
    core: Mutex<Arc<Config>>,
}

impl reggie_config {
    /// The settings as they are now.
    pub(super) fn core(&self) -> Arc<Config> {
        Arc::clone(&self.core.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn core_mut(&mut self) -> &mut Config {
        unshared(self.core.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the settings. `change` must not run or drop a callback.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Config) -> T) -> T {
        let mut core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        change(unshared(&mut core))
    }
}

/// The settings without those who look at them. Not inlined, since it has the code that
/// copies settings and there are many setters.
#[inline(never)]
fn unshared(core: &mut Arc<Config>) -> &mut Config {
    Arc::make_mut(core)
}

impl HasLog for reggie_config {
    fn log(&self) -> Option<Log> {
        Some(self.core().log())
    }
}

/// Sets a callback of a config by `set`, which returns the earlier one.
///
/// # Safety
///
/// `config` is NULL or a handle that is not in use elsewhere.
pub(super) unsafe fn replace_callback<T>(
    config: *mut reggie_config,
    set: impl FnOnce(&mut Config) -> T,
) -> Result<(), Error> {
    // SAFETY: as above.
    let config = unsafe { convert::handle(config, "config") }?;
    let earlier = config.change(set);
    // This may free a userdata, and the function that does so may use the config.
    drop(earlier);
    Ok(())
}

/// Creates settings with the defaults.
///
/// The result must be freed with reggie_config_free(). Returns NULL only if
/// there is a bug in the library.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_new() -> *mut reggie_config {
    guard::value(ptr::null_mut(), || {
        let core = Mutex::new(Arc::new(Config::new()));
        Box::into_raw(Box::new(reggie_config { core }))
    })
}

/// Frees settings. NULL is ignored. Clients created from them are not affected.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_free(config: Option<Box<reggie_config>>) {
    guard::value((), || drop(config));
}

/// Sets the repository name that replaces `<name>` in the path of requests that
/// have no name of their own, such as "myorg/myrepo".
///
/// reggie_client_set_default_name() changes it later. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_NAME.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_default_name(
    config: *mut reggie_config,
    name: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        config.change(|core| core.set_default_name(name))
    })
}

/// Sets the scope of requested tokens, which replaces the scope in the
/// registry's challenge, such as "repository:myorg/myrepo:pull,push".
///
/// Several scopes are separated by spaces. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_auth_scope(
    config: *mut reggie_config,
    scope: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let scope = unsafe { convert::text(scope, "scope") }?;
        config.change(|core| core.set_auth_scope(scope))
    })
}

/// Sets the registry whose content the client's registry mirrors, such as
/// "docker.io".
///
/// Requests for manifests, blobs and lists that are sent by reggie_repository
/// handles of the client then have the query parameter ns=`registry`, which tells a
/// mirror of several registries which of them is meant. In requests of your own,
/// set it with reggie_request_set_query(). Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_INVALID_REFERENCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_mirror_of(
    config: *mut reggie_config,
    registry: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let registry = unsafe { convert::text(registry, "registry") }?;
        config.change(|core| core.set_mirror_of(registry))
    })
}

/// Sets the User-Agent header of requests that do not set one (RFC 9110,
/// section 10.1.5). Default: "reggie/" and the version.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_HEADER.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_user_agent(
    config: *mut reggie_config,
    user_agent: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let user_agent = unsafe { convert::text(user_agent, "user_agent") }?;
        config.change(|core| core.set_user_agent(user_agent))
    })
}

/// Sets the maximum size in bytes of a response body in memory. A call with a
/// larger body fails with REGGIE_BODY_TOO_LARGE. Default: 64 MiB.
///
/// Does not apply to bodies that are written elsewhere. Returns REGGIE_OK or
/// REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_max_body_memory(
    config: Option<&mut reggie_config>,
    bytes: usize,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_max_body_memory(bytes);
        Ok(())
    })
}

/// If `keep` is not 0, stores the cookies that servers set (RFC 6265) and sends
/// them back. This is for registries behind a load balancer that requires
/// cookies. Default: 0.
///
/// Cookies are kept in memory, per client. A cookie is sent only to the origin
/// (scheme, host and port) that set it, whatever its Domain attribute says. A
/// Cookie header set on a request is sent in front of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_cookies(
    config: Option<&mut reggie_config>,
    keep: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_cookies(keep != 0);
        Ok(())
    })
}
