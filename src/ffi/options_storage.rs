//! Options of content calls: files, pushes, and the state they keep.

use std::ffi::{c_char, c_int};
use std::time::Duration;

use super::convert;
use super::options::{reggie_options, set};
use super::status::reggie_status;
use crate::content::digest::Algorithm;
use crate::content::options::Existing;
use crate::error::{Error, Kind};

/// Existing file: its digest is computed, and the blob is pulled only if the
/// digest differs.
pub const REGGIE_EXISTING_CHECK: c_int = 0;
/// Existing file: the blob is pulled only if the size differs. For caches whose
/// files are named by digest.
pub const REGGIE_EXISTING_TRUST: c_int = 1;
/// Existing file: it is always replaced.
pub const REGGIE_EXISTING_REPLACE: c_int = 2;

/// Sets whether an interrupted pull to a file can be resumed.
///
/// If `resume` is nonzero, what was pulled is kept in a partial file when the
/// call fails or the process ends, and the next pull resumes from it. If
/// `resume` is 0, nothing is kept. Default: nonzero.
///
/// The partial file is stored next to the file. Its name is the name of the
/// file, a dot, the first 16 characters of the digest's hex, and ".partial". It
/// always contains a prefix of the blob, and its digest is recomputed before
/// more is appended. One process or thread at a time writes to it; others wait
/// as set by reggie_options_set_lock_timeout(). If the file system has no
/// working locks, each writes to a file of its own and nothing is kept.
///
/// A copy to a layout keeps what it has received of a blob in the same way, in
/// the layout's directory, outside of its blobs.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_resume(
    options: *mut reggie_options,
    resume: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.resume = resume != 0;
        Ok(())
    })
}

/// Sets the time limit for waiting for another process or thread.
///
/// Applies while another process or thread pulls to the same file or writes to
/// the same layout. If it is exceeded, the call fails with REGGIE_LOCKED. The
/// result of the other is used. For a file, the limit restarts whenever the other's
/// file grows. -1 means only the time limit of the call. Default: 60 seconds.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `milliseconds` is below -1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_lock_timeout(
    options: *mut reggie_options,
    milliseconds: i64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.lock_timeout = match milliseconds {
            -1 => None,
            milliseconds => {
                let milliseconds = convert::unsigned(milliseconds, "milliseconds")?;
                Some(Duration::from_millis(milliseconds))
            }
        };
        Ok(())
    })
}

/// Sets what happens to an existing file.
///
/// `what` is REGGIE_EXISTING_CHECK, REGGIE_EXISTING_TRUST or
/// REGGIE_EXISTING_REPLACE. Default: REGGIE_EXISTING_CHECK.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `what` is none of these.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_existing(
    options: *mut reggie_options,
    what: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.existing = match what {
            REGGIE_EXISTING_CHECK => Existing::Check,
            REGGIE_EXISTING_TRUST => Existing::Trust,
            REGGIE_EXISTING_REPLACE => Existing::Replace,
            _ => {
                let message = format!("what: {what} is not REGGIE_EXISTING_*");
                return Err(Error::new(Kind::InvalidArgument, message));
            }
        };
        Ok(())
    })
}

/// Sets whether a file is synced to disk before it gets its final name.
///
/// If `sync` is nonzero, a power failure leaves no corrupt file. If `sync` is
/// 0, this is guaranteed only for the end of the process, not for a power
/// failure. Content that exists is not synced again. Default: nonzero.
///
/// Returns REGGIE_OK or REGGIE_NULL_ARGUMENT.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_sync(
    options: *mut reggie_options,
    sync: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.sync = sync != 0;
        Ok(())
    })
}

/// Sets the digest algorithm for pushed and built content.
///
/// `algorithm` is REGGIE_SHA256, REGGIE_SHA384 or REGGIE_SHA512. Few registries
/// accept REGGIE_SHA384 or REGGIE_SHA512. Default: REGGIE_SHA256.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_UNKNOWN_ALGORITHM.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_algorithm(
    options: *mut reggie_options,
    algorithm: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        // SAFETY: the caller's string, or NULL.
        let algorithm = unsafe { convert::text(algorithm, "algorithm") }?;
        core.algorithm = Algorithm::from_name(algorithm)?;
        Ok(())
    })
}

/// Sets how many bytes are uploaded in one request.
///
/// `bytes` is 64 KiB to 1 GiB, or 0. With 0, a blob of known length and digest
/// is uploaded in one request, and anything else in chunks of 8 MiB, as is all
/// content if there is a state directory. If a registry requires longer or
/// shorter chunks, it gets them, and the client remembers the size. An
/// incremental upload keeps one chunk in memory. Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if
/// `bytes` is out of range.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_chunk_size(
    options: *mut reggie_options,
    bytes: u64,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        core.set_chunk_size((bytes > 0).then_some(bytes))
    })
}

/// Sets the state directory, in which pushes may keep files.
///
/// The directory is the program's own and must exist. It holds the sessions of
/// uploads, from which the next push of the same content to the same place
/// resumes, in this process or another; and the data of incremental uploads to
/// registries that do not support chunked uploads. The files are readable only
/// by the current user. They are removed when they are no longer needed, and
/// after one week. NULL means no state directory: an interrupted push is then
/// resumed only within the same call. A push resumes after the last complete
/// chunk, whose size reggie_options_set_chunk_size() sets. `path` may contain any
/// bytes except NUL.
/// Default: NULL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `options` is NULL, or
/// REGGIE_INVALID_ARGUMENT if `path` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_set_state_folder(
    options: *mut reggie_options,
    path: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::optional_path(path, "path") }?;
        core.state_folder = path.map(Into::into);
        Ok(())
    })
}

/// Adds a repository of the same registry from which to mount blobs.
///
/// A push or a copy may mount a blob from it instead of sending it. May be
/// called several times. A copy within one registry tries its source
/// automatically.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 or
/// REGGIE_INVALID_REFERENCE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_options_add_mount_from(
    options: *mut reggie_options,
    name: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let options = unsafe { options.as_ref() };
    set(options, |core| {
        // SAFETY: the caller's string, or NULL.
        core.add_mount_from(unsafe { convert::text(name, "name") }?)
    })
}
