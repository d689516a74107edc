//! Where content came from, for errors.

use crate::error::{Error, Kind, server_text};
use crate::request::response::Response;

/// What is known of the response that content came in.
pub(super) struct ContentSource {
    host: String,
    status: u16,
    /// A Content-Encoding: its bytes are not those of the blob.
    encoding: Option<String>,
}

impl ContentSource {
    pub(super) fn of(response: &Response) -> ContentSource {
        let encoding = response.headers().text("content-encoding");
        ContentSource {
            host: response.host().to_owned(),
            status: response.status(),
            encoding: encoding.map(server_text),
        }
    }

    /// Adds to the error of content that does not match where it came from.
    pub(super) fn explained(&self, error: Error) -> Error {
        if !matches!(error.kind(), Kind::DigestMismatch | Kind::SizeMismatch) {
            return error;
        }
        let error = match error.message().contains(&self.host) {
            true => error,
            false => error.with_more(&format!(", from {}", self.host)),
        };
        let error = error.with_host(&self.host).with_http_status(self.status);
        match &self.encoding {
            Some(encoding) => error.with_more(&format!(" with content-encoding {encoding}")),
            None => error,
        }
    }
}
