//! Locations of blobs.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::Arc;

use super::convert::Out;
use super::descriptor::{self, reggie_descriptor};
use super::error_handle::{ErrorOut, reggie_error};
use super::guard;
use super::headers::reggie_headers;
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::status::reggie_status;
use super::strings::Strings;
use crate::content::location::{self, Location};

/// A location from which a program can download a blob by its own means.
///
/// It consists of a URL and the header fields to send. Created by
/// reggie_blob_locate(); freed by reggie_location_free(). Immutable. Safe for
/// concurrent use. Its strings are borrowed; valid until the location is freed.
/// They are secrets: they contain signatures and tokens.
pub struct reggie_location {
    core: Arc<Location>,
    headers: reggie_headers,
    strings: Strings,
}

impl reggie_location {
    pub(super) fn new(core: Arc<Location>) -> reggie_location {
        reggie_location {
            headers: reggie_headers::fixed(core.headers()),
            core,
            strings: Strings::default(),
        }
    }
}

/// Gets the location of a blob, for programs that download it themselves.
///
/// reggie_digester_check() verifies what they received. If `follow` is nonzero,
/// a request is sent to the registry, and the location is the target of its
/// redirect, such as a signed URL, or the registry's own URL if there is none.
/// If `follow` is 0, the location is always the registry's own URL, and nothing
/// is sent if the token is known; this is for programs that follow redirects
/// themselves, without sending the header fields to another host.
///
/// On REGGIE_OK, the caller must free `location` with reggie_location_free().
///
/// Returns REGGIE_UNSUPPORTED for a layout, or any status returned by
/// reggie_blob_stat().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_blob_locate(
    repository: Option<&reggie_repository>,
    blob: Option<&reggie_descriptor>,
    follow: c_int,
    options: Option<&reggie_options>,
    location: *mut *mut reggie_location,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let location = unsafe { Out::handle(location, "location") }?;
        let repository = repository::required(repository)?;
        let blob = descriptor::required(blob, "blob")?;
        let core = location::locate(repository, blob, follow != 0, &options::of(options))?;
        location.give(reggie_location::new(Arc::new(core)));
        Ok(())
    })
}

/// Frees a location. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_location_free(location: Option<Box<reggie_location>>) {
    guard::value((), || drop(location));
}

/// Returns the complete URL.
///
/// Borrowed; valid until the location is freed. Returns NULL if `location` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_location_url(location: Option<&reggie_location>) -> *const c_char {
    guard::value(ptr::null(), || {
        location.map_or(ptr::null(), |location| {
            location.strings.lend(location.core.url())
        })
    })
}

/// Returns the header fields to send along, such as Authorization.
///
/// Borrowed; valid until the location is freed. Returns NULL if `location` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_location_headers(
    location: Option<&reggie_location>,
) -> *const reggie_headers {
    guard::value(ptr::null(), || {
        location.map_or(ptr::null(), |location| ptr::from_ref(&location.headers))
    })
}

/// Returns the expiry time as Unix time in seconds.
///
/// It is taken from the token or the signature. Returns -1 if unknown or if
/// `location` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_location_expires(location: Option<&reggie_location>) -> i64 {
    guard::value(-1, || {
        let expires = location.and_then(|location| location.core.expires());
        expires.unwrap_or(-1)
    })
}

/// Reports that a location was rejected with `http_status`, 401 or 403.
///
/// The token or URL of the location is discarded, so that the next
/// reggie_blob_locate() requests a new one. Sends nothing. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_location_refused(location: Option<&reggie_location>, http_status: c_int) {
    guard::value((), || {
        if let (Some(location), Ok(status)) = (location, u16::try_from(http_status)) {
            location.core.refused(status);
        }
    });
}
