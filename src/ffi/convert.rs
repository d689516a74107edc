//! Conversions between C arguments and the types of the core.

use std::borrow::Cow;
use std::ffi::{CStr, CString, OsStr, c_char};
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::time::Duration;
use std::{ptr, slice, str};

use crate::error::position::byte_at;
use crate::error::{Error, Kind};

/// The error for a required argument that is NULL.
pub(super) fn null(what: &str) -> Error {
    Error::new(Kind::NullArgument, format!("{what}: is NULL"))
}

/// An argument that must not be NULL.
pub(super) fn required<T>(argument: Option<T>, what: &str) -> Result<T, Error> {
    argument.ok_or_else(|| null(what))
}

/// A handle that a callback may use at the same time, so that it cannot be an
/// `Option<&mut T>`.
///
/// # Safety
///
/// `handle` is NULL or was given by the library, and is not freed for `'a`.
pub(super) unsafe fn handle<'a, T>(handle: *mut T, what: &str) -> Result<&'a T, Error> {
    // SAFETY: as above; such handles are never borrowed mutably.
    required(unsafe { handle.as_ref() }, what)
}

/// A required string, in UTF-8.
///
/// # Safety
///
/// `text` is NULL or ends in a NUL byte, and stays as it is for `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Error> {
    // SAFETY: as above.
    let bytes = unsafe { bytes(text, what) }?;
    str::from_utf8(bytes).map_err(|error| {
        let wrong = byte_at(bytes, error.valid_up_to());
        Error::new(
            Kind::InvalidUtf8,
            format!("{what}: is not valid UTF-8, {wrong}"),
        )
    })
}

/// A string in UTF-8 that may be NULL.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn optional_text<'a>(
    value: *const c_char,
    what: &str,
) -> Result<Option<&'a str>, Error> {
    if value.is_null() {
        return Ok(None);
    }
    // SAFETY: as above.
    unsafe { text(value, what) }.map(Some)
}

/// Strings, each of which is required; NULL is valid if there are none.
///
/// # Safety
///
/// `values` is NULL or has `count` pointers, each as for [`text`].
pub(super) unsafe fn texts<'a>(
    values: *const *const c_char,
    count: usize,
    what: &str,
) -> Result<Vec<&'a str>, Error> {
    let size = count.saturating_mul(size_of::<*const c_char>());
    let values = checked(values.cast_mut().cast(), size, what)?;
    let values = match count {
        0 => &[],
        // SAFETY: not NULL, not larger than any object, and the rest is as above.
        _ => unsafe { slice::from_raw_parts(values.as_ptr().cast_const().cast(), count) },
    };
    let mut found = Vec::new();
    for (index, &value) in values.iter().enumerate() {
        // SAFETY: as above.
        found.push(unsafe { text(value, &format!("{what}[{index}]")) }?);
    }
    Ok(found)
}

/// A required string of any bytes but NUL.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn bytes<'a>(text: *const c_char, what: &str) -> Result<&'a [u8], Error> {
    if text.is_null() {
        return Err(null(what));
    }
    // SAFETY: it is not NULL, and the rest is as above.
    Ok(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A required path, of any bytes but NUL.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn path<'a>(text: *const c_char, what: &str) -> Result<&'a Path, Error> {
    // SAFETY: as above.
    let bytes = unsafe { bytes(text, what) }?;
    if bytes.is_empty() {
        return Err(Error::new(
            Kind::InvalidArgument,
            format!("{what}: is empty"),
        ));
    }
    Ok(Path::new(OsStr::from_bytes(bytes)))
}

/// A path that may be NULL.
///
/// # Safety
///
/// As for [`text`].
pub(super) unsafe fn optional_path<'a>(
    text: *const c_char,
    what: &str,
) -> Result<Option<&'a Path>, Error> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: as above.
    unsafe { path(text, what) }.map(Some)
}

/// Bytes with their number; NULL is valid if the number is 0.
///
/// # Safety
///
/// `bytes` is NULL or has `size` bytes, which stay as they are for `'a`.
pub(super) unsafe fn slice<'a>(
    bytes: *const u8,
    size: usize,
    what: &str,
) -> Result<&'a [u8], Error> {
    let bytes = checked(bytes.cast_mut(), size, what)?;
    // SAFETY: not NULL, not larger than any object, and the rest is as above.
    Ok(unsafe { slice::from_raw_parts(bytes.as_ptr(), size) })
}

