//! An upload at a registry: the requests that begin, continue and end it.

use super::recent_uploads;
use super::task::{self, Task};
use super::upload_limits;
use crate::body::digest::{Algorithm, Digest};
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::location::Location;
use crate::request::response::Response;

const UPLOADS: &str = "/v2/<name>/blobs/uploads/";

/// A minimum size of chunks that a registry may require. A larger one would take
/// too much memory.
const MAX_MIN_CHUNK: u64 = 64 * 1024 * 1024;

/// An upload, and how much the registry has of it.
#[derive(Clone, Debug)]
pub(super) struct Session {
    location: Location,
    /// The host whose limits apply: the one that began the upload.
    host: String,
    pub(super) offset: u64,
}

/// The response to a mount.
pub(super) enum Mounted {
    Yes,
    /// The blob has to be sent.
    No(Session),
}

impl Session {
    /// An upload that was begun before.
    pub(super) fn known(location: Location, host: String, offset: u64) -> Session {
        Session {
            location,
            host,
            offset,
        }
    }

    /// The upload at another offset.
    pub(super) fn at(&self, offset: u64) -> Session {
        Session {
            offset,
            ..self.clone()
        }
    }

    /// Uses the repository's token for requests whose URL does not name it.
    pub(super) fn remember(&self, task: &Task) {
        let repository = task.repository.name();
        task.client().remember_upload(&self.location, repository);
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// Begins an upload.
    pub(super) fn begin(task: &Task, algorithm: Algorithm) -> Result<Session, Error> {
        let mut request = task.request("POST", UPLOADS)?;
        if algorithm != Algorithm::Sha256 {
            // Without this, registries compute SHA-256.
            request.set_query("digest-algorithm", algorithm.name())?;
        }
        let response = task.send_checked(&mut request)?;
        Session::of(task, &response)
    }

    /// The request that mounts a blob of another repository.
    pub(super) fn mount_request(
        task: &Task,
        digest: &Digest,
        from: &str,
    ) -> Result<Request, Error> {
        let mut request = task.request("POST", UPLOADS)?;
        request.set_query("mount", digest.as_str())?;
        request.set_query("from", from)?;
        Ok(request)
    }

    /// Mounts a blob.
    pub(super) fn mount(
        task: &Task,
        digest: &Digest,
        request: &mut Request,
    ) -> Result<Mounted, Error> {
        let response = task.send_checked(request)?;
        match response.status() {
            201 => {
                recent_uploads::record(task.repository, digest);
                Ok(Mounted::Yes)
            }
            _ => Session::of(task, &response).map(Mounted::No),
        }
    }

    fn of(task: &Task, response: &Response) -> Result<Session, Error> {
        let host = response.host().to_owned();
        if let Some(min) = response.headers().text("oci-chunk-min-length")
            && let Ok(min) = min.trim().parse::<u64>()
        {
            upload_limits::note(task, &host, |limits| {
                limits.min_chunk = Some(min).filter(|min| *min <= MAX_MIN_CHUNK);
                limits.whole_only |= limits.min_chunk.is_none();
            });
        }
        let location = response.location().ok_or_else(|| {
            let message = format!("{host}: upload without a location");
            let error = Error::new(Kind::NoHeader, message).with_host(&host);
            error.with_http_status(response.status())
        })??;
        Ok(Session {
            location,
            host,
            offset: 0,
        })
    }

    /// A request about the upload. The caller decides on retries: what to send
    /// depends on what the registry has received.
    pub(super) fn request(&self, task: &Task, method: &str) -> Result<Request, Error> {
        let mut request = task.request(method, "/")?;
        request.set_location(&self.location)?;
        request.continues_upload = true;
        request.is_repeated_by_caller = task.retries() > 0;
        request.set_retries(Some(0))?;
        Ok(request)
    }

    /// A request with content from the current offset on.
    pub(super) fn content_request(
        &self,
        task: &Task,
        method: &str,
        length: u64,
    ) -> Result<Request, Error> {
        let mut request = self.request(task, method)?;
        request.set_header("Content-Type", b"application/octet-stream")?;
        if length > 0 && (method == "PATCH" || self.offset > 0) {
            let range = format!("{}-{}", self.offset, self.offset + length - 1);
            request.set_header("Content-Range", range.as_bytes())?;
        }
        Ok(request)
    }

    /// Takes the location of a response in place of the earlier one.
    pub(super) fn follow(&mut self, response: &Response) -> Result<(), Error> {
        if let Some(location) = response.location() {
            self.location = location?;
        }
        Ok(())
    }

    /// Requests how much the registry has.
    pub(super) fn request_offset(&mut self, task: &Task) -> Result<Received, Error> {
        let mut request = self.request(task, "GET")?;
        request.set_retries(Some(task.retries()))?;
        let response = task.send(&mut request)?;
        match response.status() {
            200..300 => {
                self.follow(&response)?;
                Ok(received(&response))
            }
            429 | 500.. => task::check(&response).map(|()| Received::UnknownUpload),
            _ => Ok(Received::UnknownUpload),
        }
    }

    /// Discards an upload that is no longer needed. If that fails, the registry
    /// discards it by itself after some time.
    pub(super) fn discard(&self, task: &Task) {
        if let Ok(mut request) = self.request(task, "DELETE") {
            let _ = task.send(&mut request);
        }
    }

    /// Tells the registry to discard the upload.
    pub(super) fn abort(&self, task: &Task) -> Result<(), Error> {
        let mut request = self.request(task, "DELETE")?;
        request.set_retries(Some(task.retries()))?;
        let response = task.send(&mut request)?;
        match response.status() {
            // Registries without this request discard uploads after some time. Some
            // take its path for something else.
            400 | 404 | 405 => Ok(()),
            _ => task::check(&response),
        }
    }
}

/// How much the registry has of an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Received {
    Bytes(u64),
    /// Nothing or a single byte, since `0-0` may mean either; or it does not say.
    Unclear,
    UnknownUpload,
}

/// How much the registry has, as far as the Range of a response says.
pub(super) fn received(response: &Response) -> Received {
    match response.range() {
        Some((0, last)) if last > 0 && last < u64::MAX => Received::Bytes(last + 1),
        _ => Received::Unclear,
    }
}

/// Whether the repository has a blob. An error response counts as no: the registry
/// may still accept uploads.
pub(super) fn exists(task: &Task, digest: &Digest) -> Result<bool, Error> {
    let requests = task.requests();
    let response = requests.send(&mut requests.blob("HEAD", digest)?)?;
    Ok(response.status() == 200)
}
