//! Where the body of a request comes from, and where the body of its response
//! goes.

use std::ffi::{c_char, c_int, c_void};
use std::slice;

use super::callback::{Registration, reggie_free_callback};
use super::error_handle::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{callback, convert, guard, status};
use crate::body::output::WriteSink;
use crate::body::{BorrowedBytes, ReadSource};
use crate::error::{Error, Kind, Step};

/// Supplies the body of a request.
///
/// Writes up to `size` bytes to `buffer`, which is filled with zeros, and
/// stores the number of bytes in `count`, which is 0 on entry. 0 bytes mean the
/// end of the body; more than `size` make the call return
/// REGGIE_CALLBACK_MISUSE. Return 0 to continue, or any other value to stop the
/// call, which then returns REGGIE_READ_CALLBACK.
pub type reggie_read_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        buffer: *mut c_void,
        size: usize,
        count: *mut usize,
    ) -> c_int,
>;

/// Restarts the body of a request from its first byte. Return 0 to continue, or
/// any other value to stop the call, which then returns REGGIE_REWIND_CALLBACK.
pub type reggie_rewind_callback =
    Option<unsafe extern "C-unwind" fn(userdata: *mut c_void) -> c_int>;

/// Receives the next `size` bytes of a response body, at least one. Return 0 to
/// continue, or any other value to stop the call, which then returns
/// REGGIE_WRITE_CALLBACK.
pub type reggie_write_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, data: *const c_void, size: usize) -> c_int,
>;

/// A request body from callbacks.
pub(super) struct Source {
    read: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, usize, *mut usize) -> c_int,
    rewind: reggie_rewind_callback,
    registration: Registration,
}

impl Source {
    pub(super) fn new(
        read: reggie_read_callback,
        rewind: reggie_rewind_callback,
        registration: Registration,
    ) -> Result<Source, Error> {
        Ok(Source {
            read: convert::required(read, "read")?,
            rewind,
            registration,
        })
    }
}

impl ReadSource for Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let userdata = self.registration.userdata();
        let size = buffer.len();
        let place = buffer.as_mut_ptr().cast();
        let mut count = 0;
        // SAFETY: the caller registered them together; the buffer has that size.
        let value =
            guard::outside(|| unsafe { (self.read)(userdata, place, size, &raw mut count) });
        callback::result(Kind::ReadCallback, "read", value)?;
        if count > size {
            let message = format!("read callback: returned {count} bytes for a buffer of {size}");
            return Err(Error::new(Kind::CallbackMisuse, message).at(Step::Send));
        }
        Ok(count)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        let Some(rewind) = self.rewind else {
            let message = "the body must be sent again, and it has no rewind callback";
            return Err(Error::new(Kind::BodyNotRewindable, message));
        };
        let userdata = self.registration.userdata();
        // SAFETY: the caller registered them together.
        let value = guard::outside(|| unsafe { rewind(userdata) });
        callback::result(Kind::RewindCallback, "rewind", value)
    }

    fn can_rewind(&self) -> bool {
        self.rewind.is_some()
    }
}

/// A request body in the caller's memory.
struct Borrowed {
    bytes: *const u8,
    size: usize,
    /// Dropped when the bytes are no longer used.
    _registration: Registration,
}

// SAFETY: the bytes do not change, and may be read on any thread, as the manual
// says.
unsafe impl Send for Borrowed {}

impl Borrowed {
    /// # Safety
    ///
    /// `bytes` is NULL or has `size` bytes, which stay as they are until the
    /// registration is dropped.
    unsafe fn new(
        bytes: *const u8,
        size: usize,
        registration: Registration,
    ) -> Result<Borrowed, Error> {
        // SAFETY: as above.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?.as_ptr();
        Ok(Borrowed {
            bytes,
            size,
            _registration: registration,
        })
    }
}

impl BorrowedBytes for Borrowed {
    fn bytes(&self) -> &[u8] {
        // SAFETY: promised to `new`, where they were a slice.
        unsafe { slice::from_raw_parts(self.bytes, self.size) }
    }
}

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

/// Sends `size` bytes from memory, which are copied.
///
/// `bytes` may be NULL if `size` is 0, which is an empty body. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the size is
/// impossible, REGGIE_NO_MEMORY or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body(
    request: *mut reggie_request,
    bytes: *const u8,
    size: usize,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: the caller's bytes, or NULL.
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

