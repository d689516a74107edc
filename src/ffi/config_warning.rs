//! Who hears what registries warn of, as C sees it.

use std::ffi::c_void;

use super::callback::{Registration, reggie_free_callback, reggie_warning_callback};
use super::config::reggie_config;
use super::status::reggie_status;
use super::{callback, convert, guard};

/// Sets what receives the warnings of registries (OCI Distribution
/// Specification, Warnings): what they have to say to people, such as that a
/// token expires soon. reggie_response_warning() has those of one answer.
///
/// It is called once for each text of each host that answers a client's
/// requests; the last 1024 are remembered.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_warning_callback(
    config: *mut reggie_config,
    callback: reggie_warning_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = callback::warning(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().warning.clone();
        config.core_mut().set_warning_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}
