//! Incremental uploads.

use std::ffi::c_char;
use std::ptr;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::slot::{self, Slot};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::upload::Upload;

/// An incremental upload: a blob that is pushed while it is being produced.
///
/// Its digest is not known in advance. Created by reggie_upload_begin() and
/// reggie_upload_import(); freed by reggie_upload_free(). Not safe for
/// concurrent use.
pub struct reggie_upload {
    core: Slot<Upload>,
}

/// Begins an incremental upload.
///
/// The handle does not need the repository afterwards.
///
/// On REGGIE_OK, the caller must free `upload` with reggie_upload_free().
///
/// Returns any status returned by reggie_blob_push_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_begin(
    repository: Option<&reggie_repository>,
    options: Option<&reggie_options>,
    upload: *mut *mut reggie_upload,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let upload = unsafe { Out::handle(upload, "upload") }?;
        let repository = repository::required(repository)?;
        let core = Upload::begin(repository, &options::of(options))?;
        upload.give(reggie_upload {
            core: Slot::new(core),
        });
        Ok(())
    })
}

/// Appends `size` bytes to an upload.
///
/// The bytes are collected in a chunk; a full chunk is sent before the call
/// returns. If the registry does not support chunked uploads, everything is
/// written to a file in the state directory until the upload is committed.
/// After a failure, the call may be repeated with the same bytes if
/// reggie_upload_offset() is unchanged; no other bytes may follow.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large or the upload has ended, REGGIE_NO_STATE_FOLDER,
/// REGGIE_UPLOAD_LOST, or any status returned by reggie_blob_push_path().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_write(
    upload: *mut reggie_upload,
    bytes: *const u8,
    size: usize,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's handle, or NULL.
        let upload = unsafe { convert::handle(upload, "upload") }?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        upload.core.lend("upload", |core| core.write(bytes))
    })
}

/// Returns how many bytes were accepted: the offset of the next byte.
///
/// Returns 0 if `upload` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_upload_offset(upload: Option<&reggie_upload>) -> u64 {
    guard::value(0, || {
        let offset = upload.and_then(|upload| upload.core.look(|core| core.offset()));
        offset.unwrap_or(0)
    })
}

/// Commits an upload: what was written becomes a blob.
///
/// A `digest` of NULL means the computed digest; a given digest is compared
/// first, and must be of the algorithm of the upload. `options` of NULL
/// means those of reggie_upload_begin() or reggie_upload_import(). The upload has then ended
/// and can only be freed. After a failure, the call may be repeated unless the
/// error says otherwise. `descriptor` may be NULL.
///
/// After a write that failed, the registry may have more than
/// reggie_upload_offset(). What was accepted is then sent to a new upload if all
/// of it is still in memory; otherwise the status is REGGIE_UPLOAD_LOST, and only
/// the same write can follow.
///
/// The progress callback is that of the upload or, if it has none, that of `options`.
/// It gets REGGIE_PROGRESS_END and REGGIE_PROGRESS_DONE on success. A failure is
/// not reported as REGGIE_PROGRESS_FAIL, since the call may be repeated.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_DIGEST,
/// REGGIE_INVALID_ARGUMENT if `digest` is of another algorithm,
/// REGGIE_DIGEST_MISMATCH, or any status returned by reggie_upload_write().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_commit(
    upload: *mut reggie_upload,
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
        // SAFETY: the caller's handle, or NULL.
        let upload = unsafe { convert::handle(upload, "upload") }?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::optional_text(digest, "digest") }?;
        let options = options.map(|options| options::of(Some(options)));
        let committed = upload
            .core
            .lend("upload", |core| core.commit(digest, options.as_deref()))?;
        if let Some(descriptor) = descriptor {
            descriptor.give(reggie_descriptor::new(committed));
        }
        Ok(())
    })
}

/// Aborts an upload and tells the registry to discard it.
///
/// The upload has then ended and can only be freed. If the request fails, the
/// registry discards the upload by itself.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or any status returned by
/// reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_abort(
    upload: *mut reggie_upload,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's handle, or NULL.
        let upload = unsafe { convert::handle(upload, "upload") }?;
        upload.core.lend("upload", Upload::abort)
    })
}

/// Exports an upload, to be resumed in this process or another.
///
/// reggie_upload_import() resumes it. The exported string contains the address
/// of the upload, what the registry has received, and the state of the digest.
/// Nothing is sent, and data that is still in memory is not included. The
/// string is a secret: whoever has it can write to the upload. The upload may
/// continue afterwards, and the string remains usable. An upload to a layout
/// cannot be resumed: reggie_upload_import() begins a new one.
///
/// On REGGIE_OK, the caller must free `text` with reggie_string_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// upload has ended.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_export(
    upload: Option<&reggie_upload>,
    text: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let text = unsafe { Out::new(text, ptr::null_mut(), "text") }?;
        let upload = convert::required(upload, "upload")?;
        let exported = upload.core.look(|core| core.export());
        text.give_text(exported.unwrap_or_else(|| Err(slot::busy("upload")))?);
        Ok(())
    })
}

/// Resumes an exported upload.
///
/// Requests from the registry what it has received. reggie_upload_offset() then
/// returns the offset from which the data must be written again; it may be
/// before what had been written at the time of the export.
///
/// On REGGIE_OK, the caller must free `upload` with reggie_upload_free().
///
/// Returns REGGIE_OK, REGGIE_INVALID_EXPORT, REGGIE_UPLOAD_LOST if the registry
/// no longer knows the upload, or any status returned by reggie_upload_begin().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_upload_import(
    repository: Option<&reggie_repository>,
    text: *const c_char,
    options: Option<&reggie_options>,
    upload: *mut *mut reggie_upload,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let upload = unsafe { Out::handle(upload, "upload") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let text = unsafe { convert::text(text, "text") }?;
        let core = Upload::import(repository, text, &options::of(options))?;
        upload.give(reggie_upload {
            core: Slot::new(core),
        });
        Ok(())
    })
}

/// Frees an upload. NULL is ignored.
///
/// An upload that was neither committed nor aborted stays at the registry, for
/// reggie_upload_import().
#[unsafe(no_mangle)]
pub extern "C" fn reggie_upload_free(upload: Option<Box<reggie_upload>>) {
    guard::value((), || drop(upload));
}
