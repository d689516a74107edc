//! The query parameters of a request, as C sees them.

use std::ffi::c_char;
use std::ptr;

use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};

/// Sets a query parameter in place of all of that name.
///
/// Both are taken as they are and percent-encoded when they are sent (RFC 3986,
/// section 3.4), after the query that the path itself may have, which stays
/// byte for byte. The case of `name` matters, and it is not empty; `value` may
/// be.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_query(
    request: *mut reggie_request,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: a text of the caller's, or NULL.
        let value = unsafe { convert::text(value, "value") }?;
        request.change(|core| core.set_query(name, value))
    })
}

/// Adds a query parameter beside those of that name, as for
/// reggie_request_set_query().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_add_query(
    request: *mut reggie_request,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: a text of the caller's, or NULL.
        let value = unsafe { convert::text(value, "value") }?;
        request.change(|core| core.add_query(name, value))
    })
}

/// Removes all query parameters of a name that were set; none is no failure.
/// Those in the path itself stay.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_query(
    request: *mut reggie_request,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        request.change(|core| {
            core.remove_query(name);
            Ok(())
        })
    })
}

/// How many query parameters were set; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_count(request: Option<&reggie_request>) -> usize {
    guard::value(0, || {
        request
            .and_then(|request| request.texts(|texts| texts.query.len()))
            .unwrap_or(0)
    })
}

/// The name of the query parameter at `index`, from 0 on, not encoded.
///
/// Returns a borrowed text; NULL where there is no such parameter, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_name(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.texts(|texts| texts.query.name(index)))
            .unwrap_or(ptr::null())
    })
}

/// The value of the query parameter at `index`, from 0 on, not encoded.
///
/// Returns a borrowed text; NULL where there is no such parameter, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_value(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.texts(|texts| texts.query.value(index)))
            .unwrap_or(ptr::null())
    })
}

/// The first value of a query parameter that was set, not encoded.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_query(
    request: Option<&reggie_request>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (request, unsafe { convert::bytes(name, "name") }) {
            (Some(request), Ok(name)) => request
                .texts(|texts| texts.query.named(name, 0))
                .unwrap_or(ptr::null()),
            _ => ptr::null(),
        }
    })
}
