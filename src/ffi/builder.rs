//! Building manifests and pushing artifacts.

use std::ffi::c_char;
use std::sync::{PoisonError, RwLock};

use super::convert::Out;
use super::descriptor::{self, reggie_descriptor};
use super::error_handle::{ErrorOut, reggie_error};
use super::manifest::reggie_manifest;
use super::options::{self, reggie_options};
use super::repository::{self, reggie_repository};
use super::slot;
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::builder::Builder;
use crate::error::Error;

/// A manifest under construction, with the content to push along with it.
///
/// Created by reggie_builder_new() and reggie_builder_new_index(); freed by
/// reggie_builder_free(). Not safe for concurrent use. It may be pushed any
/// number of times. In a callback of a call that builds or pushes it, functions
/// that change it return REGGIE_BUSY.
pub struct reggie_builder {
    core: RwLock<Builder>,
}

impl reggie_builder {
    fn new(is_index: bool) -> reggie_builder {
        reggie_builder {
            core: RwLock::new(Builder::new(is_index)),
        }
    }

    /// Changes the builder; an error while a call uses it, which may be the one
    /// that is calling back.
    fn change(&self, change: impl FnOnce(&mut Builder) -> Result<(), Error>) -> Result<(), Error> {
        match self.core.try_write() {
            Ok(mut core) => change(&mut core),
            Err(std::sync::TryLockError::Poisoned(core)) => change(&mut core.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => Err(slot::busy("builder")),
        }
    }

    fn read<T>(&self, body: impl FnOnce(&Builder) -> Result<T, Error>) -> Result<T, Error> {
        body(&self.core.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The body of a setter.
fn set(
    builder: Option<&reggie_builder>,
    change: impl FnOnce(&mut Builder) -> Result<(), Error>,
) -> reggie_status {
    guard::status(|| convert::required(builder, "builder")?.change(change))
}

/// Creates a builder for the manifest of an image or an artifact.
///
/// The caller must free the handle with reggie_builder_free(). Returns NULL
/// only on an internal error of the library.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_builder_new() -> Option<Box<reggie_builder>> {
    guard::value(None, || Some(Box::new(reggie_builder::new(false))))
}

/// Creates a builder for an image index.
///
/// The caller must free the handle with reggie_builder_free(). Returns NULL
/// only on an internal error of the library.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_builder_new_index() -> Option<Box<reggie_builder>> {
    guard::value(None, || Some(Box::new(reggie_builder::new(true))))
}

/// Frees a builder. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_builder_free(builder: Option<Box<reggie_builder>>) {
    guard::value((), || drop(builder));
}

/// Sets the artifact type, such as "application/spdx+json". NULL removes it.
///
/// An artifact requires one unless its config has a media type of its own.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` is NULL,
/// REGGIE_INVALID_UTF8 or REGGIE_INVALID_MEDIA_TYPE.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_set_artifact_type(
    builder: *mut reggie_builder,
    artifact_type: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's string, or NULL.
        let artifact_type = unsafe { convert::optional_text(artifact_type, "artifact_type") }?;
        core.set_artifact_type(artifact_type)
    })
}

/// Sets the subject: the manifest that this one is about. NULL removes it.
///
/// The manifest that is built is a referrer of the subject. Only the digest, the
/// size and the media type of `subject` are used.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` is NULL, or
/// REGGIE_INVALID_ARGUMENT if the size of the subject is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_set_subject(
    builder: *mut reggie_builder,
    subject: Option<&reggie_descriptor>,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        let subject = subject.map(|subject| descriptor::required(Some(subject), "subject"));
        core.set_subject(subject.transpose()?)
    })
}

/// Sets an annotation of the manifest. A `value` of NULL removes it.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_set_annotation(
    builder: *mut reggie_builder,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::optional_text(value, "value") }?;
        core.set_annotation(name, value)
    })
}

/// Sets the config to `size` bytes of the given media type.
///
/// The bytes are copied and pushed with the manifest. Default: the empty
/// config, "{}" of media type REGGIE_EMPTY.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_MEDIA_TYPE if `media_type` is invalid, or REGGIE_INVALID_ARGUMENT
/// for an index or if `size` is impossibly large.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_set_config(
    builder: *mut reggie_builder,
    bytes: *const u8,
    size: usize,
    media_type: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::text(media_type, "media_type") }?;
        core.set_config(bytes, media_type)
    })
}

/// Sets the config to existing content.
///
/// The content must exist in the repository that the manifest is pushed to.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT for an
/// index or if the size of the content is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_set_config_descriptor(
    builder: *mut reggie_builder,
    descriptor: Option<&reggie_descriptor>,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        core.set_config_descriptor(descriptor::required(descriptor, "descriptor")?)
    })
}

