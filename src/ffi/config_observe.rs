//! What C sees and changes of each send and each answer, as C sets it.

use std::ffi::c_void;

use super::callback::{Registration, reggie_free_callback};
use super::config::reggie_config;
use super::exchange::reggie_exchange_callback;
use super::status::reggie_status;
use super::{convert, exchange, guard};

/// Sets what is called before each send: of the request, of what answers a
/// challenge, to token servers, along redirects, and after a failure. It may
/// change the headers of that send by reggie_exchange_set_header() and
/// reggie_exchange_remove_header(). What it sees holds credentials.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_send_callback(
    config: *mut reggie_config,
    callback: reggie_exchange_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = exchange::at_sends(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().send_callback.clone();
        config.core_mut().set_send_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}

/// Sets what is called when the header fields of an answer have come, before
/// anything is done about them: of each answer to what the send callback is
/// called for. What it sees may hold credentials, such as cookies.
///
/// A `callback` of NULL removes it, and frees `userdata`. Clients that were
/// made before keep the earlier callback; the last of them frees its userdata.
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_config_set_answer_callback(
    config: *mut reggie_config,
    callback: reggie_exchange_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = exchange::at_answers(callback, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let config = unsafe { config.as_mut() }.ok_or_else(|| convert::null("config"))?;
        let earlier = config.core().answer_callback.clone();
        config.core_mut().set_answer_callback(callback);
        // This may free its userdata, and the function that does so may use
        // the config: the last use of the reference is above.
        drop(earlier);
        Ok(())
    })
}
