//! The response, as C sees it.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::convert::{Out, borrowed, c_string};
use super::error::{ErrorOut, reggie_error};
use super::errors::reggie_errors;
use super::pairs::Pairs;
use super::response_account::Account;
use super::response_headers::Told;
use super::slot::Slot;
use super::status::{REGGIE_UNKNOWN_SIZE, reggie_status};
use super::{convert, guard, slot};
use crate::error::Error;
use crate::request::response::{Content, Response};

/// An answer: status, header fields and body.
///
/// reggie_client_do() and reggie_client_open() make one, reggie_response_free()
/// frees it; it needs neither client nor request any more. All threads may read
/// it at once; one thread at a time, and not always the same, may read its body
/// with reggie_response_read(). Its texts and its body are borrowed and valid
/// until it is freed.
pub struct reggie_response {
    core: Slot<Response>,
    status: c_int,
    is_unauthorized: c_int,
    version: &'static CStr,
    headers: Pairs,
    content_length: u64,
    relative_location: Option<CString>,
    absolute_location: Option<CString>,
    pub(super) told: Told,
    pub(super) account: Account,
    pub(super) body_size: AtomicU64,
}

impl reggie_response {
    pub(super) fn new(mut core: Response) -> Result<reggie_response, Error> {
        if let Content::Kept(body) = &mut core.content {
            end_in_nul(body)?;
        }
        Ok(reggie_response {
            status: c_int::from(core.status()),
            is_unauthorized: c_int::from(core.is_unauthorized()),
            version: match core.version() {
                "HTTP/1.0" => c"HTTP/1.0",
                _ => c"HTTP/1.1",
            },
            headers: Pairs::of_headers(core.headers()),
            content_length: core.content_length().unwrap_or(REGGIE_UNKNOWN_SIZE),
            relative_location: core.relative_location().map(c_string),
            absolute_location: core.absolute_location().map(c_string),
            told: Told::of(&core),
            account: Account::of(&core),
            body_size: AtomicU64::new(core.body_size()),
            core: Slot::new(core),
        })
    }
}

/// Writes a NUL behind a body that is no part of it.
fn end_in_nul(body: &mut Vec<u8>) -> Result<(), Error> {
    body.try_reserve_exact(1)
        .map_err(|_| Error::no_memory("response body"))?;
    if let Some(behind) = body.spare_capacity_mut().first_mut() {
        behind.write(0);
    }
    Ok(())
}

/// Frees a response, and closes its connection if its body was not read to its
/// end. NULL is ignored. No call with it may be running.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_free(response: Option<Box<reggie_response>>) {
    guard::value((), || drop(response));
}

/// The HTTP status (RFC 9110, section 15), such as 200; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_status(response: Option<&reggie_response>) -> c_int {
    guard::value(0, || response.map_or(0, |response| response.status))
}

/// The version of HTTP that the server answered with, such as "HTTP/1.1".
///
/// Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_http_version(
    response: Option<&reggie_response>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| response.version.as_ptr())
    })
}

/// How many header fields there are; a name that stands twice counts twice.
/// 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_headers_count(response: Option<&reggie_response>) -> usize {
    guard::value(0, || response.map_or(0, |response| response.headers.len()))
}

/// The name of the header field at `index`, from 0 on, as the server wrote it.
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_header_name(
    response: Option<&reggie_response>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| response.headers.name(index))
    })
}

/// The value of the header field at `index`, from 0 on. It may be any bytes,
/// not only UTF-8 (RFC 9110, section 5.5).
///
/// Returns a borrowed text; NULL where there is no such field, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_header_value(
    response: Option<&reggie_response>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| response.headers.value(index))
    })
}

/// The first value of a header, whatever the case of its name.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_header(
    response: Option<&reggie_response>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (response, unsafe { convert::bytes(name, "name") }) {
            (Some(response), Ok(name)) => response.headers.named(name, 0),
            _ => ptr::null(),
        }
    })
}

/// How many header fields of a name there are, whatever its case; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_header_count(
    response: Option<&reggie_response>,
    name: *const c_char,
) -> usize {
    guard::value(0, || {
        // SAFETY: a text of the caller's, or NULL.
        match (response, unsafe { convert::bytes(name, "name") }) {
            (Some(response), Ok(name)) => response.headers.count(name),
            _ => 0,
        }
    })
}

/// The value at `index`, from 0 on, among the header fields of a name,
/// whatever its case.
///
/// Returns a borrowed text; NULL where there is none, and for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_header_at(
    response: Option<&reggie_response>,
    name: *const c_char,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        // SAFETY: a text of the caller's, or NULL.
        match (response, unsafe { convert::bytes(name, "name") }) {
            (Some(response), Ok(name)) => response.headers.named(name, index),
            _ => ptr::null(),
        }
    })
}

/// The body, where it is kept in memory. A NUL stands behind it, which is no
/// part of it: a body that is text can be used as a string.
///
/// Returns borrowed bytes, reggie_response_body_length() of them; none where
/// the body went elsewhere or is still to be read. NULL for NULL only.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body(response: Option<&reggie_response>) -> *const u8 {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| {
            let kept = |core: &mut Response| match &core.content {
                // The pointer of the vector, not of the slice: the NUL behind
                // the bytes belongs to it too.
                Content::Kept(body) => Some(body.as_ptr()),
                Content::Delivered(_) | Content::Open(_) => None,
            };
            let none = c"".as_ptr().cast();
            response.core.look(kept).flatten().unwrap_or(none)
        })
    })
}

/// How many bytes reggie_response_body() has, without the NUL behind them; 0
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body_length(response: Option<&reggie_response>) -> usize {
    guard::value(0, || {
        response
            .and_then(|response| response.core.look(|core| core.body().len()))
            .unwrap_or(0)
    })
}

