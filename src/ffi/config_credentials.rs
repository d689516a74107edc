//! Settings of a client: credentials.

use std::ffi::{c_char, c_int, c_void};

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::credential::reggie_credential_callback;
use super::status::reggie_status;
use super::{convert, credential, guard};
use crate::config::Credential;

/// Sets the user name and password, for Basic authentication (RFC 7617) and for
/// requesting tokens. They are sent only to the registry's own origin and to
/// the token server that it names. Default: anonymous, unless one of the
/// functions below provides credentials.
///
/// If a registry requires credentials, the client uses the first of:
///
/// 1. those added for the repository by reggie_config_add_credentials(),
///    reggie_config_add_identity_token() or reggie_config_add_bearer_token(),
///    by the longest matching path;
/// 2. those set by this function;
/// 3. those returned by the callback of
///    reggie_config_set_credential_callback();
/// 4. those in the files added by reggie_config_add_credentials_file(), in the
///    order in which they were added;
/// 5. those in the default files, if
///    reggie_config_use_default_credentials_files() was called.
///
/// Both strings are UTF-8. The user name has no control characters and no colon;
/// the password has at most 64 KiB and may have several lines, as a JSON key
/// file has. Either may be empty, for example the user name if the password is
/// a token.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_credentials(
    config: *mut reggie_config,
    username: *const c_char,
    password: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: the caller's string, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        config.change(|core| core.set_credentials(username, password))
    })
}

/// Adds a user name and password for a part of a registry, for example for one
/// of several organizations.
///
/// `place` is "host" or "host:port", optionally followed by the beginning of
/// repository names: "registry.example/team/app" applies to team/app and
/// everything below it. The longest matching path is used. Credentials for the
/// same place replace each other.
///
/// Without a port, the default port of the scheme of the client's address
/// applies. docker.io, index.docker.io and registry-1.docker.io are treated as
/// the same host.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS, or REGGIE_INVALID_ARGUMENT if the place is
/// invalid, for example a URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_credentials(
    config: *mut reggie_config,
    place: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: the caller's string, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: the caller's string, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        let credential = Credential::password(username, password)?;
        config.change(|core| core.add_credential(place, credential))
    })
}

/// Adds an identity token (an OAuth 2 refresh token, RFC 6749) for a place, as
/// for reggie_config_add_credentials().
///
/// It is sent to the token server, by POST. If the token server does not
/// support POST, or the registry requires Basic authentication, it is used as
/// the password of `username`; if that is NULL or empty, it is never sent to
/// the registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_identity_token(
    config: *mut reggie_config,
    place: *const c_char,
    username: *const c_char,
    token: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: the caller's string, or NULL.
        let username = unsafe { convert::optional_text(username, "username") }?;
        // SAFETY: the caller's string, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        let credential = Credential::identity_token(username.unwrap_or_default(), token)?;
        config.change(|core| core.add_credential(place, credential))
    })
}

/// Adds a bearer token (RFC 6750) that the program has obtained itself, for a
/// place as for reggie_config_add_credentials(). It is sent to the registry
/// unchanged if the registry requires authorization; no token server is used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_bearer_token(
    config: *mut reggie_config,
    place: *const c_char,
    token: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: the caller's string, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        let credential = Credential::bearer_token(token)?;
        config.change(|core| core.add_credential(place, credential))
    })
}

/// Sets the callback that returns credentials for registries for which none
/// were set. See reggie_config_set_credentials() for the order of the sources.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_credential_callback(
    config: *mut reggie_config,
    callback: reggie_credential_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = credential::finds(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_credential_callback(callback)) }
    })
}

/// Adds a credentials file: Docker's config.json, containers' auth.json, or the
/// older .dockercfg.
///
/// From `auths`, the client uses `auth`, or `username` and `password`,
/// `identitytoken` and `registrytoken`, by the longest path that matches the
/// repository. `credHelpers` and `credsStore` name credential helpers, which
/// are run only if reggie_config_set_credential_helpers() allows it; they rank
/// after entries with a path and before the entry for the registry as a whole.
/// An empty entry means that a helper has the credentials. If several keys name
/// the same host, the one that is exactly host and port is used before URLs.
/// Names of fields are compared without case. The file may be in UTF-16 or have
/// a byte-order mark.
///
/// The file is read when a client is created, which fails with
/// REGGIE_INVALID_CREDENTIALS_FILE if the file is missing or invalid, and again
/// when credentials are needed, so that later logins are found. A relative
/// `path` refers to the current directory at the time of this call.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_INVALID_CREDENTIALS_FILE if there is no current
/// directory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_credentials_file(
    config: *mut reggie_config,
    path: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.change(|core| core.add_credentials_file(path))
    })
}

/// If `enable` is not 0, looks for credentials in the files where Docker and
/// containers store those of the user. Default: 0.
///
/// These are, in this order: the file named by REGISTRY_AUTH_FILE;
/// containers/auth.json in XDG_RUNTIME_DIR, or else
/// /run/containers/UID/auth.json; containers/auth.json in XDG_CONFIG_HOME, or
/// else in .config of HOME; config.json in DOCKER_CONFIG, or else in .docker of
/// HOME; .dockercfg in HOME. A missing file is skipped; an invalid one is an
/// error, as for reggie_config_add_credentials_file(). With
/// reggie_config_set_use_environment() the variables can be ignored.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_use_default_credentials_files(
    config: Option<&mut reggie_config>,
    enable: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().use_default_credentials_files(enable != 0);
        Ok(())
    })
}

/// If `run` is not 0, runs the credential helpers named in credentials files.
/// Default: 0; the library then starts no program and skips helpers.
///
/// A helper is a program docker-credential-NAME in PATH. It gets the
/// environment of the process at the time the client was created. If it exceeds
/// its time limit or the call is cancelled, it is killed together with the
/// processes it started. The library waits for it to exit, so the process
/// receives SIGCHLD; it does not matter how the process handles that signal. If
/// a helper fails, the call returns REGGIE_CREDENTIAL_HELPER with the helper's
/// name and output in the message. A helper that reports that it has no
/// credentials is skipped.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_credential_helpers(
    config: Option<&mut reggie_config>,
    run: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().set_credential_helpers(run != 0);
        Ok(())
    })
}

/// Sets the time limit for a credential helper. Default: 30 s.
///
/// 0 means no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_credential_helper_timeout(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.change(|core| core.set_credential_helper_timeout(time));
        Ok(())
    })
}

/// Sets how long the credentials that a helper returned are used before it is
/// run again. Default: 5 min.
///
/// For each registry, one helper runs at a time, and its result serves all calls
/// that wait for it. Credentials that the registry or a token server rejects are
/// not used again. The result that there are none is kept for at most 5 s, a
/// failure not at all.
///
/// 0 means that each use runs the helper. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `milliseconds` is
/// negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_credential_helper_cache_time(
    config: *mut reggie_config,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        let time = time.unwrap_or_default();
        config.change(|core| core.set_credential_helper_cache_time(time));
        Ok(())
    })
}
