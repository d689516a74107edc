//! Digests of content.

use std::ffi::c_char;

use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::digest;
use crate::content::digest::{Algorithm, Digest, Digester};
use crate::error::{Error, Kind};

/// Computes a digest incrementally.
///
/// Created by reggie_digester_new(); freed by reggie_digester_free().
/// reggie_digester_update() adds content; reggie_digester_finish() returns the
/// digest, once. Not safe for concurrent use.
pub struct reggie_digester {
    /// None once it is finished.
    core: Option<Digester>,
}

/// Computes the digest of `size` bytes in memory, such as "sha256:e3b0c442..."
/// (OCI Image Specification, Digests).
///
/// `algorithm` is REGGIE_SHA256, REGGIE_SHA384 or REGGIE_SHA512. `bytes` may be
/// NULL if `size` is 0.
///
/// On REGGIE_OK, `digest` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT
/// if the size is impossible, or REGGIE_UNKNOWN_ALGORITHM.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digest_bytes(
    algorithm: *const c_char,
    bytes: *const u8,
    size: usize,
    digest: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let digest = unsafe { Out::handle(digest, "digest") }?;
        // SAFETY: the caller's string, or NULL.
        let algorithm = unsafe { convert::text(algorithm, "algorithm") }?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        digest.give_text(digest::of_bytes(Algorithm::from_name(algorithm)?, bytes));
        Ok(())
    })
}

/// Computes the digest of a file, which is read piece by piece.
///
/// `algorithm` is as for reggie_digest_bytes(). On REGGIE_OK, `digest` must be
/// freed with reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the path is empty,
/// REGGIE_UNKNOWN_ALGORITHM, REGGIE_NO_MEMORY, or REGGIE_FILE with the errno in
/// the error.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digest_file(
    algorithm: *const c_char,
    path: *const c_char,
    digest: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let digest = unsafe { Out::handle(digest, "digest") }?;
        // SAFETY: the caller's string, or NULL.
        let algorithm = unsafe { convert::text(algorithm, "algorithm") }?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        digest.give_text(digest::of_file(Algorithm::from_name(algorithm)?, path)?);
        Ok(())
    })
}

/// Creates a digester.
///
/// `algorithm` is as for reggie_digest_bytes(), or a digest, whose algorithm is
/// used. On REGGIE_OK, `digester` must be freed with reggie_digester_free().
/// Otherwise returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_UNKNOWN_ALGORITHM, or REGGIE_INVALID_DIGEST for an invalid digest.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digester_new(
    algorithm: *const c_char,
    digester: *mut *mut reggie_digester,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let digester = unsafe { Out::handle(digester, "digester") }?;
        // SAFETY: the caller's string, or NULL.
        let algorithm = unsafe { convert::text(algorithm, "algorithm") }?;
        let core = Some(Digester::new(digest::algorithm_of(algorithm)?));
        digester.give(reggie_digester { core });
        Ok(())
    })
}

/// Adds `size` bytes of content. `bytes` may be NULL if `size` is 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// digester is finished or the size is impossible.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digester_update(
    digester: Option<&mut reggie_digester>,
    bytes: *const u8,
    size: usize,
) -> reggie_status {
    guard::status(|| {
        let digester = convert::required(digester, "digester")?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        digester.core.as_mut().ok_or_else(finished)?.update(bytes);
        Ok(())
    })
}

/// Returns the digest of all content, such as "sha256:e3b0c442...". The
/// digester can then only be freed.
///
/// On REGGIE_OK, `digest` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the digester is
/// already finished.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digester_finish(
    digester: Option<&mut reggie_digester>,
    digest: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let digest = unsafe { Out::handle(digest, "digest") }?;
        let digester = convert::required(digester, "digester")?;
        digest.give_text(digester.core.take().ok_or_else(finished)?.finish());
        Ok(())
    })
}

/// Finishes a digester and compares the result with a digest.
///
/// For content that a program receives by its own means. The digester can then
/// only be freed.
///
/// Returns REGGIE_OK if the digests match, REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_ARGUMENT if the digester is already
/// finished, REGGIE_INVALID_DIGEST if `digest` is invalid or of another
/// algorithm, or REGGIE_DIGEST_MISMATCH.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_digester_check(
    digester: Option<&mut reggie_digester>,
    digest: *const c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        let digester = convert::required(digester, "digester")?;
        // SAFETY: the caller's string, or NULL.
        let digest = Digest::parse(unsafe { convert::text(digest, "digest") }?)?;
        digester.core.take().ok_or_else(finished)?.check(&digest)
    })
}

/// Frees a digester. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_digester_free(digester: Option<Box<reggie_digester>>) {
    guard::value((), || drop(digester));
}

fn finished() -> Error {
    Error::new(Kind::InvalidArgument, "digester: is finished")
}
