//! Options of content calls: what a copy or a pull of files includes.

use std::ffi::{c_char, c_int, c_void};
use std::sync::Arc;

use super::callback::{self, Registration, reggie_free_callback};
use super::descriptor::reggie_descriptor;
use super::options::{reggie_options, set};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::filter::{Candidate, FilterCallback};
use crate::content::platform::Platform;
use crate::error::Kind;

/// Decides whether a copy or a pull of files includes an item.
///
/// Called for each item before it is examined, but not for the copied manifest
/// itself. `parent` is the manifest that refers to `item`; if `is_referrer` is 1,
/// `item` is instead a referrer of `parent`, or content tagged with the digest of
/// `parent`. A blob is passed once for each manifest that refers to it. On entry,
/// `take` is 1 if the item would be included, else 0; the callback may set it to
/// either. Both descriptors are valid during the call. Runs on the thread that made
/// the call. Returns 0 to continue, or any other value to stop the call, which then
/// returns REGGIE_FILTER_CALLBACK.
pub type reggie_filter_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        parent: *const reggie_descriptor,
        item: *const reggie_descriptor,
        is_referrer: c_int,
        take: *mut c_int,
    ) -> c_int,
>;

/// The core's filter; `None` for NULL.
fn filter(callback: reggie_filter_callback, registration: Registration) -> Option<FilterCallback> {
    let callback = callback?;
    Some(Arc::new(move |candidate: &Candidate| {
        let parent = reggie_descriptor::new(candidate.parent.clone());
        let item = reggie_descriptor::new(candidate.item.clone());
        let is_referrer = c_int::from(candidate.is_referrer);
        let mut take = c_int::from(candidate.take);
        let userdata = registration.userdata();
        let (parent, item, out) = (&raw const parent, &raw const item, &raw mut take);
        // SAFETY: the caller registered them together; what is lent outlives the call.
        let value =
            guard::outside(|| unsafe { callback(userdata, parent, item, is_referrer, out) });
        callback::result(Kind::FilterCallback, "filter", value)?;
        Ok(take != 0)
    }))
}

/// Sets the platform to select from an index.
///
/// Applies to copies and pulls of files. `platform` is a platform such as
/// "linux/arm64", or "host" for reggie_platform_host(). NULL means that a copy
/// includes the whole index, and that a pull of files selects the host
/// platform. With a platform, the index itself is not copied, and of the referrers
/// and digest tags only those of the selected manifest are. Default: NULL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `options` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_PLATFORM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_platform(
    options: *mut reggie_options,
    platform: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        // SAFETY: the caller's string, or NULL.
        let platform = unsafe { convert::optional_text(platform, "platform") }?;
        core.platform = match platform {
            None => None,
            Some("host") => Some(Platform::host().clone()),
            Some(text) => Some(Platform::parse(text)?),
        };
        Ok(())
    })
}

/// Sets the callback that decides what a copy or a pull of files includes.
///
/// A registry rejects a manifest whose content was left out; a layout accepts
/// it. A `callback` of NULL removes it and frees `userdata`. Calls that already
/// began keep the earlier callback; the last of them frees its userdata.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_filter_callback(
    options: *mut reggie_options,
    callback: reggie_filter_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    let registration = Registration::new(userdata, free_userdata);
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.filter = filter(callback, registration);
        Ok(())
    })
}
