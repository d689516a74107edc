//! References.

use std::ffi::c_char;
use std::ptr;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::strings::Strings;
use super::{convert, guard};
use crate::content::reference::Reference;

/// A parsed reference such as "ghcr.io/org/app:1.2".
///
/// It consists of a registry, a repository, and a tag or a digest. Created by
/// reggie_reference_parse(); freed by reggie_reference_free(). Immutable. Safe
/// for concurrent use. Its strings are borrowed; valid until the reference is
/// freed.
pub struct reggie_reference {
    core: Reference,
    strings: Strings,
}

/// Parses a reference such as "ghcr.io/org/app:1.2".
///
/// Its form is `[http[s]://][registry/]name[:tag][@digest]`.
///
/// The first component is the registry if it contains a dot, a colon or an
/// upper-case letter, or is "localhost"; IPv6 addresses are enclosed in
/// brackets. Otherwise the registry is `default_registry`, or docker.io if
/// `default_registry` is NULL; if `default_registry` is "", a string without a
/// registry is rejected. At docker.io, a name of a single component is prefixed
/// with "library/". The name may be up to 255 characters long.
///
/// On REGGIE_OK, the caller must free `reference` with reggie_reference_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_reference_parse(
    text: *const c_char,
    default_registry: *const c_char,
    reference: *mut *mut reggie_reference,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let reference = unsafe { Out::handle(reference, "reference") }?;
        // SAFETY: the caller's string, or NULL.
        let text = unsafe { convert::text(text, "text") }?;
        // SAFETY: the caller's string, or NULL.
        let default = unsafe { convert::optional_text(default_registry, "default_registry") }?;
        reference.give(reggie_reference {
            core: Reference::parse(text, default)?,
            strings: Strings::default(),
        });
        Ok(())
    })
}

/// Frees a reference. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_free(reference: Option<Box<reggie_reference>>) {
    guard::value((), || drop(reference));
}

/// A string of a reference that may be missing.
fn string(
    reference: Option<&reggie_reference>,
    get: impl FnOnce(&Reference) -> Option<String>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        reference.map_or(ptr::null(), |reference| {
            reference.strings.lend_if_any(get(&reference.core))
        })
    })
}

/// Returns the registry as usually written, such as "docker.io".
///
/// Includes the port if there is one. Borrowed; valid until the reference is
/// freed. Returns NULL if `reference` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_registry(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| Some(core.registry().to_owned()))
}

/// Returns the address for a client, such as "https://registry-1.docker.io".
///
/// The scheme is that of the parsed string. If it has none, the scheme is http
/// for localhost and loopback addresses, and https for all others. Borrowed;
/// valid until the reference is freed. Returns NULL if `reference` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_address(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| Some(core.address()))
}

/// Returns the repository name, such as "library/alpine".
///
/// Borrowed; valid until the reference is freed. Returns NULL if `reference` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_name(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| Some(core.name().to_owned()))
}

/// Returns the tag.
///
/// Borrowed; valid until the reference is freed. Returns NULL if absent or if
/// `reference` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_tag(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| core.tag().map(str::to_owned))
}

/// Returns the digest.
///
/// Borrowed; valid until the reference is freed. Returns NULL if absent or if
/// `reference` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_digest(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| core.digest().map(str::to_owned))
}

/// Returns what to request: the digest, or else the tag, or else "latest".
///
/// Borrowed; valid until the reference is freed. Returns NULL if `reference` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_target(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| Some(core.target().to_owned()))
}

/// Returns the full reference, such as "docker.io/library/alpine:latest".
///
/// Starts with http:// or https:// if the parsed string did, or if the registry
/// would be read as a part of the name otherwise. Parsing it yields the same
/// reference. Borrowed; valid until the reference is freed. Returns NULL if
/// `reference` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_reference_string(reference: Option<&reggie_reference>) -> *const c_char {
    string(reference, |core| Some(core.to_string()))
}
