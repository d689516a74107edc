//! Where the body of a request comes from and where that of its answer goes,
//! as C sees it.

use std::ffi::{c_char, c_int, c_void};

use super::callback::{
    Registration, Sink, Source, reggie_free_callback, reggie_read_callback, reggie_rewind_callback,
    reggie_write_callback,
};
use super::error::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard, status};
use crate::error::Error;

/// Sends `size` bytes from memory, which are copied.
///
/// `bytes` may be NULL if `size` is 0: a body of no bytes is a body. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size is
/// impossible, REGGIE_NO_MEMORY or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body(
    request: *mut reggie_request,
    bytes: *const u8,
    size: usize,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: bytes of the caller's.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        let mut body = Vec::new();
        body.try_reserve_exact(size)
            .map_err(|_| Error::no_memory("request body"))?;
        body.extend_from_slice(bytes);
        request.change(|core| {
            core.set_body(body);
            Ok(())
        })
    })
}

/// Sends the content of a regular file, which is opened each time that the
/// request is sent.
///
/// `path` is any bytes without NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_body_path(path.to_owned());
            Ok(())
        })
    })
}

/// Sends what a file descriptor gives: `length` bytes from where it stands
/// now; or, if `length` is REGGIE_UNKNOWN_SIZE, all until its end, in chunks
/// (RFC 9112, section 7.1), which many registries refuse.
///
/// The descriptor stays the caller's and open until the request has been sent.
/// Where it can seek, its offset does not move; where it cannot, what was sent
/// cannot be sent again, as after a challenge. It may be non-blocking. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_BUSY, or REGGIE_FILE if it is not
/// open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_fd(
    request: *mut reggie_request,
    fd: c_int,
    length: u64,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| core.set_body_descriptor(fd, status::known_size(length)))
    })
}

/// Sends what a callback supplies: `length` bytes; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all until its end, in chunks (RFC 9112, section 7.1),
/// which many registries refuse.
///
/// `rewind` is called when the body has to be sent again, as after a
/// challenge; if it is NULL, the call then fails with
/// REGGIE_BODY_NOT_REWINDABLE. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the
/// request or `read` is NULL, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_callback(
    request: *mut reggie_request,
    read: reggie_read_callback,
    rewind: reggie_rewind_callback,
    length: u64,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let source = Source::new(read, rewind, registration)?;
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_body_source(Box::new(source), status::known_size(length));
            Ok(())
        })
    })
}

/// Sends no body, as unless one is set. POST, PUT and PATCH then say that its
/// length is 0 (RFC 9110, section 8.6).
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_body(request: *mut reggie_request) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.remove_body();
            Ok(())
        })
    })
}

/// Keeps the body of the answer in the response, as unless another output is
/// set, up to what reggie_config_set_max_body_memory() allows.
///
/// Whatever the output is, it is for answers whose HTTP status is 2xx; the
/// body of any other is kept in the response. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_memory(
    request: *mut reggie_request,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_output_memory();
            Ok(())
        })
    })
}

/// Writes the body of a 2xx answer to a file, which appears, or replaces the
/// one that is there, when the body is whole. It is written to a temporary
/// file in the same folder, of which nothing stays on failure.
///
/// `path` is any bytes without NUL, and names no folder, device or pipe.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if it is
/// empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_output_path(path.to_owned());
            Ok(())
        })
    })
}

/// Writes the body of a 2xx answer to a file descriptor, from where it stands.
///
/// The descriptor stays the caller's and open until the request has been sent.
/// It may be non-blocking; one whose other end is closed is a failure and
/// raises no SIGPIPE. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_fd(
    request: *mut reggie_request,
    fd: c_int,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_output_descriptor(fd);
            Ok(())
        })
    })
}

/// Hands the body of a 2xx answer to a callback, piece by piece.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the request or `write` is NULL,
/// or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_callback(
    request: *mut reggie_request,
    write: reggie_write_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let sink = Sink::new(write, registration)?;
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_output_sink(Box::new(sink));
            Ok(())
        })
    })
}
