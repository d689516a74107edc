//! The output of the response body.

use std::ffi::{c_char, c_int, c_void};

use super::callback::{Registration, reggie_free_callback};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{callback, convert, guard};
use crate::body::output::WriteSink;
use crate::error::{Error, Kind};

/// Receives the next `size` bytes of a response body, at least one. Return 0 to
/// continue, or any other value to stop the call, which then returns
/// REGGIE_WRITE_CALLBACK.
pub type reggie_write_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, data: *const c_void, size: usize) -> c_int,
>;

/// A callback that receives a response body.
pub(super) struct Sink {
    write: unsafe extern "C-unwind" fn(*mut c_void, *const c_void, usize) -> c_int,
    registration: Registration,
}

impl Sink {
    pub(super) fn new(
        write: reggie_write_callback,
        registration: Registration,
    ) -> Result<Sink, Error> {
        Ok(Sink {
            write: convert::required(write, "write")?,
            registration,
        })
    }
}

impl WriteSink for Sink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let userdata = self.registration.userdata();
        let data = piece.as_ptr().cast();
        // SAFETY: the caller registered them together; the piece has that size.
        let value = guard::outside(|| unsafe { (self.write)(userdata, data, piece.len()) });
        callback::result(Kind::WriteCallback, "write", value)
    }
}

/// Keeps the body of the response in memory, up to the size set by
/// reggie_config_set_max_body_memory(). This is the default.
///
/// All outputs apply to responses whose HTTP status is 2xx; the body of any
/// other response is kept in memory. They do not apply to 204 and 205 responses or
/// to the response to a HEAD request, which have no body. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_memory(
    request: *mut reggie_request,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_output_memory();
            Ok(())
        })
    })
}

/// Writes the body of a 2xx response to a file, which appears, or replaces an
/// existing file, once the body is complete.
///
/// Until then, the body is written to a temporary file in the same directory,
/// which is removed on failure. A call that fails leaves an existing file
/// unchanged. A new file is created as by open(2) with mode 0666; a file that is
/// replaced keeps its mode, group and access control list, but not its extended
/// attributes. If its group cannot be kept, the group of the new file has no more
/// access than others. Other hard links to the file keep the old content. The
/// last component of the path must not be a symbolic link, and only a regular
/// file that belongs to the user is replaced; otherwise the call returns
/// REGGIE_FILE.
///
/// A relative path starts from the working directory at the time the response
/// arrives; the file is created in that directory even if the working directory
/// changes or the directory is renamed before the body is complete.
///
/// A 206 response, which has only part of the content, does not replace the
/// file: the call returns REGGIE_PARTIAL_CONTENT. Use
/// reggie_request_set_output_fd() for ranges.
///
/// `path` may be any bytes except NUL. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if it is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_output_path(path.to_owned());
            Ok(())
        })
    })
}

/// Writes the body of a 2xx response to a file descriptor at its current
/// offset.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. It may be non-blocking. Writing to a closed pipe or
/// socket is a failure and raises no SIGPIPE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_fd(
    request: *mut reggie_request,
    fd: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_output_descriptor(fd);
            Ok(())
        })
    })
}

/// Passes the body of a 2xx response to a callback, piece by piece.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `request` or `write` is NULL, or
/// REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_callback(
    request: *mut reggie_request,
    write: reggie_write_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let registration = Registration::new(userdata, free_userdata);
        let sink = Sink::new(write, registration)?;
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_output_sink(Box::new(sink));
            Ok(())
        })
    })
}

/// Sets the digest that the response body must have, such as
/// "sha256:e3b0c442..."; NULL removes it.
///
/// The digest is computed while the body is received. If it differs, the call
/// fails with REGGIE_DIGEST_MISMATCH, and the message contains both digests: no
/// file appears under an output path, an existing file is unchanged, and no
/// response is returned for a body in memory. A descriptor, a callback, and
/// reggie_response_read() after reggie_client_open() receive the body as it
/// arrives, except for the last 64 KiB, or all of a shorter body, which follow
/// only after verification. That data must not be trusted until the call, or
/// the read that returns 0 bytes, has returned REGGIE_OK.
///
/// Only a complete body is verified: that of a 2xx response. Not verified are
/// the body of any other response, such as the error list of a 404, which can be
/// read as usual, so check the HTTP status; 204 and 205 responses and the response
/// to a HEAD request, which have no body; the header fields; and, in any case, the
/// responses to requests without an expected digest. A 206 response has only
/// part of the content: the call fails with REGGIE_PARTIAL_CONTENT before
/// anything is delivered.
///
/// The algorithms are REGGIE_SHA256, REGGIE_SHA384 and REGGIE_SHA512. The digest
/// is that of the body as it was sent, in its content coding if it has one.
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if the request is NULL,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_DIGEST or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_expected_digest(
    request: *mut reggie_request,
    digest: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::optional_text(digest, "digest") }?;
        request.change(|core| core.set_expected_digest(digest))
    })
}
