//! The header fields of a request, a response, an exchange or a redirect.

use std::ffi::c_char;
use std::ptr;
use std::sync::Arc;

use super::guard::HasLog;
use super::request_state::RequestState;
use super::slot::Slot;
use super::status::reggie_status;
use super::strings::Strings;
use super::{convert, guard};
use crate::error::{Error, Kind};
use crate::http::headers::Headers;
use crate::log::{Log, WeakLog};
use crate::request::response::ResponseHead;

/// The header fields of a request, a response, an exchange, a redirect or a
/// location.
///
/// Returned by reggie_request_headers(), reggie_response_headers(),
/// reggie_exchange_headers(), reggie_redirect_headers() and
/// reggie_location_headers(). Belongs to that
/// handle: it must not be freed, is valid as long as the handle, and is safe
/// for concurrent use where the handle is. Its strings are borrowed; valid
/// until the handle is freed or, for a request, until it is changed or sent.
///
/// Names are compared without regard to case. Values may be any bytes but NUL,
/// not only UTF-8 (RFC 9110, section 5.5).
pub struct reggie_headers {
    owner: Owner,
    /// `None` if it is passed to C as const.
    log: Option<WeakLog>,
}

enum Owner {
    Request(Arc<Slot<RequestState>>),
    Response(Arc<ResponseHead>, Strings),
    /// Of an exchange or a redirect, whose callback is running; or of a
    /// location.
    Callback {
        headers: Slot<Headers>,
        strings: Strings,
        can_change: bool,
    },
}

impl reggie_headers {
    pub(super) fn of_request(state: Arc<Slot<RequestState>>, log: WeakLog) -> reggie_headers {
        reggie_headers {
            owner: Owner::Request(state),
            log: Some(log),
        }
    }

    pub(super) fn of_response(head: Arc<ResponseHead>) -> reggie_headers {
        reggie_headers {
            owner: Owner::Response(head, Strings::default()),
            log: None,
        }
    }

    pub(super) fn of_callback(
        headers: &Headers,
        can_change: bool,
        log: Option<WeakLog>,
    ) -> reggie_headers {
        reggie_headers {
            owner: Owner::Callback {
                headers: Slot::new(headers.clone()),
                strings: Strings::default(),
                can_change,
            },
            log,
        }
    }

    /// Fields that do not change.
    pub(super) fn fixed(headers: &Headers) -> reggie_headers {
        reggie_headers::of_callback(headers, false, None)
    }

    /// The fields, after a callback may have changed them.
    pub(super) fn into_headers(self) -> Option<Headers> {
        match self.owner {
            Owner::Callback { headers, .. } => headers.take().map(|headers| *headers),
            Owner::Request(_) | Owner::Response(..) => None,
        }
    }

    /// Looks at the fields; `None` while a call uses the request.
    fn look<R>(&self, look: impl FnOnce(&Headers, &Strings) -> R) -> Option<R> {
        match &self.owner {
            Owner::Request(state) => state.look(|state| look(state.core.headers(), &state.strings)),
            Owner::Response(head, strings) => Some(look(head.headers(), strings)),
            Owner::Callback {
                headers, strings, ..
            } => headers.look(|headers| look(headers, strings)),
        }
    }

    fn change(&self, change: impl FnOnce(&mut Headers) -> Result<(), Error>) -> Result<(), Error> {
        match &self.owner {
            Owner::Request(state) => state.change(|core| change(&mut core.headers)),
            Owner::Callback {
                headers,
                can_change: true,
                ..
            } => headers.lend("headers", change),
            Owner::Response(..) | Owner::Callback { .. } => {
                let message = "headers: only those of a request can be changed";
                Err(Error::new(Kind::InvalidArgument, message))
            }
        }
    }
}

impl HasLog for reggie_headers {
    fn log(&self) -> Option<Log> {
        self.log.as_ref()?.upgrade()
    }
}

fn string(
    headers: Option<&reggie_headers>,
    find: impl FnOnce(&Headers, &Strings) -> *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        headers
            .and_then(|headers| headers.look(find))
            .unwrap_or(ptr::null())
    })
}

/// Returns the number of header fields; repeated names are counted each time. 0
/// if `headers` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_headers_count(headers: Option<&reggie_headers>) -> usize {
    guard::value(0, || {
        headers
            .and_then(|headers| headers.look(|headers, _| headers.len()))
            .unwrap_or(0)
    })
}

/// Returns the name of the header field at `index`, starting at 0, spelled as
/// it was received or set.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_headers_name(
    headers: Option<&reggie_headers>,
    index: usize,
) -> *const c_char {
    string(headers, |headers, strings| {
        strings.lend_if_any(headers.at(index).map(|(name, _)| name))
    })
}

/// Returns the value of the header field at `index`, starting at 0.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_headers_value(
    headers: Option<&reggie_headers>,
    index: usize,
) -> *const c_char {
    string(headers, |headers, strings| {
        strings.lend_if_any(headers.at(index).map(|(_, value)| value))
    })
}

/// Returns the first value of a header.
///
/// Borrowed. Returns NULL if the header is absent or `headers` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_get(
    headers: Option<&reggie_headers>,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: as promised by the caller.
    unsafe { reggie_headers_get_at(headers, name, 0) }
}

/// Returns the number of header fields with a name; 0 if `headers` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_get_count(
    headers: Option<&reggie_headers>,
    name: *const c_char,
) -> usize {
    guard::value(0, || {
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") };
        let name = name.unwrap_or_default();
        headers
            .and_then(|headers| headers.look(|headers, _| headers.all(name).count()))
            .unwrap_or(0)
    })
}

/// Returns the value at `index`, starting at 0, among the header fields with a
/// name.
///
/// Borrowed. Returns NULL if there is no such field or `headers` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_get_at(
    headers: Option<&reggie_headers>,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    string(headers, |headers, strings| {
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") };
        // No field has an empty name.
        strings.lend_if_any(headers.all(name.unwrap_or_default()).nth(index))
    })
}

/// Sets a header, replacing all fields with that name.
///
/// Only the headers of a request, and of an exchange before it is sent, can be
/// changed. See reggie_request_set_header() for valid names and values.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER, REGGIE_INVALID_ARGUMENT if the headers cannot be
/// changed, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_set(
    headers: *mut reggie_headers,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let headers = unsafe { headers.as_ref() };
    guard::logged_status(headers, || {
        let headers = convert::required(headers, "headers")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::bytes(value, "value") }?;
        headers.change(|headers| headers.try_set(name, value))
    })
}

/// Adds a header field and keeps the existing ones with that name. See
/// reggie_headers_set().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER, REGGIE_INVALID_ARGUMENT if the headers cannot be
/// changed, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_add(
    headers: *mut reggie_headers,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let headers = unsafe { headers.as_ref() };
    guard::logged_status(headers, || {
        let headers = convert::required(headers, "headers")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::bytes(value, "value") }?;
        headers.change(|headers| headers.try_add(name, value))
    })
}

/// Removes all header fields with a name. It is not an error if there are none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the headers cannot be changed, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_headers_remove(
    headers: *mut reggie_headers,
    name: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let headers = unsafe { headers.as_ref() };
    guard::logged_status(headers, || {
        let headers = convert::required(headers, "headers")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        headers.change(|headers| {
            headers.remove(name);
            Ok(())
        })
    })
}
