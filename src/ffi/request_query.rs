//! The query parameters of a request.

use std::ffi::c_char;
use std::ptr;

use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};
use crate::request::Request;

/// Sets a query parameter, replacing all with that name.
///
/// Name and value are percent-encoded when they are sent (RFC 3986, section
/// 3.4). They follow the query in the path, if any, which is sent unchanged.
/// `name` is case-sensitive and not empty; `value` may be empty.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if the name is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_query(
    request: *mut reggie_request,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::text(value, "value") }?;
        request.change(|core| core.set_query(name, value))
    })
}

/// Adds a query parameter and keeps the existing ones with that name; see
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::text(value, "value") }?;
        request.change(|core| core.add_query(name, value))
    })
}

/// Removes all query parameters with a name, except those in the path. It is
/// not an error if there are none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_query(
    request: *mut reggie_request,
    name: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        request.change(|core| {
            core.remove_query(name);
            Ok(())
        })
    })
}

/// Returns the number of query parameters, without those in the path; 0 if
/// `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_count(request: Option<&reggie_request>) -> usize {
    guard::value(0, || {
        request
            .and_then(|request| request.look(|core, _| core.query().len()))
            .unwrap_or(0)
    })
}

/// Returns the name of the query parameter at `index`, starting at 0, not
/// encoded.
///
/// Borrowed. Returns NULL if there is no such parameter or `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_name(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| {
                request.look(|core, strings| {
                    strings.lend_if_any(core.query().get(index).map(|(name, _)| name))
                })
            })
            .unwrap_or(ptr::null())
    })
}

/// Returns the value of the query parameter at `index`, starting at 0, not
/// encoded.
///
/// Borrowed. Returns NULL if there is no such parameter or `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_query_value(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| {
                request.look(|core, strings| {
                    strings.lend_if_any(core.query().get(index).map(|(_, value)| value))
                })
            })
            .unwrap_or(ptr::null())
    })
}

/// Returns the first value of a query parameter, not encoded.
///
/// Borrowed. Returns NULL if it is not set or `request` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_query(
    request: Option<&reggie_request>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: the caller's string, or NULL.
        let Ok(name) = (unsafe { convert::text(name, "name") }) else {
            return ptr::null();
        };
        let find = |core: &Request| {
            let mut query = core.query().iter();
            query
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.clone())
        };
        request
            .and_then(|request| request.look(|core, strings| strings.lend_if_any(find(core))))
            .unwrap_or(ptr::null())
    })
}
