//! Pulling artifacts.

use std::ffi::c_char;
use std::ptr;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::manifest::reggie_manifest;
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::files_pull;

/// Pulls the files of an artifact into a directory.
///
/// `reference` is as for reggie_manifest_resolve(); the platform of an index is
/// that of reggie_options_set_platform(), or else of the host. `folder` is
/// created if it is missing; it may contain any bytes except NUL. `manifest` may
/// be NULL.
///
/// Each layer that has a title is pulled to the file of that name as by
/// reggie_blob_pull_to_path(), several concurrently. A title may contain
/// directories, but never leads out of `folder`, not even through a symbolic
/// link. A layer without a title is left out and reported as
/// REGGIE_PROGRESS_SKIP; if no layer has a title, the call fails with
/// REGGIE_NO_FILES. A layer that is a packed directory stays packed, in a file
/// named by its title with ".tar.gz" appended. Layers with the same digest are
/// pulled once and then copied. Files pulled before a failure are kept.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns any status returned by reggie_manifest_resolve() or
/// reggie_blob_pull_to_path(), REGGIE_UNSAFE_NAME (also if two layers have the
/// same name), REGGIE_NO_FILES or REGGIE_FILTER_CALLBACK.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_pull_files(
    repository: Option<&reggie_repository>,
    reference: *const c_char,
    folder: *const c_char,
    options: Option<&reggie_options>,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::optional(manifest, ptr::null_mut()) };
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        // SAFETY: the caller's string, or NULL.
        let folder = unsafe { convert::path(folder, "folder") }?;
        let core = files_pull::pull(repository, reference, folder, &options::of(options))?;
        if let Some(manifest) = manifest {
            manifest.give(reggie_manifest::new(core));
        }
        Ok(())
    })
}
