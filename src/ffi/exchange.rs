//! One send or its answer, as C sees it while it happens.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::callback::Registration;
use super::convert::{borrowed, c_string};
use super::pairs::Pairs;
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::error::{Error, Kind};
use crate::http::hooks::{AnswerCallback, Exchange, Purpose, SendCallback};

/// Why something is sent: the request, for the first time.
pub const REGGIE_PURPOSE_FIRST: c_int = 1;
/// Why something is sent: the request again, with what answers a challenge.
pub const REGGIE_PURPOSE_CHALLENGE: c_int = 2;
/// Why something is sent: a question to a token server, or to the registry for
/// a challenge that it has not sent.
pub const REGGIE_PURPOSE_TOKEN: c_int = 3;
/// Why something is sent: the request at the place that a redirect named.
pub const REGGIE_PURPOSE_REDIRECT: c_int = 4;
/// Why something is sent: the request again, after it failed.
pub const REGGIE_PURPOSE_RETRY: c_int = 5;

/// One send to a server, or its answer.
///
/// A reggie_exchange_callback gets one. It is the library's, and there only
/// until the callback returns, and so are its texts; those of its headers only
/// until a header is set or removed. Its headers hold credentials: passwords,
/// tokens and cookies, which no log should show; and its URL may hold a
/// signature.
pub struct reggie_exchange {
    core: Exchange,
    is_answer: bool,
    method: CString,
    url: CString,
    headers: Pairs,
}

/// Called before a send, or after an answer's header fields have come: for
/// everything that a call sends to whomever, which
/// reggie_exchange_purpose() tells. Returns 0, or a value of its own to stop
/// the call, which then returns REGGIE_HOOK_CALLBACK. It may run at once on all
/// threads that use the client.
pub type reggie_exchange_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, exchange: *mut reggie_exchange) -> c_int,
>;

/// The core's callback at a send; `None` where C gave none.
pub(super) fn at_sends(
    callback: reggie_exchange_callback,
    registration: Registration,
) -> Option<SendCallback> {
    let callback = callback?;
    Some(Arc::new(move |core| {
        let mut exchange = reggie_exchange::new(core, false);
        let userdata = registration.userdata();
        // SAFETY: the caller gave them to be used together; the exchange outlives the call.
        let value = guard::outside(|| unsafe { callback(userdata, &raw mut exchange) });
        *core = exchange.core;
        callback::result(Kind::HookCallback, "send", value)
    }))
}

/// The core's callback at an answer; `None` where C gave none.
pub(super) fn at_answers(
    callback: reggie_exchange_callback,
    registration: Registration,
) -> Option<AnswerCallback> {
    let callback = callback?;
    Some(Arc::new(move |core| {
        let mut exchange = reggie_exchange::new(core, true);
        let userdata = registration.userdata();
        // SAFETY: the caller gave them to be used together; the exchange outlives the call.
        let value = guard::outside(|| unsafe { callback(userdata, &raw mut exchange) });
        callback::result(Kind::HookCallback, "answer", value)
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
    fn new(core: &Exchange, is_answer: bool) -> reggie_exchange {
        reggie_exchange {
            method: c_string(core.method()),
            url: c_string(core.url()),
            headers: Pairs::of_headers(core.headers()),
            core: core.clone(),
            is_answer,
        }
    }

    /// Changes the headers, which at an answer is too late.
    fn change(
        &mut self,
        change: impl FnOnce(&mut Exchange) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.is_answer {
            let message = "exchange: the headers of an answer cannot be changed";
            return Err(Error::new(Kind::InvalidArgument, message));
        }
        change(&mut self.core)?;
        self.headers = Pairs::of_headers(self.core.headers());
        Ok(())
    }
}

/// Why it is sent: one of REGGIE_PURPOSE_FIRST, REGGIE_PURPOSE_CHALLENGE,
/// REGGIE_PURPOSE_TOKEN, REGGIE_PURPOSE_REDIRECT and REGGIE_PURPOSE_RETRY; more
/// may come. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_purpose(exchange: Option<&reggie_exchange>) -> c_int {
    guard::value(0, || {
        exchange.map_or(0, |exchange| number(exchange.core.purpose()))
    })
}

/// The method that is sent.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_method(exchange: Option<&reggie_exchange>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(exchange.map(|exchange| &exchange.method))
    })
}

/// The whole URL that it is sent to. Its query may be a secret, such as a
/// signature.
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_url(exchange: Option<&reggie_exchange>) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(exchange.map(|exchange| &exchange.url))
    })
}

/// The HTTP status of the answer; 0 at a send, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_status(exchange: Option<&reggie_exchange>) -> c_int {
    guard::value(0, || {
        exchange.map_or(0, |exchange| c_int::from(exchange.core.status()))
    })
}

/// How many header fields there are: at a send those that are sent, but for
/// Host and Transfer-Encoding, which the library adds; at an answer those that
/// came. A name that stands twice counts twice. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_headers_count(exchange: Option<&reggie_exchange>) -> usize {
    guard::value(0, || exchange.map_or(0, |exchange| exchange.headers.len()))
}

/// The name of the header field at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_header_name(
    exchange: Option<&reggie_exchange>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        exchange.map_or(ptr::null(), |exchange| exchange.headers.name(index))
    })
}

/// The value of the header field at `index`, from 0 on. It may be a credential,
/// and any bytes, not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_exchange_header_value(
    exchange: Option<&reggie_exchange>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        exchange.map_or(ptr::null(), |exchange| exchange.headers.value(index))
    })
}

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_exchange_header(
    exchange: Option<&reggie_exchange>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (exchange, unsafe { convert::bytes(name, "name") }) {
            (Some(exchange), Ok(name)) => exchange.headers.named(name, 0),
            _ => ptr::null(),
        }
    })
}

/// How many header fields of a name there are, whatever its case; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_exchange_header_count(
    exchange: Option<&reggie_exchange>,
    name: *const c_char,
) -> usize {
    guard::value(0, || {
        // SAFETY: a text of the caller's, or NULL.
        match (exchange, unsafe { convert::bytes(name, "name") }) {
            (Some(exchange), Ok(name)) => exchange.headers.count(name),
            _ => 0,
        }
    })
}

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_exchange_header_at(
    exchange: Option<&reggie_exchange>,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (exchange, unsafe { convert::bytes(name, "name") }) {
            (Some(exchange), Ok(name)) => exchange.headers.named(name, index),
            _ => ptr::null(),
        }
    })
}

/// Sets a header of this send alone, replacing all of that name: the request
/// stays as it is, and so do later sends. It goes to wherever this send goes,
/// which may be another server than the registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 (the name),
/// REGGIE_INVALID_HEADER, or REGGIE_INVALID_ARGUMENT at an answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_exchange_set_header(
    exchange: Option<&mut reggie_exchange>,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let exchange = convert::required(exchange, "exchange")?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: a text of the caller's, or NULL.
        let value = unsafe { convert::bytes(value, "value") }?;
        exchange.change(|core| core.set_header(name, value))
    })
}

/// Removes all headers of a name, whatever its case, from this send alone. The
/// length of a body stays told.
///
/// Returns REGGIE_OK, also if there is none, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT at an answer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_exchange_remove_header(
    exchange: Option<&mut reggie_exchange>,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let exchange = convert::required(exchange, "exchange")?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        exchange.change(|core| {
            core.remove_header(name);
            Ok(())
        })
    })
}
