//! What a caller can see and change of each send and each answer.

use std::sync::Arc;

use super::headers::Headers;
use crate::error::Error;

/// Why something is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[repr(i32)]
pub enum Purpose {
    /// The request, for the first time.
    First = 1,
    /// The request again, with what answers a challenge.
    Challenge = 2,
    /// A question to a token server, or for the registry's challenge.
    Token = 3,
    /// The request at the place that a redirect named.
    Redirect = 4,
    /// The request again, after it failed.
    Retry = 5,
}

/// One send, or its answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    pub(crate) purpose: Purpose,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) status: u16,
    pub(crate) headers: Headers,
}

impl Exchange {
    /// Why it is sent.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The whole URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The status of the answer; 0 at a send.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The headers, of the send or of the answer.
    pub fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Sets a header of this send.
    pub fn set_header(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        self.headers.try_set(name, value)
    }

    /// Takes a header out of this send.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.remove(name);
    }
}

/// Called before each send; may change its headers.
pub type SendCallback = Arc<dyn Fn(&mut Exchange) -> Result<(), Error> + Send + Sync>;

/// Called after each answer's headers have come.
pub type ResponseCallback = Arc<dyn Fn(&Exchange) -> Result<(), Error> + Send + Sync>;
