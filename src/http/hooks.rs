//! What callbacks can see and change of requests and responses.

use std::sync::Arc;

use super::headers::Headers;
use crate::error::Error;
use crate::log::WeakLog;

/// The reason for sending a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum Purpose {
    /// The first request of a call.
    First = 1,
    /// The request with the authorization that a challenge requires.
    Challenge = 2,
    /// A request to a token server, or one to obtain the registry's challenge.
    Token = 3,
    /// The request to the target of a redirect.
    Redirect = 4,
    /// A retry after a failure.
    Retry = 5,
}

/// A request that is about to be sent, or a response.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(crate) purpose: Purpose,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
    /// The client's log, for invalid changes; `None` without callbacks.
    pub(crate) log: Option<WeakLog>,
}

impl Exchange {
    /// The reason for sending it.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The complete URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status of the response; 0 for a request.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers of the request or of the response.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Sets a header of this request.
    pub fn set_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.headers.try_set(name, value)
    }

    /// Removes a header from this request.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
    }
}

/// Called before each request is sent; may change its headers.
pub type SendCallback = Arc<dyn Fn(&mut Exchange) -> Result<(), Error> + Send + Sync>;

/// Called after the headers of each response have been received.
pub type ResponseCallback = Arc<dyn Fn(&Exchange) -> Result<(), Error> + Send + Sync>;
