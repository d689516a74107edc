//! Pulling manifests.

use super::descriptor::Descriptor;
use super::manifest::Manifest;
use super::media_type;
use super::options::Options;
use super::platform::Platform;
use super::progress::Phase;
use super::reference;
use super::repository::Repository;
use super::task::{self, Task};
use crate::body::digest::{Algorithm, Digest};
use crate::error::{Error, Kind};
use crate::log::redact::shown;
use crate::request::Request;
use crate::request::response::Response;

pub(super) const PATH: &str = "/v2/<name>/manifests/<reference>";

/// How many indexes may be nested.
const MAX_NESTED: usize = 4;

/// A tag or a digest that names a manifest.
#[derive(Clone, Debug)]
pub enum Target {
    /// A tag.
    Tag(String),
    /// A digest.
    Digest(Digest),
}

impl Target {
    /// Parses a tag or a digest; `None` is the target of the repository.
    pub fn parse(text: Option<&str>, repository: &Repository) -> Result<Target, Error> {
        let text = text.unwrap_or(repository.target());
        let invalid = |problem| Error::new(Kind::InvalidReference, problem);
        if text.contains(':') {
            let digest = Digest::parse(text);
            return digest
                .map(Target::Digest)
                .map_err(|error| invalid(error.message().to_owned()));
        }
        reference::check_tag(text).map_err(invalid)?;
        Ok(Target::Tag(text.to_owned()))
    }

    /// The tag or the digest.
    pub fn as_str(&self) -> &str {
        match self {
            Target::Tag(tag) => tag,
            Target::Digest(digest) => digest.as_str(),
        }
    }

    /// The digest, unless it is a tag.
    pub fn digest(&self) -> Option<&Digest> {
        match self {
            Target::Tag(_) => None,
            Target::Digest(digest) => Some(digest),
        }
    }
}

/// Pulls a manifest by tag or digest.
pub fn pull(
    repository: &Repository,
    reference: Option<&str>,
    options: &Options,
) -> Result<Manifest, Error> {
    let target = Target::parse(reference, repository)?;
    let task = Task::new(repository, options);
    task.finish(fetch_with_progress(&task, &target))
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
    let task = Task::new(repository, options);
    task.finish(resolve_in(&task, target, &platform))
}

fn resolve_in(task: &Task, target: Target, platform: &Platform) -> Result<Manifest, Error> {
    let mut manifest = fetch_with_progress(task, &target)?;
    let mut nested = 0;
    while manifest.is_index() {
        if nested > MAX_NESTED {
            let message = format!(
                "manifest {}: more than {MAX_NESTED} nested indexes",
                target.as_str()
            );
            return Err(Error::new(Kind::InvalidManifest, message));
        }
        nested += 1;
        let Some(next) = manifest.select(platform).or_else(|| only_index(&manifest)) else {
            return Err(no_platform(&manifest, platform));
        };
        let next = manifest.entries()[next].clone();
        manifest = fetch_with_progress(task, &Target::Digest(next.digest().clone()))?;
    }
    Ok(manifest)
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

fn no_platform(index: &Manifest, platform: &Platform) -> Error {
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
    let message = format!("manifest {digest}: nothing for {platform} among {list}{more}");
    Error::new(Kind::NoPlatform, message).with_digest(digest)
}

fn fetch_with_progress(task: &Task, target: &Target) -> Result<Manifest, Error> {
    let total = None;
    task.progress
        .begin(Phase::Pull, None, target.as_str(), total)?;
    let manifest = fetch(task, target)?;
    task.progress.set_item(manifest.descriptor());
    task.progress.end()?;
    Ok(manifest)
}

/// Requests a manifest. The bytes are verified if the target is a digest.
pub(super) fn fetch(task: &Task, target: &Target) -> Result<Manifest, Error> {
    fetch_in(task, target).map_err(|error| {
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
    let task = Task::new(repository, options);
    let found = match head(&task, &target) {
        Ok(Some(found)) => Ok(found),
        Ok(None) => fetch(&task, &target).map(|manifest| manifest.descriptor().clone()),
        Err(error) => Err(error),
    };
    if let Ok(found) = &found {
        task.progress.set_item(found);
    }
    task.finish(found)
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
            response.host(),
            response.status()
        );
        return Err(Error::new(Kind::HttpStatus, message)
            .with_http_status(response.status())
            .with_host(response.host()));
    }
    Ok(())
}
