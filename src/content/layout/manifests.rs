//! The manifests of a layout.

use std::sync::Arc;

use super::blob_file;
use super::blobs;
use super::folder::Layout;
use super::index::Index;
use super::index_file;
use super::lock::Lock;
use super::new_blob;
use super::partial_blob;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::empty_blob;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull;
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::progress::Phase;
use crate::content::target::Target;
use crate::error::{Error, Kind};

/// Reads a manifest.
pub(in crate::content) fn read(
    layout: &Layout,
    target: &Target,
    options: &Options,
) -> Result<Manifest, Error> {
    let index = index_file::read(layout)?;
    let entry = match target {
        Target::Tag(tag) => Some(find_tagged(layout, &index, tag)?),
        Target::Digest(digest) => index.find(digest),
    };
    let digest = entry.as_ref().map(Descriptor::digest).or(target.digest());
    let Some(digest) = digest else {
        return Err(layout.missing("manifest"));
    };
    let media_type = entry.as_ref().map(Descriptor::media_type);
    let manifest = read_blob(layout, digest, media_type, options)?;
    if let Some(entry) = &entry {
        manifest_pull::check_size(entry, &manifest)?;
    }
    Ok(manifest)
}

/// The manifest that a tag points to.
fn find_tagged(layout: &Layout, index: &Index, tag: &str) -> Result<Descriptor, Error> {
    let mut found = index.tagged(tag);
    if found.len() > 1 {
        let (layout, count) = (layout.shown(), found.len());
        let message = format!("{layout}: {count} manifests have the tag {tag}");
        return Err(Error::new(Kind::InvalidReference, message));
    }
    let missing = || layout.missing(&format!("tag {tag}"));
    found.pop().ok_or_else(missing)
}

/// Reads a manifest whose digest is known; `None` if the layout does not have it or if
/// it is damaged. A manifest that is written replaces a damaged one.
pub(in crate::content) fn find_intact(
    layout: &Layout,
    digest: &Digest,
    media_type: Option<&str>,
    options: &Options,
) -> Result<Option<Manifest>, Error> {
    match read_blob(layout, digest, media_type, options) {
        Ok(manifest) => Ok(Some(manifest)),
        Err(error) if matches!(error.kind(), Kind::NotFound | Kind::DigestMismatch) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Reads a manifest from its blob.
pub(in crate::content) fn read_blob(
    layout: &Layout,
    digest: &Digest,
    media_type: Option<&str>,
    options: &Options,
) -> Result<Manifest, Error> {
    let bytes = blob_file::read_verified(layout, digest, options.max_manifest())?;
    Manifest::parse(bytes, media_type, digest.algorithm())
        .map_err(|error| error.with_digest(digest.as_str()))
}

/// Writes a manifest, makes tags point to it, and adds it to the index. What it
/// refers to may be missing; the empty blob is written with it.
pub(in crate::content) fn write(
    operation: &Operation,
    layout: &Arc<Layout>,
    manifest: &Manifest,
    targets: &[Target],
) -> Result<(), Error> {
    let (progress, options) = (&operation.progress, operation.options);
    let own = manifest.descriptor();
    let digest = targets
        .iter()
        .find_map(Target::digest)
        .unwrap_or(own.digest());
    let size = manifest.bytes().len() as u64;
    let name = targets.first().map_or("", Target::shown);
    progress.begin(Phase::Push, Some(own), name, Some(size))?;
    if let Some(empty) = empty_blob::digest_in(manifest) {
        new_blob::write(layout, empty, empty_blob::CONTENT, options.sync)?;
    }
    let mut is_written = new_blob::write(layout, digest, manifest.bytes(), options.sync)?;
    let entry = Descriptor::of(digest.clone(), Some(size), own.media_type().to_owned());
    is_written |= change(operation, layout, |index| {
        let mut is_changed = false;
        for target in targets {
            is_changed |= match target {
                Target::Tag(tag) => index.set_tag(&entry, tag),
                Target::Digest(_) => index.add(&entry),
            };
        }
        is_changed
    })?;
    // It may have waited for the lock.
    progress.set_phase(Phase::Push);
    match is_written {
        true => progress.end(),
        false => progress.skip(),
    }
}

/// Writes a manifest that another one refers to, without adding it to the index.
pub(in crate::content) fn write_entry(
    operation: &Operation,
    layout: &Arc<Layout>,
    manifest: &Manifest,
) -> Result<(), Error> {
    let own = manifest.descriptor();
    let digest = own.digest();
    let progress = &operation.progress;
    progress.begin(Phase::Push, Some(own), digest.short(), own.size())?;
    if let Some(empty) = empty_blob::digest_in(manifest) {
        new_blob::write(layout, empty, empty_blob::CONTENT, operation.options.sync)?;
    }
    match new_blob::write(layout, digest, manifest.bytes(), operation.options.sync)? {
        true => progress.end(),
        false => progress.skip(),
    }
}

/// Changes the index while no other process does; returns whether it changed. Removes
/// what killed processes have left behind.
fn change(
    operation: &Operation,
    layout: &Layout,
    change: impl FnOnce(&mut Index) -> bool,
) -> Result<bool, Error> {
    let _lock = lock(operation, layout)?;
    partial_blob::remove_abandoned(layout);
    index_file::change(layout, operation.options.sync, change)
}

fn lock(operation: &Operation, layout: &Layout) -> Result<Lock, Error> {
    let (limits, timeout) = (&operation.call.limits, operation.options.lock_timeout);
    Lock::acquire(layout, timeout, limits, || {
        operation.progress.set_phase(Phase::Lock);
    })
}

/// Deletes a manifest with all its tags.
pub(in crate::content) fn delete(
    operation: &Operation,
    layout: &Layout,
    digest: &Digest,
) -> Result<(), Error> {
    let is_listed = change(operation, layout, |index| index.remove(digest))?;
    if !is_listed {
        // It may be part of an index. Other blobs are no manifests.
        let found = read_blob(layout, digest, None, operation.options);
        found.map_err(|error| match error.kind() {
            Kind::InvalidManifest => error.with_kind(Kind::NotFound),
            _ => error,
        })?;
    }
    match blobs::delete(layout, digest) {
        Err(error) if is_listed && error.kind() == Kind::NotFound => Ok(()),
        deleted => deleted,
    }
}

/// Deletes a tag. The manifest stays.
pub(in crate::content) fn delete_tag(
    operation: &Operation,
    layout: &Layout,
    tag: &str,
) -> Result<(), Error> {
    match change(operation, layout, |index| index.remove_tag(tag))? {
        true => Ok(()),
        false => Err(layout.missing(&format!("tag {tag}"))),
    }
}
