//! The body of a request.

use std::ffi::{c_char, c_int, c_void};
use std::slice;

use super::callback::{Registration, reggie_free_callback};
use super::error_handle::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{callback, convert, guard, status};
use crate::body::{BorrowedBytes, ReadSource};
use crate::error::{Error, Kind, Step};

/// Supplies the body of a request.
///
/// Writes up to `size` bytes to `buffer`, which is filled with zeros, and
/// stores the number of bytes in `count`, which is 0 on entry. 0 means the end
/// of the body; more than `size` makes the call return REGGIE_CALLBACK_MISUSE.
/// Return 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_READ_CALLBACK.
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

/// Sets the body: `size` bytes from memory, which are copied.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
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

/// Sets the body: `size` bytes from memory, which are not copied.
///
/// The bytes must stay valid and unchanged until `free_userdata` is called, as
/// described at reggie_free_callback: when the body is replaced or removed,
/// when the request is freed, or, if this function fails, before it returns.
/// `userdata` is passed to that callback and may be `bytes` itself. `bytes` may
/// be NULL if `size` is 0.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let registration = Registration::new(userdata, free_userdata);
        // SAFETY: the caller's bytes, until the registration is dropped.
        let borrowed = unsafe { Borrowed::new(bytes, size, registration) }?;
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_body_borrowed(Box::new(borrowed));
            Ok(())
        })
    })
}

/// Sets the body: the content of a regular file, which is opened each time the
/// request is sent. `path` may be any bytes except NUL.
///
/// The size of the file when it is opened is the length of the body. Data that
/// is appended while the file is sent is not sent; if the file becomes shorter,
/// the call returns REGGIE_BODY_LENGTH. A file of size 0 that has content, such
/// as those in /proc, is read first; more than 16 MiB of it are an error,
/// REGGIE_BODY_LENGTH. The same applies to parts of files.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the path
/// is empty, or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_body_path(
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
            core.set_body_path(path.to_owned());
            Ok(())
        })
    })
}

/// Sets the body: part of a regular file, `length` bytes from `offset` on; or,
/// if `length` is REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the
/// file.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        request.change(|core| {
            core.set_body_path_section(path.to_owned(), offset, status::known_size(length))
        })
    })
}

/// Sets the body: the next `length` bytes from a file descriptor, starting at
/// its current offset; or, if `length` is REGGIE_UNKNOWN_SIZE, everything up to
/// its end with chunked transfer coding (RFC 9112, section 7.1), which many
/// registries reject.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_call(request, error, || {
        let request = convert::required(request, "request")?;
        request.change(|core| core.set_body_descriptor(fd, status::known_size(length)))
    })
}

/// Sets the body: part of an open regular file, `length` bytes from `offset`
/// on, counted from the beginning of the file; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, all from `offset` to the end of the file.
///
/// The descriptor remains owned by the caller and must stay open until the
/// request has been sent. Its file offset is neither used nor moved: several
/// requests can send parts of one file concurrently. If the file is shorter
/// than the part requires, reggie_client_do() and reggie_client_open() send
/// nothing and return REGGIE_BODY_LENGTH. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if the sum of offset and
/// length is too large, REGGIE_FILE if the descriptor is not open or not a
/// regular file, or REGGIE_BUSY.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_call(request, error, || {
        let request = convert::required(request, "request")?;
        request
            .change(|core| core.set_body_descriptor_section(fd, offset, status::known_size(length)))
    })
}

/// Sets the body: `length` bytes supplied by a callback; or, if `length` is
/// REGGIE_UNKNOWN_SIZE, everything up to its end with chunked transfer coding
/// (RFC 9112, section 7.1), which many registries reject.
///
/// After `length` bytes, `read` is called once more and must report the end of
/// the body. If it has more data, or reports the end before, the call returns
/// REGGIE_BODY_LENGTH, and the server does not receive a complete request.
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
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let registration = Registration::new(userdata, free_userdata);
        let source = Source::new(read, rewind, registration)?;
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.set_body_source(Box::new(source), status::known_size(length));
            Ok(())
        })
    })
}

/// Removes the body. Default: no body. POST, PUT and PATCH requests then have a
/// Content-Length of 0 (RFC 9110, section 8.6).
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_remove_body(request: *mut reggie_request) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        request.change(|core| {
            core.remove_body();
            Ok(())
        })
    })
}
