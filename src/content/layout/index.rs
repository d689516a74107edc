//! The index of a layout: its manifests and their tags.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::json::Json;
use crate::content::json_text::separate;
use crate::content::{media_type, reference};
use crate::http::json::quote;

/// The annotation with a tag (OCI Image Specification, Annotations).
const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The annotation with a full reference, by containerd, BuildKit and Docker.
const IMAGE_NAME: &str = "io.containerd.image.name";

/// The index of a layout. Members that this library does not know are preserved. Clones
/// share them and the entries.
#[derive(Clone)]
pub(crate) struct Index {
    members: Arc<Vec<(String, Json)>>,
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
            members: Arc::new(members.into()),
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
        Ok(Index {
            members: Arc::new(members),
            manifests,
        })
    }

    /// The index as JSON.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from("{");
        for (name, value) in self.members.iter() {
            text.push_str(&quote(name));
            text.push(':');
            value.write(&mut text);
            text.push(',');
        }
        text.push_str("\"manifests\":[");
        for (number, entry) in self.manifests.iter().enumerate() {
            separate(&mut text, number);
            entry.write(&mut text);
        }
        text.push_str("]}");
        text
    }

    /// The valid entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = Descriptor> {
        let entries = self.manifests.iter();
        entries.filter_map(|entry| Descriptor::of_json(entry).ok())
    }

    /// The entry of a manifest.
    pub(super) fn find(&self, digest: &Digest) -> Option<Descriptor> {
        let mut entries = self.manifests.iter().filter(|entry| is_of(entry, digest));
        entries.find_map(|entry| Descriptor::of_json(entry).ok())
    }

    /// The manifests that a tag points to: more than one if images of several
    /// repositories were exported together.
    pub(super) fn tagged(&self, tag: &str) -> Vec<Descriptor> {
        let entries = self.manifests.iter().filter(|entry| has_tag(entry, tag));
        let entries = entries.filter_map(|entry| Descriptor::of_json(entry).ok());
        let mut seen = HashSet::new();
        entries
            .filter(|entry| seen.insert(entry.digest().as_str().to_owned()))
            .collect()
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
            && Descriptor::of_json(only).is_ok()
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
        let entries = self.manifests.iter().enumerate();
        let tagged = entries.filter(|(_, entry)| has_tag(entry, tag));
        let tagged: Vec<usize> = tagged.map(|(at, _)| at).collect();
        if tagged.is_empty() {
            return false;
        }
        let mut counts = HashMap::new();
        for digest in self.manifests.iter().filter_map(|entry| digest_of(entry)) {
            *counts.entry(digest.to_owned()).or_insert(0) += 1;
        }
        let mut needless = HashSet::new();
        for &at in tagged.iter().rev() {
            while has_tag(&self.manifests[at], tag) {
                let name = match annotation(&self.manifests[at], REF_NAME) {
                    Some(_) => REF_NAME,
                    None => IMAGE_NAME,
                };
                remove_annotation(Arc::make_mut(&mut self.manifests[at]), name);
            }
            let entry = &self.manifests[at];
            let count = digest_of(entry).and_then(|digest| counts.get_mut(digest));
            if let Some(count @ 2..) = count
                && !is_named(entry)
                && Descriptor::of_json(entry).is_ok()
            {
                *count -= 1;
                needless.insert(at);
            }
        }
        let mut entries = 0..self.manifests.len();
        self.manifests
            .retain(|_| entries.next().is_none_or(|at| !needless.contains(&at)));
        true
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
    digest_of(entry) == Some(digest.as_str())
}

fn digest_of(entry: &Json) -> Option<&str> {
    entry.member("digest").and_then(Json::string)
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
