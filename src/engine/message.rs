//! What the engine sends and receives.

use crate::auth::Authorization;
use crate::http::headers::Headers;
use crate::http::hooks::Purpose;
use crate::http::url::{Origin, Url};
use crate::transport::RawResponse;

/// What is sent, apart from the body.
pub(super) struct Send<'a> {
    pub(super) method: &'a str,
    pub(super) url: Url,
    pub(super) headers: Headers,
    /// Goes to this origin alone.
    pub(super) authorization: Option<(&'a Origin, &'a Authorization)>,
    pub(super) purpose: Purpose,
}

/// An answer, and where it came from.
pub(crate) struct EngineResponse {
    pub(crate) answer: RawResponse,
    pub(crate) url: Url,
    /// Its host and port.
    pub(crate) host: String,
    /// A redirect has led to another origin, if only for a while.
    pub(super) left_origin: bool,
}
