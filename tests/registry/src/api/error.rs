//! Refusals, in the envelope of the specification.

use crate::response::Response;
use serde_json::{Value, json};
use std::io;

/// Why a request is not done.
pub(crate) enum Refusal {
    /// The answer to give.
    Answer(Box<Response>),
    /// The connection broke while the body came.
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

/// The error envelope with one error.
pub(crate) fn envelope(status: u16, code: &str, message: &str, detail: Value) -> Response {
    let error = json!({"code": code, "message": message, "detail": detail});
    Response::json(status, &json!({ "errors": [error] }))
}

/// A refusal that names what it is about.
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

/// The method is not for this path, or is switched off.
pub(crate) fn not_allowed(method: &str, allowed: &str) -> Response {
    refusal(405, "UNSUPPORTED", "the operation is not supported", method).header("Allow", allowed)
}

/// What a registry says of a path that it does not have: no envelope.
pub(crate) fn no_such_path() -> Response {
    Response::with_body(404, b"404 page not found\n".to_vec())
        .header("Content-Type", "text/plain; charset=utf-8")
}
