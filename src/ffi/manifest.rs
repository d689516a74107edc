//! Manifests: parsing and getters.

use std::ffi::{c_char, c_int};
use std::ptr;
use std::sync::OnceLock;

use super::convert::Out;
use super::descriptor::{annotation, reggie_descriptor};
use super::error_handle::{ErrorOut, reggie_error};
use super::json::reggie_json;
use super::status::reggie_status;
use super::strings::Strings;
use super::{convert, guard};
use crate::content::descriptor::Descriptor;
use crate::content::manifest::{DEFAULT_MAX_SIZE, Manifest};
use crate::content::platform::Platform;

/// A manifest: an image, an artifact or an index, kept byte for byte.
///
/// Created by reggie_manifest_pull(), reggie_manifest_resolve() and
/// reggie_manifest_parse(); freed by reggie_manifest_free(). Immutable. Safe for
/// concurrent use. Its strings, bytes and descriptors are borrowed; valid until
/// the manifest is freed.
pub struct reggie_manifest {
    core: Manifest,
    /// The bytes and a NUL.
    bytes: Vec<u8>,
    descriptor: reggie_descriptor,
    config: Option<reggie_descriptor>,
    layers: Vec<reggie_descriptor>,
    entries: Vec<reggie_descriptor>,
    subject: Option<reggie_descriptor>,
    json: OnceLock<reggie_json>,
    strings: Strings,
}

impl reggie_manifest {
    pub(super) fn new(core: Manifest) -> reggie_manifest {
        let one = |found: Option<&Descriptor>| found.cloned().map(reggie_descriptor::new);
        let all = |found: &[Descriptor]| {
            let found = found.iter().cloned();
            found.map(reggie_descriptor::new).collect()
        };
        reggie_manifest {
            bytes: [core.bytes(), &[0]].concat(),
            descriptor: reggie_descriptor::new(core.descriptor().clone()),
            config: one(core.config()),
            layers: all(core.layers()),
            entries: all(core.entries()),
            subject: one(core.subject()),
            json: OnceLock::new(),
            strings: Strings::default(),
            core,
        }
    }

    pub(super) fn core(&self) -> &Manifest {
        &self.core
    }
}

/// A descriptor of a manifest that may be missing.
fn descriptor<'a>(
    manifest: Option<&'a reggie_manifest>,
    get: impl FnOnce(&'a reggie_manifest) -> Option<&'a reggie_descriptor>,
) -> *const reggie_descriptor {
    guard::value(ptr::null(), || {
        manifest.and_then(get).map_or(ptr::null(), ptr::from_ref)
    })
}

fn count(manifest: Option<&reggie_manifest>, get: impl FnOnce(&Manifest) -> usize) -> usize {
    guard::value(0, || manifest.map_or(0, |manifest| get(&manifest.core)))
}

/// Creates a manifest from bytes, which are kept unchanged.
///
/// A `media_type` of NULL means the one that the bytes state. A manifest of a
/// type unknown to the library must be a JSON object; it has a config, layers
/// and a subject if it contains those of an OCI manifest.
///
/// On REGGIE_OK, the caller must free `manifest` with reggie_manifest_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_ARGUMENT if `size` is impossibly large,
/// REGGIE_INVALID_MANIFEST, REGGIE_UNSUPPORTED for a manifest of Docker schema 1,
/// or REGGIE_BODY_TOO_LARGE for more than 4 MiB.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_parse(
    bytes: *const u8,
    size: usize,
    media_type: *const c_char,
    manifest: *mut *mut reggie_manifest,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let manifest = unsafe { Out::handle(manifest, "manifest") }?;
        // SAFETY: the caller's bytes, or NULL.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?;
        // SAFETY: the caller's string, or NULL.
        let media_type = unsafe { convert::optional_text(media_type, "media_type") }?;
        let core = Manifest::parse_up_to(bytes, media_type, DEFAULT_MAX_SIZE)?;
        manifest.give(reggie_manifest::new(core));
        Ok(())
    })
}

/// Frees a manifest. NULL is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_free(manifest: Option<Box<reggie_manifest>>) {
    guard::value((), || drop(manifest));
}

/// Returns the bytes as pulled, parsed or built, followed by a NUL.
///
/// Their size is reggie_manifest_size(). Borrowed; valid until the manifest is
/// freed. Returns NULL if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_bytes(manifest: Option<&reggie_manifest>) -> *const u8 {
    guard::value(ptr::null(), || {
        manifest.map_or(ptr::null(), |manifest| manifest.bytes.as_ptr())
    })
}

