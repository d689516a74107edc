//! How far credentials go, as C sets it.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::config::reggie_config;
use super::convert::c_string;
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::config::RealmCallback;
use crate::error::Kind;

/// Decides whether the credentials for a registry may go to a token server
/// (the realm of its challenge) at another site: `registry` and `realm` are
/// host and port of both, and `allow` is 0 before and set to something else to
/// allow it. Returns 0, or a value of its own to stop the call, which then
/// returns REGGIE_REALM_CALLBACK. It may run at once on all threads that use
/// the client.
pub type reggie_realm_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        registry: *const c_char,
        realm: *const c_char,
        allow: *mut c_int,
    ) -> c_int,
>;

/// The core's realm callback; `None` where C gave none.
fn decides(callback: reggie_realm_callback, registration: Registration) -> Option<RealmCallback> {
    let callback = callback?;
    Some(Arc::new(move |registry, realm| {
        let (registry, realm) = (c_string(registry), c_string(realm));
        let userdata = registration.userdata();
        let mut allow = 0;
        let value = guard::outside(|| {
            let allow = &raw mut allow;
            // SAFETY: the caller gave them to be used together; the rest outlives the call.
            unsafe { callback(userdata, registry.as_ptr(), realm.as_ptr(), allow) }
        });
        callback::result(Kind::RealmCallback, "realm", value)?;
        Ok(allow != 0)
    }))
}

/// Allows credentials to go to token servers at another site than the registry:
/// to those that `host` tells, by "host", "host:port", or ".domain" for the
/// domain and all that is under it. May be called for several.
///
/// A registry names its token server in its challenge, and could name anybody's.
/// Credentials therefore go to token servers of the registry's own site, to
/// those that are known to belong to it, such as auth.docker.io to docker.io,
/// and to those that are allowed here or by the callback; otherwise the call
/// returns REGGIE_REALM_REFUSED. A token server without TLS gets nothing on
/// behalf of a registry with TLS, whatever is allowed.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, or
/// REGGIE_INVALID_ARGUMENT if it is none of those, such as a URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_allowed_realm(
    config: Option<&mut reggie_config>,
    host: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let host = unsafe { convert::text(host, "host") }?;
        config.core_mut().add_allowed_realm(host)
    })
}

/// Sets what decides about token servers at another site that
/// reggie_config_add_allowed_realm() has not allowed, each time before
/// credentials would go there.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
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
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().realm_callback.clone();
        config.core_mut().set_realm_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}

/// Asks the token server once more without credentials if `fallback` is not 0,
/// it has refused those that there are by a 401 or 403, and the request only
/// pulls: what is public can then be had in spite of credentials that are out
/// of date. Unless set, 0: the refusal is the caller's to know.
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
