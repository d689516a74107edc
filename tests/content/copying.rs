//! What the tests of copies share.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_registry::Registry;
use reggie::Error;
use reggie::content::blob_pull::to_memory;
use reggie::content::copy::copy;
use reggie::content::descriptor::Descriptor;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::{Target, pull};
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::platform::Platform;
use reggie::content::progress::{Event, Snapshot};
use reggie::content::push;
use reggie::content::repository::Repository;
use tempfile::TempDir;

use crate::documents::{descriptor, digest, entry, index, parse};
use crate::pushing::{content, memory};
use crate::repositories::{observed_every, repository};

pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// A place to copy from or to, and what keeps it.
pub(crate) enum Place {
    Registry(Registry, Repository),
    Layout {
        folder: TempDir,
        repository: Repository,
    },
}

impl Place {
    pub(crate) fn registry() -> Place {
        Place::of(Registry::start(embedded_registry::Options::default()))
    }

    pub(crate) fn of(registry: Registry) -> Place {
        let repository = repository(registry.url());
        Place::Registry(registry, repository)
    }

    pub(crate) fn layout() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Repository::open_layout(folder.path(), true).expect("a layout");
        Place::Layout { folder, repository }
    }

    /// A registry and a layout, in all combinations.
    pub(crate) fn directions() -> [(Place, Place); 4] {
        [
            (Place::registry(), Place::registry()),
            (Place::registry(), Place::layout()),
            (Place::layout(), Place::registry()),
            (Place::layout(), Place::layout()),
        ]
    }

    pub(crate) fn repository(&self) -> &Repository {
        match self {
            Place::Registry(_, repository) | Place::Layout { repository, .. } => repository,
        }
    }

    /// The directory of the layout.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Place::Layout { folder, .. } => folder.path(),
            Place::Registry(..) => panic!("not a layout"),
        }
    }

    /// The registry.
    pub(crate) fn server(&self) -> &Registry {
        match self {
            Place::Registry(registry, _) => registry,
            Place::Layout { .. } => panic!("not a registry"),
        }
    }

    /// Requests other than HEAD since the last call, as method and path. Lists of
    /// referrers are left out.
    pub(crate) fn requests(&self) -> Vec<String> {
        let Place::Registry(registry, _) = self else {
            return Vec::new();
        };
        let requests = registry.requests();
        registry.clear_requests();
        requests
            .iter()
            .filter(|request| request.method != "HEAD" && !request.target.contains("/referrers/"))
            .map(|request| format!("{} {}", request.method, request.path()))
            .collect()
    }
}

pub(crate) fn options() -> Options {
    Options::default()
}

/// Options without worker threads.
pub(crate) fn one_at_a_time() -> Options {
    let mut options = options();
    options.set_parallel(1).expect("in range");
    options
}

pub(crate) fn with_referrers() -> Options {
    let mut options = options();
    options.referrers = true;
    options
}

pub(crate) fn with_digest_tags() -> Options {
    let mut options = options();
    options.digest_tags = true;
    options
}

pub(crate) fn for_platform(platform: &str) -> Options {
    let mut options = options();
    options.platform = Some(Platform::parse(platform).expect("a platform"));
    options
}

/// Pushes a blob, and returns its descriptor as JSON.
pub(crate) fn blob(repository: &Repository, media_type: &str, bytes: &[u8]) -> String {
    push::push(repository, memory(bytes), None, &options()).expect("pushed");
    descriptor(media_type, &digest(bytes), bytes.len(), "")
}

/// The text of an image with a config and layers of these sizes, which are pushed.
pub(crate) fn image_text(repository: &Repository, unique: &str, layers: &[usize]) -> String {
    let config = format!(r#"{{"architecture":"amd64","os":"linux","author":"{unique}"}}"#);
    let config = blob(repository, CONFIG, config.as_bytes());
    let layers: Vec<String> = layers
        .iter()
        .map(|size| blob(repository, LAYER, &layer(unique, *size)))
        .collect();
    let layers = layers.join(",");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[{layers}]}}"#
    )
}

/// The content of a layer.
pub(crate) fn layer(unique: &str, size: usize) -> Vec<u8> {
    let mut bytes = content(size);
    let length = unique.len().min(size);
    bytes[..length].copy_from_slice(&unique.as_bytes()[..length]);
    bytes
}

