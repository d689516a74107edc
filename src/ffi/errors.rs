//! Error lists of registries.

use std::ffi::c_char;
use std::ptr;

use super::guard;
use super::strings::Strings;
use crate::http::oci_error::OciError;

/// The error list of a registry (OCI Distribution Specification, Error Codes).
///
/// Created by reggie_response_errors(); freed by reggie_errors_free(). It
/// remains valid after the response is freed. Immutable. Safe for concurrent
/// use. Its strings are borrowed; valid until the list is freed. They are as
/// the server sent them, except that a NUL is replaced by U+FFFD, and a secret of
/// the client by `[redacted]`.
pub struct reggie_errors {
    list: Vec<OciError>,
    strings: Strings,
}

impl reggie_errors {
    pub(super) fn new(list: Vec<OciError>) -> reggie_errors {
        reggie_errors {
            list,
            strings: Strings::default(),
        }
    }
}

/// Frees an error list. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_free(errors: Option<Box<reggie_errors>>) {
    guard::value((), || drop(errors));
}

/// Returns the number of errors, at least one; 0 if `errors` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_count(errors: Option<&reggie_errors>) -> usize {
    guard::value(0, || errors.map_or(0, |errors| errors.list.len()))
}

/// Returns the code of the error at `index`, starting at 0, such as
/// "NAME_UNKNOWN". Registries may use codes that are not in the specification.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_code(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    string(errors, index, OciError::code)
}

/// Returns the message of the error at `index`, for the user.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_message(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    string(errors, index, OciError::message)
}

/// Returns the detail of the error at `index` as JSON. Its structure depends on
/// the registry.
///
/// Borrowed. Returns "" if the server sent none, NULL if there is no such error
/// or `errors` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_errors_detail(
    errors: Option<&reggie_errors>,
    index: usize,
) -> *const c_char {
    string(errors, index, OciError::detail)
}

fn string(
    errors: Option<&reggie_errors>,
    index: usize,
    field: fn(&OciError) -> &str,
) -> *const c_char {
    guard::value(ptr::null(), || {
        errors.map_or(ptr::null(), |errors| {
            errors
                .strings
                .lend_if_any(errors.list.get(index).map(field))
        })
    })
}
