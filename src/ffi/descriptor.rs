//! Descriptors.

use std::ffi::{CString, c_char};
use std::ptr;
use std::sync::OnceLock;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::status::{REGGIE_UNKNOWN_SIZE, known_size, reggie_status};
use super::strings::Strings;
use super::{convert, guard};
use crate::content::descriptor::{Annotations, Descriptor};
use crate::content::platform::Platform;
use crate::error::Error;

/// A descriptor of content: its digest, size, media type, and more.
///
/// Created by reggie_descriptor_new(), reggie_descriptor_copy(), and functions
/// that push or stat; freed by reggie_descriptor_free(). Descriptors returned
/// by getters belong to their handle: they must not be freed and are valid as
/// long as the handle. Reading a descriptor is safe for concurrent use;
/// changing one is not. Its strings are borrowed; valid until the descriptor is
/// changed or freed.
pub struct reggie_descriptor {
    core: Descriptor,
    strings: Strings,
}

impl reggie_descriptor {
    pub(super) fn new(core: Descriptor) -> reggie_descriptor {
        reggie_descriptor {
            core,
            strings: Strings::default(),
        }
    }

    /// Changes it, which ends the life of its strings.
    fn change(
        &mut self,
        change: impl FnOnce(&mut Descriptor) -> Result<(), Error>,
    ) -> Result<(), Error> {
        change(&mut self.core)?;
        self.strings = Strings::default();
        Ok(())
    }
}

/// A required descriptor.
pub(super) fn required<'a>(
    descriptor: Option<&'a reggie_descriptor>,
    what: &str,
) -> Result<&'a Descriptor, Error> {
    convert::required(descriptor, what).map(|descriptor| &descriptor.core)
}

/// Creates a descriptor.
///
/// `size` may be REGGIE_UNKNOWN_SIZE. A `media_type` of NULL means
/// REGGIE_OCTETS.
///
/// On REGGIE_OK, the caller must free `descriptor` with
/// reggie_descriptor_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST or REGGIE_INVALID_MEDIA_TYPE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_new(
    digest: *const c_char,
    size: u64,
    media_type: *const c_char,
    descriptor: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let descriptor = unsafe { Out::handle(descriptor, "descriptor") }?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::optional_text(media_type, "media_type") }?;
        let core = Descriptor::new(digest, known_size(size), media_type)?;
        descriptor.give(reggie_descriptor::new(core));
        Ok(())
    })
}

/// Copies a descriptor, to keep or change a borrowed one.
///
/// On REGGIE_OK, the caller must free `copy` with reggie_descriptor_free().
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_copy(
    descriptor: Option<&reggie_descriptor>,
    copy: *mut *mut reggie_descriptor,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let copy = unsafe { Out::handle(copy, "copy") }?;
        let descriptor = convert::required(descriptor, "descriptor")?;
        copy.give(reggie_descriptor::new(descriptor.core.clone()));
        Ok(())
    })
}

/// Frees a descriptor that the caller owns. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_free(descriptor: Option<Box<reggie_descriptor>>) {
    guard::value((), || drop(descriptor));
}

/// A string of a descriptor that may be missing.
fn string<'a, T: AsRef<[u8]>>(
    descriptor: Option<&'a reggie_descriptor>,
    get: impl FnOnce(&'a Descriptor) -> Option<T>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        descriptor.map_or(ptr::null(), |descriptor| {
            descriptor.strings.lend_if_any(get(&descriptor.core))
        })
    })
}

/// The value of an annotation.
///
/// # Safety
///
/// `name` is NULL or ends in a NUL byte, and stays as it is during the call.
pub(super) unsafe fn annotation(
    annotations: &Annotations,
    strings: &Strings,
    name: *const c_char,
) -> *const c_char {
    // SAFETY: as above.
    let name = unsafe { convert::text(name, "name") }.ok();
    strings.lend_if_any(name.and_then(|name| annotations.get(name)))
}

/// Returns the digest, such as "sha256:e3b0c442...".
///
/// It is always a valid digest. Borrowed; valid until the descriptor is changed
/// or freed. Returns NULL if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_digest(
    descriptor: Option<&reggie_descriptor>,
) -> *const c_char {
    string(descriptor, |core| Some(core.digest().as_str()))
}

/// Returns the size in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if unknown or if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_size(descriptor: Option<&reggie_descriptor>) -> u64 {
    guard::value(REGGIE_UNKNOWN_SIZE, || {
        let size = descriptor.and_then(|descriptor| descriptor.core.size());
        size.unwrap_or(REGGIE_UNKNOWN_SIZE)
    })
}

/// Returns the media type.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_media_type(
    descriptor: Option<&reggie_descriptor>,
) -> *const c_char {
    string(descriptor, |core| Some(core.media_type()))
}

