//! Manifests, and where they are pushed to and pulled from.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_registry::Registry;
use reggie::content::manifest::{DEFAULT_MAX_SIZE, Manifest};
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::content::repository::Repository;

use crate::repositories::observed_every;
pub(crate) use crate::repositories::{NAME, config, digest, repository, repository_with};

/// The digest of `{}`.
pub(crate) const EMPTY: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

/// A repository of the embedded registry.
pub(crate) fn embedded(registry: &Registry) -> Repository {
    repository(registry.url())
}

pub(crate) fn descriptor(media_type: &str, digest: &str, size: usize, more: &str) -> String {
    format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}{more}}}"#)
}

/// An artifact whose only content is the empty blob. `more` are members that begin
/// with a comma.
pub(crate) fn artifact(artifact_type: &str, more: &str) -> String {
    let empty = descriptor("application/vnd.oci.empty.v1+json", EMPTY, 2, "");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"{artifact_type}","config":{empty},"layers":[{empty}]{more}}}"#
    )
}

/// An artifact about another manifest.
pub(crate) fn referrer(artifact_type: &str, subject: &Manifest, unique: &str) -> Manifest {
    let subject = subject.descriptor();
    let size = usize::try_from(subject.size().expect("a size")).expect("small");
    let subject = descriptor(subject.media_type(), subject.digest().as_str(), size, "");
    let more = format!(r#","subject":{subject},"annotations":{{"unique":"{unique}"}}"#);
    parse(&artifact(artifact_type, &more))
}

pub(crate) fn index(entries: &[String]) -> String {
    let entries = entries.join(",");
    format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{entries}]}}"#)
}

/// The entry of an index for a platform such as `linux/amd64`.
pub(crate) fn entry(media_type: &str, bytes: &str, platform: &str) -> String {
    let (os, architecture) = platform.split_once('/').expect("a platform");
    let platform = format!(r#","platform":{{"os":"{os}","architecture":"{architecture}"}}"#);
    descriptor(
        media_type,
        &digest(bytes.as_bytes()),
        bytes.len(),
        &platform,
    )
}

pub(crate) fn parse(text: &str) -> Manifest {
    Manifest::parse_up_to(text.as_bytes(), None, DEFAULT_MAX_SIZE).expect("a valid manifest")
}

/// Options with a progress callback, and the events that it gets.
pub(crate) fn observed() -> (Options, Arc<Mutex<Vec<Snapshot>>>) {
    observed_every(Options::default(), Duration::from_secs(3600))
}

pub(crate) fn events(seen: &Mutex<Vec<Snapshot>>) -> Vec<Event> {
    let seen = seen.lock().expect("no panic");
    let events = seen.iter().map(|snapshot| snapshot.event);
    events.filter(|event| *event != Event::Wait).collect()
}
