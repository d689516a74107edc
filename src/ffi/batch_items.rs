//! Adding items to batches.

use std::ffi::{c_char, c_int, c_void};

use super::batch::reggie_batch;
use super::callback::{Registration, reggie_free_callback};
use super::descriptor::{self, reggie_descriptor};
use super::repository::{self, reggie_repository};
use super::request_output::{Sink, reggie_write_callback};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::batch::{CallbackOutput, Destination, Work};
use crate::content::copy::Copy;
use crate::content::repository::Repository;
use crate::error::Error;

/// Adds an item about a repository.
fn add(
    batch: Option<&reggie_batch>,
    repository: Option<&reggie_repository>,
    work: impl FnOnce(&Repository) -> Result<Work, Error>,
) -> reggie_status {
    guard::status(|| {
        let batch = convert::required(batch, "batch")?;
        batch.add(work(repository::required(repository)?)?);
        Ok(())
    })
}

/// Adds the pull of a blob.
fn add_pull(
    batch: Option<&reggie_batch>,
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    to: impl FnOnce() -> Result<Destination, Error>,
) -> reggie_status {
    add(batch, repository, |repository| {
        let blob = descriptor::required(blob, "blob")?;
        Ok(Work::pull(repository, blob, to()?))
    })
}

/// Adds a pull, as by reggie_blob_pull_to_path().
///
/// If several items pull the same digest from the same repository, those added
/// after the first one that pulls it to a path, also to file descriptors and
/// callbacks, are copied from its file. An item added before it that pulls to a
/// file descriptor or a callback may be pulled itself.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `path` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_pull_to_path(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    path: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    add_pull(batch, repository, blob, || {
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        Ok(Destination::Path(path.to_owned()))
    })
}

/// Adds a pull, as by reggie_blob_pull_to_fd().
///
/// The file descriptor remains the caller's and must stay open until the item
/// is done.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_pull_to_fd(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    fd: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    add_pull(batch, repository, blob, || Ok(Destination::Descriptor(fd)))
}

/// Adds a pull, as by reggie_blob_pull_to_callback().
///
/// The callback is called by reggie_batch_run() or reggie_batch_step(). Its
/// userdata is freed with the batch.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_pull_to_callback(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    write: reggie_write_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    let registration = Registration::new(userdata, free_userdata);
    add_pull(batch, repository, blob, || {
        let sink = Sink::new(write, registration)?;
        Ok(Destination::Callback(CallbackOutput::new(Box::new(sink))))
    })
}

/// Adds a push, as by reggie_blob_push_path().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST, or REGGIE_INVALID_ARGUMENT if `path` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_push_path(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    path: *const c_char,
    digest: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    add(batch, repository, |repository| {
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::optional_text(digest, "digest") }?;
        Work::push(repository, path, digest)
    })
}

/// Adds a copy, as by reggie_copy().
///
/// Copies share the content that they have in common: a blob is transferred
/// once to each registry or layout, and mounted if the copies go to different
/// repositories of a registry.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_copy(
    batch: *mut reggie_batch,
    from: Option<&reggie_repository>,
    reference: *const c_char,
    to: Option<&reggie_repository>,
    tags: *const *const c_char,
    count: usize,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    guard::status(|| {
        let batch = convert::required(batch, "batch")?;
        let from = repository::named(from, "from")?;
        let to = repository::named(to, "to")?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        // SAFETY: the caller's strings, or NULL.
        let tags = unsafe { convert::texts(tags, count, "tags") }?;
        batch.add(Work::Copy(Copy::new(from, reference, to, &tags)?));
        Ok(())
    })
}

/// Adds a manifest pull, as by reggie_manifest_resolve().
///
/// If `platform` is "", the manifest is pulled as by reggie_manifest_pull().
/// reggie_batch_manifest() then returns it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `batch` or `repository` is NULL,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_REFERENCE or REGGIE_INVALID_PLATFORM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_resolve(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    reference: *const c_char,
    platform: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    add(batch, repository, |repository| {
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        // SAFETY: the caller's string, or NULL.
        let platform = unsafe { convert::optional_text(platform, "platform") }?;
        Work::manifest(repository, reference, platform)
    })
}

/// Adds a lookup of a location, as by reggie_blob_locate().
///
/// reggie_batch_location() then returns it.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_locate(
    batch: *mut reggie_batch,
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    follow: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    add(batch, repository, |repository| {
        let blob = descriptor::required(blob, "blob")?;
        Ok(Work::locate(repository, blob, follow != 0))
    })
}
