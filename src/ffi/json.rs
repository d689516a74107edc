//! The reader for JSON.

use std::ffi::{CStr, CString, c_char, c_int};
use std::ptr;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::json::Json;

/// JSON kind: none, the kind of a missing value.
pub const REGGIE_JSON_NONE: c_int = 0;
/// JSON kind: null.
pub const REGGIE_JSON_NULL: c_int = 1;
/// JSON kind: true or false.
pub const REGGIE_JSON_BOOLEAN: c_int = 2;
/// JSON kind: number.
pub const REGGIE_JSON_NUMBER: c_int = 3;
/// JSON kind: string.
pub const REGGIE_JSON_STRING: c_int = 4;
/// JSON kind: array.
pub const REGGIE_JSON_ARRAY: c_int = 5;
/// JSON kind: object.
pub const REGGIE_JSON_OBJECT: c_int = 6;

/// A parsed JSON value.
///
/// For example, the config of an image or the detail of an error. Created by
/// reggie_json_parse(); freed by reggie_json_free(). Immutable. Safe for
/// concurrent use. Everything in it is borrowed; valid until it is freed.
/// Values in it must not be freed. All getters accept NULL as a missing value,
/// so that calls can be nested.
pub struct reggie_json {
    node: Node,
}

/// A value with strings for C.
enum Node {
    Null,
    Boolean(bool),
    /// The value of a whole number.
    Number(Option<i64>),
    String(CString),
    Array(Vec<reggie_json>),
    Object(Vec<(CString, reggie_json)>),
}

impl reggie_json {
    pub(super) fn new(core: &Json) -> reggie_json {
        let node = match core {
            Json::Null => Node::Null,
            Json::Boolean(value) => Node::Boolean(*value),
            Json::Number(_) => Node::Number(core.integer()),
            Json::String(text) => Node::String(convert::c_string(text)),
            Json::Array(values) => Node::Array(values.iter().map(reggie_json::new).collect()),
            Json::Object(members) => {
                let member = |(name, value): &(String, Json)| {
                    (convert::c_string(name), reggie_json::new(value))
                };
                Node::Object(members.iter().map(member).collect())
            }
        };
        reggie_json { node }
    }

    fn get(&self, key: &CStr) -> Option<&reggie_json> {
        let Node::Object(members) = &self.node else {
            return None;
        };
        let found = members.iter().rev().find(|(name, _)| **name == *key);
        found.map(|(_, value)| value)
    }

    fn at(&self, index: usize) -> Option<&reggie_json> {
        match &self.node {
            Node::Array(values) => values.get(index),
            Node::Object(members) => members.get(index).map(|(_, value)| value),
            _ => None,
        }
    }
}

fn pointer(json: Option<&reggie_json>) -> *const reggie_json {
    json.map_or(ptr::null(), ptr::from_ref)
}

/// Parses JSON, such as the config of an image.
///
/// There may be up to 500,000 values, nested up to 64 levels deep. The bytes are not needed
/// afterwards.
///
/// On REGGIE_OK, the caller must free `json` with reggie_json_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `size`
/// is impossibly large, or REGGIE_INVALID_JSON with the line and column in the
/// message.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_json_parse(
    bytes: *const u8,
    size: usize,
    json: *mut *mut reggie_json,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let json = unsafe { Out::handle(json, "json") }?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        json.give(reggie_json::new(&Json::parse(bytes)?));
        Ok(())
    })
}

/// Frees a handle created by reggie_json_parse(). NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_free(json: Option<Box<reggie_json>>) {
    guard::value((), || drop(json));
}

/// Returns the kind of a value: REGGIE_JSON_NULL or one of those after it.
///
/// Returns REGGIE_JSON_NONE if `json` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_kind(json: Option<&reggie_json>) -> c_int {
    guard::value(REGGIE_JSON_NONE, || match json.map(|json| &json.node) {
        None => REGGIE_JSON_NONE,
        Some(Node::Null) => REGGIE_JSON_NULL,
        Some(Node::Boolean(_)) => REGGIE_JSON_BOOLEAN,
        Some(Node::Number(_)) => REGGIE_JSON_NUMBER,
        Some(Node::String(_)) => REGGIE_JSON_STRING,
        Some(Node::Array(_)) => REGGIE_JSON_ARRAY,
        Some(Node::Object(_)) => REGGIE_JSON_OBJECT,
    })
}

/// Returns the value of the member `key` of an object.
///
/// If the key occurs more than once, the last member is returned. Borrowed;
/// valid as long as `json`. Returns NULL if absent, if `json` is not an object,
/// or if an argument is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_json_get(
    json: Option<&reggie_json>,
    key: *const c_char,
) -> *const reggie_json {
    guard::value(ptr::null(), || {
        // SAFETY: the caller's string, or NULL.
        let key = unsafe { convert::bytes(key, "key") }.ok();
        let key = key.map(convert::c_string);
        pointer(json.and_then(|json| json.get(&key?)))
    })
}

/// Returns the number of values in an array or an object.
///
/// Returns 0 for any other kind or if `json` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_count(json: Option<&reggie_json>) -> usize {
    guard::value(0, || match json.map(|json| &json.node) {
        Some(Node::Array(values)) => values.len(),
        Some(Node::Object(members)) => members.len(),
        _ => 0,
    })
}

/// Returns the value at `index`, counting from 0, of an array or an object.
///
/// Borrowed; valid as long as `json`. Returns NULL if absent or if `json` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_at(json: Option<&reggie_json>, index: usize) -> *const reggie_json {
    guard::value(ptr::null(), || {
        pointer(json.and_then(|json| json.at(index)))
    })
}

/// Returns the key of the member at `index`, counting from 0, of an object.
///
/// Borrowed; valid as long as `json`. Returns NULL if absent or if `json` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_key(json: Option<&reggie_json>, index: usize) -> *const c_char {
    guard::value(ptr::null(), || match json.map(|json| &json.node) {
        Some(Node::Object(members)) => convert::borrowed(members.get(index).map(|(name, _)| name)),
        _ => ptr::null(),
    })
}

/// Returns the value of a string, with U+FFFD in place of NUL.
///
/// Borrowed; valid as long as `json`. Returns NULL for any other kind or if
/// `json` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_string(json: Option<&reggie_json>) -> *const c_char {
    guard::value(ptr::null(), || match json.map(|json| &json.node) {
        Some(Node::String(text)) => text.as_ptr(),
        _ => ptr::null(),
    })
}

/// Returns the value of a whole number.
///
/// Returns `otherwise` for any other value or if `json` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_integer(json: Option<&reggie_json>, otherwise: i64) -> i64 {
    guard::value(otherwise, || match json.map(|json| &json.node) {
        Some(Node::Number(Some(value))) => *value,
        _ => otherwise,
    })
}

/// Returns 1 for true and 0 for false.
///
/// Returns `otherwise` for any other value or if `json` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_json_boolean(json: Option<&reggie_json>, otherwise: c_int) -> c_int {
    guard::value(otherwise, || match json.map(|json| &json.node) {
        Some(Node::Boolean(value)) => c_int::from(*value),
        _ => otherwise,
    })
}