/// A buffer; NULL is valid if its size is 0.
///
/// # Safety
///
/// `bytes` is NULL or has room for `size` bytes, which are not in use elsewhere for `'a`.
pub(super) unsafe fn slice_mut<'a>(
    bytes: *mut u8,
    size: usize,
    what: &str,
) -> Result<&'a mut [u8], Error> {
    let bytes = checked(bytes, size, what)?;
    // SAFETY: not NULL, not larger than any object, and the rest is as above.
    Ok(unsafe { slice::from_raw_parts_mut(bytes.as_ptr(), size) })
}

fn checked(bytes: *mut u8, size: usize, what: &str) -> Result<NonNull<u8>, Error> {
    // No object is larger: the caller converted a negative number.
    if isize::try_from(size).is_err() {
        let message = format!("{what}: a size of {size} bytes is impossible");
        return Err(Error::new(Kind::InvalidArgument, message));
    }
    match NonNull::new(bytes) {
        None if size == 0 => Ok(NonNull::dangling()),
        None => Err(null(what)),
        Some(bytes) => Ok(bytes),
    }
}

/// A number that cannot be negative.
pub(super) fn unsigned<T>(
    number: impl TryInto<T> + Copy + Display,
    what: &str,
) -> Result<T, Error> {
    number.try_into().map_err(|_| {
        let message = format!("{what}: {number} is out of range");
        Error::new(Kind::InvalidArgument, message)
    })
}

/// A time limit in milliseconds; 0 = none.
pub(super) fn time(milliseconds: i64, what: &str) -> Result<Option<Duration>, Error> {
    match u64::try_from(milliseconds) {
        Ok(0) => Ok(None),
        Ok(milliseconds) => Ok(Some(Duration::from_millis(milliseconds))),
        Err(_) => {
            let message = format!("{what}: {milliseconds} is below 0");
            Err(Error::new(Kind::InvalidArgument, message))
        }
    }
}

/// A time for C, in milliseconds.
pub(super) fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// A string for C. A NUL in it becomes U+FFFD, so that no string is cut short.
pub(super) fn c_string(text: impl AsRef<[u8]>) -> CString {
    CString::new(without_nul(text.as_ref())).unwrap_or_default()
}

/// Replaces each NUL by U+FFFD.
pub(super) fn without_nul(text: &[u8]) -> Cow<'_, [u8]> {
    if !text.contains(&0) {
        return Cow::Borrowed(text);
    }
    let parts: Vec<&[u8]> = text.split(|&byte| byte == 0).collect();
    Cow::Owned(parts.join("\u{fffd}".as_bytes()))
}

/// The result of a getter for a string that may be missing.
pub(super) fn borrowed(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

/// An out-pointer.
pub(super) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Takes an out-pointer and writes `nothing` to it.
    ///
    /// # Safety
    ///
    /// `place` is NULL or can be written to until the exported function returns.
    pub(super) unsafe fn new(place: *mut T, nothing: T, what: &str) -> Result<Out<T>, Error> {
        let place = required(NonNull::new(place), what)?;
        // SAFETY: as above.
        unsafe { place.write(nothing) };
        Ok(Out(place))
    }

    /// Takes an out-pointer that may be NULL, and writes `nothing` to it.
    ///
    /// # Safety
    ///
    /// As for `new`.
    pub(super) unsafe fn optional(place: *mut T, nothing: T) -> Option<Out<T>> {
        // SAFETY: as above.
        unsafe { Out::new(place, nothing, "") }.ok()
    }

    pub(super) fn set(self, value: T) {
        // SAFETY: promised to `new`.
        unsafe { self.0.write(value) };
    }
}

impl<T> Out<*mut T> {
    /// Takes an out-pointer for a handle.
    ///
    /// # Safety
    ///
    /// As for `new`.
    pub(super) unsafe fn handle(place: *mut *mut T, what: &str) -> Result<Out<*mut T>, Error> {
        // SAFETY: as above.
        unsafe { Out::new(place, ptr::null_mut(), what) }
    }

    /// Gives a handle to the caller.
    pub(super) fn give(self, handle: T) {
        self.set(Box::into_raw(Box::new(handle)));
    }
}

impl Out<*mut c_char> {
    /// Gives a string to the caller, to be freed by `reggie_string_free()`.
    pub(super) fn give_text(self, text: String) {
        self.set(c_string(text).into_raw());
    }
}
