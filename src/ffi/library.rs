//! The library: its version, and the strings that it returns.

use std::ffi::{CStr, CString, c_char};

use super::guard;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// Made by build.rs.
const BUILD: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("REGGIE_BUILD_INFO"), "\0").as_bytes()) {
        Ok(text) => text,
        Err(_) => c"",
    };

/// Version 1.2.3 as 1002003.
const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 1_000
    + number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(text: &str) -> u32 {
    match u32::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("a part of the version is no number"),
    }
}

/// Returns the version of the library at run time, such as "1.2.3".
///
/// It may differ from REGGIE_VERSION, the version of the header that the
/// program was compiled with. Static; must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_version() -> *const c_char {
    guard::value(c"".as_ptr(), || VERSION.as_ptr())
}

/// Returns the version of the library at run time as a number that can be
/// compared: major * 1000000 + minor * 1000 + patch, such as 1002003.
///
/// It may differ from REGGIE_VERSION_NUMBER, the version of the header that the
/// program was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_version_number() -> u32 {
    guard::value(0, || NUMBER)
}

/// Returns a line that describes the library: its version, the libraries it
/// contains and their versions, the target platform and the supported
/// protocols, such as "libreggie/1.2.3 rustls/0.23.40 ring/0.17.14
/// (x86_64-unknown-linux-gnu) HTTP/1.1 TLS/1.2 TLS/1.3". More may be appended
/// in later versions.
///
/// Static; must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_build_info() -> *const c_char {
    guard::value(c"".as_ptr(), || BUILD.as_ptr())
}

/// Frees a string returned through an out-pointer. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_string_free(string: *mut c_char) {
    guard::value((), || {
        if !string.is_null() {
            // SAFETY: these strings come only from `CString::into_raw`.
            drop(unsafe { CString::from_raw(string) });
        }
    });
}