/// Sends `size` bytes from memory, which are not copied.
///
/// The bytes must stay valid and unchanged until `free_userdata` is called, as
/// described at reggie_free_callback: when another body takes their place, when
/// the request is freed, or, if this function fails, before it returns.
/// `userdata` is what that callback needs to release them; it may be `bytes`
/// itself. `bytes` may be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is larger than any object can be, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_borrowed(
    request: *mut reggie_request,
    bytes: *const u8,
    size: usize,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        // SAFETY: the caller's bytes, until the registration is dropped.
        let borrowed = unsafe { Borrowed::new(bytes, size, registration) }?;
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_body_borrowed(Box::new(borrowed));
            Ok(())
        })
    })
}

/// Sends the content of a regular file, which is opened each time the request
/// is sent.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_body_path(path.to_owned());
            Ok(())
        })
    })
}

/// Sends part of a regular file: `length` bytes from `offset` on; or, if
/// `length` is REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The file is opened each time the request is sent. If it is shorter than the
/// part requires, reggie_client_do() and reggie_client_open() send nothing and
/// return REGGIE_BODY_LENGTH. `path` may be any bytes except NUL. Returns
/// REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path is empty
/// or the sum of offset and length is too large, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_path_section(
    request: *mut reggie_request,
    path: *const c_char,
    offset: u64,
    length: u64,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_body_path_section(path.to_owned(), offset, status::known_size(length))
        })
    })
}

/// Sends `length` bytes from a file descriptor, starting at its current offset;
/// or, if `length` is REGGIE_UNKNOWN_SIZE, everything up to its end with
/// chunked transfer coding (RFC 9112, section 7.1), which many registries
/// reject.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. If it is seekable, its offset does not change;
/// otherwise the body cannot be sent again, for example after a challenge. It
/// may be non-blocking.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_BUSY, or REGGIE_FILE if it
/// is not open.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_fd(
    request: *mut reggie_request,
    fd: c_int,
    length: u64,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| core.set_body_descriptor(fd, status::known_size(length)))
    })
}

/// Sends part of a regular file that is open: `length` bytes from `offset` on,
/// counted from the beginning of the file; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The caller keeps the descriptor, and must keep it open until the request has
/// been sent. Its file offset is neither used nor moved: several requests can
/// send parts of one descriptor at the same time. If the file is shorter than
/// the part requires, reggie_client_do() and reggie_client_open() send nothing
/// and return REGGIE_BODY_LENGTH. Returns REGGIE_OK, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_ARGUMENT if the sum of offset and length is too large,
/// REGGIE_FILE if the descriptor is not open or not a regular file, or
/// REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_fd_section(
    request: *mut reggie_request,
    fd: c_int,
    offset: u64,
    length: u64,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request
            .change(|core| core.set_body_descriptor_section(fd, offset, status::known_size(length)))
    })
}

/// Sends `length` bytes supplied by a callback; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, everything up to its end with chunked transfer coding
/// (RFC 9112, section 7.1), which many registries reject.
///
/// `rewind` is called when the body has to be sent again, for example after a
/// challenge. If it is NULL, the call then fails with
/// REGGIE_BODY_NOT_REWINDABLE.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `request` or `read` is NULL, or
/// REGGIE_BUSY.
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
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_body_source(Box::new(source), status::known_size(length));
            Ok(())
        })
    })
}

/// Sends no body, which is the default. POST, PUT and PATCH requests then have
/// a Content-Length of 0 (RFC 9110, section 8.6).
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_body(request: *mut reggie_request) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.remove_body();
            Ok(())
        })
    })
}

/// Keeps the body of the response in memory, up to the size set by
/// reggie_config_set_max_body_memory(). This is the default.
///
/// All outputs apply to responses whose HTTP status is 2xx; the body of any
/// other response is kept in memory. They do not apply to a 204 response or to
/// the response to a HEAD request, which have no body. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_output_memory(
    request: *mut reggie_request,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
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
/// replaced keeps its mode. The last component of the path must not be a
/// symbolic link, and only a regular file that belongs to the user is replaced;
/// otherwise the call returns REGGIE_FILE.
///
/// A 206 response has only part of the content and would replace all of the
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
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
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
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
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
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let sink = Sink::new(write, registration)?;
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
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
/// only after verification. They must not trust what they received until the
/// call, or the read that returns 0 bytes, has returned REGGIE_OK.
///
/// Only a complete body is verified: that of a 2xx response. Not verified are
/// the body of any other response, such as the error list of a 404, which can be
/// read as usual, so check the HTTP status; a 204 response and the response to a
/// HEAD request, which have no body; the header fields; and, in any case, the
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
    guard::status(|| {
        // SAFETY: the caller's handle, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::optional_text(digest, "digest") }?;
        request.change(|core| core.set_expected_digest(digest))
    })
}
