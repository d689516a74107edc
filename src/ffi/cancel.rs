//! The cancel handle, as C sees it.
//!
//! Triggering and asking run in signal handlers: no guard is around them, as
//! nothing in them can panic, allocate or wait.

use std::ffi::c_int;

use super::convert::Out;
use super::error::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};
use crate::os::cancel::Cancel;

/// Ends calls from another thread or from a signal handler.
///
/// reggie_cancel_new() makes one, reggie_request_set_cancel() gives it to
/// requests, reggie_cancel_trigger() ends the calls that send them, and
/// reggie_cancel_free() frees it. One handle serves any number of requests and
/// calls, at once and one after the other. It holds one descriptor.
///
/// It cannot be taken back: a call that begins after the trigger fails at once,
/// so what is to be sent afterwards gets another handle.
///
/// It may be freed while requests have it and calls use it, which keep what they
/// need of it. To free it while another thread or a signal handler may still
/// trigger it is an error of the caller's.
///
/// After a fork, parent and child have a handle each: a trigger in one of them
/// ends no call in the other. One that was triggered before the fork stays so
/// in both.
pub struct reggie_cancel {
    core: Cancel,
}

/// Makes a handle that was not triggered.
///
/// On REGGIE_OK, `cancel` is the caller's, who frees it with
/// reggie_cancel_free(). Otherwise returns REGGIE_NULL_ARGUMENT, or
/// REGGIE_NO_MEMORY where the system gives no descriptor, with the errno in the
/// error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_cancel_new(
    cancel: *mut *mut reggie_cancel,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let cancel = unsafe { Out::handle(cancel, "cancel") }?;
        let core = Cancel::new()?;
        cancel.give(reggie_cancel { core });
        Ok(())
    })
}

/// Frees a handle. NULL is ignored. Requests that have it keep it, and calls
/// that use it go on, and can no longer be cancelled unless they were.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_free(cancel: Option<Box<reggie_cancel>>) {
    guard::value((), || drop(cancel));
}

/// Ends the calls that use the handle: they return REGGIE_CANCELLED, also those
/// that begin later. Does nothing the second time, and nothing for NULL.
///
/// Safe on any thread and in a signal handler (async-signal-safe as in POSIX,
/// signal-safety(7)): takes no lock, allocates nothing, keeps errno. A call that
/// waits for the network, or for a descriptor of the caller's, returns within
/// milliseconds; one that is in a callback returns when the callback has.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_trigger(cancel: Option<&reggie_cancel>) {
    if let Some(cancel) = cancel {
        cancel.core.trigger();
    }
}

/// Whether the handle was triggered: 1 or 0; 0 for NULL. Safe in a signal
/// handler.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_is_triggered(cancel: Option<&reggie_cancel>) -> c_int {
    cancel.map_or(0, |cancel| c_int::from(cancel.core.is_triggered()))
}

/// Sets what ends the calls that send the request, and the reading of the bodies
/// of their responses. NULL removes it. Calls that have begun keep what they
/// have. Unless set, none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_cancel(
    request: *mut reggie_request,
    cancel: Option<&reggie_cancel>,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        let cancel = cancel.map(|cancel| cancel.core.clone());
        request.change(|core| {
            core.set_cancel(cancel);
            Ok(())
        })
    })
}
