//! Settings of a client: token servers that may get credentials.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::convert::c_string;
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::config::RealmCallback;
use crate::error::Kind;

/// Decides whether the credentials for a registry may be sent to a token server
/// (the realm of its challenge) at another site.
///
/// `registry` and `realm` are the host and port of each. On entry, `allow` is
/// 0; set it to another value to allow it. Return 0 to continue, or any other
/// value to stop the call, which then returns REGGIE_REALM_CALLBACK. May be
/// called concurrently from several threads.
pub type reggie_realm_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        registry: *const c_char,
        realm: *const c_char,
        allow: *mut c_int,
    ) -> c_int,
>;

/// The core's realm callback; `None` for NULL.
fn decides(callback: reggie_realm_callback, registration: Registration) -> Option<RealmCallback> {
    let callback = callback?;
    Some(Arc::new(move |registry, realm| {
        let (registry, realm) = (c_string(registry), c_string(realm));
        let userdata = registration.userdata();
        let mut allow = 0;
        let value = guard::outside(|| {
            let allow = &raw mut allow;
            // SAFETY: the caller registered them together; the rest outlives the call.
            unsafe { callback(userdata, registry.as_ptr(), realm.as_ptr(), allow) }
        });
        callback::result(Kind::RealmCallback, "realm", value)?;
        Ok(allow != 0)
    }))
}

/// Allows credentials to be sent to a token server at another site than the
/// registry. `host` is "host", "host:port", or ".domain" for a domain and its
/// subdomains. May be called several times.
///
/// A registry names its token server in its challenge, and could name any
/// server. Therefore credentials are sent only to token servers at the
/// registry's own site, to those known to belong to it, such as auth.docker.io
/// for docker.io, and to those allowed here or by the callback. Otherwise the
/// call returns REGGIE_REALM_REFUSED. Credentials for a registry with TLS are
/// never sent to a token server without TLS.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if the host is invalid, for example a URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_allowed_realm(
    config: *mut reggie_config,
    host: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let host = unsafe { convert::text(host, "host") }?;
        config.change(|core| core.add_allowed_realm(host))
    })
}

/// Sets the callback that decides about token servers at another site that
/// reggie_config_add_allowed_realm() does not allow. Called each time before
/// credentials would be sent.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_realm_callback(
    config: *mut reggie_config,
    callback: reggie_realm_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = decides(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_realm_callback(callback)) }
    })
}

/// If `fallback` is not 0, requests an anonymous token if the token server
/// rejects the credentials with 401 or 403 and the request only pulls. This
/// gives access to public content despite outdated credentials. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_anonymous_fallback(
    config: Option<&mut reggie_config>,
    fallback: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_anonymous_fallback(fallback != 0);
        Ok(())
    })
}
