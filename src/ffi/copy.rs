//! Copying between registries and layouts.

use std::ffi::c_char;
use std::ptr;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::copy;

/// Copies a manifest and everything it refers to, byte for byte.
///
/// `reference` is as for reggie_manifest_pull(). The copy is pushed under
/// `count` tags as by reggie_manifest_push(), or by digest only if `count` is 0;
/// `tags` may then be NULL. `copied` has the digest, size and media type; it may
/// be NULL.
///
/// Content that exists at the destination is not pulled. A registry that has the
/// manifest of an image is assumed to have everything that the image refers to,
/// while the entries of an index are checked. Within one registry, blobs are
/// mounted. Manifests are pushed after the content that they refer to, and tags
/// are set last. Content copied before a failure is kept and need not be copied
/// again. Of a manifest of an unknown type, the content in its config, layers
/// and blobs members is copied with it.
///
/// If reggie_options_set_platform() is set and the manifest is an index, only
/// the manifest for the platform is copied, and the tags point to it; `tags` may
/// then contain the digest of the index, which sets no tag. The index.json of a
/// layout lists the copied manifest, its referrers and what has a tag, but not
/// the entries of an index.
///
/// A digest among the tags must have the algorithm of the copied manifest's digest.
///
/// If a tag of a registry is a referrers tag (OCI Distribution Specification,
/// Referrers Tag Schema) and the manifest is an OCI index, the list of referrers
/// under the tag is not replaced: the entries of the index are added to it.
///
/// On REGGIE_OK, the caller must free `copied` with reggie_descriptor_free().
///
/// Returns any status returned by reggie_manifest_resolve(),
/// reggie_blob_pull_to_callback(), reggie_blob_push_callback() or
/// reggie_manifest_push(), REGGIE_FILTER_CALLBACK, REGGIE_INVALID_LAYOUT or
/// REGGIE_LOCKED for a layout, REGGIE_INVALID_MANIFEST for more than 10000
/// manifests or more than 32 nested ones, REGGIE_BODY_TOO_LARGE for more than
/// 64 MiB of manifests and lists of referrers, or REGGIE_INVALID_ARGUMENT if blobs
/// have to be sent within one server to which only one connection is allowed.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_copy(
    from: Option<&reggie_repository>,
    reference: *const c_char,
    to: Option<&reggie_repository>,
    tags: *const *const c_char,
    count: usize,
    options: Option<&reggie_options>,
    copied: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let copied = unsafe { Out::optional(copied, ptr::null_mut()) };
        let from = repository::named(from, "from")?;
        let to = repository::named(to, "to")?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::optional_text(reference, "reference") }?;
        // SAFETY: the caller's strings, or NULL.
        let tags = unsafe { convert::texts(tags, count, "tags") }?;
        let core = copy::copy(from, reference, to, &tags, &options::of(options))?;
        if let Some(copied) = copied {
            copied.give(reggie_descriptor::new(core));
        }
        Ok(())
    })
}
