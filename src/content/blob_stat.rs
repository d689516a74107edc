//! Whether a blob exists and how long it is, and its deletion.

use super::download::stated_range;
use super::layout;
use super::operation::Operation;
use super::options::Options;
use super::repository::{Place, Repository};
use super::requests::Requests;
use super::task::{self, Task};
use crate::body::digest::{Digest, of_bytes};
use crate::error::{Error, is_transient_status};
use crate::request::response::Response;

/// The size of a blob; `None` if the registry does not report it. An error if
/// the blob does not exist.
pub fn stat(
    repository: &Repository,
    digest: &str,
    options: &Options,
) -> Result<Option<u64>, Error> {
    let digest = Digest::parse(digest)?;
    let operation = Operation::new(repository, options);
    let found = size_in(&operation, &digest);
    operation.finish(found.map_err(|error| error.with_digest(digest.as_str())))
}

/// The size of a blob, if it is known.
pub(super) fn size_in(operation: &Operation, digest: &Digest) -> Result<Option<u64>, Error> {
    match operation.place() {
        Place::Registry(registry) => size(&Task::new(operation, registry).requests(), digest),
        Place::Layout(layout) => layout::blobs::size(layout, digest).map(Some),
    }
}

/// Sends a HEAD request, and a GET request for one byte if that is refused.
fn size(requests: &Requests, digest: &Digest) -> Result<Option<u64>, Error> {
    let mut request = requests.blob("HEAD", digest)?;
    let own = request.url()?;
    let response = requests.send(&mut request)?;
    let status = response.status();
    if (200..300).contains(&status) {
        // Some servers send 0 for any blob.
        return Ok(match response.stated_length() {
            Some(0) | None => is_empty(digest).then_some(0),
            length => length,
        });
    }
    let is_of_registry = response.url() == own;
    if (status == 404 && is_of_registry) || is_transient_status(status) {
        task::check(&response)?;
    }
    // The signed URL of a store may be valid for GET only, and some servers do
    // not support HEAD.
    size_by_get(requests, digest)
}

fn size_by_get(requests: &Requests, digest: &Digest) -> Result<Option<u64>, Error> {
    let response = requests.open(&mut requests.part(digest, 0, Some(0))?)?;
    if response.status() == 416 {
        // There is no first byte.
        return Ok(response.unsatisfied_length().or(Some(0)));
    }
    task::check(&response)?;
    let size = size_of(&response);
    response.discard();
    Ok(size)
}

fn size_of(response: &Response) -> Option<u64> {
    match stated_range(response) {
        Some(range) => range.total,
        None if response.status() == 200 => response.content_length(),
        None => None,
    }
}

fn is_empty(digest: &Digest) -> bool {
    of_bytes(digest.algorithm(), b"") == digest.as_str()
}

/// Deletes a blob.
pub fn delete(repository: &Repository, digest: &str, options: &Options) -> Result<(), Error> {
    let digest = Digest::parse(digest)?;
    let operation = Operation::new(repository, options);
    let deleted = match operation.place() {
        Place::Registry(registry) => {
            delete_from_registry(&Task::new(&operation, registry).requests(), &digest)
        }
        Place::Layout(layout) => layout::blobs::delete(layout, &digest),
    };
    operation.finish(deleted.map_err(|error| error.with_digest(digest.as_str())))
}

fn delete_from_registry(requests: &Requests, digest: &Digest) -> Result<(), Error> {
    let mut request = requests.blob("DELETE", digest)?;
    task::check(&requests.send(&mut request)?)
}
