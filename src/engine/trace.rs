//! Requests and responses as the debug log shows them: as on the wire, without
//! secrets and without binary bodies.

use std::fmt::Write;

use crate::http::headers::Headers;
use crate::http::url::Url;
use crate::log::redact;
use crate::log::secrets::Secrets;
use crate::transport::RawResponse;

/// The maximum number of bytes of a body that are shown.
const BODY_CAP: usize = 2048;

/// A request that is about to be sent.
pub(crate) fn request(
    method: &str,
    url: &Url,
    headers: &Headers,
    body: Option<&[u8]>,
    secrets: &Secrets,
) -> String {
    let mut out = format!("> {method} {} HTTP/1.1", redact::url(&url.to_string()));
    fields(&mut out, '>', headers);
    if let Some(body) = body {
        text(&mut out, '>', headers, body, secrets);
    }
    out
}

/// Status and headers of a response.
pub(crate) fn response(response: &RawResponse) -> String {
    let mut out = format!("< {} {}", response.version.as_str(), response.status);
    fields(&mut out, '<', &response.headers);
    out
}

/// The body of a response that is kept in memory.
pub(crate) fn response_body(headers: &Headers, body: &[u8], secrets: &Secrets) -> Option<String> {
    let mut out = String::new();
    text(&mut out, '<', headers, body, secrets);
    (!out.is_empty()).then(|| out.trim_start_matches('\n').to_owned())
}

fn fields(out: &mut String, mark: char, headers: &Headers) {
    for (name, value) in headers.iter() {
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "\n{mark} {name}: {}",
            redact::header_value(name, value)
        );
    }
}

fn text(out: &mut String, mark: char, headers: &Headers, body: &[u8], secrets: &Secrets) {
    if body.is_empty() {
        return;
    }
    let shown = redact::body(headers.text("content-type"), body, BODY_CAP)
        .unwrap_or_else(|| format!("[{} bytes]", body.len()));
    // Before the lines are marked, since a secret may have several.
    for line in secrets.scrub(&shown).lines() {
        let _ = write!(out, "\n{mark} {line}");
    }
}
