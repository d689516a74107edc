//! Manifests: pulling.

use std::ffi::c_char;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::manifest::reggie_manifest;
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::manifest_pull;

/// Pulls a manifest.
///
/// `reference` is a tag or a digest; NULL means the target of the repository.
/// An index is returned as such.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, REGGIE_NOT_FOUND, REGGIE_UNAUTHORIZED,
/// REGGIE_DENIED, REGGIE_INVALID_MANIFEST, REGGIE_UNSUPPORTED for a manifest of
/// Docker schema 1, REGGIE_DIGEST_MISMATCH, REGGIE_BODY_TOO_LARGE,
/// REGGIE_HTTP_STATUS, or any status returned by reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_pull(
    repository: Option<&reggie_repository>,
    reference: *const c_char,
    options: Option<&reggie_options>,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::handle(manifest, "manifest") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        let core = manifest_pull::pull(repository, reference, &options::of(options))?;
        manifest.give(reggie_manifest::new(core));
        Ok(())
    })
}

/// Pulls the manifest for a platform.
///
/// If the reference points to an index, pulls the manifest that
/// reggie_manifest_select() selects from it, through up to 4 levels of nested
/// indexes. If it points to any other manifest, pulls that one. A `platform` of
/// NULL means the host platform. Otherwise like reggie_manifest_pull().
///
/// Also returns REGGIE_INVALID_PLATFORM, or REGGIE_NO_PLATFORM with the
/// available platforms in the message.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_resolve(
    repository: Option<&reggie_repository>,
    reference: *const c_char,
    platform: *const c_char,
    options: Option<&reggie_options>,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::handle(manifest, "manifest") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        // SAFETY: the caller's string, or NULL.
        let platform = unsafe { convert::optional_text(platform, "platform") }?;
        let options = options::of(options);
        let core = manifest_pull::resolve(repository, reference, platform, &options)?;
        manifest.give(reggie_manifest::new(core));
        Ok(())
    })
}

/// Gets the descriptor of a manifest without pulling it.
///
/// The descriptor contains the digest, size and media type. Sends a HEAD
/// request, which Docker Hub does not count as a pull, or a GET request if the
/// registry does not handle HEAD properly.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns any status returned by reggie_manifest_pull().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_stat(
    repository: Option<&reggie_repository>,
    reference: *const c_char,
    options: Option<&reggie_options>,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let descriptor = unsafe { Out::handle(descriptor, "descriptor") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        let core = manifest_pull::stat(repository, reference, &options::of(options))?;
        descriptor.give(reggie_descriptor::new(core));
        Ok(())
    })
}
