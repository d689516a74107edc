//! The referrers tag: the list of referrers in registries without the referrers
//! API (OCI Distribution Specification, Referrers Tag Schema).

use super::descriptor::Descriptor;
use super::json::Json;
use super::manifest::Manifest;
use super::manifest_pull::{self, Target};
use super::media_type;
use super::referrers_support::{has_code, is_index};
use super::tag_lock::TagLock;
use super::task::{self, Task};
use crate::body::digest::{Algorithm, Digest, of_bytes};
use crate::error::{Error, Kind};
use crate::http::json;
use crate::request::response::Response;

/// How often a list is read again after it was written.
const REREADS: usize = 3;
/// The number of hexadecimal digits of the tag; those of longer digests are cut off.
const HEX: usize = 64;

/// What the referrers tag of a subject points to.
pub(super) enum Tagged {
    Nothing,
    /// Something other than a list of referrers.
    Content(&'static str),
    Index(Index),
}

/// A list of referrers.
#[derive(Debug, Default)]
pub(super) struct Index {
    text: String,
    etag: Option<Vec<u8>>,
}

/// A change of a list.
pub(super) enum Change<'a> {
    /// A manifest is in the list.
    Add(&'a Manifest),
    /// A manifest is not in the list.
    Remove(&'a Digest),
    /// The entries of another list are in the list.
    Merge(&'a Index),
}

/// The result of a merge.
pub(super) struct Merged {
    /// The list of the tag had to be changed.
    pub(super) is_changed: bool,
    /// It is the list that was merged, without other entries.
    pub(super) is_same: bool,
}

/// The referrers tag of a subject.
fn tag(subject: &Digest) -> String {
    tag_of(subject.algorithm(), subject.hex())
}

fn tag_of(algorithm: Algorithm, hex: &str) -> String {
    format!("{}-{}", algorithm.name(), &hex[..HEX.min(hex.len())])
}

/// The algorithm of the subject, if a tag is a referrers tag.
fn algorithm_of(tag: &str) -> Option<Algorithm> {
    let (algorithm, hex) = tag.split_once('-')?;
    let is_hex = hex.len() == HEX
        && hex
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    Algorithm::from_name(algorithm).ok().filter(|_| is_hex)
}

/// Whether a tag is the referrers tag of some subject.
pub(super) fn is_referrers_tag(tag: &str) -> bool {
    algorithm_of(tag).is_some()
}

/// Reads the referrers tag of a subject.
pub(super) fn read(task: &Task, subject: &Digest) -> Result<Tagged, Error> {
    read_tag(task, &tag(subject))
}

fn read_tag(task: &Task, tag: &str) -> Result<Tagged, Error> {
    let target = Target::Tag(tag.to_owned());
    // Any type is accepted: content that is not an index must not be replaced.
    let mut request = manifest_pull::request(task, "GET", &target)?;
    request.max_body = Some(task.options.manifest_limit());
    let response = task.send(&mut request)?;
    if response.status() == 404 && !has_code(&response, "NAME_UNKNOWN") {
        return Ok(Tagged::Nothing);
    }
    task::check(&response)?;
    let digest = algorithm_of(tag).map(|algorithm| of_bytes(algorithm, response.body()));
    let digest = digest.and_then(|digest| Digest::parse(&digest).ok());
    if digest.is_some_and(|digest| self::tag(&digest) == tag) {
        // GitLab takes such a tag for the digest.
        return Ok(Tagged::Content("the subject itself"));
    }
    if !is_index(&response) {
        return Ok(Tagged::Content("not an image index"));
    }
    let index = Index::read(&response)?;
    Ok(Tagged::Index(index))
}

/// Changes the list of the referrers of a subject.
pub(super) fn update(task: &Task, subject: &Digest, change: &Change) -> Result<(), Error> {
    update_tag(task, &tag(subject), change).map(|_| ())
}

/// Adds the entries of a list to that of a referrers tag; without one, the tag
/// points to the list.
pub(super) fn merge(task: &Task, tag: &str, list: &Manifest) -> Result<Merged, Error> {
    let index = Index {
        text: String::from_utf8_lossy(list.bytes()).into_owned(),
        etag: None,
    };
    let (found, is_changed) = update_tag(task, tag, &Change::Merge(&index))?;
    let is_same = found.is_some_and(|found| found.text == index.text.trim_ascii());
    Ok(Merged {
        is_changed,
        is_same,
    })
}

/// Changes a list. Returns the list, and whether it had to be changed.
fn update_tag(task: &Task, tag: &str, change: &Change) -> Result<(Option<Index>, bool), Error> {
    let _lock = TagLock::acquire(task, tag)?;
    let mut status = 0;
    for round in 0..=REREADS {
        if round > 1 {
            // Others write the tag too, or the registry does not show it yet.
            task.client().wait_for_retry(&task.call, task.retries())?;
        }
        let index = match read_tag(task, tag)? {
            Tagged::Nothing => Index::default(),
            Tagged::Index(index) => index,
            Tagged::Content(what) => match change {
                Change::Add(_) | Change::Merge(_) => return Err(not_a_list(task, tag, what)),
                Change::Remove(_) => return Ok((None, false)),
            },
        };
        let Some(text) = index.changed(change) else {
            return Ok((Some(index), round > 0));
        };
        if round == REREADS {
            break;
        }
        status = write(task, tag, &text, index.etag.as_deref())?;
    }
    let registry = task.client().address();
    let message = format!("{registry}: referrers tag {tag}: changed repeatedly by other clients");
    Err(Error::new(Kind::HttpStatus, message).with_http_status(status))
}

/// Writes a list, unless another client has changed it. Returns the HTTP status.
fn write(task: &Task, tag: &str, text: &str, etag: Option<&[u8]>) -> Result<u16, Error> {
    let mut request = task.request("PUT", manifest_pull::PATH)?;
    request.set_reference(tag)?;
    request.set_header("Content-Type", media_type::OCI_INDEX.as_bytes())?;
    if let Some(etag) = etag {
        request.set_header("If-Match", etag)?;
    }
    request.set_body(text.as_bytes().to_vec());
    let response = task.send(&mut request)?;
    if response.status() != 412 {
        task::check(&response)?;
    }
    Ok(response.status())
}

fn not_a_list(task: &Task, tag: &str, what: &str) -> Error {
    let registry = task.client().address();
    let message = format!("{registry}: referrers tag {tag}: points to {what}");
    Error::new(Kind::Unsupported, message)
}

impl Index {
    pub(super) fn size(&self) -> usize {
        self.text.len()
    }

    fn read(response: &Response) -> Result<Index, Error> {
        let invalid = |problem: &str| {
            let message = format!("{}: list of referrers: {problem}", response.host());
            Error::new(Kind::InvalidManifest, message).with_host(response.host())
        };
        let json = Json::parse(response.body()).map_err(|error| invalid(error.message()))?;
        match (&json, json.member("manifests")) {
            (Json::Object(_), None | Some(Json::Array(_))) => {}
            _ => return Err(invalid("manifests is not a list")),
        }
        let text = String::from_utf8_lossy(response.body());
        // A weak one matches nothing (RFC 9110, section 13.1.1).
        let etag = response.headers().get("etag");
        let etag = etag.filter(|etag| etag.starts_with(b"\""));
        Ok(Index {
            text: text.trim_ascii().to_owned(),
            etag: etag.map(<[u8]>::to_vec),
        })
    }

    /// The valid entries.
    pub(super) fn entries(&self) -> Vec<Descriptor> {
        let entries = self.raw_entries();
        entries.into_iter().filter_map(descriptor).collect()
    }

    fn raw_entries(&self) -> Vec<&str> {
        let members = json::members(&self.text);
        let list = members.iter().rfind(|(name, _)| name == "manifests");
        list.map_or_else(Vec::new, |(_, list)| json::elements(list))
    }

    /// The list after a change; `None` if that changes nothing. Other entries and
    /// members keep their bytes.
    fn changed(&self, change: &Change) -> Option<String> {
        let (digest, added) = match change {
            Change::Add(manifest) => (manifest.descriptor().digest(), Some(entry_of(manifest))),
            Change::Remove(digest) => (*digest, None),
            Change::Merge(list) => return self.merged(list),
        };
        let before = self.raw_entries();
        let is_same =
            |entry: &&str| descriptor(entry).is_some_and(|known| known.digest() == digest);
        let present: Vec<&str> = before.iter().copied().filter(is_same).collect();
        let is_unchanged = match (&added, present.as_slice()) {
            (None, []) => true,
            (Some(added), [present]) => descriptor(added) == descriptor(present),
            _ => false,
        };
        if is_unchanged {
            return None;
        }
        let kept = before.into_iter().filter(|entry| !is_same(entry));
        let entries: Vec<&str> = kept.chain(added.as_deref()).collect();
        Some(self.with_entries(&entries))
    }

    /// The list with the entries of another one that it does not have; `None` if it
    /// has all.
    fn merged(&self, other: &Index) -> Option<String> {
        if self.text.is_empty() {
            return Some(other.text.clone());
        }
        let known = self.entries();
        let is_new = |entry: &&str| {
            let new = descriptor(entry);
            new.is_some_and(|new| known.iter().all(|known| known.digest() != new.digest()))
        };
        let added: Vec<&str> = other.raw_entries().into_iter().filter(is_new).collect();
        if added.is_empty() {
            return None;
        }
        let entries: Vec<&str> = self.raw_entries().into_iter().chain(added).collect();
        Some(self.with_entries(&entries))
    }

    fn with_entries(&self, entries: &[&str]) -> String {
        let list = format!("[{}]", entries.join(","));
        let members = json::members(&self.text);
        let mut members: Vec<(&str, &str)> = members
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .filter(|(name, _)| *name != "manifests")
            .collect();
        let media_type = json::quote(media_type::OCI_INDEX);
        if members.is_empty() {
            members = vec![("schemaVersion", "2"), ("mediaType", &media_type)];
        }
        members.push(("manifests", &list));
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", json::quote(name)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

fn descriptor(entry: &str) -> Option<Descriptor> {
    let json = Json::parse(entry.as_bytes()).ok()?;
    Descriptor::of_json(&json).ok()
}

/// The entry for a manifest: its descriptor with its own artifact type and
/// annotations.
fn entry_of(manifest: &Manifest) -> String {
    let descriptor = manifest.descriptor();
    let mut members = vec![
        ("mediaType", json::quote(descriptor.media_type())),
        ("digest", json::quote(descriptor.digest().as_str())),
        ("size", manifest.bytes().len().to_string()),
    ];
    if let Some(artifact_type) = manifest.artifact_type() {
        members.push(("artifactType", json::quote(artifact_type)));
    }
    let annotations = manifest.annotations();
    let annotations: Vec<String> = (0..annotations.count())
        .filter_map(|index| annotations.at(index))
        .map(|(name, value)| format!("{}:{}", json::quote(name), json::quote(value)))
        .collect();
    if !annotations.is_empty() {
        members.push(("annotations", format!("{{{}}}", annotations.join(","))));
    }
    let members: Vec<String> = members
        .iter()
        .map(|(name, value)| format!("{}:{value}", json::quote(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}
