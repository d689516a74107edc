//! Manifests: pulling, pushing, deleting.

use std::ffi::c_char;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::manifest::reggie_manifest;
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::{manifest_delete, manifest_pull, manifest_push};

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
/// REGGIE_HTTP_STATUS, REGGIE_INVALID_LAYOUT for a layout, or any status returned
/// by reggie_client_do().
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

/// Pushes a manifest under `count` tags, or by digest only if `count` is 0.
///
/// `tags` may be NULL if `count` is 0. One of the tags may be the digest of the
/// manifest, which sets no tag. The content that the manifest refers to must
/// exist, except for the empty blob "{}", which is pushed if it is missing.
///
/// Each tag is set by one PUT request. A tag that already points to this
/// manifest is left unchanged, so that registries with immutable tags accept the
/// push. If the manifest has a subject and the registry does not support the
/// referrers API, the referrers tag (OCI Distribution Specification, Referrers
/// Tag Schema) is updated too. Tags before the one that failed are set.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `count` is impossibly large,
/// REGGIE_INVALID_REFERENCE, REGGIE_DIGEST_MISMATCH for the digest of another
/// manifest, REGGIE_BLOB_MISSING, REGGIE_UNAUTHORIZED, REGGIE_DENIED,
/// REGGIE_UNSUPPORTED, REGGIE_HTTP_STATUS, REGGIE_INVALID_LAYOUT or REGGIE_LOCKED
/// for a layout, REGGIE_BUSY in a callback of another call that is updating the
/// same referrers tag, or any status returned by reggie_client_do().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_push(
    repository: Option<&reggie_repository>,
    manifest: Option<&reggie_manifest>,
    tags: *const *const c_char,
    count: usize,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        let manifest = convert::required(manifest, "manifest")?;
        // SAFETY: the caller's strings, or NULL.
        let tags = unsafe { convert::texts(tags, count, "tags") }?;
        manifest_push::push(repository, manifest.core(), &tags, &options::of(options))
    })
}

/// Deletes a manifest by digest, with all tags that point to it.
///
/// If it has a subject, it is removed from the referrers tag.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST for a tag, REGGIE_NOT_FOUND, REGGIE_UNSUPPORTED,
/// REGGIE_BUSY and REGGIE_LOCKED as for reggie_manifest_push(), or any status
/// returned by reggie_manifest_pull().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_delete(
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
        manifest_delete::delete(repository, digest, &options::of(options))
    })
}

/// Deletes a tag.
///
/// The manifest and its other tags are left unchanged.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE, REGGIE_NOT_FOUND, REGGIE_UNSUPPORTED if the
/// registry cannot delete tags (see reggie_options_set_delete_detour()),
/// REGGIE_LOCKED for a layout, or any status returned by reggie_manifest_pull().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_tag_delete(
    repository: Option<&reggie_repository>,
    tag: *const c_char,
    options: Option<&reggie_options>,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let tag = unsafe { convert::text(tag, "tag") }?;
        manifest_delete::delete_tag(repository, tag, &options::of(options))
    })
}
