//! Pushing manifests.

use super::empty_blob;
use super::json::Json;
use super::layout;
use super::manifest::Manifest;
use super::manifest_pull::{self, PATH, Target};
use super::operation::Operation;
use super::options::Options;
use super::progress::Phase;
use super::recent_uploads;
use super::referrers_support;
use super::referrers_tag::{self, Change};
use super::repository::{Place, Repository};
use super::task::{self, Task};
use crate::body::digest::{Digest, of_bytes};
use crate::error::{Error, Kind};
use crate::request::response::Response;

/// Error codes of registries for a manifest whose content is missing.
const MISSING_CODES: [&str; 3] = ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_UNKNOWN"];

/// Pushes a manifest under tags, or by its digest if there are none. A digest
/// among the tags is checked and sets no tag.
pub fn push(
    repository: &Repository,
    manifest: &Manifest,
    tags: &[&str],
    options: &Options,
) -> Result<(), Error> {
    let targets = targets(repository, manifest, tags)?;
    let operation = Operation::new(repository, options);
    let pushed = push_in(&operation, manifest, &targets);
    operation.finish(pushed)
}

/// Pushes a manifest within a call.
pub(super) fn push_in(
    operation: &Operation,
    manifest: &Manifest,
    targets: &[Target],
) -> Result<(), Error> {
    let descriptor = manifest.descriptor();
    let pushed = match operation.place() {
        Place::Registry(registry) => {
            push_to_registry(&Task::new(operation, registry), manifest, targets)
        }
        Place::Layout(layout) => layout::manifests::write(operation, layout, manifest, targets),
    };
    pushed.map_err(|error| error.with_digest(descriptor.digest().as_str()))
}

/// Where to push a manifest to.
pub(super) fn targets(
    repository: &Repository,
    manifest: &Manifest,
    tags: &[&str],
) -> Result<Vec<Target>, Error> {
    let mut targets: Vec<Target> = Vec::new();
    let mut by_digest = Target::Digest(manifest.descriptor().digest().clone());
    for tag in tags {
        match Target::parse(Some(tag), repository)? {
            Target::Digest(digest) => {
                check_digest(manifest, &digest)?;
                by_digest = Target::Digest(digest);
            }
            tag if targets.iter().all(|known| known.as_str() != tag.as_str()) => targets.push(tag),
            _ => {}
        }
    }
    if targets.is_empty() {
        targets.push(by_digest);
    }
    Ok(targets)
}

fn check_digest(manifest: &Manifest, digest: &Digest) -> Result<(), Error> {
    let own = of_bytes(digest.algorithm(), manifest.bytes());
    if own == digest.as_str() {
        return Ok(());
    }
    let message = format!("manifest: digest {own}, expected {}", digest.as_str());
    Err(Error::new(Kind::DigestMismatch, message).with_digest(&own))
}

fn push_to_registry(task: &Task, manifest: &Manifest, targets: &[Target]) -> Result<(), Error> {
    empty_blob::push_for(task, manifest)?;
    let descriptor = manifest.descriptor();
    let name = targets.first().map_or("", Target::shown);
    let size = Some(manifest.bytes().len() as u64);
    task.progress
        .begin(Phase::Push, Some(descriptor), name, size)?;
    let mut is_sent = false;
    for target in targets {
        if !is_set(task, manifest, target)? {
            put(task, manifest, target)?;
            is_sent = true;
        }
    }
    add_to_referrers(task, manifest)?;
    match is_sent {
        true => task.progress.end(),
        false => task.progress.skip(),
    }
}

/// Pushes a manifest that the registry does not have by its digest.
pub(super) fn push_missing(task: &Task, manifest: &Manifest) -> Result<(), Error> {
    empty_blob::push_for(task, manifest)?;
    let own = manifest.descriptor();
    let digest = own.digest();
    task.progress
        .begin(Phase::Push, Some(own), digest.short(), own.size())?;
    put(task, manifest, &Target::Digest(digest.clone()))?;
    add_to_referrers(task, manifest)?;
    task.progress.end()
}

/// Adds a manifest to the list of the referrers of its subject, unless the
/// registry does so.
pub(super) fn add_to_referrers(task: &Task, manifest: &Manifest) -> Result<(), Error> {
    if let Some(subject) = manifest.subject()
        && !referrers_support::is_supported(task, subject.digest())?
    {
        referrers_tag::update(task, subject.digest(), &Change::Add(manifest))?;
    }
    Ok(())
}