/// Returns the artifact type.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_artifact_type(
    descriptor: Option<&reggie_descriptor>,
) -> *const c_char {
    string(descriptor, Descriptor::artifact_type)
}

/// Returns the platform.
///
/// For example, "linux/arm64/v8" or "windows(10.0.17763)/amd64". Borrowed;
/// valid until the descriptor is changed or freed. Returns NULL if absent or if
/// `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_platform(
    descriptor: Option<&reggie_descriptor>,
) -> *const c_char {
    string(descriptor, |core| core.platform().map(Platform::to_string))
}

/// Returns the content embedded in the descriptor.
///
/// This is the data field (OCI Image Specification), if it matches the digest.
/// Pulls then send nothing. Its size is reggie_descriptor_size(). Borrowed;
/// valid until the descriptor is changed or freed. Returns NULL if absent or if
/// `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_data(descriptor: Option<&reggie_descriptor>) -> *const u8 {
    guard::value(ptr::null(), || {
        let data = descriptor.and_then(|descriptor| descriptor.core.data());
        data.map_or(ptr::null(), <[u8]>::as_ptr)
    })
}

/// Returns the number of URLs.
///
/// Returns 0 if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_urls_count(descriptor: Option<&reggie_descriptor>) -> usize {
    guard::value(0, || {
        descriptor.map_or(0, |descriptor| descriptor.core.urls().len())
    })
}

/// Returns the URL at `index`, counting from 0.
///
/// It is untrusted: anyone may have written it. Borrowed; valid until the
/// descriptor is changed or freed. Returns NULL if absent or if `descriptor` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_url(
    descriptor: Option<&reggie_descriptor>,
    index: usize,
) -> *const c_char {
    string(descriptor, |core| core.urls().get(index))
}

/// Returns the number of annotations.
///
/// Returns 0 if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_annotations_count(
    descriptor: Option<&reggie_descriptor>,
) -> usize {
    guard::value(0, || {
        descriptor.map_or(0, |descriptor| descriptor.core.annotations().count())
    })
}

/// Returns the name of the annotation at `index`, counting from 0.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if `descriptor` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_descriptor_annotation_name(
    descriptor: Option<&reggie_descriptor>,
    index: usize,
) -> *const c_char {
    string(descriptor, |core| {
        core.annotations().at(index).map(|(name, _)| name)
    })
}

/// Returns the value of the annotation `name`, such as REGGIE_TITLE.
///
/// Borrowed; valid until the descriptor is changed or freed. Returns NULL if
/// absent or if an argument is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_annotation(
    descriptor: Option<&reggie_descriptor>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        descriptor.map_or(ptr::null(), |descriptor| {
            // SAFETY: the caller's string, or NULL.
            unsafe { annotation(descriptor.core.annotations(), &descriptor.strings, name) }
        })
    })
}

/// Sets the media type.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_MEDIA_TYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_set_media_type(
    descriptor: Option<&mut reggie_descriptor>,
    media_type: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let descriptor = convert::required(descriptor, "descriptor")?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::text(media_type, "media_type") }?;
        descriptor.change(|core| core.set_media_type(media_type))
    })
}

/// Sets the artifact type. NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_MEDIA_TYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_set_artifact_type(
    descriptor: Option<&mut reggie_descriptor>,
    artifact_type: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let descriptor = convert::required(descriptor, "descriptor")?;
        // SAFETY: the caller's string, or NULL.
        let artifact_type = unsafe { convert::optional_text(artifact_type, "artifact_type") }?;
        descriptor.change(|core| core.set_artifact_type(artifact_type))
    })
}

/// Sets the platform. NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_PLATFORM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_set_platform(
    descriptor: Option<&mut reggie_descriptor>,
    platform: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let descriptor = convert::required(descriptor, "descriptor")?;
        // SAFETY: the caller's string, or NULL.
        let platform = unsafe { convert::optional_text(platform, "platform") }?;
        descriptor.change(|core| core.set_platform(platform))
    })
}

/// Sets an annotation. A `value` of NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `descriptor` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_descriptor_set_annotation(
    descriptor: Option<&mut reggie_descriptor>,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    guard::status(|| {
        let descriptor = convert::required(descriptor, "descriptor")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::optional_text(value, "value") }?;
        descriptor.change(|core| core.set_annotation(name, value))
    })
}

/// Returns the host platform, such as "linux/amd64" or "linux/arm/v7".
///
/// Static; must not be freed.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_platform_host() -> *const c_char {
    static HOST: OnceLock<CString> = OnceLock::new();
    guard::value(c"".as_ptr(), || {
        HOST.get_or_init(|| convert::c_string(Platform::host().to_string()))
            .as_ptr()
    })
}
