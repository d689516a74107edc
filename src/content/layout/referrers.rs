//! The referrers of a manifest of a layout.

use std::collections::{HashSet, VecDeque};

use super::folder::Layout;
use super::index::Index;
use super::manifests;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::manifest::Manifest;
use crate::content::operation::Operation;
use crate::error::{Error, Kind};

/// How many indexes may be nested.
const MAX_NESTED: usize = 4;

/// The manifests that have a subject, among those of the index and of the indexes
/// in it: some programs list referrers in an index of their own.
pub(in crate::content) fn of(
    operation: &Operation,
    layout: &Layout,
    subject: &Digest,
) -> Result<Vec<Descriptor>, Error> {
    let entries = Index::read(layout)?;
    let mut queue: VecDeque<(Descriptor, usize)> =
        entries.entries().map(|entry| (entry, 0)).collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    while let Some((entry, nested)) = queue.pop_front() {
        operation.check()?;
        if !seen.insert(entry.digest().as_str().to_owned()) {
            continue;
        }
        let media_type = Some(entry.media_type());
        let manifest = manifests::read_blob(layout, entry.digest(), media_type, operation.options);
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) if is_no_manifest(&error) => continue,
            Err(error) => return Err(error),
        };
        if manifest
            .subject()
            .is_some_and(|found| found.digest() == subject)
        {
            found.push(referrer(&manifest));
        }
        if nested < MAX_NESTED {
            let entries = manifest.entries().iter().cloned();
            queue.extend(entries.map(|entry| (entry, nested + 1)));
        }
    }
    Ok(found)
}

/// What is missing or damaged is no referrer.
fn is_no_manifest(error: &Error) -> bool {
    matches!(
        error.kind(),
        Kind::NotFound
            | Kind::InvalidManifest
            | Kind::Unsupported
            | Kind::BodyTooLarge
            | Kind::DigestMismatch
    )
}

/// The descriptor of a manifest, with its annotations.
fn referrer(manifest: &Manifest) -> Descriptor {
    let mut descriptor = manifest.descriptor().clone();
    descriptor.set_annotations(manifest.annotations().clone());
    descriptor
}