/// Whether a tag points to the manifest. Such a tag may be one that must not be
/// set again.
fn is_set(task: &Task, manifest: &Manifest, target: &Target) -> Result<bool, Error> {
    match manifest_pull::head(task, target) {
        Ok(found) => Ok(found.is_some_and(|found| {
            let own = of_bytes(found.digest().algorithm(), manifest.bytes());
            own == found.digest().as_str()
        })),
        // Some credentials allow pushing but not pulling.
        Err(error) if error.http_status() >= 400 => Ok(false),
        Err(error) => Err(error),
    }
}

/// Sends the manifest.
pub(super) fn put(task: &Task, manifest: &Manifest, target: &Target) -> Result<(), Error> {
    loop {
        let mut request = task.request("PUT", PATH)?;
        request.set_reference(target.as_str())?;
        let media_type = manifest.descriptor().media_type();
        request.set_header("Content-Type", media_type.as_bytes())?;
        request.set_body(manifest.bytes().to_vec());
        let response = task.send(&mut request)?;
        match check(&response, manifest, target) {
            // Not every replica of a registry knows an upload at once.
            Err(error)
                if error.kind() == Kind::BlobMissing
                    && has_recent_uploads(task, manifest)
                    && task.client().wait_for_retry(&task.call, task.retries())? => {}
            result => return result,
        }
    }
}

fn has_recent_uploads(task: &Task, manifest: &Manifest) -> bool {
    let content = manifest.config().into_iter();
    let content = content.chain(manifest.layers()).chain(manifest.entries());
    let digests = content.map(|descriptor| descriptor.digest());
    recent_uploads::contain(task.repository, digests)
}

/// An error unless the registry has stored these bytes.
fn check(response: &Response, manifest: &Manifest, target: &Target) -> Result<(), Error> {
    task::check(response).map_err(|error| rejection(response, error))?;
    let stated = response.headers().text("docker-content-digest");
    let Some(stated) = stated.and_then(|stated| Digest::parse(stated).ok()) else {
        return Ok(());
    };
    let own = of_bytes(stated.algorithm(), manifest.bytes());
    if own == stated.as_str() {
        return Ok(());
    }
    let host = response.host();
    let (target, stated) = (target.as_str(), stated.as_str());
    let message = format!("{host}: manifest {target}: stored with digest {stated}, expected {own}");
    Err(Error::new(Kind::DigestMismatch, message)
        .with_host(host)
        .with_http_status(response.status())
        .with_digest(&own))
}

/// The error for a rejected manifest. If content is missing, it names that content, as
/// far as the registry does.
fn rejection(response: &Response, error: Error) -> Error {
    let is_missing = error
        .registry_code()
        .is_some_and(|code| MISSING_CODES.contains(&code));
    if !is_missing {
        return error;
    }
    let error = error.with_kind(Kind::BlobMissing);
    let errors = response.errors().unwrap_or_default();
    let mut details = errors.iter().map(|error| error.detail());
    match details.find_map(digest_in) {
        Some(digest) => {
            let digest = digest.as_str();
            // Some registries name it in their message too.
            let error = match error.message().contains(digest) {
                true => error,
                false => error.with_more(&format!("; missing: {digest}")),
            };
            error.with_digest(digest)
        }
        None => error,
    }
}

/// The digest in the detail of an error: a string, or a member.
fn digest_in(detail: &str) -> Option<Digest> {
    let json = Json::parse(detail.as_bytes()).ok()?;
    let text = json.string().or_else(|| {
        let member = json.member("digest").or_else(|| json.member("Digest"));
        member.and_then(Json::string)
    });
    Digest::parse(text?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_detail_of_an_error_may_have_a_digest() {
        let digest = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        for (detail, expected) in [
            (format!("{{\"digest\":\"{digest}\"}}"), true),
            (format!("{{\"Name\":\"a\",\"Digest\":\"{digest}\"}}"), true),
            (format!("\"{digest}\""), true),
            ("{\"digest\":\"sha256:../x\"}".to_owned(), false),
            ("{\"digest\":1}".to_owned(), false),
            ("null".to_owned(), false),
            (String::new(), false),
        ] {
            let found = digest_in(&detail);
            assert_eq!(found.is_some(), expected, "{detail}");
        }
    }
}
