//! Which redirects are followed, as C sets it.

use std::ffi::{c_int, c_void};

use super::callback::{Registration, reggie_free_callback};
use super::config::reggie_config;
use super::redirect::reggie_redirect_callback;
use super::status::reggie_status;
use super::{convert, guard, redirect};
use crate::error::{Error, Kind};

/// Sets how many redirects are followed in a row (RFC 9110, section 15.4).
/// Unless set, 20. One more makes the call return REGGIE_TOO_MANY_REDIRECTS.
///
/// With 0 none is followed: the redirect is the response, and
/// reggie_response_absolute_location() tells where it leads. That holds for
/// token servers too, which then refuse. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `most` is negative.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_config_set_max_redirects(
    config: Option<&mut reggie_config>,
    most: c_int,
) -> reggie_status {
    guard::status(|| {
        let config = convert::required(config, "config")?;
        let most = u32::try_from(most).map_err(|_| {
            let message = format!("most: {most} redirects cannot be followed");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.core_mut().set_max_redirects(most);
        Ok(())
    })
}

/// Sets what decides about each redirect that would be followed, those of token
/// servers too. Not asked about are redirects that are refused anyway, such as
/// from https to plain http, and those beyond the most that are followed.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_redirect_callback(
    config: *mut reggie_config,
    callback: reggie_redirect_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = redirect::decides(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().redirect_callback.clone();
        config.core_mut().set_redirect_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}
