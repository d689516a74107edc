//! The credential that a callback returns.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::Registration;
use super::convert::{borrowed, c_string};
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::config::{Credential, CredentialCallback};
use crate::error::{Error, Kind};

/// Receives the result of a reggie_credential_callback.
///
/// Owned by the library; valid until the callback returns. If nothing is set,
/// there is no credential; if several are set, the last one is used. If one is
/// refused and the callback stops the call, the message of the error says why.
pub struct reggie_credential {
    core: Option<Credential>,
    /// Why the last one could not be set.
    refusal: Option<Error>,
}

impl reggie_credential {
    fn set(&mut self, credential: Result<Credential, Error>) -> Result<(), Error> {
        match credential {
            Ok(credential) => self.core = Some(credential),
            Err(refusal) => {
                self.refusal = Some(refusal.clone());
                return Err(refusal);
            }
        }
        Ok(())
    }
}

/// Finds the credential for a registry.
///
/// `registry` is its host, with the port if it is not the default. `repository`
/// is the repository that the request is about, or NULL if none. Both are valid
/// during the call. The result is stored in `credential` by one of the
/// reggie_credential_set functions.
///
/// Called when a token or an authorization is needed, not for each request. May
/// be called concurrently from several threads. Return 0 to continue, even if
/// there is no credential, or any other value to stop the call, which then
/// returns REGGIE_CREDENTIAL_CALLBACK.
pub type reggie_credential_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        registry: *const c_char,
        repository: *const c_char,
        credential: *mut reggie_credential,
    ) -> c_int,
>;

/// The core's credential callback; `None` for NULL.
pub(super) fn finds(
    callback: reggie_credential_callback,
    registration: Registration,
) -> Option<CredentialCallback> {
    let callback = callback?;
    Some(Arc::new(move |registry, repository| {
        let registry = c_string(registry);
        let repository = repository.map(c_string);
        let repository = borrowed(repository.as_ref());
        let mut credential = reggie_credential {
            core: None,
            refusal: None,
        };
        let userdata = registration.userdata();
        let value = guard::outside(|| {
            let credential = &raw mut credential;
            // SAFETY: the caller registered them together; the rest outlives the call.
            unsafe { callback(userdata, registry.as_ptr(), repository, credential) }
        });
        let result = callback::result(Kind::CredentialCallback, "credential", value);
        result.map_err(|error| match &credential.refusal {
            Some(refusal) => error.with_more(&format!(": {refusal}")),
            None => error,
        })?;
        Ok(credential.core)
    }))
}

/// Sets a user name and password as the result of the callback; see
/// reggie_config_set_credentials().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_credential_set_password(
    credential: Option<&mut reggie_credential>,
    username: *const c_char,
    password: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let credential = convert::required(credential, "credential")?;
        // SAFETY: the caller's string, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: the caller's string, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        credential.set(Credential::password(username, password))
    })
}

/// Sets an identity token as the result of the callback; see
/// reggie_config_add_identity_token().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_credential_set_identity_token(
    credential: Option<&mut reggie_credential>,
    username: *const c_char,
    token: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let credential = convert::required(credential, "credential")?;
        // SAFETY: the caller's string, or NULL.
        let username = unsafe { convert::optional_text(username, "username") }?;
        // SAFETY: the caller's string, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        let username = username.unwrap_or_default();
        credential.set(Credential::identity_token(username, token))
    })
}

/// Sets a bearer token as the result of the callback; see
/// reggie_config_add_bearer_token().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_CREDENTIALS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_credential_set_bearer_token(
    credential: Option<&mut reggie_credential>,
    token: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let credential = convert::required(credential, "credential")?;
        // SAFETY: the caller's string, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        credential.set(Credential::bearer_token(token))
    })
}
