//! Pulling manifests.

use super::descriptor::Descriptor;
use super::layout;
use super::manifest::Manifest;
use super::media_type;
use super::operation::Operation;
use super::options::Options;
use super::platform::Platform;
use super::progress::Phase;
use super::repository::{Place, Repository};
pub use super::target::Target;
use super::task::{self, Task};
use crate::body::digest::{Algorithm, Digest};
use crate::error::{Error, Kind, Step};
use crate::log::redact::shown;
use crate::request::Request;
use crate::request::response::Response;

pub(super) const PATH: &str = "/v2/<name>/manifests/<reference>";

/// How many indexes may be nested.
const MAX_NESTED: usize = 4;

/// Pulls a manifest by tag or digest.
pub fn pull(
    repository: &Repository,
    reference: Option<&str>,
    options: &Options,
) -> Result<Manifest, Error> {
    let target = Target::parse(reference, repository)?;
    let operation = Operation::new(repository, options);
    operation.finish(pull_in(&operation, &target))
}

/// Pulls the manifest for a platform, through nested indexes.
pub fn resolve(
    repository: &Repository,
    reference: Option<&str>,
    platform: Option<&str>,
    options: &Options,
) -> Result<Manifest, Error> {
    let target = Target::parse(reference, repository)?;
    let platform = Platform::parse_or_host(platform)?;
    let operation = Operation::new(repository, options);
    operation.finish(resolve_in(&operation, target, &platform))
}

/// Pulls the manifest for a platform within a call.
pub(super) fn resolve_in(
    operation: &Operation,
    target: Target,
    platform: &Platform,
) -> Result<Manifest, Error> {
    let mut manifest = pull_in(operation, &target)?;
    let mut nested = 0;
    while manifest.is_index() {
        let next = selected(operation, &manifest, platform, &mut nested)?;
        let next = next.digest().clone();
        manifest = pull_in(operation, &Target::Digest(next))?;
    }
    Ok(manifest)
}

/// The entry of an index that suits a platform: a manifest, or another index.
/// Counts the indexes that are nested.
pub(super) fn selected<'m>(
    operation: &Operation,
    index: &'m Manifest,
    platform: &Platform,
    nested: &mut usize,
) -> Result<&'m Descriptor, Error> {
    if *nested > MAX_NESTED {
        let digest = index.descriptor().digest().as_str();
        let message = format!("manifest {digest}: more than {MAX_NESTED} nested indexes");
        return Err(Error::new(Kind::InvalidManifest, message));
    }
    *nested += 1;
    let next = index.select(platform).or_else(|| only_index(index));
    let next = next.and_then(|next| index.entries().get(next));
    next.ok_or_else(|| no_platform(operation.repository, index, platform))
}

/// The only entry without a platform that is an index.
fn only_index(index: &Manifest) -> Option<usize> {
    let mut found = index.entries().iter().enumerate().filter(|(_, entry)| {
        entry.platform().is_none() && media_type::is_index(entry.media_type())
    });
    match (found.next(), found.next()) {
        (Some((only, _)), None) => Some(only),
        _ => None,
    }
}

fn no_platform(repository: &Repository, index: &Manifest, platform: &Platform) -> Error {
    /// How many platforms a message names.
    const SHOWN: usize = 20;
    let mut found = index.platforms();
    let more = found.len().saturating_sub(SHOWN);
    found.truncate(SHOWN);
    let list = match found.is_empty() {
        true => "no platform".to_owned(),
        false => shown(&found.join(", ")),
    };
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let digest = index.descriptor().digest().as_str();
    let place = repository.shown();
    let message = format!("{place}: nothing for {platform} in {digest} among {list}{more}");
    let error = Error::new(Kind::NoPlatform, message).with_digest(digest);
    match repository.client() {
        Some(client) => error.with_host(&client.host()),
        None => error,
    }
}

/// Pulls a manifest within a call.
pub(super) fn pull_in(operation: &Operation, target: &Target) -> Result<Manifest, Error> {
    let progress = &operation.progress;
    progress.begin(Phase::Pull, None, target.shown(), None)?;
    let manifest = fetch(operation, target)?;
    progress.set_item(manifest.descriptor());
    progress.end()?;
    Ok(manifest)
}

/// Gets a manifest. The bytes are verified if the target is a digest.
pub(super) fn fetch(operation: &Operation, target: &Target) -> Result<Manifest, Error> {
    let fetched = match operation.place() {
        Place::Registry(registry) => fetch_in(&Task::new(operation, registry), target),
        Place::Layout(layout) => layout::manifests::read(layout, target, operation.options),
    };
    fetched.map_err(|error| {
        let error = match error.kind() {
            Kind::NotFound => error.with_more(&format!(" (manifest {})", target.as_str())),
            _ => error,
        };
        match target.digest() {
            Some(digest) => error.with_digest(digest.as_str()),
            None => error,
        }
    })
}

