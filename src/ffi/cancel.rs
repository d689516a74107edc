//! The cancel handle.
//!
//! reggie_cancel_trigger() and reggie_cancel_is_triggered() run in signal
//! handlers. They have no guard: nothing in them can panic, allocate or wait.

use std::ffi::c_int;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::request::reggie_request;
use super::status::reggie_status;
use super::{convert, guard};
use crate::os::cancel::Cancel;

/// Cancels calls from another thread or from a signal handler.
///
/// Created by reggie_cancel_new(); freed by reggie_cancel_free().
/// reggie_request_set_cancel() assigns it to requests; reggie_cancel_trigger()
/// cancels the calls that send them. One handle serves any number of requests
/// and calls. It uses one file descriptor.
///
/// It cannot be reset: a call that begins after the trigger fails at once, so
/// later requests need another handle.
///
/// It may be freed while requests and running calls use it. It must not be
/// freed while another thread or a signal handler may still trigger it.
///
/// After a fork, parent and child have separate handles: a trigger in one does
/// not affect the other. A handle that was triggered before the fork is
/// triggered in both.
pub struct reggie_cancel {
    core: Cancel,
}

impl reggie_cancel {
    pub(super) fn core(&self) -> &Cancel {
        &self.core
    }
}

/// Creates a cancel handle.
///
/// On REGGIE_OK, `cancel` must be freed with reggie_cancel_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or REGGIE_NO_MEMORY if no file descriptor is
/// available, with the errno in the error.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_cancel_new(
    cancel: *mut *mut reggie_cancel,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let cancel = unsafe { Out::handle(cancel, "cancel") }?;
        let core = Cancel::new()?;
        cancel.give(reggie_cancel { core });
        Ok(())
    })
}

/// Frees a cancel handle. NULL is ignored. Calls that use it continue; unless
/// it was triggered, they can no longer be cancelled.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_free(cancel: Option<Box<reggie_cancel>>) {
    guard::value((), || drop(cancel));
}

/// Cancels the calls that use the handle, including later ones: they return
/// REGGIE_CANCELLED. Has no effect if already triggered. NULL is ignored.
///
/// Safe for concurrent use, and async-signal-safe (see signal-safety(7)): it
/// takes no locks, allocates no memory and preserves errno. A call that waits
/// for the network or for a file descriptor returns within milliseconds; one
/// that is in a callback returns after the callback.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_trigger(cancel: Option<&reggie_cancel>) {
    if let Some(cancel) = cancel {
        cancel.core.trigger();
    }
}

/// Returns 1 if the handle was triggered; 0 if not or `cancel` is NULL.
/// Async-signal-safe.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_cancel_is_triggered(cancel: Option<&reggie_cancel>) -> c_int {
    cancel.map_or(0, |cancel| c_int::from(cancel.core.is_triggered()))
}

/// Sets the handle that cancels calls with this request, and the reading of
/// their response bodies. NULL removes it. Running calls are not affected.
/// Default: none.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_cancel(
    request: *mut reggie_request,
    cancel: Option<&reggie_cancel>,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        let cancel = cancel.map(|cancel| cancel.core.clone());
        request.change(|core| {
            core.set_cancel(cancel);
            Ok(())
        })
    })
}
