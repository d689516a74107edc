//! What C passes, made into what the core takes, and the other way round.

use std::ffi::{CStr, CString, OsStr, c_char};
use std::fmt::Display;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr::NonNull;
use std::time::Duration;
use std::{ptr, slice, str};

use crate::error::{Error, Kind};

/// The failure that a required argument is NULL.
pub(super) fn null(what: &str) -> Error {
    Error::new(Kind::NullArgument, format!("{what}: is NULL"))
}

/// What must not be NULL.
pub(super) fn required<T>(argument: Option<T>, what: &str) -> Result<T, Error> {
    argument.ok_or_else(|| null(what))
}

/// A handle that may be in use elsewhere, and so is no `Option<&mut T>`.
///
/// # Safety
///
/// `handle` is NULL or was given by the library, and is not freed for `'a`.
pub(super) unsafe fn handle<'a, T>(handle: *mut T, what: &str) -> Result<&'a T, Error> {
    // SAFETY: as above; nobody has a `&mut` to what is used in this way.
    required(unsafe { handle.as_ref() }, what)
}

/// A required text, in UTF-8.
///
/// # Safety
///
/// `text` is NULL or ends in a NUL byte, and stays as it is for `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<&'a str, Error> {
    // SAFETY: as above.
    let bytes = unsafe { bytes(text, what) }?;
    str::from_utf8(bytes)
        .map_err(|_| Error::new(Kind::InvalidUtf8, format!("{what}: is not valid UTF-8")))
}

/// A text in UTF-8 that may be missing.
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

/// A required text of any bytes but NUL.
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

/// Bytes with their number; NULL is right where there are none.
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

/// Room for bytes; NULL is right where there is none.
///
/// # Safety
///
/// `bytes` is NULL or has room for `size` bytes, which nobody else uses for `'a`.
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
    // No object is larger: such a size is a negative number, or a mistake.
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

/// A text for C. A NUL in it becomes U+FFFD, so that no text is cut short.
pub(super) fn c_string(text: impl Into<Vec<u8>>) -> CString {
    CString::new(text).unwrap_or_else(|error| {
        let bytes = error.into_vec();
        let parts: Vec<&[u8]> = bytes.split(|&byte| byte == 0).collect();
        CString::new(parts.join("\u{fffd}".as_bytes())).unwrap_or_default()
    })
}

/// What a getter gives for a text that may be missing.
pub(super) fn borrowed(text: Option<&CString>) -> *const c_char {
    text.map_or(ptr::null(), |text| text.as_ptr())
}

/// A place of the caller's for a result.
pub(super) struct Out<T>(NonNull<T>);

impl<T> Out<T> {
    /// Takes the place and writes there what stands for no result.
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

    pub(super) fn set(self, value: T) {
        // SAFETY: promised to `new`.
        unsafe { self.0.write(value) };
    }
}

impl<T> Out<*mut T> {
    /// Takes a place for a handle.
    ///
    /// # Safety
    ///
    /// As for `new`.
    pub(super) unsafe fn handle(place: *mut *mut T, what: &str) -> Result<Out<*mut T>, Error> {
        // SAFETY: as above.
        unsafe { Out::new(place, ptr::null_mut(), what) }
    }

    /// Makes a handle the caller's.
    pub(super) fn give(self, handle: T) {
        self.set(Box::into_raw(Box::new(handle)));
    }
}

impl Out<*mut c_char> {
    /// Makes a text the caller's, who frees it by `reggie_string_free()`.
    pub(super) fn give_text(self, text: String) {
        self.set(c_string(text).into_raw());
    }
}
