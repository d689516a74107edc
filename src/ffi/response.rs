//! The response.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::errors::reggie_errors;
use super::headers::reggie_headers;
use super::slot::Slot;
use super::status::{REGGIE_UNKNOWN_SIZE, reggie_status};
use super::strings::Strings;
use super::{convert, guard, slot};
use crate::error::Error;
use crate::request::response::{Content, Response, ResponseBody, ResponseHead};

/// A response: status, headers and body.
///
/// Created by reggie_client_do() and reggie_client_open(); freed by
/// reggie_response_free(). It remains valid after the client and the request
/// are freed. Safe for concurrent use, except that reggie_response_read() must
/// not be called concurrently. Its strings and its body are borrowed; valid
/// until the response is freed.
pub struct reggie_response {
    pub(super) head: Arc<ResponseHead>,
    body: Slot<ResponseBody>,
    /// How much of the body the caller has, also while it is read.
    pub(super) body_size: AtomicU64,
    headers: reggie_headers,
    strings: Strings,
}

impl reggie_response {
    pub(super) fn new(core: Response) -> Result<reggie_response, Error> {
        let Response { head, mut body } = core;
        if let Content::Kept(kept) = &mut body.content {
            end_in_nul(kept)?;
        }
        let head = Arc::new(head);
        Ok(reggie_response {
            headers: reggie_headers::of_response(Arc::clone(&head)),
            head,
            body_size: AtomicU64::new(body.size()),
            body: Slot::new(body),
            strings: Strings::default(),
        })
    }
}

/// A string of the response that may be missing.
pub(super) fn string<'a, T: AsRef<[u8]>>(
    response: Option<&'a reggie_response>,
    field: impl FnOnce(&'a ResponseHead) -> Option<T>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| {
            response.strings.lend_if_any(field(&response.head))
        })
    })
}

/// Anything else of the response; `none` for NULL.
pub(super) fn value<T: Copy>(
    response: Option<&reggie_response>,
    none: T,
    field: impl FnOnce(&ResponseHead) -> T,
) -> T {
    guard::value(none, || {
        response.map_or(none, |response| field(&response.head))
    })
}

/// Writes a NUL after a body, not as a part of it.
fn end_in_nul(body: &mut Vec<u8>) -> Result<(), Error> {
    body.try_reserve_exact(1)
        .map_err(|_| Error::no_memory("response body"))?;
    if let Some(terminator) = body.spare_capacity_mut().first_mut() {
        terminator.write(0);
    }
    Ok(())
}

/// Frees a response, and closes its connection if the body was not read to its
/// end. NULL is ignored. No call may be using it.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_free(response: Option<Box<reggie_response>>) {
    guard::value((), || drop(response));
}

/// Returns the HTTP status (RFC 9110, section 15), such as 200; 0 if `response`
/// is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_status(response: Option<&reggie_response>) -> c_int {
    value(response, 0, |head| c_int::from(head.status()))
}

/// Returns the HTTP version of the response, such as "HTTP/1.1".
///
/// Borrowed. Returns NULL if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_http_version(
    response: Option<&reggie_response>,
) -> *const c_char {
    string(response, |head| Some(head.version()))
}

/// Returns the headers. They cannot be changed.
///
/// Borrowed. Returns NULL if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_headers(
    response: Option<&reggie_response>,
) -> *const reggie_headers {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| &raw const response.headers)
    })
}

/// Returns the first value of a header. The same as reggie_headers_get() on
/// reggie_response_headers().
///
/// Borrowed. Returns NULL if the header is absent or `response` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_header(
    response: Option<&reggie_response>,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: the caller's string, or NULL.
    let name = unsafe { convert::text(name, "name") };
    string(response, |head| {
        name.ok().and_then(|name| head.headers().get(name))
    })
}

/// Returns the body if it is in memory. It is followed by a NUL, which is not
/// part of it, so that textual bodies can be used as a string.
///
/// The number of bytes is returned by reggie_response_body_length(); it is 0 if
/// the body was written elsewhere or is unread. Borrowed. Returns NULL only if
/// `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body(response: Option<&reggie_response>) -> *const u8 {
    guard::value(ptr::null(), || {
        response.map_or(ptr::null(), |response| {
            let kept = |body: &mut ResponseBody| match &body.content {
                // The pointer of the vector, not of the slice: it may also be
                // used for the NUL after the bytes.
                Content::Kept(kept) => Some(kept.as_ptr()),
                Content::Delivered(_) | Content::Open(_) => None,
            };
            let none = c"".as_ptr().cast();
            response.body.look(kept).flatten().unwrap_or(none)
        })
    })
}

/// Returns the number of bytes of reggie_response_body(), without the NUL; 0 if
/// `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_body_length(response: Option<&reggie_response>) -> usize {
    guard::value(0, || {
        response
            .and_then(|response| response.body.look(|body| body.bytes().len()))
            .unwrap_or(0)
    })
}

/// Returns the announced length of the body in bytes; REGGIE_UNKNOWN_SIZE if it
/// was not announced, if there can be no body, or if `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_content_length(response: Option<&reggie_response>) -> u64 {
    value(response, REGGIE_UNKNOWN_SIZE, |head| {
        head.content_length().unwrap_or(REGGIE_UNKNOWN_SIZE)
    })
}

