//! Options of content calls: lists, and deleting tags.

use std::ffi::c_int;

use super::options::{reggie_options, set};
use super::status::reggie_status;

/// Sets the page size of lists and the maximum number of pages.
///
/// `page_size` is the number of names to request for each page, 1 to 10000.
/// `max_pages` is the maximum number of pages to read; 0 means no limit. If a
/// registry rejects the page size, the request is sent without one.
/// Default: 1000 and 10000.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if a
/// value is out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_pages(
    options: *mut reggie_options,
    page_size: usize,
    max_pages: usize,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.set_pages(page_size, (max_pages > 0).then_some(max_pages))
    })
}

/// Sets whether reggie_tag_delete() may delete a tag through a dummy manifest.
///
/// If `detour` is nonzero and the registry cannot delete a tag, a dummy
/// manifest is pushed to the tag and then deleted. Anyone who pulls the tag in
/// the meantime gets the dummy manifest, and a tag that is pushed in the
/// meantime is lost. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_delete_detour(
    options: *mut reggie_options,
    detour: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.delete_detour = detour != 0;
        Ok(())
    })
}
