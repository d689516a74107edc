//! Blobs that are open for reading.

use super::convert::Out;
use super::descriptor::{self, reggie_descriptor};
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::slot::Slot;
use super::status::{REGGIE_UNKNOWN_SIZE, reggie_status};
use super::{convert, guard};
use crate::content::blob_reader::{Blob, Reader};

/// A blob opened for reading.
///
/// reggie_blob_read() reads it from the beginning; reggie_blob_pread() reads at
/// any offset and is safe for concurrent use. Created by reggie_blob_open();
/// freed by reggie_blob_free(). A blob can be read for days: tokens and signed
/// URLs are renewed when they have expired.
pub struct reggie_blob {
    core: Blob,
    reader: Slot<Reader>,
}

/// Opens a blob for reading.
///
/// Requests the size of the blob if it is unknown; otherwise sends nothing. The
/// options also apply to reading. The handle does not need the repository
/// afterwards.
///
/// On REGGIE_OK, the caller must free `handle` with reggie_blob_free().
///
/// Returns any status returned by reggie_blob_stat().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_open(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    options: Option<&reggie_options>,
    handle: *mut *mut reggie_blob,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let handle = unsafe { Out::handle(handle, "handle") }?;
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        let core = Blob::open(repository, blob, options::of(options))?;
        handle.give(reggie_blob {
            reader: Slot::new(core.reader()),
            core,
        });
        Ok(())
    })
}

/// Frees a blob and closes its connections. NULL is ignored.
///
/// No call that uses it may be running.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_blob_free(handle: Option<Box<reggie_blob>>) {
    guard::value((), || drop(handle));
}

/// Returns the size in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if the registry did not report it or if `handle`
/// is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_blob_size(handle: Option<&reggie_blob>) -> u64 {
    guard::value(REGGIE_UNKNOWN_SIZE, || {
        let size = handle.and_then(|handle| handle.core.size());
        size.unwrap_or(REGGIE_UNKNOWN_SIZE)
    })
}

/// Reads the next bytes of a blob into `buffer`.
///
/// `got` is the number of bytes read: 1 to `size`, or 0 at the end of the blob.
/// If the digest or the size does not match, the read that would return the
/// last bytes fails instead. After a failure, all further reads fail.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, or any status returned by
/// reggie_blob_pull_to_callback().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_read(
    handle: *mut reggie_blob,
    buffer: *mut u8,
    size: usize,
    got: *mut usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let got = unsafe { Out::new(got, 0, "got") }?;
        // SAFETY: the caller's handle, or NULL.
        let handle = unsafe { convert::handle(handle, "handle") }?;
        // SAFETY: the caller's buffer, or NULL.
        let buffer = unsafe { convert::slice_mut(buffer, size, "buffer") }?;
        let read = |reader: &mut Reader| reader.read(&handle.core, buffer);
        got.set(handle.reader.lend("handle", read)?);
        Ok(())
    })
}

/// Reads `size` bytes at `offset` into `buffer`.
///
/// `got` is less than `size` only at the end of the blob. Safe for concurrent
/// use: each call uses a connection of its own, limited by
/// reggie_config_set_max_connections(). Nothing is cached. A part of a blob
/// cannot be verified: for that, the content must contain digests of its own.
/// `options` may be NULL to use those of reggie_blob_open(); other options
/// apply to this call, for example a cancel handle of its own.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, REGGIE_RANGE_IGNORED, or any status returned by
/// reggie_blob_pull_to_callback().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_pread(
    handle: Option<&reggie_blob>,
    buffer: *mut u8,
    size: usize,
    offset: u64,
    options: Option<&reggie_options>,
    got: *mut usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let got = unsafe { Out::new(got, 0, "got") }?;
        let handle = convert::required(handle, "handle")?;
        // SAFETY: the caller's buffer, or NULL.
        let buffer = unsafe { convert::slice_mut(buffer, size, "buffer") }?;
        let options = options.map(|options| options::of(Some(options)));
        got.set(handle.core.read_at(buffer, offset, options.as_deref())?);
        Ok(())
    })
}