/// Returns the target of the Location header (RFC 9110, section 10.2.2) as a
/// path with its query, relative to the client's address. It can be used as the
/// path of the next request.
///
/// Borrowed. Returns NULL if the header is absent or names another server, or
/// `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_relative_location(
    response: Option<&reggie_response>,
) -> *const c_char {
    string(response, ResponseHead::relative_location)
}

/// Returns the target of the Location header (RFC 9110, section 10.2.2) as a
/// full URL. It can be used as the path of the next request.
///
/// Borrowed. Returns NULL if the header is absent or `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_absolute_location(
    response: Option<&reggie_response>,
) -> *const c_char {
    string(response, ResponseHead::absolute_location)
}

/// Returns 1 if the HTTP status is 401; 0 if not or `response` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_response_is_unauthorized(response: Option<&reggie_response>) -> c_int {
    value(response, 0, |head| c_int::from(head.is_unauthorized()))
}

/// Parses the registry's error list in the body, which must be in memory (OCI
/// Distribution Specification, Error Codes). The body is not changed.
///
/// On REGGIE_OK, `errors` must be freed with reggie_errors_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT; REGGIE_BUSY while the body is being read; or
/// REGGIE_NO_ERRORS, with the HTTP status in the error, if the body is not in
/// memory, is not JSON or has no error list.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_errors(
    response: Option<&reggie_response>,
    errors: *mut *mut reggie_errors,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let errors = unsafe { Out::handle(errors, "errors") }?;
        let response = convert::required(response, "response")?;
        let list = response
            .body
            .look(|body| response.head.errors(body))
            .unwrap_or_else(|| Err(slot::busy("response")))?;
        errors.give(reggie_errors::new(list));
        Ok(())
    })
}

/// Returns REGGIE_OK if the HTTP status is 2xx (RFC 9110, section 15.3),
/// otherwise REGGIE_HTTP_STATUS.
///
/// The error then has the HTTP status, the host and the time of a Retry-After
/// header. If the body is in memory, the error also has the code of the first
/// error in the registry's error list, and its message has what the server says:
/// the first error, the message at the top level of other JSON, the title of an
/// HTML page, or plain text. Secrets of the client in it are replaced by
/// `[redacted]`. For status 401, the message also says where the rejected
/// credentials came from, or that there were none. The response is not changed.
///
/// May also return REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the body is being
/// read.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_check(
    response: Option<&reggie_response>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let response = convert::required(response, "response")?;
        response
            .body
            .look(|body| response.head.check(body))
            .unwrap_or_else(|| Err(slot::busy("response")))
    })
}

/// Replaces the body with `size` bytes from memory, which are copied. This is
/// for a body that the program has read with reggie_response_read(), and
/// decompressed if necessary, so that reggie_response_errors() and
/// reggie_response_check() can use it. The unread rest of the body is discarded
/// and its connection closed. A pointer from reggie_response_body() becomes
/// invalid.
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
        // SAFETY: the caller's handle, or NULL.
        let response = unsafe { convert::handle(response, "response") }?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        let mut body = Vec::new();
        body.try_reserve_exact(size)
            .map_err(|_| Error::no_memory("response body"))?;
        body.extend_from_slice(bytes);
        end_in_nul(&mut body)?;
        response.body.lend("response", |place| {
            *place = ResponseBody::from(body);
            Ok(())
        })?;
        response.body_size.store(size as u64, Ordering::Relaxed);
        Ok(())
    })
}

/// Reads up to `size` more bytes of the body into `buffer`. Waits until some
/// are available. For responses of reggie_client_open(); a body in memory can
/// be read as well.
///
/// The time limits and the cancel handle of the call apply until the end of the
/// body; the time between reads counts towards the limit for the whole call.
///
/// On REGGIE_OK, `count` is the number of bytes read, 0 at the end of the body
/// or if `size` is 0. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the size is impossible, REGGIE_BUSY,
/// REGGIE_CANCELLED, REGGIE_DEADLINE if the call exceeded its time limit,
/// REGGIE_TIMEOUT if the transfer stalled, REGGIE_RECEIVE, REGGIE_TRUNCATED if
/// the server closed the connection early, REGGIE_TLS, REGGIE_PROTOCOL,
/// REGGIE_DIGEST_MISMATCH, REGGIE_PROGRESS_CALLBACK or REGGIE_NO_MEMORY; the rest
/// of the body is then lost, and later reads fail too.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_response_read(
    response: *mut reggie_response,
    buffer: *mut u8,
    size: usize,
    count: *mut usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let out = unsafe { Out::new(count, 0, "count") }?;
        // SAFETY: the caller's handle, or NULL.
        let response = unsafe { convert::handle(response, "response") }?;
        // SAFETY: the caller's buffer, or NULL.
        let buffer = unsafe { convert::slice_mut(buffer, size, "buffer") }?;
        let count = response.body.lend("response", |body| {
            let count = response.head.read(body, buffer)?;
            response.body_size.store(body.size(), Ordering::Relaxed);
            Ok(count)
        })?;
        out.set(count);
        Ok(())
    })
}
