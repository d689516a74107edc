//! The error object, and the out-pointer for it.

use std::ptr;
use std::ptr::NonNull;

use super::status;
use super::status::reggie_status;
use super::strings::Strings;
use crate::error::Error;

/// The details of a failure.
///
/// Created by functions whose last parameter is a reggie_error **; freed by
/// reggie_error_free(). Immutable. Safe for concurrent use. Its strings are
/// borrowed; valid until the error is freed. Its getters accept NULL, which
/// means no error.
pub struct reggie_error {
    pub(super) core: Error,
    pub(super) strings: Strings,
}

impl reggie_error {
    pub(super) fn new(core: Error) -> reggie_error {
        reggie_error {
            core,
            strings: Strings::default(),
        }
    }
}

/// The caller's out-pointer for an error, which may be NULL.
pub(super) struct ErrorOut(Option<NonNull<*mut reggie_error>>);

impl ErrorOut {
    /// Takes the out-pointer and sets it to NULL.
    ///
    /// # Safety
    ///
    /// `place` is NULL or can be written to until the exported function returns.
    pub(super) unsafe fn new(place: *mut *mut reggie_error) -> ErrorOut {
        let place = NonNull::new(place);
        if let Some(place) = place {
            // SAFETY: as above.
            unsafe { place.write(ptr::null_mut()) };
        }
        ErrorOut(place)
    }

    /// Gives the error to the caller; returns its status.
    pub(super) fn give(self, error: Error) -> reggie_status {
        let status = status::of(error.kind());
        if let Some(place) = self.0 {
            let error = Box::into_raw(Box::new(reggie_error::new(error)));
            // SAFETY: promised to `new`.
            unsafe { place.write(error) };
        }
        status
    }
}
