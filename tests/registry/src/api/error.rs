//! Errors in the format of the specification.

use crate::response::Response;
use serde_json::{Value, json};
use std::io;

/// Why a request fails.
pub(crate) enum Refusal {
    /// The response.
    Answer(Box<Response>),
    /// The connection broke while the body was read.
    Broken(io::Error),
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Refusal::Broken(error)
    }
}

impl From<Response> for Refusal {
    fn from(response: Response) -> Self {
        Refusal::Answer(Box::new(response))
    }
}

/// The outcome of a handler.
pub(crate) type Outcome = Result<Response, Refusal>;

/// An error list with one error.
pub(crate) fn envelope(status: u16, code: &str, message: &str, detail: Value) -> Response {
    let error = json!({"code": code, "message": message, "detail": detail});
    Response::json(status, &json!({ "errors": [error] }))
}

/// An error with details.
pub(crate) fn refusal(status: u16, code: &str, message: &str, about: &str) -> Response {
    envelope(status, code, message, json!({ "value": about }))
}

pub(crate) fn digest_invalid(digest: &str) -> Response {
    refusal(
        400,
        "DIGEST_INVALID",
        "digest is invalid or not of the content",
        digest,
    )
}

pub(crate) fn blob_unknown(digest: &str) -> Response {
    refusal(
        404,
        "BLOB_UNKNOWN",
        "blob unknown to the repository",
        digest,
    )
}

pub(crate) fn name_unknown(name: &str) -> Response {
    refusal(
        404,
        "NAME_UNKNOWN",
        "repository unknown to the registry",
        name,
    )
}

pub(crate) fn manifest_unknown(reference: &str) -> Response {
    refusal(
        404,
        "MANIFEST_UNKNOWN",
        "manifest unknown to the repository",
        reference,
    )
}

pub(crate) fn upload_unknown(id: &str) -> Response {
    refusal(
        404,
        "BLOB_UPLOAD_UNKNOWN",
        "upload unknown to the registry",
        id,
    )
}

pub(crate) fn size_invalid(why: &str) -> Response {
    refusal(400, "SIZE_INVALID", "length is not the one announced", why)
}

/// The method is not supported for this path, or disabled.
pub(crate) fn not_allowed(method: &str, allowed: &str) -> Response {
    refusal(405, "UNSUPPORTED", "the operation is not supported", method).header("Allow", allowed)
}

/// The response for unknown paths, without an error list.
pub(crate) fn no_such_path() -> Response {
    Response::with_body(404, b"404 page not found\n".to_vec())
        .header("Content-Type", "text/plain; charset=utf-8")
}