fn fetch_in(task: &Task, target: &Target) -> Result<Manifest, Error> {
    let mut request = request(task, "GET", target)?;
    if let Some(digest) = target.digest() {
        request.set_expected_digest(Some(digest.as_str()))?;
    }
    request.max_body = Some(task.options.manifest_limit());
    let response = task.send(&mut request)?;
    check(&response)?;
    let algorithm = target.digest().map_or(Algorithm::Sha256, Digest::algorithm);
    let media_type = content_type(&response);
    let host = response.host();
    Manifest::parse(response.body().to_owned(), media_type, algorithm)
        .map_err(|error| error.with_host(host))
}

/// The descriptor of a manifest, without its content.
pub fn stat(
    repository: &Repository,
    reference: Option<&str>,
    options: &Options,
) -> Result<Descriptor, Error> {
    let target = Target::parse(reference, repository)?;
    let operation = Operation::new(repository, options);
    let found = describe(&operation, &target);
    if let Ok(found) = &found {
        operation.progress.set_item(found);
    }
    operation.finish(found)
}

/// The descriptor of a manifest.
pub(super) fn describe(operation: &Operation, target: &Target) -> Result<Descriptor, Error> {
    if let Place::Registry(registry) = operation.place()
        && let Some(found) = head(&Task::new(operation, registry), target)?
    {
        return Ok(found);
    }
    fetch(operation, target).map(|manifest| manifest.descriptor().clone())
}

/// The descriptor according to a HEAD request; `None` if GET is needed.
pub(super) fn head(task: &Task, target: &Target) -> Result<Option<Descriptor>, Error> {
    let response = task.send(&mut request(task, "HEAD", target)?)?;
    match response.status() {
        200 => Ok(head_descriptor(&response, target)),
        // HEAD has no body that could say more, and some servers refuse it.
        404 | 400 | 405 | 406 => Ok(None),
        _ => task::check(&response).map(|()| None),
    }
}

fn head_descriptor(response: &Response, target: &Target) -> Option<Descriptor> {
    let headers = response.headers();
    let stated = headers.text("docker-content-digest");
    let stated = stated.and_then(|text| Digest::parse(text).ok());
    let digest = match (target.digest(), stated) {
        (Some(digest), Some(stated)) if stated.algorithm() == digest.algorithm() => {
            (*digest == stated).then_some(stated)?
        }
        (Some(digest), _) => digest.clone(),
        (None, Some(stated)) => stated,
        (None, None) => return None,
    };
    let size = response.stated_length().filter(|size| *size > 0)?;
    let media_type = content_type(response)?;
    // The error for schema 1 comes from a GET request.
    let is_known = media_type::is_valid(media_type)
        && !media_type::is_generic(media_type)
        && !media_type::is_schema_1(media_type);
    is_known.then(|| Descriptor::of(digest, Some(size), media_type.to_owned()))
}

pub(super) fn request(task: &Task, method: &str, target: &Target) -> Result<Request, Error> {
    let mut request = task.request(method, PATH)?;
    request.set_reference(target.as_str())?;
    request.set_header("Accept", accept(task.options).as_bytes())?;
    Ok(request)
}

/// All media types in one field: some servers read only the first field.
fn accept(options: &Options) -> String {
    let known = [
        media_type::OCI_INDEX,
        media_type::OCI_MANIFEST,
        media_type::DOCKER_LIST,
        media_type::DOCKER_MANIFEST,
    ];
    let own = options.manifest_types().iter().map(String::as_str);
    let all: Vec<&str> = known.into_iter().chain(own).chain(["*/*;q=0.1"]).collect();
    all.join(", ")
}

fn content_type(response: &Response) -> Option<&str> {
    response
        .headers()
        .text("content-type")
        .map(media_type::of_field)
}

/// An error unless the status is 200: other 2xx responses have no whole manifest.
fn check(response: &Response) -> Result<(), Error> {
    task::check(response)?;
    if response.status() != 200 {
        let message = format!(
            "{}: status {} for a manifest",
            response.message_prefix(),
            response.status()
        );
        return Err(Error::new(Kind::HttpStatus, message)
            .with_http_status(response.status())
            .with_host(response.host()));
    }
    Ok(())
}

/// An error if a descriptor has another size than its manifest.
pub(super) fn check_size(descriptor: &Descriptor, manifest: &Manifest) -> Result<(), Error> {
    let size = manifest.bytes().len() as u64;
    match descriptor.size() {
        Some(expected) if expected != size => {
            let digest = descriptor.digest().as_str();
            let message = format!("manifest {digest}: {size} bytes, expected {expected}");
            Err(Error::new(Kind::SizeMismatch, message).at(Step::Verify))
        }
        _ => Ok(()),
    }
}
