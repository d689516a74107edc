//! Options of calls that transfer content.

use std::ffi::{c_char, c_int, c_void};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::callback::{Registration, reggie_free_callback};
use super::cancel::reggie_cancel;
use super::progress::{progress, reggie_progress_callback};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::options::Options;
use crate::error::Error;

/// Options for calls. NULL in place of a handle selects the defaults.
///
/// Created by reggie_options_new(); freed by reggie_options_free(). Each call
/// copies the options it is given: they may be changed or freed afterwards.
/// Setters are not safe for concurrent use. Passing the options to concurrent
/// calls is safe; their callbacks may then be called concurrently. Options that
/// do not apply to a call are ignored. A setter that fails leaves the setting
/// unchanged.
pub struct reggie_options {
    core: Mutex<Arc<Options>>,
}

/// The options of a call; the defaults for NULL.
pub(super) fn of(options: Option<&reggie_options>) -> Arc<Options> {
    options.map_or_else(Arc::default, reggie_options::get)
}

impl reggie_options {
    fn get(&self) -> Arc<Options> {
        let core = self.core.lock();
        Arc::clone(&core.unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Options) -> Result<(), Error>) -> Result<(), Error> {
        let mut core = self.copy();
        change(&mut core)?;
        self.replace(core);
        Ok(())
    }

    // Neither is inlined into each of many setters.

    #[inline(never)]
    fn copy(&self) -> Options {
        Options::clone(&self.get())
    }

    #[inline(never)]
    fn replace(&self, core: Options) {
        let place = self.core.lock();
        let earlier = {
            let mut place = place.unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *place, Arc::new(core))
        };
        // Without the lock: it may free a callback's userdata.
        drop(earlier);
    }
}

/// The body of a setter.
pub(super) fn set(
    options: Option<&reggie_options>,
    change: impl FnOnce(&mut Options) -> Result<(), Error>,
) -> reggie_status {
    guard::status(|| convert::required(options, "options")?.change(change))
}

/// Creates options with the defaults.
///
/// The caller must free the handle with reggie_options_free(). Returns NULL
/// only on an internal error of the library.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_options_new() -> Option<Box<reggie_options>> {
    guard::value(None, || {
        Some(Box::new(reggie_options {
            core: Mutex::default(),
        }))
    })
}

/// Frees options. NULL is ignored.
///
/// Calls and handles that use the options keep them.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_options_free(options: Option<Box<reggie_options>>) {
    guard::value((), || drop(options));
}

/// Sets the cancel handle for calls and for reading from handles they open.
///
/// Applies to all calls. NULL removes it. Default: none.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_cancel(
    options: *mut reggie_options,
    cancel: Option<&reggie_cancel>,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.cancel = cancel.map(|cancel| cancel.core().clone());
        Ok(())
    })
}

/// Sets the time limit for a whole call, including all retries.
///
/// A call that takes longer returns REGGIE_DEADLINE. If the next retry would begin
/// after the limit, the call returns its last failure at once. The time limits of the
/// client still apply to each request, except for reggie_config_set_timeout(),
/// which is ignored. For a blob, an upload or a list, the limit applies to each
/// call. 0 means no limit. Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `milliseconds` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_timeout(
    options: *mut reggie_options,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.timeout = convert::time(milliseconds, "milliseconds")?;
        Ok(())
    })
}

/// Sets the maximum number of consecutive retries without progress.
///
/// `tries` is 0 to 1000, or -1 for the value of reggie_config_set_retries() if
/// it was set, else 5. Progress resets the count: 1 MiB of new data, or any new
/// data after 60 seconds. Data transferred again is not progress.
/// reggie_config_set_retry_delays() sets the delay between retries. Default: -1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `tries` is out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_retries(
    options: *mut reggie_options,
    tries: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.set_retries(match tries {
            -1 => None,
            tries => Some(convert::unsigned(tries, "tries")?),
        })
    })
}

/// Sets the progress callback.
///
/// It is called at the beginning and the end of each transfer, in between at
/// most once every `interval_ms` milliseconds (0 means 100), and after each
/// second in which nothing was transferred, whatever the call is waiting for. A
/// `callback` of NULL removes it and frees `userdata`. Calls and handles that
/// already began keep the earlier callback; the last of them frees its
/// userdata.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `interval_ms` is negative.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_progress_callback(
    options: *mut reggie_options,
    interval_ms: i64,
    callback: reggie_progress_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    let registration = Registration::new(userdata, free_userdata);
    let callback = progress(callback, registration);
    set(options, |core| {
        let interval = convert::unsigned(interval_ms, "interval_ms")?;
        core.set_progress(callback, Duration::from_millis(interval));
        Ok(())
    })
}

/// Sets how many blobs are transferred concurrently.
///
/// Applies to copies, builder pushes, pulls of files, and the items of batches.
/// `blobs` is 1 to 64. With 1, no worker threads are used, except one by
/// reggie_batch_step(). Default: 4.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `blobs` is out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_parallel(
    options: *mut reggie_options,
    blobs: usize,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| core.set_parallel(blobs))
}

/// Sets how many parts of one blob are pulled concurrently, and their size.
///
/// `parts` is 1 to 16; `part_size` is 64 KiB to 64 MiB, or 0 for 4 MiB. Applies
/// to blobs of known size with at least two parts. Data is delivered in order;
/// parts that arrive early are kept in memory, at most `parts` of them. If the
/// registry does not support range requests, the blob is pulled as if `parts`
/// were 1. Default: 1, one connection for each blob.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `parts` or `part_size` is out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_ranges(
    options: *mut reggie_options,
    parts: usize,
    part_size: usize,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| core.set_parts(parts, part_size))
}

/// Sets the maximum transfer speed of a call, in bytes per second.
///
/// `down` and `up` apply to everything that the call transfers over the network
/// together, on average; 0 means no limit. Waiting for the limit is not a
/// stall. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_max_speed(
    options: *mut reggie_options,
    down: u64,
    up: u64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.max_speed = (down, up);
        Ok(())
    })
}

/// Sets the maximum size of a blob in bytes.
///
/// It applies regardless of what the descriptor and the server say. A larger
/// blob fails with REGGIE_SIZE_MISMATCH, immediately if its size is known. 0
/// means no limit. Default: 0.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_max_blob(
    options: *mut reggie_options,
    bytes: u64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.max_blob = (bytes > 0).then_some(bytes);
        Ok(())
    })
}

/// Sets the maximum size of a manifest in bytes.
///
/// A larger manifest fails with REGGIE_BODY_TOO_LARGE. Default: 4 MiB, the size
/// that registries accept.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `bytes` is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_max_manifest(
    options: *mut reggie_options,
    bytes: usize,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| core.set_max_manifest(bytes))
}

/// Adds a media type of manifests that may be pulled.
///
/// It is accepted in addition to those of OCI and Docker. May be called several
/// times.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_MEDIA_TYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_add_manifest_type(
    options: *mut reggie_options,
    media_type: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        // SAFETY: the caller's string, or NULL.
        core.add_manifest_type(unsafe { convert::text(media_type, "media_type") }?)
    })
}