/// Adds existing content: a layer, or a manifest for an index.
///
/// The content must exist in the repository that the manifest is pushed to. The
/// artifact type of a pulled image, which is the media type of its config, is left
/// out. To use existing content as the config, see
/// reggie_builder_set_config_descriptor().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_INVALID_ARGUMENT if the
/// size of the content is unknown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_add(
    builder: *mut reggie_builder,
    descriptor: Option<&reggie_descriptor>,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        core.add(descriptor::required(descriptor, "descriptor")?)
    })
}

/// Adds a regular file as a layer.
///
/// The file is read and pushed with the manifest. A `media_type` of NULL means
/// REGGIE_OCTETS. `title` is the name of the file when it is pulled again; NULL
/// means the last component of the path, "" means no title. `path` may contain
/// any bytes except NUL.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8 (also for a
/// title taken from the path), REGGIE_INVALID_MEDIA_TYPE if `media_type` is invalid,
/// REGGIE_UNSAFE_NAME for a title that names no file inside a directory or that
/// another layer has, or REGGIE_INVALID_ARGUMENT for an index or if `path` is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_add_path(
    builder: *mut reggie_builder,
    path: *const c_char,
    media_type: *const c_char,
    title: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::path(path, "path") }?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::optional_text(media_type, "media_type") }?;
        // SAFETY: the caller's string, or NULL.
        let title = unsafe { convert::optional_text(title, "title") }?;
        core.add_path(path, media_type, title)
    })
}

/// Adds `size` bytes as a layer.
///
/// The bytes are copied and pushed with the manifest. `media_type` and `title`
/// are as for reggie_builder_add_path(), except that a `title` of NULL means no
/// title.
///
/// Returns any status returned by reggie_builder_add_path().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_add_memory(
    builder: *mut reggie_builder,
    bytes: *const u8,
    size: usize,
    media_type: *const c_char,
    title: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::optional_text(media_type, "media_type") }?;
        // SAFETY: the caller's string, or NULL.
        let title = unsafe { convert::optional_text(title, "title") }?;
        core.add_memory(bytes, media_type, title)
    })
}

/// Sets an annotation of the layer or manifest added last, not of the config. A
/// `value` of NULL removes it. The title of added bytes or of an added file is
/// checked by reggie_builder_finish() and reggie_builder_push().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT if `builder` or `name` is NULL,
/// REGGIE_INVALID_UTF8, or REGGIE_INVALID_ARGUMENT if `name` is empty or if
/// nothing was added.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_annotate(
    builder: *mut reggie_builder,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let builder = unsafe { builder.as_ref() };
    set(builder, |core| {
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::optional_text(value, "value") }?;
        core.annotate(name, value)
    })
}

/// Builds the manifest.
///
/// Reads the files that were added. Sends nothing. The same content added in
/// the same order yields the same bytes: no timestamps are included.
///
/// An artifact to which no layer was added gets the empty blob, "{}" of media type
/// REGGIE_EMPTY, as its only layer, as the OCI Image Specification recommends.
/// It has no title, so that reggie_pull_files() finds no files.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_MISSING_VALUE if an artifact
/// has no type, REGGIE_UNSAFE_NAME if reggie_builder_annotate() has given an added
/// file or added bytes a title that is refused by reggie_builder_add_path() or that
/// leads through the file of another layer, REGGIE_FILE, REGGIE_SOURCE_CHANGED if a
/// file changes while it is read, REGGIE_CANCELLED, REGGIE_DEADLINE,
/// REGGIE_PROGRESS_CALLBACK or REGGIE_BODY_TOO_LARGE.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_finish(
    builder: Option<&reggie_builder>,
    options: Option<&reggie_options>,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::handle(manifest, "manifest") }?;
        let builder = convert::required(builder, "builder")?;
        let core = builder.read(|core| core.finish(&options::of(options)))?;
        manifest.give(reggie_manifest::new(core));
        Ok(())
    })
}

/// Builds the manifest and pushes it with its content.
///
/// The added files and bytes are pushed first, several concurrently; those that
/// already exist are skipped. The manifest is then pushed under `count` tags as
/// by reggie_manifest_push(); `tags` may be NULL if `count` is 0. `manifest` may be
/// NULL.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns any status returned by reggie_builder_finish(),
/// reggie_blob_push_path() or reggie_manifest_push().
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_builder_push(
    builder: Option<&reggie_builder>,
    repository: Option<&reggie_repository>,
    tags: *const *const c_char,
    count: usize,
    options: Option<&reggie_options>,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::optional(manifest, std::ptr::null_mut()) };
        let builder = convert::required(builder, "builder")?;
        let repository = repository::required(repository)?;
        // SAFETY: the caller's strings, or NULL.
        let tags = unsafe { convert::texts(tags, count, "tags") }?;
        let core = builder.read(|core| core.push(repository, &tags, &options::of(options)))?;
        if let Some(manifest) = manifest {
            manifest.give(reggie_manifest::new(core));
        }
        Ok(())
    })
}
