//! Who asks, as C sets it.

use std::ffi::{c_char, c_int, c_void};

use super::callback::{Registration, reggie_free_callback};
use super::config::reggie_config;
use super::credential::reggie_credential_callback;
use super::status::reggie_status;
use super::{convert, credential, guard};
use crate::config::Credential;

/// Sets user name and password, for Basic authentication (RFC 7617) and for
/// asking for tokens. They go to the registry's own origin and to the token
/// server that it names, and nowhere else. Unless set, the client is anonymous,
/// but for what the functions below find.
///
/// What a client looks for, when a registry asks who it is, is the first of:
///
/// 1. what reggie_config_add_credentials(), reggie_config_add_identity_token()
///    and reggie_config_add_bearer_token() added for the repository, by the
///    longest path;
/// 2. what this function set;
/// 3. what the callback of reggie_config_set_credential_callback() hands out;
/// 4. what stands in the files of reggie_config_add_credentials_file(), in the
///    order in which they were added;
/// 5. what stands in the usual files, if reggie_config_use_credentials_files()
///    was called.
///
/// Both are UTF-8 without control characters; the user name has no colon; one
/// of the two may be empty, such as the user name where the password is a
/// token. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_credentials(
    config: Option<&mut reggie_config>,
    username: *const c_char,
    password: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: a text of the caller's, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        config.core_mut().set_credentials(username, password)
    })
}

/// Adds user name and password for a part of registries, such as one of
/// several organisations: `place` is "host", "host:port", or either with the
/// beginning of repositories' names, as in "registry.example/team/app", which is
/// for team/app and all that is under it. The longest path counts; for the same
/// place, what was added last.
///
/// Without a port, the one is meant that is usual for the scheme of the client's
/// address. docker.io, index.docker.io and registry-1.docker.io are one host.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS, or REGGIE_INVALID_ARGUMENT if the place is none,
/// such as a URL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_credentials(
    config: Option<&mut reggie_config>,
    place: *const c_char,
    username: *const c_char,
    password: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: a text of the caller's, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: a text of the caller's, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        let credential = Credential::password(username, password)?;
        config.core_mut().add_credential(place, credential)
    })
}

/// Adds an identity token (a refresh token of OAuth 2, RFC 6749) for a place, as
/// reggie_config_add_credentials() tells it. It goes to the token server alone,
/// by POST, and is never sent to the registry; where a token server knows no
/// POST, or a registry wants Basic, it stands in place of a password, if
/// `username` is neither NULL nor empty.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_identity_token(
    config: Option<&mut reggie_config>,
    place: *const c_char,
    username: *const c_char,
    token: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: a text of the caller's, or NULL.
        let username = unsafe { convert::optional_text(username, "username") }?;
        // SAFETY: a text of the caller's, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        let credential = Credential::identity_token(username.unwrap_or_default(), token)?;
        config.core_mut().add_credential(place, credential)
    })
}

/// Adds a bearer token (RFC 6750) for a place, as
/// reggie_config_add_credentials() tells it: one that the program has got by
/// itself. It goes to the registry as it is when the registry asks for
/// authorization, and no token server is asked.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_CREDENTIALS or REGGIE_INVALID_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_bearer_token(
    config: Option<&mut reggie_config>,
    place: *const c_char,
    token: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let place = unsafe { convert::text(place, "place") }?;
        // SAFETY: a text of the caller's, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        let credential = Credential::bearer_token(token)?;
        config.core_mut().add_credential(place, credential)
    })
}

/// Sets what is asked for credentials that were not set for the registry.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
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
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().credential_sources.callback.clone();
        config.core_mut().set_credential_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}

/// Adds a file of credentials: one in the form of Docker's config.json, or of
/// containers' auth.json, or of the older .dockercfg.
///
/// Of what it holds, `auths` with `auth`, or `username` and `password`,
/// `identitytoken` and `registrytoken` count, by the longest path for the
/// repository, and `credHelpers` and `credsStore`, which name programs. These are
/// run only if reggie_config_set_credential_helpers() allows it, and come after
/// entries with a path, and before the one for the registry as a whole. An entry
/// that has nothing in it means that a program has it.
///
/// The file is read when a client is made, which fails with
/// REGGIE_INVALID_CREDENTIALS_FILE if it is not there or makes no sense, and anew
/// when credentials are needed, so that a login in between counts. `path` is
/// bytes; a relative one means the current folder of now. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if it is empty, or
/// REGGIE_INVALID_CREDENTIALS_FILE if there is no current folder.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_add_credentials_file(
    config: Option<&mut reggie_config>,
    path: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        config.core_mut().add_credentials_file(path)
    })
}

/// Looks for credentials where Docker and containers keep those of this user, if
/// `usual` is not 0. Unless set, 0: no file is looked at.
///
/// These are, in this order: the file that REGISTRY_AUTH_FILE names;
/// containers/auth.json in XDG_RUNTIME_DIR, or else
/// /run/containers/UID/auth.json; containers/auth.json in XDG_CONFIG_HOME, or
/// else in .config of HOME; config.json in DOCKER_CONFIG, or else in .docker of
/// HOME; .dockercfg in HOME. One that is not there is passed over; one that makes
/// no sense is an error, as reggie_config_add_credentials_file() tells.
/// reggie_config_set_use_environment() can keep the variables unread.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_use_credentials_files(
    config: Option<&mut reggie_config>,
    usual: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        config.core_mut().use_credentials_files(usual != 0);
        Ok(())
    })
}

/// Runs the credential helpers that files of credentials name, if `run` is not
/// 0. Unless set, 0: the library starts no program, and passes helpers over.
///
/// A helper is the program docker-credential-NAME in a folder of PATH. It gets
/// the environment that the process had when the client was made, is killed with
/// all that it started when it takes too long or the call is cancelled, and its
/// end is awaited, so that the process gets a SIGCHLD; what the process does
/// with it does not matter. One that fails makes the call return
/// REGGIE_CREDENTIAL_HELPER, with its name and words in the message; one that
/// says that it has nothing is passed over.
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

/// Sets how long a credential helper may take. Unless set, 30 seconds.
///
/// `milliseconds` of 0 is no limit. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or
/// REGGIE_INVALID_ARGUMENT if it is below 0.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_credential_helper_timeout(
    config: Option<&mut reggie_config>,
    milliseconds: i64,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let time = convert::time(milliseconds, "milliseconds")?;
        config.core_mut().set_credential_helper_timeout(time);
        Ok(())
    })
}
