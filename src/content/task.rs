//! One call of the content layer: its limits, its retries, its progress, and the
//! requests that it sends.

use super::options::Options;
use super::progress::Progress;
use super::repository::Repository;
use super::requests::Requests;
use crate::client::Client;
use crate::error::{Error, Kind, Step};
use crate::os::call_scope::CallScope;
use crate::request::Request;
use crate::request::call::Call;
use crate::request::response::Response;

/// Retries without progress, unless the options or the client say otherwise.
const DEFAULT_RETRIES: u32 = 5;

/// A call on a repository.
pub(crate) struct Task<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) options: &'a Options,
    pub(crate) call: Call,
    pub(crate) progress: Progress,
    _scope: CallScope,
}

impl<'a> Task<'a> {
    pub(crate) fn new(repository: &'a Repository, options: &'a Options) -> Task<'a> {
        let progress = Progress::new(options.progress.as_ref());
        Task::with_progress(repository, options, progress)
    }

    /// A call that continues a transfer that another call has begun.
    pub(crate) fn with_progress(
        repository: &'a Repository,
        options: &'a Options,
        progress: Progress,
    ) -> Task<'a> {
        let client = repository.client();
        let mut call = client.begin(options.cancel.clone(), options.timeout);
        call.limits.transfer = progress.meter();
        let waits = progress.clone();
        call.on_retry = Some(Box::new(move |wait| waits.retries_in(wait)));
        Task {
            repository,
            options,
            call,
            progress,
            _scope: CallScope::enter(),
        }
    }

    pub(crate) fn client(&self) -> &Client {
        self.repository.client()
    }

    /// Consecutive retries without progress.
    pub(crate) fn retries(&self) -> u32 {
        let set = self.options.retries().or(self.client().retries());
        set.unwrap_or(DEFAULT_RETRIES)
    }

    /// The requests of the call.
    pub(crate) fn requests(&self) -> Requests<'_> {
        Requests::new(self.repository, &self.call, self.retries())
    }

    /// A request whose path has the placeholder of the repository's name.
    pub(crate) fn request(&self, method: &str, path: &str) -> Result<Request, Error> {
        self.requests().request(method, path)
    }

    /// An error if the call must end. Reports progress if that is due.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.call.limits.check(Step::Prepare)
    }

    /// Sends a request, and returns its response whatever its status.
    pub(crate) fn send(&self, request: &mut Request) -> Result<Response, Error> {
        self.requests().send(request)
    }

    /// Ends the call: reports its end, and completes its error.
    pub(crate) fn finish<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.progress
            .done(result.map_err(|error| self.completed(error)))
    }

    /// The error of the call, without secrets. A refusal by a token server has the
    /// same kind as one by the registry.
    pub(crate) fn completed(&self, error: Error) -> Error {
        let error = self.client().scrub(error);
        match (error.kind(), error.http_status()) {
            (Kind::TokenRefused, 401) => error.with_kind(Kind::Unauthorized),
            (Kind::TokenRefused, 403) => error.with_kind(Kind::Denied),
            _ => error,
        }
    }

    /// Sends a request, and fails unless its response is a success.
    pub(crate) fn send_checked(&self, request: &mut Request) -> Result<Response, Error> {
        let response = self.send(request)?;
        check(&response)?;
        Ok(response)
    }
}

/// An error unless the status is a 2xx.
pub(crate) fn check(response: &Response) -> Result<(), Error> {
    response.check().map_err(|error| {
        let kind = kind_of(&error);
        error.with_kind(kind)
    })
}

/// The kind of failure that an HTTP status is.
fn kind_of(error: &Error) -> Kind {
    match (error.http_status(), error.registry_code()) {
        (404, _) => Kind::NotFound,
        (401, _) => Kind::Unauthorized,
        (403, _) => Kind::Denied,
        (405 | 501, _) | (_, Some("UNSUPPORTED")) => Kind::Unsupported,
        _ => Kind::HttpStatus,
    }
}
