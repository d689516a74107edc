//! A redirect, as C sees it while it decides about it.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::callback::Registration;
use super::convert::{borrowed, c_string};
use super::pairs::Pairs;
use super::{callback, convert, guard};
use crate::error::{Error, Kind, Step};
use crate::http::redirect::{RedirectCallback, RedirectChoice, RedirectStep};

/// What becomes of a redirect: it is followed.
pub const REGGIE_REDIRECT_FOLLOW: c_int = 0;
/// What becomes of a redirect: it is the answer.
pub const REGGIE_REDIRECT_ANSWER: c_int = 1;

/// A redirect that would be followed (RFC 9110, section 15.4).
///
/// A reggie_redirect_callback gets one. It is the library's, and there only
/// until the callback returns, and so are its texts.
pub struct reggie_redirect {
    from: CString,
    to: CString,
    method: CString,
    status: c_int,
    hop: usize,
    headers: Pairs,
}

/// Decides about a redirect: `choice` is REGGIE_REDIRECT_FOLLOW before, and may
/// be set to REGGIE_REDIRECT_ANSWER, with which the redirect is the response;
/// any other value makes the call return REGGIE_CALLBACK_MISUSE. Returns 0, or
/// a value of its own to stop the call, which then returns
/// REGGIE_REDIRECT_CALLBACK. It may run at once on all threads that use the
/// client.
pub type reggie_redirect_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        redirect: *const reggie_redirect,
        choice: *mut c_int,
    ) -> c_int,
>;

/// The core's redirect callback; `None` where C gave none.
pub(super) fn decides(
    callback: reggie_redirect_callback,
    registration: Registration,
) -> Option<RedirectCallback> {
    let callback = callback?;
    Some(Arc::new(move |step| {
        let redirect = reggie_redirect::new(step);
        let userdata = registration.userdata();
        let mut choice = REGGIE_REDIRECT_FOLLOW;
        // SAFETY: the caller gave them to be used together; the rest outlives the call.
        let value =
            guard::outside(|| unsafe { callback(userdata, &raw const redirect, &raw mut choice) });
        callback::result(Kind::RedirectCallback, "redirect", value)?;
        chosen(choice)
    }))
}

fn chosen(choice: c_int) -> Result<RedirectChoice, Error> {
    match choice {
        REGGIE_REDIRECT_FOLLOW => Ok(RedirectChoice::Follow),
        REGGIE_REDIRECT_ANSWER => Ok(RedirectChoice::Answer),
        _ => {
            let message = format!("redirect callback: {choice} is no choice");
            Err(Error::new(Kind::CallbackMisuse, message).at(Step::Redirect))
        }
    }
}

impl reggie_redirect {
    fn new(step: &RedirectStep) -> reggie_redirect {
        reggie_redirect {
            from: c_string(step.from()),
            to: c_string(step.to()),
            method: c_string(step.method()),
            status: c_int::from(step.status()),
            hop: step.hop() as usize,
            headers: Pairs::of_headers(step.headers()),
        }
    }
}

/// The whole URL that answered with the redirect. Its query may be a secret,
/// such as a signature.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_from(redirect: Option<&reggie_redirect>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(redirect.map(|redirect| &redirect.from))
    })
}

/// The whole URL that the redirect leads to. Its query may be a secret, such as
/// a signature.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_to(redirect: Option<&reggie_redirect>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(redirect.map(|redirect| &redirect.to))
    })
}

/// The method that is sent there: that of the request, but for a 303, which
/// makes it GET or HEAD.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_method(redirect: Option<&reggie_redirect>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(redirect.map(|redirect| &redirect.method))
    })
}

/// The HTTP status of the redirect: 301, 302, 303, 307 or 308; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_status(redirect: Option<&reggie_redirect>) -> c_int {
    guard::value(0, || redirect.map_or(0, |redirect| redirect.status))
}

/// Which redirect in a row it is, 1 for the first; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_hop(redirect: Option<&reggie_redirect>) -> usize {
    guard::value(0, || redirect.map_or(0, |redirect| redirect.hop))
}

/// How many header fields the redirect has; a name that stands twice counts
/// twice. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_headers_count(redirect: Option<&reggie_redirect>) -> usize {
    guard::value(0, || redirect.map_or(0, |redirect| redirect.headers.len()))
}

/// The name of the header field at `index`, from 0 on, as the server wrote it.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_header_name(
    redirect: Option<&reggie_redirect>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        redirect.map_or(ptr::null(), |redirect| redirect.headers.name(index))
    })
}

/// The value of the header field at `index`, from 0 on. It may be any bytes,
/// not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_redirect_header_value(
    redirect: Option<&reggie_redirect>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        redirect.map_or(ptr::null(), |redirect| redirect.headers.value(index))
    })
}

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_redirect_header(
    redirect: Option<&reggie_redirect>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (redirect, unsafe { convert::bytes(name, "name") }) {
            (Some(redirect), Ok(name)) => redirect.headers.named(name, 0),
            _ => ptr::null(),
        }
    })
}

/// How many header fields of a name there are, whatever its case; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_redirect_header_count(
    redirect: Option<&reggie_redirect>,
    name: *const c_char,
) -> usize {
    guard::value(0, || {
        // SAFETY: a text of the caller's, or NULL.
        match (redirect, unsafe { convert::bytes(name, "name") }) {
            (Some(redirect), Ok(name)) => redirect.headers.count(name),
            _ => 0,
        }
    })
}

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_redirect_header_at(
    redirect: Option<&reggie_redirect>,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (redirect, unsafe { convert::bytes(name, "name") }) {
            (Some(redirect), Ok(name)) => redirect.headers.named(name, index),
            _ => ptr::null(),
        }
    })
}
