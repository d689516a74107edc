//! An attempt to send a request, on which the retry rules decide.

use std::time::Instant;

use crate::error::{Error, RetryAfter};

/// How an attempt ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// With a response.
    Response {
        status: u16,
        retry_after: Option<RetryAfter>,
    },
    /// Without one, or with one whose body was truncated.
    Failure(&'a Error),
}

/// An attempt to send a request, and its outcome.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// 1 for the first attempt of the request.
    pub(crate) number: u32,
    pub(crate) begun: Instant,
    pub(crate) method: &'a str,
    /// Host and port of the server; a failure may name another, such as the
    /// token server.
    pub(crate) host: &'a str,
    pub(crate) outcome: Outcome<'a>,
    /// Not a byte of the request was sent.
    pub(crate) unsent: bool,
    /// There is no request body, or it can be sent again from its start.
    pub(crate) repeatable: bool,
    /// The caller has received a byte of the response body.
    pub(crate) delivered: bool,
}

impl Attempt<'_> {
    pub(super) fn host(&self) -> &str {
        match self.outcome {
            Outcome::Response { .. } => self.host,
            Outcome::Failure(error) => error.host().unwrap_or(self.host),
        }
    }

    pub(super) fn retry_after(&self) -> Option<RetryAfter> {
        match self.outcome {
            Outcome::Response { retry_after, .. } => retry_after,
            Outcome::Failure(error) => error.retry_after_field(),
        }
    }
}
