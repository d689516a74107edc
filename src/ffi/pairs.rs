//! Header fields and query parameters as texts for C.

use std::ffi::{CString, c_char};
use std::ptr;

use super::convert::c_string;
use crate::headers::Headers;

/// Names with their values, in their order.
pub(super) struct Pairs {
    list: Vec<(CString, CString)>,
    /// Whether two names are the same.
    same: fn(&[u8], &[u8]) -> bool,
}

impl Pairs {
    pub(super) fn of_headers(headers: &Headers) -> Pairs {
        Pairs {
            list: headers
                .iter()
                .map(|(name, value)| (c_string(name), c_string(value)))
                .collect(),
            same: <[u8]>::eq_ignore_ascii_case,
        }
    }

    pub(super) fn of_query(query: &[(String, String)]) -> Pairs {
        Pairs {
            list: query
                .iter()
                .map(|(name, value)| (c_string(name.as_str()), c_string(value.as_str())))
                .collect(),
            same: <[u8]>::eq,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn name(&self, index: usize) -> *const c_char {
        self.list
            .get(index)
            .map_or(ptr::null(), |(name, _)| name.as_ptr())
    }

    pub(super) fn value(&self, index: usize) -> *const c_char {
        self.list
            .get(index)
            .map_or(ptr::null(), |(_, value)| value.as_ptr())
    }

    /// The value at `index` among those of a name.
    pub(super) fn named(&self, name: &[u8], index: usize) -> *const c_char {
        self.all(name)
            .nth(index)
            .map_or(ptr::null(), |value| value.as_ptr())
    }

    pub(super) fn count(&self, name: &[u8]) -> usize {
        self.all(name).count()
    }

    fn all<'a>(&'a self, wanted: &'a [u8]) -> impl Iterator<Item = &'a CString> {
        self.list
            .iter()
            .filter(|(name, _)| (self.same)(name.as_bytes(), wanted))
            .map(|(_, value)| value)
    }
}
