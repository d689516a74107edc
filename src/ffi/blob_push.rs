//! Pushing blobs.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::slice;
use std::sync::Arc;

use super::callback::Registration;
use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::request_body::{self, reggie_read_callback, reggie_rewind_callback};
use super::status::{known_size, reggie_status};
use super::{convert, guard};
use crate::body::BorrowedBytes;
use crate::content::push::{self, Source};
use crate::error::Error;

/// Memory of the caller.
struct Memory {
    bytes: *const u8,
    size: usize,
}

// SAFETY: the bytes do not change during the call, as the manual says.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

impl BorrowedBytes for Memory {
    fn bytes(&self) -> &[u8] {
        // SAFETY: they were a slice when the call began, and stay so during it.
        unsafe { slice::from_raw_parts(self.bytes, self.size) }
    }
}

/// Pushes a blob from a source.
///
/// # Safety
///
/// The arguments are those of the exported functions.
unsafe fn push(
    repository: Option<&reggie_repository>,
    source: impl FnOnce() -> Result<Source, Error>,
    digest: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let descriptor = unsafe { Out::optional(descriptor, ptr::null_mut()) };
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::optional_text(digest, "digest") }?;
        let pushed = push::push(repository, source()?, digest, &options::of(options))?;
        if let Some(descriptor) = descriptor {
            descriptor.give(reggie_descriptor::new(pushed));
        }
        Ok(())
    })
}

/// Pushes a regular file as a blob.
///
/// If the blob already exists, nothing is sent; otherwise it is mounted if
/// possible. A `digest` of NULL means that the digest is computed first, so
/// that the file is read twice; a given digest is compared. `path` may contain
/// any bytes except NUL. `descriptor` may be NULL; its media type is
/// REGGIE_OCTETS.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `path` is empty, REGGIE_INVALID_DIGEST,
/// REGGIE_FILE, REGGIE_SOURCE_CHANGED, REGGIE_UNAUTHORIZED, REGGIE_DENIED,
/// REGGIE_NOT_FOUND if the registry requires the repository to be created
/// first, REGGIE_DIGEST_MISMATCH if the registry received something else,
/// REGGIE_HTTP_STATUS, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK, or any status returned by reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_push_path(
    repository: Option<&reggie_repository>,
    path: *const c_char,
    digest: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    let source = || {
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        Ok(Source::Path(path.to_owned()))
    };
    // SAFETY: the caller's arguments.
    unsafe { push(repository, source, digest, options, descriptor, error) }
}

/// Pushes bytes from a file descriptor as a blob.
///
/// `length` is the number of bytes from the current offset; REGGIE_UNKNOWN_SIZE
/// means all bytes up to the end. A seekable file descriptor is read with
/// pread(), and its offset does not change. One that is not seekable is
/// uploaded in chunks; if more than the last chunk is lost in a connection
/// failure, the upload is lost, unless there is a state directory. Otherwise
/// like reggie_blob_push_path().
///
/// Also returns REGGIE_BODY_LENGTH, REGGIE_UPLOAD_LOST or
/// REGGIE_NO_STATE_FOLDER.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_push_fd(
    repository: Option<&reggie_repository>,
    fd: c_int,
    length: u64,
    digest: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    let source = || {
        Ok(Source::Descriptor {
            fd,
            length: known_size(length),
        })
    };
    // SAFETY: the caller's arguments.
    unsafe { push(repository, source, digest, options, descriptor, error) }
}

/// Pushes `size` bytes as a blob.
///
/// The bytes are not copied and must not be changed during the call. Otherwise
/// like reggie_blob_push_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_push_memory(
    repository: Option<&reggie_repository>,
    bytes: *const u8,
    size: usize,
    digest: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    let source = || {
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?.as_ptr();
        Ok(Source::Memory(Arc::new(Memory { bytes, size })))
    };
    // SAFETY: the caller's arguments.
    unsafe { push(repository, source, digest, options, descriptor, error) }
}

/// Pushes bytes supplied by a callback as a blob.
///
/// `length` is the number of bytes; REGGIE_UNKNOWN_SIZE means all bytes up to
/// the end. With `rewind`, the bytes may be read several times. If `rewind` is
/// NULL, the callback is treated like a file descriptor that is not seekable.
/// Otherwise like reggie_blob_push_fd().
///
/// Also returns REGGIE_READ_CALLBACK, REGGIE_REWIND_CALLBACK or
/// REGGIE_CALLBACK_MISUSE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_push_callback(
    repository: Option<&reggie_repository>,
    read: reggie_read_callback,
    rewind: reggie_rewind_callback,
    length: u64,
    userdata: *mut c_void,
    digest: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    let source = || {
        let registration = Registration::new(userdata, None);
        let source = request_body::Source::new(read, rewind, registration)?;
        Ok(Source::Callback {
            source: Box::new(source),
            length: known_size(length),
        })
    };
    // SAFETY: the caller's arguments.
    unsafe { push(repository, source, digest, options, descriptor, error) }
}

/// Mounts a blob from another repository of the same registry.
///
/// `from` is the name of the other repository. The blob is then in both, and
/// none of it is sent. On REGGIE_OK, `mounted` is 1 if the blob was mounted, or
/// 0 if the registry prefers that it is sent.
///
/// Returns REGGIE_OK, REGGIE_INVALID_DIGEST, REGGIE_INVALID_REFERENCE,
/// REGGIE_UNSUPPORTED for a layout, or any status returned by
/// reggie_blob_push_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_mount(
    repository: Option<&reggie_repository>,
    digest: *const c_char,
    from: *const c_char,
    options: Option<&reggie_options>,
    mounted: *mut c_int,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let mounted = unsafe { Out::new(mounted, 0, "mounted") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        // SAFETY: the caller's string, or NULL.
        let from = unsafe { convert::text(from, "from") }?;
        let is_mounted = push::mount(repository, digest, from, &options::of(options))?;
        mounted.set(c_int::from(is_mounted));
        Ok(())
    })
}
