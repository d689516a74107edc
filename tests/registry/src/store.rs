//! The contents of the registry.

use crate::content::Content;
use crate::digest::{Algorithm, Digest, Hasher};
use crate::text::random_hex;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

/// All repositories and open uploads.
#[derive(Default)]
pub(crate) struct Store {
    pub(crate) repositories: BTreeMap<String, Repository>,
    uploads: HashMap<String, (String, SharedUpload)>,
}

/// An upload; locked while a request writes to it.
pub(crate) type SharedUpload = Arc<Mutex<Upload>>;

/// One repository.
#[derive(Default)]
pub(crate) struct Repository {
    pub(crate) blobs: HashMap<Digest, Content>,
    pub(crate) manifests: BTreeMap<Digest, Manifest>,
    pub(crate) tags: BTreeMap<String, Digest>,
}

/// A manifest and what the registry parsed of it.
#[derive(Clone)]
pub(crate) struct Manifest {
    pub(crate) media_type: String,
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) subject: Option<Digest>,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: Option<Value>,
}

impl Manifest {
    /// Parses what the referrers list needs; nothing if it is not JSON.
    pub(crate) fn new(media_type: &str, bytes: Vec<u8>) -> Self {
        let value: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |value: &Value| {
            value
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Manifest {
            media_type: media_type.to_owned(),
            subject: value["subject"]["digest"].as_str().and_then(Digest::parse),
            artifact_type: text(&value["artifactType"])
                .or_else(|| text(&value["config"]["mediaType"])),
            annotations: value.get("annotations").filter(|a| a.is_object()).cloned(),
            bytes: Arc::new(bytes),
        }
    }
}

/// An open upload.
pub(crate) struct Upload {
    len: u64,
    bytes: Vec<u8>,
    hasher: Hasher,
    /// Content longer than this is not kept.
    keep_max: u64,
    /// A chunk below the minimum length arrived, which must be the last one.
    pub(crate) ended: bool,
}

impl Upload {
    pub(crate) fn new(keep_max: u64) -> Self {
        Upload {
            len: 0,
            bytes: Vec::new(),
            hasher: Hasher::new(Algorithm::Sha256),
            keep_max,
            ended: false,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn append(&mut self, piece: &[u8]) {
        // Hash while the data is in the cache; a second pass would be slower.
        self.hasher.update(piece);
        self.len += piece.len() as u64;
        if self.len <= self.keep_max {
            self.bytes.extend_from_slice(piece);
        } else {
            self.bytes = Vec::new();
        }
    }

    /// Takes the content and its digest. Content that was not kept has only a
    /// sha256 digest.
    pub(crate) fn finish(&mut self, algorithm: Algorithm) -> (Content, Digest) {
        let finished = std::mem::replace(self, Upload::new(self.keep_max));
        let kept = finished.len <= finished.keep_max;
        let digest = match algorithm {
            Algorithm::Sha512 if kept => Digest::of(algorithm, &finished.bytes),
            _ => finished.hasher.finish(),
        };
        let content = if kept {
            Content::held(finished.bytes)
        } else {
            Content::Forgotten { len: finished.len }
        };
        (content, digest)
    }
}

impl Store {
    pub(crate) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }

    pub(crate) fn repository_mut(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(crate) fn blob(&self, name: &str, digest: &Digest) -> Option<Content> {
        self.repository(name)?.blobs.get(digest).cloned()
    }

    pub(crate) fn put_blob(&mut self, name: &str, digest: Digest, content: Content) {
        self.repository_mut(name).blobs.insert(digest, content);
    }

    /// The manifest with a tag or digest.
    pub(crate) fn manifest(&self, name: &str, reference: &str) -> Option<(Digest, Manifest)> {
        let repository = self.repository(name)?;
        let digest = match Digest::parse(reference) {
            Some(digest) => digest,
            None => repository.tags.get(reference)?.clone(),
        };
        let manifest = repository.manifests.get(&digest)?.clone();
        Some((digest, manifest))
    }

    /// Opens an upload and returns its id.
    pub(crate) fn open_upload(&mut self, name: &str, keep_max: u64) -> String {
        let id = random_hex(16);
        let upload = Arc::new(Mutex::new(Upload::new(keep_max)));
        self.uploads.insert(id.clone(), (name.to_owned(), upload));
        id
    }

    pub(crate) fn upload(&self, name: &str, id: &str) -> Option<SharedUpload> {
        let (owner, upload) = self.uploads.get(id)?;
        (owner == name).then(|| Arc::clone(upload))
    }

    pub(crate) fn close_upload(&mut self, id: &str) -> bool {
        self.uploads.remove(id).is_some()
    }

    pub(crate) fn open_uploads(&self) -> usize {
        self.uploads.len()
    }
}