/// An image that is pushed by its digest, or under a tag.
pub(crate) fn image(
    repository: &Repository,
    unique: &str,
    layers: &[usize],
    tags: &[&str],
) -> Manifest {
    let manifest = parse(&image_text(repository, unique, layers));
    push_manifest(repository, &manifest, tags, &options()).expect("pushed");
    manifest
}

/// An index of 4 platforms with attestations, which is pushed under a tag.
pub(crate) fn platforms(repository: &Repository, tag: &str) -> (Manifest, Vec<Manifest>) {
    let mut entries = Vec::new();
    let mut images = Vec::new();
    for platform in ["linux/amd64", "linux/arm64", "linux/arm", "windows/amd64"] {
        let found = image(repository, platform, &[100, 70_000], &[]);
        let text = String::from_utf8(found.bytes().to_vec()).expect("text");
        entries.push(entry(OCI_MANIFEST, &text, platform));
        let about = format!("attestation of {platform}");
        let attestation = image(repository, &about, &[300], &[]);
        let own = attestation.descriptor().digest().as_str();
        let more = format!(
            r#","annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{}"}},"platform":{{"os":"unknown","architecture":"unknown"}}"#,
            found.descriptor().digest().as_str()
        );
        entries.push(descriptor(
            OCI_MANIFEST,
            own,
            attestation.bytes().len(),
            &more,
        ));
        images.push(found);
        images.push(attestation);
    }
    let list = parse(&index(&entries));
    push_manifest(repository, &list, &[tag], &options()).expect("pushed");
    (list, images)
}

/// An artifact about another manifest, with a blob of its own, pushed by digest.
pub(crate) fn signature(repository: &Repository, subject: &Manifest, unique: &str) -> Manifest {
    let layer = blob(repository, "text/plain", unique.as_bytes());
    let subject = subject.descriptor();
    let size = usize::try_from(subject.size().expect("a size")).expect("small");
    let subject = descriptor(subject.media_type(), subject.digest().as_str(), size, "");
    let config = blob(repository, "sig/nature", b"{}");
    let manifest = parse(&format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"sig/nature","config":{config},"layers":[{layer}],"subject":{subject}}}"#
    ));
    push_manifest(repository, &manifest, &[], &options()).expect("pushed");
    manifest
}

/// Copies under one tag.
pub(crate) fn copy_tag(
    from: &Repository,
    to: &Repository,
    tag: &str,
    options: &Options,
) -> Result<Descriptor, Error> {
    copy(from, Some(tag), to, &[tag], options)
}

/// Asserts that a place has a manifest with all that it refers to, byte for byte.
#[track_caller]
pub(crate) fn assert_has(to: &Repository, manifest: &Manifest) {
    let digest = manifest.descriptor().digest().as_str();
    let found = pull(to, Some(digest), &options()).expect("a manifest");
    assert_eq!(found.bytes(), manifest.bytes());
    assert_eq!(
        found.descriptor().media_type(),
        manifest.descriptor().media_type()
    );
    for blob in manifest.config().into_iter().chain(manifest.layers()) {
        to_memory(to, blob, 0, usize::MAX, &options()).expect("a blob");
    }
}

/// Whether a place has a manifest.
pub(crate) fn has(to: &Repository, manifest: &Manifest) -> bool {
    let digest = manifest.descriptor().digest().as_str();
    pull(to, Some(digest), &options()).is_ok()
}

#[track_caller]
pub(crate) fn assert_tag(to: &Repository, tag: &str, manifest: &Manifest) {
    Target::parse(Some(tag), to).expect("a tag");
    let found = pull(to, Some(tag), &options()).expect("a manifest");
    assert_eq!(found.bytes(), manifest.bytes());
}

/// Options with a progress callback that keeps all events.
pub(crate) fn observed(options: Options) -> (Options, Arc<Mutex<Vec<Snapshot>>>) {
    observed_every(options, Duration::from_secs(3600))
}

/// The digests of the items with an event.
pub(crate) fn items(seen: &Mutex<Vec<Snapshot>>, event: Event) -> BTreeSet<String> {
    let seen = seen.lock().expect("no panic");
    let seen = seen.iter().filter(|snapshot| snapshot.event == event);
    seen.filter_map(|snapshot| snapshot.item.as_ref())
        .map(|item| item.digest().as_str().to_owned())
        .collect()
}

pub(crate) fn digest_of(manifest: &Manifest) -> String {
    manifest.descriptor().digest().as_str().to_owned()
}
