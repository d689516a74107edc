//! The index of a layout: its manifests and their tags.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use super::folder::{INDEX, Layout};
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::json::Json;
use crate::content::{media_type, reference};
use crate::error::{Error, Kind};

/// The maximum size of the file.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// The annotation with a tag (OCI Image Specification, Annotations).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with a full reference, by containerd, BuildKit and Docker.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The index of a layout. Members that this library does not know are preserved.
pub(crate) struct Index {
    members: Vec<(String, Json)>,
    manifests: Vec<Json>,
}

/// The tags of an index.
pub(crate) struct Tags {
    /// In order.
    pub(crate) names: Vec<String>,
    /// How many names are not valid tags.
    pub(crate) left_out: usize,
}

impl Default for Index {
    fn default() -> Index {
        let members = [
            ("schemaVersion", Json::Number("2".to_owned())),
            ("mediaType", Json::text(media_type::OCI_INDEX)),
        ];
        let members = members.map(|(name, value)| (name.to_owned(), value));
        Index {
            members: members.into(),
            manifests: Vec::new(),
        }
    }
}

impl Index {
    /// Reads the index. A layout that is being created has an empty one.
    pub(crate) fn read(layout: &Layout) -> Result<Index, Error> {
        Index::of(layout, &Index::bytes(layout)?)
    }

    /// The bytes of the index.
    pub(super) fn bytes(layout: &Layout) -> Result<Vec<u8>, Error> {
        let bytes = layout.read(Path::new(INDEX), MAX_SIZE)?;
        Ok(bytes.unwrap_or_default())
    }

    /// The index of a layout that has these bytes.
    pub(super) fn of(layout: &Layout, bytes: &[u8]) -> Result<Index, Error> {
        if bytes.is_empty() {
            return Ok(Index::default());
        }
        Index::parse(bytes).map_err(|why| layout.invalid(&format!("{INDEX}: {why}")))
    }

    fn parse(bytes: &[u8]) -> Result<Index, String> {
        let json = Json::parse(bytes).map_err(|error| error.message().to_owned())?;
        let Json::Object(mut members) = json else {
            return Err("not an object".to_owned());
        };
        let at = members.iter().rposition(|(name, _)| name == "manifests");
        let manifests = match at.map(|at| members.remove(at).1) {
            Some(Json::Array(manifests)) => manifests,
            Some(Json::Null) | None => Vec::new(),
            Some(_) => return Err("manifests is not a list".to_owned()),
        };
        members.retain(|(name, _)| name != "manifests");
        Ok(Index { members, manifests })
    }

    /// Replaces the index of a layout.
    pub(super) fn write(&self, layout: &Layout, is_synced: bool) -> Result<(), Error> {
        let mut members = self.members.clone();
        members.push(("manifests".to_owned(), Json::Array(self.manifests.clone())));
        let text = Json::Object(members).to_text();
        if is_synced {
            layout.sync_base()?;
        }
        layout.replace(Path::new(INDEX), text.as_bytes(), is_synced)
    }