/// The length of the body in bytes as the server announced it; or
/// REGGIE_UNKNOWN_SIZE where it did not, where there can be no body, and for
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_content_length(response: Option<&reggie_response>) -> u64 {
    guard::value(REGGIE_UNKNOWN_SIZE, || {
        response.map_or(REGGIE_UNKNOWN_SIZE, |response| response.content_length)
    })
}

/// Where the Location header points to (RFC 9110, section 10.2.2), as a path
/// with its query, less the path of the client's address: such that it can be
/// the path of the next request, as it is.
///
/// Returns a borrowed text; NULL without such a header, where it points to
/// another server, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_relative_location(
    response: Option<&reggie_response>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.and_then(|response| response.relative_location.as_ref()))
    })
}

/// Where the Location header points to (RFC 9110, section 10.2.2), as a whole
/// URL, whichever form it had. It can be the path of the next request.
///
/// Returns a borrowed text; NULL without such a header, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_absolute_location(
    response: Option<&reggie_response>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        borrowed(response.and_then(|response| response.absolute_location.as_ref()))
    })
}

/// Whether the HTTP status is 401: 1 if so, 0 if not, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_is_unauthorized(response: Option<&reggie_response>) -> c_int {
    guard::value(0, || {
        response.map_or(0, |response| response.is_unauthorized)
    })
}

/// Reads the registry's error list from the body, which is kept in memory
/// (OCI Distribution Specification, Error Codes). The body stays as it is.
///
/// On REGGIE_OK, `errors` is the caller's, who frees it with
/// reggie_errors_free(). Otherwise returns REGGIE_NULL_ARGUMENT; REGGIE_BUSY
/// while the body is read; or REGGIE_NO_ERRORS if the body is not kept in
/// memory, is not JSON or has no error list, with the HTTP status in the error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_errors(
    response: Option<&reggie_response>,
    errors: *mut *mut reggie_errors,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let errors = unsafe { Out::handle(errors, "errors") }?;
        let response = convert::required(response, "response")?;
        let list = response
            .core
            .look(|core| core.errors())
            .unwrap_or_else(|| Err(slot::busy("response")))?;
        errors.give(reggie_errors::new(&list));
        Ok(())
    })
}

/// Whether the registry did what it was asked for: REGGIE_OK if the HTTP status
/// is a 2xx (RFC 9110, section 15.3), otherwise REGGIE_HTTP_STATUS.
///
/// The error then has the HTTP status, the host, the code of the first error in
/// the registry's error list, where the body is kept in memory and has one, and
/// the time to wait of Retry-After, where there is one; its message has the
/// status and that error's code and message. The response stays as it is.
/// Otherwise returns REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the body is
/// read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_check(
    response: Option<&reggie_response>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let response = convert::required(response, "response")?;
        response
            .core
            .look(|core| core.check())
            .unwrap_or_else(|| Err(slot::busy("response")))
    })
}

/// Replaces the body by `size` bytes from memory, which are copied. For a body
/// that the program has read with reggie_response_read(), and decompressed if
/// necessary: reggie_response_errors() and reggie_response_check() then use it.
/// The unread rest of the body is lost, and its connection closed. A pointer
/// from reggie_response_body() becomes invalid.
///
/// `bytes` may be NULL if `size` is 0. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_NO_MEMORY, or
/// REGGIE_BUSY while the body is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_set_body(
    response: *mut reggie_response,
    bytes: *const u8,
    size: usize,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let response = unsafe { convert::handle(response, "response") }?;
        // SAFETY: bytes of the caller's.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        let mut body = Vec::new();
        body.try_reserve_exact(size)
            .map_err(|_| Error::no_memory("response body"))?;
        body.extend_from_slice(bytes);
        end_in_nul(&mut body)?;
        response.core.lend("response", |core| {
            core.set_body(body);
            Ok(())
        })?;
        response.body_size.store(size as u64, Ordering::Relaxed);
        Ok(())
    })
}

/// Reads on in the body: up to `size` bytes into `buffer`. Waits until there
/// are some. For a response of reggie_client_open(); where the body is kept in
/// memory, it reads from there.
///
/// The time limits and the cancel of the call that made the response go on
/// holding until the body's end, be there bytes or not; time that passes between
/// the calls counts for the call as a whole.
///
/// On REGGIE_OK, `got` is how many bytes were read, 0 at the end of the body
/// and where `size` is 0. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_BUSY,
/// REGGIE_CANCELLED, REGGIE_DEADLINE if the call took too long as a whole,
/// REGGIE_TIMEOUT if too little came, REGGIE_RECEIVE, REGGIE_TRUNCATED if the
/// server closed the connection early, REGGIE_TLS, REGGIE_PROTOCOL or
/// REGGIE_DIGEST_MISMATCH, see reggie_request_set_expected_digest(); the rest of
/// the body is then lost.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_read(
    response: *mut reggie_response,
    buffer: *mut u8,
    size: usize,
    got: *mut usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let got = unsafe { Out::new(got, 0, "got") }?;
        // SAFETY: a handle of the caller's, or NULL.
        let response = unsafe { convert::handle(response, "response") }?;
        // SAFETY: room of the caller's.
        let buffer = unsafe { convert::slice_mut(buffer, size, "buffer") }?;
        let (amount, size) = response.core.lend("response", |core| {
            let amount = core.read(buffer)?;
            Ok((amount, core.body_size()))
        })?;
        response.body_size.store(size, Ordering::Relaxed);
        got.set(amount);
        Ok(())
    })
}
