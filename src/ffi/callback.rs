//! Callbacks: their userdata, and what they return.

use std::ffi::{c_int, c_void};

use super::guard;
use crate::error::{Error, Kind};

/// Frees userdata.
///
/// Called exactly once for each registration, even if the userdata is NULL:
/// when the callback is replaced, when the last handle that holds it is freed,
/// or, if the registration fails, before the function that registers it
/// returns. Called on the thread that does so.
pub type reggie_free_callback = Option<unsafe extern "C-unwind" fn(userdata: *mut c_void)>;

/// Userdata and the function that frees it. Created before arguments are
/// checked, so that it is freed if a check fails.
pub(super) struct Registration {
    userdata: *mut c_void,
    free: reggie_free_callback,
}

// SAFETY: the pointer is only passed to the caller's functions, which may run on
// any thread, as the manual says.
unsafe impl Send for Registration {}
// SAFETY: as above; callbacks of a client may run concurrently.
unsafe impl Sync for Registration {}

impl Registration {
    pub(super) fn new(userdata: *mut c_void, free: reggie_free_callback) -> Registration {
        Registration { userdata, free }
    }

    pub(super) fn userdata(&self) -> *mut c_void {
        self.userdata
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the caller registered them together, this once.
            guard::outside(|| unsafe { free(self.userdata) });
        }
    }
}

/// The result of a callback: any value but 0 stops the call.
pub(super) fn result(kind: Kind, name: &str, value: c_int) -> Result<(), Error> {
    if value == 0 {
        return Ok(());
    }
    let message = format!("{name} callback: stopped the call with {value}");
    Err(Error::new(kind, message).with_callback_value(value))
}
