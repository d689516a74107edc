//! The credential that a callback of C's hands out.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::Registration;
use super::convert::{borrowed, c_string};
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::config::{Credential, CredentialCallback};
use crate::error::Kind;

/// Where a reggie_credential_callback puts what it has. It is the library's,
/// and there only until the callback returns. Nothing set means that there is
/// no credential; what is set last counts.
pub struct reggie_credential {
    core: Option<Credential>,
}

/// Finds the credential for a registry: `registry` is its host, with its port
/// where that is not the usual one, and `repository` the name of the repository
/// that the request is about, NULL if it is about none. What it has goes into
/// `credential`. Both texts are valid during the call.
///
/// It is called when a token or an authorization is needed, not for each
/// request, and may run at once on all threads that use the client. Returns 0,
/// or a value of its own to stop the call, which then returns
/// REGGIE_CREDENTIAL_CALLBACK.
pub type reggie_credential_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        registry: *const c_char,
        repository: *const c_char,
        credential: *mut reggie_credential,
    ) -> c_int,
>;

/// The core's credential callback; `None` where C gave none.
pub(super) fn finds(
    callback: reggie_credential_callback,
    registration: Registration,
) -> Option<CredentialCallback> {
    let callback = callback?;
    Some(Arc::new(move |registry, repository| {
        let registry = c_string(registry);
        let repository = repository.map(c_string);
        let repository = borrowed(repository.as_ref());
        let mut credential = reggie_credential { core: None };
        let userdata = registration.userdata();
        let value = guard::outside(|| {
            let credential = &raw mut credential;
            // SAFETY: the caller gave them to be used together; the rest outlives the call.
            unsafe { callback(userdata, registry.as_ptr(), repository, credential) }
        });
        callback::result(Kind::CredentialCallback, "credential", value)?;
        Ok(credential.core)
    }))
}

/// Hands out a user name and a password, as reggie_config_set_credentials()
/// takes them.
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
        // SAFETY: a text of the caller's, or NULL.
        let username = unsafe { convert::text(username, "username") }?;
        // SAFETY: a text of the caller's, or NULL.
        let password = unsafe { convert::text(password, "password") }?;
        credential.core = Some(Credential::password(username, password)?);
        Ok(())
    })
}

/// Hands out an identity token, as reggie_config_add_identity_token() takes it.
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
        // SAFETY: a text of the caller's, or NULL.
        let username = unsafe { convert::optional_text(username, "username") }?;
        // SAFETY: a text of the caller's, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        credential.core = Some(Credential::identity_token(
            username.unwrap_or_default(),
            token,
        )?);
        Ok(())
    })
}

/// Hands out a bearer token, as reggie_config_add_bearer_token() takes it.
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
        // SAFETY: a text of the caller's, or NULL.
        let token = unsafe { convert::text(token, "token") }?;
        credential.core = Some(Credential::bearer_token(token)?);
        Ok(())
    })
}
