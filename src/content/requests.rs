//! The requests of a call, from the calling thread or its worker threads.

use std::time::{Duration, Instant};

use super::registry::Registry;
use crate::body::digest::Digest;
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::call::Call;
use crate::request::response::Response;

const REPOSITORY: &str = "/v2/<name>/";
const BLOB: &str = "/v2/<name>/blobs/<digest>";

/// How much of the body of an error response is read, and for how long.
const MAX_ERROR_BODY: usize = 64 * 1024;
const MAX_ERROR_TIME: Duration = Duration::from_secs(10);

/// Makes and sends requests to a repository within a call.
#[derive(Clone, Copy)]
pub(crate) struct Requests<'a> {
    repository: &'a Registry,
    call: &'a Call,
    /// Consecutive retries without progress.
    retries: u32,
}

impl<'a> Requests<'a> {
    pub(super) fn new(repository: &'a Registry, call: &'a Call, retries: u32) -> Requests<'a> {
        Requests {
            repository,
            call,
            retries,
        }
    }

    pub(crate) fn call(&self) -> &'a Call {
        self.call
    }

    fn client(&self) -> &'a Client {
        self.repository.client()
    }

    /// A request whose path has the placeholder of the repository's name.
    pub(crate) fn request(&self, method: &str, path: &str) -> Result<Request, Error> {
        let mut request = self.client().request(method, path)?;
        if !self.repository.name().is_empty() {
            request.set_name(self.repository.name())?;
        }
        // A URL that the server has sent, such as that of a next page, stays as it is.
        if let Some(registry) = self.client().mirror_of()
            && path.starts_with(REPOSITORY)
        {
            request.set_query("ns", registry)?;
        }
        // Digests and sizes are those of the content itself.
        request.set_header("Accept-Encoding", b"identity")?;
        request.set_retries(Some(self.retries))?;
        Ok(request)
    }

    /// A request for a blob.
    pub(crate) fn blob(&self, method: &str, digest: &Digest) -> Result<Request, Error> {
        let mut request = self.request(method, BLOB)?;
        request.set_digest(digest.as_str())?;
        Ok(request)
    }

    /// A request for part of a blob; without a last byte, for the rest.
    pub(crate) fn part(
        &self,
        digest: &Digest,
        first: u64,
        last: Option<u64>,
    ) -> Result<Request, Error> {
        let mut request = self.blob("GET", digest)?;
        set_range(&mut request, first, last)?;
        Ok(request)
    }

    /// A request for content that is stored elsewhere, at a URL that its manifest
    /// names: without credentials, and only to where a public server may direct
    /// requests.
    pub(super) fn elsewhere(&self, url: &str) -> Result<Request, Error> {
        let mut request = self.request("GET", "/")?;
        request.set_foreign_url(url)?;
        Ok(request)
    }

    /// Sends a request, and returns its response whatever its status.
    pub(crate) fn send(&self, request: &mut Request) -> Result<Response, Error> {
        let response = self.client().execute_in(self.call, request)?;
        Ok(self.named(response))
    }

    /// Sends a request. The body of a 2xx response is unread; that of any other
    /// is in memory.
    pub(crate) fn open(&self, request: &mut Request) -> Result<Response, Error> {
        let response = self.client().open_in(self.call, request)?;
        let mut response = self.named(response);
        if !(200..300).contains(&response.status()) {
            let body = error_body(&mut response)?;
            response.set_body(body);
        }
        Ok(response)
    }

    /// The response, with the repository for its messages. Requests to the registry
    /// itself are about none.
    fn named(&self, mut response: Response) -> Response {
        let name = self.repository.name();
        if !name.is_empty() {
            response.set_repository(name);
        }
        response
    }

    /// Waits until a request may be sent again after the body of its response
    /// was lost; returns the error if it may not.
    pub(crate) fn pause(&self, request: &Request, attempt: u32, error: Error) -> Result<(), Error> {
        self.client()
            .pause_before_retry(self.call, request, attempt, error)
    }
}

/// Makes a request one for part of a blob; without a last byte, for the rest.
pub(super) fn set_range(request: &mut Request, first: u64, last: Option<u64>) -> Result<(), Error> {
    let range = match last {
        Some(last) => format!("bytes={first}-{last}"),
        None => format!("bytes={first}-"),
    };
    request.set_header("Range", range.as_bytes())
}

/// The body of an error response, as far as it can be read; an error if the call must
/// end.
fn error_body(response: &mut Response) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    let mut piece = [0; 4096];
    let begun = Instant::now();
    while body.len() < MAX_ERROR_BODY && begun.elapsed() < MAX_ERROR_TIME {
        match response.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => body.extend_from_slice(&piece[..count]),
            Err(error) => match error.kind() {
                Kind::Cancelled | Kind::Deadline | Kind::ProgressCallback => return Err(error),
                _ => break,
            },
        }
    }
    Ok(body)
}
