//! Deleting manifests and tags.

use std::time::Duration;

use super::empty_blob;
use super::layout;
use super::manifest::{DEFAULT_MAX_SIZE, Manifest};
use super::manifest_pull::{self, PATH, Target};
use super::manifest_push;
use super::media_type;
use super::operation::Operation;
use super::options::Options;
use super::random_hex::random_hex;
use super::reference;
use super::referrers_support;
use super::referrers_tag::{self, Change};
use super::repository::{Place, Repository};
use super::task::{self, Task};
use crate::body::digest::Digest;
use crate::error::{Error, Kind};

/// The time limit for making a tag point to its manifest again.
const RESTORE_TIME: Duration = Duration::from_secs(30);

/// Deletes a manifest with all its tags, and removes it from the referrers tag of
/// its subject.
pub fn delete(repository: &Repository, digest: &str, options: &Options) -> Result<(), Error> {
    let digest = Digest::parse(digest)?;
    let operation = Operation::new(repository, options);
    let deleted = match operation.place() {
        Place::Registry(registry) => delete_in(&Task::new(&operation, registry), &digest),
        Place::Layout(layout) => layout::manifests::delete(&operation, layout, &digest),
    };
    operation.finish(deleted.map_err(|error| error.with_digest(digest.as_str())))
}

fn delete_in(task: &Task, digest: &Digest) -> Result<(), Error> {
    let target = Target::Digest(digest.clone());
    let subject = match referrers_support::known(task) {
        Some(true) => None,
        _ => subject_of(task, &target)?,
    };
    send(task, &target)?;
    match subject {
        Some(subject) if !referrers_support::is_supported(task, &subject)? => {
            referrers_tag::update(task, &subject, &Change::Remove(digest))
        }
        _ => Ok(()),
    }
}

/// The subject of a manifest; none if the manifest cannot be read.
fn subject_of(task: &Task, target: &Target) -> Result<Option<Digest>, Error> {
    match manifest_pull::fetch(task, target) {
        Ok(manifest) => Ok(manifest.subject().map(|subject| subject.digest().clone())),
        Err(error) => match error.kind() {
            Kind::InvalidManifest
            | Kind::Unsupported
            | Kind::BodyTooLarge
            | Kind::DigestMismatch => Ok(None),
            _ => Err(error),
        },
    }
}

/// Deletes a tag. The manifest and its other tags stay.
pub fn delete_tag(repository: &Repository, tag: &str, options: &Options) -> Result<(), Error> {
    reference::check_tag(tag)?;
    let operation = Operation::new(repository, options);
    let deleted = match operation.place() {
        Place::Registry(registry) => delete_tag_in(&Task::new(&operation, registry), tag),
        Place::Layout(layout) => layout::manifests::delete_tag(&operation, layout, tag),
    };
    operation.finish(deleted)
}

fn delete_tag_in(task: &Task, tag: &str) -> Result<(), Error> {
    let target = Target::Tag(tag.to_owned());
    match send(task, &target) {
        Err(error) if is_unsupported(&error) && task.options.delete_detour => detour(task, &target),
        Err(error) if is_unsupported(&error) => Err(error.with_kind(Kind::Unsupported)),
        result => result,
    }
}

/// Some registries take the tag for an invalid digest.
fn is_unsupported(error: &Error) -> bool {
    error.kind() == Kind::Unsupported || error.http_status() == 400
}

fn send(task: &Task, target: &Target) -> Result<(), Error> {
    let mut request = task.request("DELETE", PATH)?;
    request.set_reference(target.as_str())?;
    task::check(&task.send(&mut request)?)
}

/// Makes a tag point to a dummy manifest, and deletes that with all its tags.
fn detour(task: &Task, target: &Target) -> Result<(), Error> {
    // To be restored; and a tag that does not exist must not be created.
    let before = manifest_pull::fetch(task, target)?;
    let dummy = dummy(&before)?;
    empty_blob::push_for(task, &dummy)?;
    let digest = dummy.descriptor().digest().clone();
    match manifest_push::put(task, &dummy, target) {
        // The registry has refused it: the tag is as it was.
        Err(error) if (400..500).contains(&error.http_status()) => Err(error),
        put => put
            .and_then(|()| send(task, &Target::Digest(digest)))
            .map_err(|error| restored(task, &before, target, error)),
    }
}

/// The error of a detour, after its tag was made to point to its manifest again.
fn restored(task: &Task, before: &Manifest, target: &Target, error: Error) -> Error {
    // The call may have reached its own limits.
    let mut options = task.options.clone();
    (options.cancel, options.progress) = (None, None);
    options.timeout = Some(RESTORE_TIME);
    let stopped: &Operation = task;
    let operation = Operation::new(stopped.repository, &options);
    let restoring = Task::new(&operation, task.repository);
    match manifest_push::put(&restoring, before, target) {
        Ok(()) => error,
        Err(_) => error.with_more(&format!(
            "; tag {} may point to a dummy manifest now, instead of {}",
            target.as_str(),
            before.descriptor().digest().as_str()
        )),
    }
}

/// A manifest with a digest of its own, so that no other tag points to it.
fn dummy(before: &Manifest) -> Result<Manifest, Error> {
    let unique = random_hex()
        .ok_or_else(|| Error::new(Kind::NoMemory, "dummy manifest: no random numbers"))?;
    let empty = format!(
        r#"{{"mediaType":"{}","digest":"{}","size":2}}"#,
        media_type::EMPTY,
        empty_blob::DIGEST
    );
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","config":{empty},"layers":[{empty}],"annotations":{{"deleted":"{}","unique":"{unique}"}}}}"#,
        media_type::OCI_MANIFEST,
        before.descriptor().digest().as_str()
    );
    Manifest::parse_up_to(text.as_bytes(), None, DEFAULT_MAX_SIZE)
}
