//! The registry's error list, as C sees it.

use std::ffi::{CString, c_char};
use std::ptr;

use super::convert::c_string;
use super::guard;
use crate::http::oci_error::OciError;

/// The errors that a registry told in the body of a response (OCI Distribution
/// Specification, Error Codes).
///
/// reggie_response_errors() makes one, reggie_errors_free() frees it; it does
/// not need the response any more. It never changes: all threads may read it
/// at once. Its texts are borrowed, valid until it is freed, and as the server
/// sent them, but that U+FFFD stands for a NUL.
pub struct reggie_errors {
    list: Vec<Entry>,
}

struct Entry {
    code: CString,
    message: CString,
    detail: CString,
}

impl reggie_errors {
    pub(super) fn new(list: &[OciError]) -> reggie_errors {
        let entry = |error: &OciError| Entry {
            code: c_string(error.code()),
            message: c_string(error.message()),
            detail: c_string(error.detail()),
        };
        reggie_errors {
            list: list.iter().map(entry).collect(),
        }
    }
}

/// Frees an error list. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_free(errors: Option<Box<reggie_errors>>) {
    guard::value((), || drop(errors));
}

/// How many errors there are, at least one; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_count(errors: Option<&reggie_errors>) -> usize {
    guard::value(0, || errors.map_or(0, |errors| errors.list.len()))
}

/// The code of the error at `index`, from 0 on, such as "NAME_UNKNOWN".
/// Registries have codes of their own beside those of the specification.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_code(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || text(errors, index, |entry| &entry.code))
}

/// What the registry says about the error at `index`, for a person.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_message(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || text(errors, index, |entry| &entry.message))
}

/// More about the error at `index`, as JSON text, whose form differs from
/// registry to registry.
///
/// Returns a borrowed text, "" if the server sent none; NULL where there is no
/// such error, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_detail(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || text(errors, index, |entry| &entry.detail))
}

fn text(
    errors: Option<&reggie_errors>,
    index: usize,
    field: fn(&Entry) -> &CString,
) -> *const c_char {
    errors
        .and_then(|errors| errors.list.get(index))
        .map_or(ptr::null(), |entry| field(entry).as_ptr())
}
