//! The header fields of a request, as C sees them.

use std::ffi::c_char;
use std::ptr;

use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};

/// Sets a header in place of all of that name, whatever its case.
///
/// `name` is a token (RFC 9110, section 5.1), its case kept. `value` is bytes
/// without control characters but the tab, and neither begins nor ends with a
/// blank; it may be empty. Transfer-Encoding and Expect cannot be set; a
/// Content-Length must be that of the body. An Authorization is sent to the
/// client's own registry only, and gives way to a challenge.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_header(
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
        let value = unsafe { convert::bytes(value, "value") }?;
        request.change(|core| core.set_header(name, value))
    })
}

/// Adds a header beside those of that name, as for reggie_request_set_header().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_add_header(
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
        let value = unsafe { convert::bytes(value, "value") }?;
        request.change(|core| core.add_header(name, value))
    })
}

/// Removes all headers of a name, whatever its case; none is no failure.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_header(
    request: *mut reggie_request,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        request.change(|core| {
            core.remove_header(name);
            Ok(())
        })
    })
}

/// How many headers were set, without those that the library adds; a name that
/// stands twice counts twice. 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_headers_count(request: Option<&reggie_request>) -> usize {
    guard::value(0, || {
        request
            .and_then(|request| request.texts(|texts| texts.headers.len()))
            .unwrap_or(0)
    })
}

/// The name of the header at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such header, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_header_name(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.texts(|texts| texts.headers.name(index)))
            .unwrap_or(ptr::null())
    })
}

/// The value of the header at `index`, from 0 on.
///
/// Returns a borrowed text; NULL where there is no such header, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_header_value(
    request: Option<&reggie_request>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.texts(|texts| texts.headers.value(index)))
            .unwrap_or(ptr::null())
    })
}

/// The first value of a header that was set, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_header(
    request: Option<&reggie_request>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (request, unsafe { convert::bytes(name, "name") }) {
            (Some(request), Ok(name)) => request
                .texts(|texts| texts.headers.named(name, 0))
                .unwrap_or(ptr::null()),
            _ => ptr::null(),
        }
    })
}

/// How many headers of a name were set, whatever its case; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_header_count(
    request: Option<&reggie_request>,
    name: *const c_char,
) -> usize {
    guard::value(0, || {
        // SAFETY: a text of the caller's, or NULL.
        match (request, unsafe { convert::bytes(name, "name") }) {
            (Some(request), Ok(name)) => request
                .texts(|texts| texts.headers.count(name))
                .unwrap_or(0),
            _ => 0,
        }
    })
}

/// The value at `index`, from 0 on, among the headers of a name, whatever its
/// case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_header_at(
    request: Option<&reggie_request>,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (request, unsafe { convert::bytes(name, "name") }) {
            (Some(request), Ok(name)) => request
                .texts(|texts| texts.headers.named(name, index))
                .unwrap_or(ptr::null()),
            _ => ptr::null(),
        }
    })
}
