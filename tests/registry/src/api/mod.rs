//! Routes of the OCI Distribution API.

mod blobs;
pub(crate) mod error;
mod lists;
mod manifests;
mod uploads;

use crate::digest::Digest;
use crate::http::{Body, Head};
use crate::response::Response;
use crate::server::Shared;
use crate::text::is_name;
use crate::token;
use error::{Outcome, Refusal, digest_invalid, no_such_path, not_allowed, refusal};
use std::io;

/// The subject of an API path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Ping,
    Catalog,
    Tags(String),
    Referrers(String, String),
    Manifest(String, String),
    Blob(String, String),
    Uploads(String),
    Upload(String, String),
}

impl Route {
    /// Parses a path below the prefix. A name may have any number of
    /// components, so the end of the path determines the route.
    pub(crate) fn parse(path: &str) -> Option<Route> {
        let path = match path.strip_prefix("/v2")? {
            "" | "/" => return Some(Route::Ping),
            "/_catalog" => return Some(Route::Catalog),
            path => path.strip_prefix('/')?,
        };
        if let Some(name) = path
            .strip_suffix("/blobs/uploads/")
            .or(path.strip_suffix("/blobs/uploads"))
        {
            return Some(Route::Uploads(name.to_owned()));
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            return Some(Route::Tags(name.to_owned()));
        }
        let (rest, last) = path.rsplit_once('/')?;
        if let Some(name) = rest.strip_suffix("/blobs/uploads") {
            return Some(Route::Upload(name.to_owned(), last.to_owned()));
        }
        let (name, kind) = rest.rsplit_once('/')?;
        let (name, last) = (name.to_owned(), last.to_owned());
        match kind {
            "manifests" => Some(Route::Manifest(name, last)),
            "blobs" => Some(Route::Blob(name, last)),
            "referrers" => Some(Route::Referrers(name, last)),
            _ => None,
        }
    }

    /// The repository, if the path has one.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Route::Ping | Route::Catalog => None,
            Route::Tags(name) | Route::Uploads(name) => Some(name),
            Route::Referrers(name, _)
            | Route::Manifest(name, _)
            | Route::Blob(name, _)
            | Route::Upload(name, _) => Some(name),
        }
    }
}

/// The context of a request.
pub(crate) struct Call<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) head: &'a Head,
}

/// Handles a request; an error means that the connection broke.
pub(crate) fn handle(shared: &Shared, head: &Head, body: &mut Body<'_>) -> io::Result<Response> {
    let call = Call { shared, head };
    let mut response = match call.dispatch(body) {
        Ok(response) => response,
        Err(Refusal::Answer(response)) => *response,
        Err(Refusal::Broken(error)) => return Err(error),
    };
    for warning in &shared.options.warnings {
        response = response.header("Warning", format!("299 - \"{warning}\""));
    }
    Ok(response.header("Docker-Distribution-API-Version", "registry/2.0"))
}

impl Call<'_> {
    fn dispatch(&self, body: &mut Body<'_>) -> Outcome {
        if self.head.path == token::PATH {
            return token::answer(self.shared, self.head, body);
        }
        let route = self
            .head
            .path
            .strip_prefix(self.shared.options.prefix.as_str())
            .and_then(Route::parse)
            .ok_or_else(no_such_path)?;
        if let Some(name) = route.name()
            && !is_name(name)
        {
            return Err(refusal(400, "NAME_INVALID", "invalid repository name", name).into());
        }
        self.shared.guard.admit(self.shared, self.head, &route)?;
        match (self.head.method.as_str(), &route) {
            ("GET" | "HEAD", Route::Ping) => Ok(Response::json(200, &serde_json::json!({}))),
            ("GET" | "HEAD", Route::Catalog) => self.catalog(),
            ("GET" | "HEAD", Route::Tags(name)) => self.tags(name),
            ("GET" | "HEAD", Route::Referrers(..)) if !self.shared.options.referrers => {
                Err(no_such_path().into())
            }
            ("GET" | "HEAD", Route::Referrers(name, subject)) => {
                self.referrers(name, &digest(subject)?)
            }
            ("GET" | "HEAD", Route::Blob(name, blob)) => self.get_blob(name, &digest(blob)?),
            ("DELETE", Route::Blob(name, blob)) => self.delete_blob(name, &digest(blob)?),
            ("GET" | "HEAD", Route::Manifest(name, reference)) => {
                self.get_manifest(name, reference)
            }
            ("PUT", Route::Manifest(name, reference)) => self.put_manifest(name, reference, body),
            ("DELETE", Route::Manifest(name, reference)) => self.delete_manifest(name, reference),
            ("POST", Route::Uploads(name)) => self.start_upload(name, body),
            ("GET" | "HEAD", Route::Upload(name, id)) => self.upload_state(name, id),
            ("PATCH", Route::Upload(name, id)) => self.upload_chunk(name, id, body),
            ("PUT", Route::Upload(name, id)) => self.finish_upload(name, id, body),
            ("DELETE", Route::Upload(name, id)) => self.cancel_upload(name, id),
            (method, route) => Err(not_allowed(method, route.methods()).into()),
        }
    }

    /// The `Location` of a path below the prefix.
    fn location(&self, path: &str) -> String {
        let path = format!("{}{path}", self.shared.options.prefix);
        if self.shared.options.relative_locations {
            return path;
        }
        // Use the host name of the request, so that the client stays at one
        // origin.
        match self.head.header("host") {
            Some(host) if !host.is_empty() => {
                let scheme = if self.shared.tls.is_some() {
                    "https"
                } else {
                    "http"
                };
                format!("{scheme}://{host}{path}")
            }
            _ => format!("{}{path}", self.shared.origin),
        }
    }
}

impl Route {
    fn methods(&self) -> &'static str {
        match self {
            Route::Ping | Route::Catalog | Route::Tags(_) | Route::Referrers(..) => "GET, HEAD",
            Route::Blob(..) => "GET, HEAD, DELETE",
            Route::Manifest(..) => "GET, HEAD, PUT, DELETE",
            Route::Uploads(_) => "POST",
            Route::Upload(..) => "GET, HEAD, PATCH, PUT, DELETE",
        }
    }
}

fn digest(text: &str) -> Result<Digest, Refusal> {
    Digest::parse(text).ok_or_else(|| digest_invalid(text).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let two = |route: fn(String, String) -> Route, a: &str, b: &str| {
            Some(route(a.to_owned(), b.to_owned()))
        };
        assert_eq!(Route::parse("/v2/"), Some(Route::Ping));
        assert_eq!(
            Route::parse("/v2/a/b/blobs/x"),
            two(Route::Blob, "a/b", "x")
        );
        assert_eq!(
            Route::parse("/v2/a/blobs/uploads/x"),
            two(Route::Upload, "a", "x")
        );
        assert_eq!(
            Route::parse("/v2/a/blobs/uploads/"),
            Some(Route::Uploads("a".to_owned()))
        );
        assert_eq!(
            Route::parse("/v2/blobs/manifests/x"),
            two(Route::Manifest, "blobs", "x")
        );
        assert_eq!(
            Route::parse("/v2/a/tags/list"),
            Some(Route::Tags("a".to_owned()))
        );
        for none in ["", "/", "/v1/", "/v2x", "/v2/a", "/v2/a/b", "/v2/a/b/c"] {
            assert_eq!(Route::parse(none), None, "{none}");
        }
    }
}
