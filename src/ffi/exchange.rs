//! One HTTP request or its response, as the hooks see it.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::callback::Registration;
use super::headers::reggie_headers;
use super::strings::Strings;
use super::{callback, guard};
use crate::error::Kind;
use crate::http::hooks::{Exchange, Purpose, ResponseCallback, SendCallback};

/// Purpose: the first attempt of a request.
pub const REGGIE_PURPOSE_FIRST: c_int = 1;
/// Purpose: a request that is sent again after a challenge.
pub const REGGIE_PURPOSE_CHALLENGE: c_int = 2;
/// Purpose: a token request, or a request that obtains a challenge from the
/// registry.
pub const REGGIE_PURPOSE_TOKEN: c_int = 3;
/// Purpose: a request that follows a redirect.
pub const REGGIE_PURPOSE_REDIRECT: c_int = 4;
/// Purpose: a retry after a failure.
pub const REGGIE_PURPOSE_RETRY: c_int = 5;

/// One HTTP request, or the response to it.
///
/// Passed to a reggie_exchange_callback. Owned by the library. The exchange and
/// its strings are valid until the callback returns. Its headers contain
/// credentials - passwords, tokens and cookies - that must not be logged, and
/// its URL may contain a signature.
pub struct reggie_exchange {
    core: Exchange,
    headers: reggie_headers,
    strings: Strings,
}

/// Called before an HTTP request is sent, or after the headers of an HTTP
/// response have been received; reggie_exchange_purpose() says what it is for.
///
/// Return 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_EXCHANGE_CALLBACK. May be called concurrently from several
/// threads.
pub type reggie_exchange_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, exchange: *mut reggie_exchange) -> c_int,
>;

/// The core's callback at a send; `None` for NULL.
pub(super) fn at_sends(
    callback: reggie_exchange_callback,
    registration: Registration,
) -> Option<SendCallback> {
    let callback = callback?;
    Some(Arc::new(move |core| {
        let mut exchange = reggie_exchange::new(core, true);
        let userdata = registration.userdata();
        // SAFETY: the caller registered them together; the exchange outlives the call.
        let value = guard::outside(|| unsafe { callback(userdata, &raw mut exchange) });
        if let Some(headers) = exchange.headers.into_headers() {
            core.headers = headers;
        }
        callback::result(Kind::ExchangeCallback, "send", value)
    }))
}

/// The core's callback for responses; `None` for NULL.
pub(super) fn at_responses(
    callback: reggie_exchange_callback,
    registration: Registration,
) -> Option<ResponseCallback> {
    let callback = callback?;
    Some(Arc::new(move |core| {
        let mut exchange = reggie_exchange::new(core, false);
        let userdata = registration.userdata();
        // SAFETY: the caller registered them together; the exchange outlives the call.
        let value = guard::outside(|| unsafe { callback(userdata, &raw mut exchange) });
        callback::result(Kind::ExchangeCallback, "response", value)
    }))
}

fn number(purpose: Purpose) -> c_int {
    match purpose {
        Purpose::First => REGGIE_PURPOSE_FIRST,
        Purpose::Challenge => REGGIE_PURPOSE_CHALLENGE,
        Purpose::Token => REGGIE_PURPOSE_TOKEN,
        Purpose::Redirect => REGGIE_PURPOSE_REDIRECT,
        Purpose::Retry => REGGIE_PURPOSE_RETRY,
    }
}

impl reggie_exchange {
    fn new(core: &Exchange, can_change: bool) -> reggie_exchange {
        reggie_exchange {
            core: core.clone(),
            headers: reggie_headers::of_callback(core.headers(), can_change, core.log.clone()),
            strings: Strings::default(),
        }
    }

    fn string(exchange: Option<&reggie_exchange>, field: fn(&Exchange) -> &str) -> *const c_char {
        guard::value(ptr::null(), || {
            exchange.map_or(ptr::null(), |exchange| {
                exchange.strings.lend(field(&exchange.core))
            })
        })
    }
}

/// Returns the purpose of the HTTP request: REGGIE_PURPOSE_FIRST,
/// REGGIE_PURPOSE_CHALLENGE, REGGIE_PURPOSE_TOKEN, REGGIE_PURPOSE_REDIRECT or
/// REGGIE_PURPOSE_RETRY; 0 if `exchange` is NULL. Later versions may add
/// purposes.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_purpose(exchange: Option<&reggie_exchange>) -> c_int {
    guard::value(0, || {
        exchange.map_or(0, |exchange| number(exchange.core.purpose()))
    })
}

/// Returns the method. Borrowed. Returns NULL if `exchange` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_method(exchange: Option<&reggie_exchange>) -> *const c_char {
    reggie_exchange::string(exchange, Exchange::method)
}

/// Returns the full URL. Its query may contain secrets, such as a signature.
///
/// Borrowed. Returns NULL if `exchange` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_url(exchange: Option<&reggie_exchange>) -> *const c_char {
    reggie_exchange::string(exchange, Exchange::url)
}

/// Returns the HTTP status of the response; 0 before the request is sent or if
/// `exchange` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_status(exchange: Option<&reggie_exchange>) -> c_int {
    guard::value(0, || {
        exchange.map_or(0, |exchange| c_int::from(exchange.core.status()))
    })
}

/// Returns the headers: before the request is sent, those of the request,
/// except Host and Transfer-Encoding, which the library adds; otherwise those
/// of the response.
///
/// Before the request is sent they can be changed. The changes apply to this
/// HTTP request only, which may go to a server other than the registry. If
/// Content-Length is removed, the library adds it again.
///
/// Borrowed. Returns NULL if `exchange` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_headers(
    exchange: Option<&reggie_exchange>,
) -> *mut reggie_headers {
    guard::value(ptr::null_mut(), || {
        exchange.map_or(ptr::null_mut(), |exchange| {
            // Changes go through the locks inside.
            ptr::from_ref(&exchange.headers).cast_mut()
        })
    })
}
