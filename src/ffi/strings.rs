//! The strings that the getters of a handle return.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use super::convert::without_nul;

/// Strings for C, made when a getter is first called. Each stays where it is
/// until all are dropped, so that C can keep its address.
#[derive(Default)]
pub(super) struct Strings(Mutex<BTreeSet<CString>>);

impl Strings {
    /// The address of a string with these bytes; a NUL in them becomes U+FFFD.
    pub(super) fn lend(&self, text: impl AsRef<[u8]>) -> *const c_char {
        let text = without_nul(text.as_ref());
        let new = CString::new(Cow::into_owned(text)).unwrap_or_default();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = all.get(&new) {
            return known.as_ptr();
        }
        let address = new.as_ptr();
        all.insert(new);
        address
    }

    /// The same for a string that may be missing: NULL then.
    pub(super) fn lend_if_any(&self, text: Option<impl AsRef<[u8]>>) -> *const c_char {
        text.map_or(ptr::null(), |text| self.lend(text))
    }
}