/// Returns the size in bytes, without the NUL that follows.
///
/// Returns 0 if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_size(manifest: Option<&reggie_manifest>) -> usize {
    count(manifest, |core| core.bytes().len())
}

/// Returns the descriptor of the manifest.
///
/// It contains the digest, size, media type and artifact type. Borrowed; valid
/// until the manifest is freed. Returns NULL if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_descriptor(
    manifest: Option<&reggie_manifest>,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| Some(&manifest.descriptor))
}

/// Returns 1 for an index or a Docker manifest list, else 0.
///
/// Returns 0 if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_is_index(manifest: Option<&reggie_manifest>) -> c_int {
    guard::value(0, || {
        manifest.map_or(0, |manifest| c_int::from(manifest.core.is_index()))
    })
}

/// Returns the artifactType, or else the media type of the config.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if both are absent
/// or if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_artifact_type(
    manifest: Option<&reggie_manifest>,
) -> *const c_char {
    guard::value(ptr::null(), || {
        manifest.map_or(ptr::null(), |manifest| {
            manifest.strings.lend_if_any(manifest.core.artifact_type())
        })
    })
}

/// Returns the descriptor of the config.
///
/// Borrowed; valid until the manifest is freed. Returns NULL for an index or if
/// `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_config(
    manifest: Option<&reggie_manifest>,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| manifest.config.as_ref())
}

/// Returns the number of layers.
///
/// Returns 0 for an index or if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_layers_count(manifest: Option<&reggie_manifest>) -> usize {
    count(manifest, |core| core.layers().len())
}

/// Returns the layer at `index`, counting from 0, lowest layer first.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_layer(
    manifest: Option<&reggie_manifest>,
    index: usize,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| manifest.layers.get(index))
}

/// Returns the number of manifests in an index.
///
/// Returns 0 if the manifest is not an index or if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_entries_count(manifest: Option<&reggie_manifest>) -> usize {
    count(manifest, |core| core.entries().len())
}

/// Returns the manifest at `index`, counting from 0, in an index.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_entry(
    manifest: Option<&reggie_manifest>,
    index: usize,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| manifest.entries.get(index))
}

/// Selects the manifest for a platform from an index.
///
/// A `platform` of NULL means the host platform. A missing variant matches any
/// variant: "linux/arm64/v8" finds "linux/arm64", and vice versa. Among several
/// variants of arm, the highest that the platform can run is selected. Among
/// equal matches, the first is selected. Entries that are not images, such as
/// attestations, are skipped.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if nothing
/// matches, if `platform` is invalid, or if `manifest` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_select(
    manifest: Option<&reggie_manifest>,
    platform: *const c_char,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| {
        // SAFETY: the caller's string, or NULL.
        let platform = unsafe { convert::optional_text(platform, "platform") }.ok()?;
        let platform = Platform::parse_or_host(platform).ok()?;
        manifest.entries.get(manifest.core.select(&platform)?)
    })
}

/// Returns the subject: the manifest that this one is about.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_subject(
    manifest: Option<&reggie_manifest>,
) -> *const reggie_descriptor {
    descriptor(manifest, |manifest| manifest.subject.as_ref())
}

/// Returns the number of annotations of the manifest itself.
///
/// Returns 0 if `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_annotations_count(manifest: Option<&reggie_manifest>) -> usize {
    count(manifest, |core| core.annotations().count())
}

/// Returns the name of the annotation at `index`, counting from 0.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if
/// `manifest` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_annotation_name(
    manifest: Option<&reggie_manifest>,
    index: usize,
) -> *const c_char {
    guard::value(ptr::null(), || {
        manifest.map_or(ptr::null(), |manifest| {
            let found = manifest.core.annotations().at(index);
            manifest.strings.lend_if_any(found.map(|(name, _)| name))
        })
    })
}

/// Returns the value of the annotation `name`.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if absent or if an
/// argument is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_manifest_annotation(
    manifest: Option<&reggie_manifest>,
    name: *const c_char,
) -> *const c_char {
    guard::value(ptr::null(), || {
        manifest.map_or(ptr::null(), |manifest| {
            // SAFETY: the caller's string, or NULL.
            unsafe { annotation(manifest.core.annotations(), &manifest.strings, name) }
        })
    })
}

/// Returns the whole manifest as JSON, for fields that have no getter.
///
/// Borrowed; valid until the manifest is freed. Returns NULL if `manifest` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_manifest_json(manifest: Option<&reggie_manifest>) -> *const reggie_json {
    guard::value(ptr::null(), || {
        manifest.map_or(ptr::null(), |manifest| {
            let json = &manifest.json;
            ptr::from_ref(json.get_or_init(|| reggie_json::new(manifest.core.json())))
        })
    })
}