    /// The valid entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = Descriptor> {
        let entries = self.manifests.iter();
        entries.filter_map(|entry| Descriptor::of_json(entry).ok())
    }

    /// The entry of a manifest.
    pub(super) fn find(&self, digest: &Digest) -> Option<Descriptor> {
        self.entries().find(|entry| entry.digest() == digest)
    }

    /// The digest of the only manifest.
    pub(crate) fn target(&self, layout: &Layout) -> Result<String, Error> {
        let digests: Vec<String> = self
            .entries()
            .map(|entry| entry.digest().as_str().to_owned())
            .collect();
        let count = digests.iter().collect::<HashSet<_>>().len();
        match digests.into_iter().next() {
            Some(only) if count == 1 => Ok(only),
            None => Err(layout.missing("manifest")),
            _ => {
                let layout = layout.shown();
                let message = format!("{layout}: {count} manifests; a tag or digest is required");
                Err(Error::new(Kind::InvalidReference, message))
            }
        }
    }

    /// The manifest that a tag points to.
    pub(super) fn tagged(&self, layout: &Layout, tag: &str) -> Result<Descriptor, Error> {
        let has_tag = |entry: &&Json| tag_of(entry).as_deref() == Some(tag);
        let entries = self.manifests.iter().filter(has_tag);
        let found: Vec<Descriptor> = entries
            .filter_map(|entry| Descriptor::of_json(entry).ok())
            .collect();
        let digests: BTreeSet<&str> = found.iter().map(|entry| entry.digest().as_str()).collect();
        if digests.len() > 1 {
            // Images of several repositories, exported together.
            let (layout, count) = (layout.shown(), digests.len());
            let message = format!("{layout}: {count} manifests have the tag {tag}");
            return Err(Error::new(Kind::InvalidReference, message));
        }
        let missing = || layout.missing(&format!("tag {tag}"));
        found.into_iter().next().ok_or_else(missing)
    }

    /// All tags.
    pub(crate) fn tags(&self) -> Tags {
        let named = self.manifests.iter().filter(|entry| is_named(entry));
        let tags: Vec<Option<String>> = named.map(tag_of).collect();
        let left_out = tags.iter().filter(|tag| tag.is_none()).count();
        let names: BTreeSet<String> = tags.into_iter().flatten().collect();
        Tags {
            names: names.into_iter().collect(),
            left_out,
        }
    }

    /// Adds a manifest unless it is listed; returns whether it was added.
    pub(super) fn add(&mut self, manifest: &Descriptor) -> bool {
        let is_new = self.find(manifest.digest()).is_none();
        if is_new {
            self.manifests.push(entry_of(manifest, None));
        }
        is_new
    }

    /// Makes a tag point to a manifest. Returns whether that changes anything.
    pub(super) fn set_tag(&mut self, manifest: &Descriptor, tag: &str) -> bool {
        let has_tag = |entry: &Json| tag_of(entry).as_deref() == Some(tag);
        let mut tagged = self.manifests.iter().filter(|entry| has_tag(entry));
        if let (Some(only), None) = (tagged.next(), tagged.next())
            && is_of(only, manifest.digest())
        {
            return false;
        }
        self.remove_tag(tag);
        let entry = entry_of(manifest, Some(tag));
        let digest = manifest.digest();
        let untagged = |known: &Json| is_of(known, digest) && !is_named(known);
        match self.manifests.iter().position(untagged) {
            Some(at) => self.manifests[at] = entry,
            None => self.manifests.push(entry),
        }
        true
    }

    /// Removes a tag, and returns whether it was there. Its manifest stays.
    pub(super) fn remove_tag(&mut self, tag: &str) -> bool {
        let mut is_found = false;
        for at in (0..self.manifests.len()).rev() {
            let mut is_changed = false;
            while tag_of(&self.manifests[at]).as_deref() == Some(tag) {
                is_changed = true;
                let name = match annotation(&self.manifests[at], REF_NAME) {
                    Some(_) => REF_NAME,
                    None => IMAGE_NAME,
                };
                remove_annotation(&mut self.manifests[at], name);
            }
            let is_same = |other: &Json| match Descriptor::of_json(&self.manifests[at]) {
                Ok(own) => is_of(other, own.digest()),
                Err(_) => false,
            };
            let others = self.manifests.iter().enumerate();
            let mut others = others.filter(|(other, _)| *other != at);
            let is_needless = is_changed
                && !is_named(&self.manifests[at])
                && others.any(|(_, other)| is_same(other));
            if is_needless {
                self.manifests.remove(at);
            }
            is_found |= is_changed;
        }
        is_found
    }

    /// Removes a manifest with all its tags, and returns whether it was there.
    pub(super) fn remove(&mut self, digest: &Digest) -> bool {
        let before = self.manifests.len();
        self.manifests.retain(|entry| !is_of(entry, digest));
        self.manifests.len() < before
    }
}

fn entry_of(manifest: &Descriptor, tag: Option<&str>) -> Json {
    let (digest, media_type) = (manifest.digest().clone(), manifest.media_type());
    let mut entry = Descriptor::of(digest, manifest.size(), media_type.to_owned());
    if let Some(tag) = tag {
        // Only an empty name is an error.
        let _ = entry.set_annotation(REF_NAME, Some(tag));
    }
    entry.to_json()
}

fn is_of(entry: &Json, digest: &Digest) -> bool {
    entry.member("digest").and_then(Json::string) == Some(digest.as_str())
}

fn annotation<'a>(entry: &'a Json, name: &str) -> Option<&'a str> {
    let value = entry.member("annotations")?.member(name)?.string();
    value.filter(|value| !value.is_empty())
}

fn remove_annotation(entry: &mut Json, name: &str) {
    let Json::Object(members) = entry else {
        return;
    };
    for (key, value) in members.iter_mut() {
        if let ("annotations", Json::Object(annotations)) = (key.as_str(), value) {
            annotations.retain(|(known, _)| known != name);
        }
    }
    members.retain(|(key, value)| key != "annotations" || *value != Json::Object(Vec::new()));
}

/// Whether an entry has a name, valid as a tag or not.
fn is_named(entry: &Json) -> bool {
    [REF_NAME, IMAGE_NAME]
        .iter()
        .any(|name| annotation(entry, name).is_some())
}

/// The tag of an entry: its name, or that of the reference that it is.
fn tag_of(entry: &Json) -> Option<String> {
    let name = annotation(entry, REF_NAME).or_else(|| annotation(entry, IMAGE_NAME))?;
    if reference::check_tag(name).is_ok() {
        return Some(name.to_owned());
    }
    let name = name.split('@').next().unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    let (_, tag) = last.rsplit_once(':')?;
    reference::check_tag(tag).is_ok().then(|| tag.to_owned())
}
