//! Blobs: pulling, existence, deletion.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::bytes;
use super::callback::Registration;
use super::convert::Out;
use super::descriptor::{self, reggie_descriptor};
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::request_output::{Sink, reggie_write_callback};
use super::status::{REGGIE_UNKNOWN_SIZE, reggie_status};
use super::{convert, guard};
use crate::content::{blob_pull, blob_stat, file_pull};

/// Pulls a blob to a file.
///
/// The file appears, or replaces an existing one, once it is complete and
/// verified. Its parent directories must exist. Existing data is used: the file
/// itself as set by reggie_options_set_existing(), and a partial file as set by
/// reggie_options_set_resume(). `path` may contain any bytes except NUL, and
/// must not be a directory, device or pipe.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `path`
/// is empty, REGGIE_FILE, REGGIE_LOCKED, REGGIE_NOT_FOUND, REGGIE_UNAUTHORIZED,
/// REGGIE_DENIED, REGGIE_DIGEST_MISMATCH, REGGIE_SIZE_MISMATCH,
/// REGGIE_HTTP_STATUS, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK, or any status returned by reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_pull_to_path(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    path: *const c_char,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        file_pull::to_path(repository, blob, path, &options::of(options))
    })
}

/// Pulls a blob to a file descriptor: a file, a pipe or a socket.
///
/// Writing starts at the current offset. After a failure, part of the blob may
/// have been written. The file descriptor remains the caller's and may be
/// non-blocking. If its other end is closed, the call fails without raising
/// SIGPIPE. Otherwise like reggie_blob_pull_to_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_pull_to_fd(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    fd: c_int,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        blob_pull::to_descriptor(repository, blob, fd, &options::of(options))
    })
}

/// Pulls a blob and passes it to a callback, piece by piece, in order.
///
/// The data must not be trusted until the call has returned REGGIE_OK.
/// Otherwise like reggie_blob_pull_to_path().
///
/// Also returns REGGIE_WRITE_CALLBACK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_pull_to_callback(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    write: reggie_write_callback,
    userdata: *mut c_void,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        let sink = Sink::new(write, Registration::new(userdata, None))?;
        blob_pull::to_callback(repository, blob, Box::new(sink), &options::of(options))
    })
}

/// Pulls a blob of at most `max_size` bytes into memory.
///
/// A larger blob fails with REGGIE_BODY_TOO_LARGE. The data is followed by a
/// NUL, which is not included in `size`. Otherwise like
/// reggie_blob_pull_to_path().
///
/// On REGGIE_OK, the caller must free `bytes` with reggie_bytes_free(); it is
/// never NULL.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_pull_to_memory(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    max_size: usize,
    options: Option<&reggie_options>,
    bytes: *mut *mut u8,
    size: *mut usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let out = unsafe { Out::new(bytes, ptr::null_mut(), "bytes") };
        // SAFETY: as above.
        let size = unsafe { Out::new(size, 0, "size") }?;
        let out = out?;
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        let options = options::of(options);
        let content = blob_pull::to_memory(repository, blob, bytes::HEAD, max_size, &options)?;
        size.set(content.len() - bytes::HEAD);
        out.set(bytes::give(content)?);
        Ok(())
    })
}

/// Checks whether a blob exists, and gets its size.
///
/// `size` may be NULL. On REGGIE_OK, it is the size in bytes, or
/// REGGIE_UNKNOWN_SIZE if the registry did not report it.
///
/// Returns REGGIE_OK if the blob exists, REGGIE_NOT_FOUND if it does not,
/// REGGIE_INVALID_DIGEST, or any status returned by reggie_blob_pull_to_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_stat(
    repository: Option<&reggie_repository>,
    digest: *const c_char,
    options: Option<&reggie_options>,
    size: *mut u64,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let size = unsafe { Out::optional(size, 0) };
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        let found = blob_stat::stat(repository, digest, &options::of(options))?;
        if let Some(size) = size {
            size.set(found.unwrap_or(REGGIE_UNKNOWN_SIZE));
        }
        Ok(())
    })
}

/// Deletes a blob.
///
/// Returns REGGIE_OK, REGGIE_INVALID_DIGEST, REGGIE_NOT_FOUND,
/// REGGIE_UNSUPPORTED, or any status returned by reggie_blob_pull_to_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_delete(
    repository: Option<&reggie_repository>,
    digest: *const c_char,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        blob_stat::delete(repository, digest, &options::of(options))
    })
}
