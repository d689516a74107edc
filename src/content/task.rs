//! A call on a repository of a registry: its requests and its retries.

use std::ops::Deref;

use super::operation::Operation;
use super::registry::Registry;
use super::requests::Requests;
use crate::client::Client;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

/// Retries without progress, unless the options or the client say otherwise.
const DEFAULT_RETRIES: u32 = 5;

/// A call on a repository of a registry.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    operation: &'a Operation<'a>,
    pub(crate) repository: &'a Registry,
}

impl<'a> Deref for Task<'a> {
    type Target = Operation<'a>;

    fn deref(&self) -> &Operation<'a> {
        self.operation
    }
}

impl<'a> Task<'a> {
    pub(crate) fn new(operation: &'a Operation<'a>, repository: &'a Registry) -> Task<'a> {
        Task {
            operation,
            repository,
        }
    }

    /// An error if the call is not on a repository of a registry.
    pub(crate) fn of(operation: &'a Operation<'a>) -> Result<Task<'a>, Error> {
        Ok(Task::new(operation, operation.repository.registry()?))
    }

    pub(crate) fn client(&self) -> &'a Client {
        self.repository.client()
    }

    /// Consecutive retries without progress.
    pub(crate) fn retries(&self) -> u32 {
        let set = self.options.retries().or(self.client().retries());
        set.unwrap_or(DEFAULT_RETRIES)
    }

    /// The requests of the call.
    pub(crate) fn requests(&self) -> Requests<'a> {
        Requests::new(self.repository, &self.operation.call, self.retries())
    }

    /// A request whose path has the placeholder of the repository's name.
    pub(crate) fn request(&self, method: &str, path: &str) -> Result<Request, Error> {
        self.requests().request(method, path)
    }

    /// Sends a request, and returns its response whatever its status.
    pub(crate) fn send(&self, request: &mut Request) -> Result<Response, Error> {
        self.requests().send(request)
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
