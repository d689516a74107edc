//! Whether a registry supports the referrers API (OCI Distribution Specification,
//! Listing Referrers), and what its responses contain.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::descriptor::Descriptor;
use super::json::Json;
use super::media_type;
use super::task::{self, Task};
use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

/// The maximum number of repositories that are remembered.
const MAX_KNOWN: usize = 1000;

/// Whether repositories of a client support the API, by their names.
#[derive(Default)]
struct Known(Mutex<HashMap<String, bool>>);

/// A response of the API.
pub(super) enum Page {
    /// The valid entries of a list.
    Entries(Vec<Descriptor>),
    /// The API is not supported.
    Unsupported,
}

/// Whether the API is known to be supported.
pub(super) fn known(task: &Task) -> Option<bool> {
    let known = task.client().known::<Known>();
    let known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    known.get(task.repository.name()).copied()
}

fn remember(task: &Task, is_supported: bool) {
    let known = task.client().known::<Known>();
    let mut known = known.0.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MAX_KNOWN {
        known.clear();
    }
    known.insert(task.repository.name().to_owned(), is_supported);
}

/// Whether the API is supported in a repository that exists. The OCI-Subject
/// header is no evidence: some registries send it without the API.
pub(super) fn is_supported(task: &Task, subject: &Digest) -> Result<bool, Error> {
    if let Some(known) = known(task) {
        return Ok(known);
    }
    let mut request = request(task, &path(subject))?;
    let response = task.send(&mut request)?;
    if response.status() == 404 {
        remember(task, false);
        return Ok(false);
    }
    Ok(matches!(first_page(task, &response)?, Page::Entries(_)))
}

/// The path of the first page.
pub(super) fn path(subject: &Digest) -> String {
    format!("/v2/<name>/referrers/{}", subject.as_str())
}

/// A request for a page.
pub(super) fn request(task: &Task, path: &str) -> Result<Request, Error> {
    let mut request = task.request("GET", path)?;
    request.set_header("Accept", media_type::OCI_INDEX.as_bytes())?;
    request.max_body = Some(task.options.manifest_limit());
    Ok(request)
}

/// Reads the first page, and remembers whether the API is supported.
pub(super) fn first_page(task: &Task, response: &Response) -> Result<Page, Error> {
    let page = match response.status() {
        // Of a repository that does not exist.
        404 if has_code(response, "NAME_UNKNOWN") => return Err(failure(response)),
        400 | 404 | 405 | 406 | 501 => Page::Unsupported,
        200 if !is_index(response) => Page::Unsupported,
        _ => page(response)?,
    };
    remember(task, matches!(page, Page::Entries(_)));
    Ok(page)
}

/// Reads a page of an API that is supported.
pub(super) fn page(response: &Response) -> Result<Page, Error> {
    task::check(response)?;
    if !is_index(response) {
        return Err(invalid(response, "is not an image index"));
    }
    let json = Json::parse(response.body()).map_err(|error| invalid(response, error.message()))?;
    let entries = entries(&json).ok_or_else(|| invalid(response, "manifests is not a list"))?;
    Ok(Page::Entries(entries))
}

/// The valid entries of an index.
pub(crate) fn entries(index: &Json) -> Option<Vec<Descriptor>> {
    let list = match index.member("manifests") {
        Some(list) => list.array()?,
        None => &[],
    };
    let entries = list.iter().map(Descriptor::of_json);
    Some(entries.filter_map(Result::ok).collect())
}

/// Whether a response says that it is an image index.
pub(super) fn is_index(response: &Response) -> bool {
    let field = response.headers().text("content-type");
    match field.map(media_type::of_field) {
        Some(field) if !media_type::is_generic(field) => {
            media_type::is_same(field, media_type::OCI_INDEX)
        }
        _ => Json::parse(response.body()).is_ok_and(|json| {
            let stated = json.member("mediaType").and_then(Json::string);
            stated.is_some_and(|stated| media_type::is_same(stated, media_type::OCI_INDEX))
        }),
    }
}

pub(super) fn has_code(response: &Response, code: &str) -> bool {
    let errors = response.errors().unwrap_or_default();
    errors.iter().any(|error| error.code() == code)
}

fn failure(response: &Response) -> Error {
    task::check(response)
        .err()
        .unwrap_or_else(|| invalid(response, "fails"))
}

fn invalid(response: &Response, problem: &str) -> Error {
    let message = format!("{}: list of referrers: {problem}", response.host());
    Error::new(Kind::InvalidManifest, message)
        .with_host(response.host())
        .with_http_status(response.status())
}
