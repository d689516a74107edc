//! What the engine sends and receives.

use crate::auth::Authorization;
use crate::http::headers::Headers;
use crate::http::hooks::Purpose;
use crate::http::url::{Origin, Url};
use crate::transport::{Director, RawResponse};

/// A request without its body.
pub(super) struct Send<'a> {
    pub(super) method: &'a str,
    pub(super) url: Url,
    pub(super) headers: Headers,
    /// Sent to this origin only.
    pub(super) authorization: Option<(&'a Origin, &'a Authorization)>,
    pub(super) purpose: Purpose,
    pub(super) director: Director,
    pub(super) follow_redirects: bool,
    /// If the server receives it twice, it may store the body twice.
    pub(super) appends: bool,
}

/// A response, and where it came from.
pub(crate) struct EngineResponse {
    pub(crate) raw: RawResponse,
    pub(crate) url: Url,
    /// Its host and port.
    pub(crate) host: String,
    /// A redirect went to another origin, even if a later one came back.
    pub(super) left_origin: bool,
    /// For a 401, where the credentials came from.
    pub(crate) note: Option<String>,
}
