//! Options of copies.

use std::ffi::c_int;

use super::options::{reggie_options, set};
use super::status::reggie_status;

/// Sets whether copies include referrers.
///
/// If `referrers` is nonzero, manifests whose subject is a copied manifest are
/// copied too. This includes the referrers of manifests in an index, and the
/// referrers of referrers. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_referrers(
    options: *mut reggie_options,
    referrers: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.referrers = referrers != 0;
        Ok(())
    })
}

/// Sets whether copies include tags named after the digest of a manifest.
///
/// If `digest_tags` is nonzero, content that is tagged with the digest of a
/// copied manifest, such as the signatures of cosign ("sha256-HEX.sig"), is
/// copied too, after the manifest that it is about. This lists all tags of the
/// source, once for each call or run of a batch. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_digest_tags(
    options: *mut reggie_options,
    digest_tags: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.digest_tags = digest_tags != 0;
        Ok(())
    })
}

/// Sets whether the URLs of layers stored elsewhere are followed.
///
/// If `foreign` is nonzero, the URLs of such a layer (urls, OCI Image
/// Specification, Descriptor) are followed if the registry does not have it.
/// This is done without credentials, only to public addresses and allowed
/// networks, and with the same verification as for all other content. Copies
/// then include such layers; otherwise, and if a layout that is copied does not
/// have them, the layers stay where they are. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_foreign(
    options: *mut reggie_options,
    foreign: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.foreign = foreign != 0;
        Ok(())
    })
}
