//! The referrers of a manifest of a layout.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use super::folder::Layout;
use super::index_file;
use super::manifests;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::manifest::Manifest;
use crate::content::operation::Operation;
use crate::error::{Error, Kind};

/// How many indexes may be nested.
const MAX_NESTED: usize = 4;

/// The referrers by the digests of their subjects.
type Lists = HashMap<String, Vec<Descriptor>>;

/// The referrers of layouts. To find them, all manifests are read; while the index does
/// not change, this is done once.
#[derive(Default)]
pub(in crate::content) struct Cache(Mutex<HashMap<Key, State>>);

/// What identifies the layout, and the limit for manifests.
type Key = (String, usize);

/// The referrers of a layout, and the index in which they were found.
struct State {
    index: Vec<u8>,
    lists: Lists,
}

impl Cache {
    /// The same as [`of`].
    pub(in crate::content) fn of(
        &self,
        operation: &Operation,
        layout: &Layout,
        subject: &Digest,
    ) -> Result<Vec<Descriptor>, Error> {
        let key = (layout.identity()?, operation.options.max_manifest());
        // While one thread reads the manifests, the others wait.
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = index_file::bytes(layout)?;
        if known.get(&key).is_none_or(|known| known.index != index) {
            let lists = lists(operation, layout, &index)?;
            known.insert(key.clone(), State { index, lists });
        }
        let found = known.get(&key);
        let found = found.and_then(|known| known.lists.get(subject.as_str()));
        Ok(found.cloned().unwrap_or_default())
    }
}

/// The manifests that have a subject, among those of the index and of the indexes
/// in it: some programs list referrers in an index of their own.
pub(in crate::content) fn of(
    operation: &Operation,
    layout: &Layout,
    subject: &Digest,
) -> Result<Vec<Descriptor>, Error> {
    let index = index_file::bytes(layout)?;
    let mut lists = lists(operation, layout, &index)?;
    Ok(lists.remove(subject.as_str()).unwrap_or_default())
}

/// All referrers of a layout whose index has these bytes.
fn lists(operation: &Operation, layout: &Layout, index: &[u8]) -> Result<Lists, Error> {
    let entries = index_file::parse(layout, index)?;
    let mut queue: VecDeque<(Descriptor, usize)> =
        entries.entries().map(|entry| (entry, 0)).collect();
    let mut seen = HashSet::new();
    let mut found = Lists::new();
    while let Some((entry, nested)) = queue.pop_front() {
        operation.check()?;
        if !seen.insert(entry.digest().as_str().to_owned()) {
            continue;
        }
        let media_type = Some(entry.media_type());
        let manifest = manifests::read_blob(layout, entry.digest(), media_type, operation.options);
        let manifest = match manifest {
            Ok(manifest) => manifest,
            Err(error) if is_skipped(&error) => continue,
            Err(error) => return Err(error),
        };
        if let Some(subject) = manifest.subject() {
            let subject = subject.digest().as_str().to_owned();
            found.entry(subject).or_default().push(referrer(&manifest));
        }
        if nested < MAX_NESTED {
            let entries = manifest.entries().iter().cloned();
            queue.extend(entries.map(|entry| (entry, nested + 1)));
        }
    }
    Ok(found)
}

/// Whether an entry is skipped because it is missing, damaged or no manifest.
fn is_skipped(error: &Error) -> bool {
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
