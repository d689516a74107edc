//! The index of a layout: its manifests and their tags.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::json::Json;
use crate::content::{json_text, media_type, reference};

/// The annotation with a tag (OCI Image Specification, Annotations).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with a full reference, by containerd, BuildKit and Docker.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The index of a layout. Members that this library does not know are preserved. A copy
/// is cheap.
#[derive(Clone)]
pub(crate) struct Index {
    members: Vec<(String, Json)>,
    manifests: Vec<Arc<Json>>,
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
    /// Parses an index.
    pub(super) fn parse(bytes: &[u8]) -> Result<Index, String> {
        let json = Json::parse(bytes).map_err(|error| error.message().to_owned())?;
        let Json::Object(mut members) = json else {
            return Err("not an object".to_owned());
        };
        let at = members.iter().rposition(|(name, _)| name == "manifests");
        let manifests = match at.map(|at| members.remove(at).1) {
            Some(Json::Array(manifests)) => manifests.into_iter().map(Arc::new).collect(),
            Some(Json::Null) | None => Vec::new(),
            Some(_) => return Err("manifests is not a list".to_owned()),
        };
        members.retain(|(name, _)| name != "manifests");
        Ok(Index { members, manifests })
    }

    /// The index as JSON.
    pub(super) fn to_text(&self) -> String {
        let manifests = self.manifests.iter().map(|entry| entry.to_text());
        let manifests = ("manifests", json_text::array(manifests));
        let members = self.members.iter();
        let members = members.map(|(name, value)| (name.as_str(), value.to_text()));
        json_text::object(members.chain([manifests]))
    }

    /// The valid entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = Descriptor> {
        let entries = self.manifests.iter();
        entries.filter_map(|entry| Descriptor::of_json(entry).ok())
    }

    /// The entry of a manifest.
    pub(super) fn find(&self, digest: &Digest) -> Option<Descriptor> {
        let entries = self.manifests.iter().filter(|entry| is_of(entry, digest));
        entries
            .filter_map(|entry| Descriptor::of_json(entry).ok())
            .next()
    }

    /// The manifests that a tag points to: more than one if images of several
    /// repositories were exported together.
    pub(super) fn tagged(&self, tag: &str) -> Vec<Descriptor> {
        let entries = self.manifests.iter().filter(|entry| has_tag(entry, tag));
        let mut found: Vec<Descriptor> = Vec::new();
        for entry in entries.filter_map(|entry| Descriptor::of_json(entry).ok()) {
            if found.iter().all(|known| known.digest() != entry.digest()) {
                found.push(entry);
            }
        }
        found
    }

    /// All tags.
    pub(crate) fn tags(&self) -> Tags {
        let named = self.manifests.iter().filter(|entry| is_named(entry));
        let tags: Vec<Option<&str>> = named.map(|entry| tag_of(entry)).collect();
        let left_out = tags.iter().filter(|tag| tag.is_none()).count();
        let names: BTreeSet<&str> = tags.into_iter().flatten().collect();
        Tags {
            names: names.into_iter().map(str::to_owned).collect(),
            left_out,
        }
    }

    /// Adds a manifest unless it is listed; returns whether it was added.
    pub(super) fn add(&mut self, manifest: &Descriptor) -> bool {
        let is_new = self.find(manifest.digest()).is_none();
        if is_new {
            self.manifests.push(Arc::new(entry_of(manifest, None)));
        }
        is_new
    }

    /// Makes a tag point to a manifest. Returns whether that changes anything.
    pub(super) fn set_tag(&mut self, manifest: &Descriptor, tag: &str) -> bool {
        let mut tagged = self.manifests.iter().filter(|entry| has_tag(entry, tag));
        if let (Some(only), None) = (tagged.next(), tagged.next())
            && is_of(only, manifest.digest())
        {
            return false;
        }
        self.remove_tag(tag);
        let entry = Arc::new(entry_of(manifest, Some(tag)));
        let digest = manifest.digest();
        let untagged = |known: &Arc<Json>| is_of(known, digest) && !is_named(known);
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
            while has_tag(&self.manifests[at], tag) {
                is_changed = true;
                let name = match annotation(&self.manifests[at], REF_NAME) {
                    Some(_) => REF_NAME,
                    None => IMAGE_NAME,
                };
                remove_annotation(Arc::make_mut(&mut self.manifests[at]), name);
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

fn has_tag(entry: &Json, tag: &str) -> bool {
    tag_of(entry) == Some(tag)
}

/// The tag of an entry: its name, or that of the reference that it is.
fn tag_of(entry: &Json) -> Option<&str> {
    let name = annotation(entry, REF_NAME).or_else(|| annotation(entry, IMAGE_NAME))?;
    if reference::check_tag(name).is_ok() {
        return Some(name);
    }
    let name = name.split('@').next().unwrap_or(name);
    let last = name.rsplit('/').next().unwrap_or(name);
    let (_, tag) = last.rsplit_once(':')?;
    reference::check_tag(tag).is_ok().then_some(tag)
}
