//! Redirects: which are followed, and the callback that decides.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::callback::{Registration, reggie_free_callback};
use super::config::{reggie_config, replace_callback};
use super::headers::reggie_headers;
use super::status::reggie_status;
use super::strings::Strings;
use super::{callback, convert, guard};
use crate::error::{Error, Kind, Step};
use crate::http::redirect::{RedirectCallback, RedirectChoice, RedirectStep};

/// Redirect choice: follow it.
pub const REGGIE_REDIRECT_FOLLOW: c_int = 0;
/// Redirect choice: return it as the response.
pub const REGGIE_REDIRECT_RETURN: c_int = 1;

/// A redirect (RFC 9110, section 15.4).
///
/// Passed to a reggie_redirect_callback. Owned by the library. The redirect and
/// its strings are valid until the callback returns.
pub struct reggie_redirect {
    core: RedirectStep,
    headers: reggie_headers,
    strings: Strings,
}

/// Decides whether a redirect is followed.
///
/// On entry, `choice` is REGGIE_REDIRECT_FOLLOW; set it to
/// REGGIE_REDIRECT_RETURN to return the redirect as the response. With any
/// other value the call returns REGGIE_CALLBACK_MISUSE. Return 0 to continue,
/// or any other value to stop the call, which then returns
/// REGGIE_REDIRECT_CALLBACK. May be called concurrently from several threads.
pub type reggie_redirect_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        redirect: *const reggie_redirect,
        choice: *mut c_int,
    ) -> c_int,
>;

/// The core's redirect callback; `None` for NULL.
fn decides(
    callback: reggie_redirect_callback,
    registration: Registration,
) -> Option<RedirectCallback> {
    let callback = callback?;
    Some(Arc::new(move |step| {
        let redirect = reggie_redirect::new(step);
        let userdata = registration.userdata();
        let mut choice = REGGIE_REDIRECT_FOLLOW;
        // SAFETY: the caller registered them together; the rest outlives the call.
        let value =
            guard::outside(|| unsafe { callback(userdata, &raw const redirect, &raw mut choice) });
        callback::result(Kind::RedirectCallback, "redirect", value)?;
        chosen(choice)
    }))
}

fn chosen(choice: c_int) -> Result<RedirectChoice, Error> {
    match choice {
        REGGIE_REDIRECT_FOLLOW => Ok(RedirectChoice::Follow),
        REGGIE_REDIRECT_RETURN => Ok(RedirectChoice::Return),
        _ => {
            let message = format!("redirect callback: {choice} is not a redirect choice");
            Err(Error::new(Kind::CallbackMisuse, message).at(Step::Redirect))
        }
    }
}

impl reggie_redirect {
    fn new(core: &RedirectStep) -> reggie_redirect {
        reggie_redirect {
            core: core.clone(),
            headers: reggie_headers::of_callback(core.headers(), false, None),
            strings: Strings::default(),
        }
    }

    fn string(
        redirect: Option<&reggie_redirect>,
        field: fn(&RedirectStep) -> &str,
    ) -> *const c_char {
        guard::value(ptr::null(), || {
            redirect.map_or(ptr::null(), |redirect| {
                redirect.strings.lend(field(&redirect.core))
            })
        })
    }
}

/// Sets the maximum number of consecutive redirects that are followed (RFC
/// 9110, section 15.4). Default: 20. If there are more, the call returns
/// REGGIE_TOO_MANY_REDIRECTS.
///
/// With 0, a redirect is returned as the response;
/// reggie_response_absolute_location() returns its target. A redirect of a
/// token server is then a failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if `max`
/// is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_max_redirects(
    config: *mut reggie_config,
    max: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let config = unsafe { config.as_ref() };
    guard::logged_status(config, || {
        let config = convert::required(config, "config")?;
        let max = u32::try_from(max).map_err(|_| {
            let message = format!("max: {max} is negative");
            Error::new(Kind::InvalidArgument, message)
        })?;
        config.change(|core| core.set_max_redirects(max));
        Ok(())
    })
}

/// Sets the callback that decides about redirects, including those of token
/// servers. Not called for redirects that are always refused, such as from
/// https to http, or that exceed the maximum.
///
/// If `callback` is NULL, removes it and frees `userdata`. Existing clients
/// keep the earlier callback; its userdata is freed with the last of them.
///
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
        let callback = decides(callback, registration);
        // SAFETY: the caller's handle, or NULL.
        unsafe { replace_callback(config, |core| core.set_redirect_callback(callback)) }
    })
}

/// Returns the full URL that sent the redirect. Its query may contain secrets,
/// such as a signature.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_from(redirect: Option<&reggie_redirect>) -> *const c_char {
    reggie_redirect::string(redirect, RedirectStep::from)
}

/// Returns the full URL of the target. Its query may contain secrets, such as a
/// signature.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_to(redirect: Option<&reggie_redirect>) -> *const c_char {
    reggie_redirect::string(redirect, RedirectStep::to)
}

/// Returns the method of the next request: the same method, except that a 303
/// changes it to GET or HEAD.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_method(redirect: Option<&reggie_redirect>) -> *const c_char {
    reggie_redirect::string(redirect, RedirectStep::method)
}

/// Returns the HTTP status: 301, 302, 303, 307 or 308; 0 if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_status(redirect: Option<&reggie_redirect>) -> c_int {
    guard::value(0, || {
        redirect.map_or(0, |redirect| c_int::from(redirect.core.status()))
    })
}

/// Returns the number of this redirect among consecutive redirects, starting at
/// 1; 0 if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_hop(redirect: Option<&reggie_redirect>) -> usize {
    guard::value(0, || {
        redirect.map_or(0, |redirect| redirect.core.hop() as usize)
    })
}

/// Returns the headers of the redirect. They cannot be changed.
///
/// Borrowed. Returns NULL if `redirect` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_headers(
    redirect: Option<&reggie_redirect>,
) -> *const reggie_headers {
    guard::value(ptr::null(), || {
        redirect.map_or(ptr::null(), |redirect| &raw const redirect.headers)
    })
}
