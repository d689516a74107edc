//! Lists of referrers.

use std::ffi::c_char;
use std::ptr;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::slot::Slot;
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::referrers::Referrers;

/// A list of referrers, fetched page by page.
///
/// The referrers of a manifest are the manifests that have it as their subject.
/// Created by reggie_referrers_open(); freed by reggie_referrers_free(). Not
/// safe for concurrent use.
pub struct reggie_referrers {
    list: Slot<List>,
}

struct List {
    core: Referrers,
    /// The descriptor that was returned last.
    current: Option<Box<reggie_descriptor>>,
}

/// Lists the referrers of the manifest with the given digest.
///
/// Lists those of the given artifact type, or all if `artifact_type` is NULL.
/// The list comes from the referrers API, or from the referrers tag if the
/// registry does not support the API. Nothing is sent before
/// reggie_referrers_next(). The list does not need the repository afterwards.
///
/// On REGGIE_OK, the caller must free `referrers` with reggie_referrers_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_DIGEST.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_referrers_open(
    repository: Option<&reggie_repository>,
    digest: *const c_char,
    artifact_type: *const c_char,
    options: Option<&reggie_options>,
    referrers: *mut *mut reggie_referrers,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let referrers = unsafe { Out::handle(referrers, "referrers") }?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        // SAFETY: the caller's string, or NULL.
        let artifact_type = unsafe { convert::optional_text(artifact_type, "artifact_type") }?;
        let options = options::of(options);
        let core = Referrers::new(repository, digest, artifact_type, &options)?;
        let current = None;
        referrers.give(reggie_referrers {
            list: Slot::new(List { core, current }),
        });
        Ok(())
    })
}

/// Gets the next referrer, and requests the next page when necessary.
///
/// The descriptor has the artifact type and annotations as far as the list
/// contains them. Sizes in such lists may be wrong. Entries that are no valid
/// descriptors are left out. On REGGIE_OK, `descriptor` is borrowed; valid until
/// the next call or until the list is freed. It is NULL at the end of the list,
/// on the first call if there are no referrers. May be called again after a
/// transient failure.
///
/// Returns any status returned by reggie_names_next().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_referrers_next(
    referrers: *mut reggie_referrers,
    descriptor: *mut *const reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let descriptor = unsafe { Out::new(descriptor, ptr::null(), "descriptor") }?;
        // SAFETY: the caller's handle, or NULL.
        let referrers = unsafe { convert::handle(referrers, "referrers") }?;
        referrers.list.lend("referrers", |list| {
            let next = list.core.next()?;
            list.current = next.map(|next| Box::new(reggie_descriptor::new(next)));
            descriptor.set(list.current.as_deref().map_or(ptr::null(), ptr::from_ref));
            Ok(())
        })
    })
}

/// Frees a list. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_referrers_free(referrers: Option<Box<reggie_referrers>>) {
    guard::value((), || drop(referrers));
}
