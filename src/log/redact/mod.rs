//! Redaction of secrets in log and error messages. In doubt, a value is hidden.

mod body;
mod header_name;
mod key;
mod text;
mod url;

use std::borrow::Cow;

pub(crate) use self::body::{body, message, secret_members};
pub(crate) use self::header_name::is_secret_header;
pub(crate) use self::text::cover;
use self::text::{REDACTED, escape};
use self::url::{redact_url, redact_urls_in};
pub(crate) use self::url::{secret_values, url};
use crate::error::server_text;

/// Maximum length of a value quoted in a message, in characters.
const SHOWN_CAP: usize = 64;

/// Maximum length of a header value in the log, in bytes.
const HEADER_CAP: usize = 4096;

/// Authentication schemes, which may be shown.
const AUTH_SCHEMES: [&str; 7] = [
    "Basic",
    "Bearer",
    "Digest",
    "Negotiate",
    "NTLM",
    "Token",
    "AWS4-HMAC-SHA256",
];

/// Quotes a value for an error message: escaped and shortened.
pub(crate) fn shown(value: &str) -> String {
    let short: String = value.chars().take(SHOWN_CAP).collect();
    let dots = if short.len() < value.len() { "..." } else { "" };
    format!("\"{}{dots}\"", server_text(&short))
}

/// The value of a header for the log, on one line.
pub(crate) fn header_value(name: &str, value: &[u8]) -> String {
    let is_cut = value.len() > HEADER_CAP;
    let shown = redact_header(name, &value[..value.len().min(HEADER_CAP)]);
    let mut shown = escape(&shown, HEADER_CAP, false);
    if is_cut && !shown.ends_with("...") {
        shown.push_str("...");
    }
    shown
}

/// Whether the log hides the value of a header or a part of it.
pub(crate) fn hides(name: &str, value: &[u8]) -> bool {
    redact_header(name, value).contains(REDACTED)
}

fn redact_header(name: &str, value: &[u8]) -> String {
    let text = text_of(value);
    let name = name.to_ascii_lowercase();
    if is_secret_header(&name) {
        let scheme = text.split(' ').next().unwrap_or_default();
        let is_known = |known: &&str| scheme.eq_ignore_ascii_case(known);
        return match AUTH_SCHEMES.iter().any(is_known) {
            true => format!("{scheme} {REDACTED}"),
            false => REDACTED.to_owned(),
        };
    }
    match name.as_str() {
        "location" | "content-location" | "referer" => redact_url(&text),
        "link" => redact_link(&text),
        "www-authenticate" | "proxy-authenticate" => redact_urls_in(&text),
        _ => match text.split_once(' ') {
            // Credentials under another name.
            Some((scheme, _)) if is_credential_scheme(scheme) => format!("{scheme} {REDACTED}"),
            None if is_jwt(&text) => REDACTED.to_owned(),
            _ => redact_urls_in(&text),
        },
    }
}

/// Whether a value is a JSON Web Token (RFC 7519): its header begins with `{"`.
fn is_jwt(text: &str) -> bool {
    text.starts_with("eyJ") && text.matches('.').count() >= 2
}

fn is_credential_scheme(scheme: &str) -> bool {
    ["Basic", "Bearer"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

fn redact_link(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        let (target, after) = after.split_once('>').unwrap_or((after, ""));
        out.push_str(&redact_urls_in(before));
        out.push('<');
        out.push_str(&redact_url(target));
        out.push('>');
        rest = after;
    }
    out.push_str(&redact_urls_in(rest));
    out
}

/// UTF-8 unchanged; otherwise ASCII, with all other bytes as `\xNN`.
fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => {
            let escaped = bytes.iter().map(|&byte| match byte {
                0x80.. => format!("\\x{byte:02x}"),
                _ => char::from(byte).to_string(),
            });
            Cow::Owned(escaped.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        for (name, value, expected) in [
            ("Authorization", "Basic c2VjcmV0", "Basic [redacted]"),
            ("authorization", "bearer secret more", "bearer [redacted]"),
            ("Authorization", "secret stuff", "[redacted]"),
            (
                "Proxy-Authorization",
                "Negotiate secret",
                "Negotiate [redacted]",
            ),
            ("Cookie", "a=secret", "[redacted]"),
            ("Set-Cookie", "a=secret; Path=/", "[redacted]"),
            ("X-Registry-Auth", "secret", "[redacted]"),
            ("X-Registry-Config", "secret", "[redacted]"),
            ("X-Amz-Security-Token", "secret", "[redacted]"),
            ("PRIVATE-TOKEN", "secret", "[redacted]"),
            ("X-Api-Key", "secret", "[redacted]"),
            ("My-Password", "secret", "[redacted]"),
            ("X-Forwarded", "Bearer secret", "Bearer [redacted]"),
            ("Content-Type", "application/json", "application/json"),
            (
                "Location",
                "/u/1?_state=secret&digest=sha256:a",
                "/u/1?_state=[redacted]&digest=sha256:a",
            ),
            (
                "Location",
                "https://u:secret@h/?sig=secret#secret",
                "https://[redacted]@h/?sig=[redacted]#[redacted]",
            ),
            (
                "Link",
                "</v2/_catalog?n=5&t=secret>; rel=\"next\", <//u:secret@h/",
                "</v2/_catalog?n=5&t=[redacted]>; rel=\"next\", <//[redacted]@h/>",
            ),
            (
                "WWW-Authenticate",
                "Bearer realm=\"https://u:secret@a.io/token?service=x&k=secret\",service=\"r.io\"",
                "Bearer realm=\"https://[redacted]@a.io/token?service=x&k=[redacted]\",service=\"r.io\"",
            ),
            (
                "X-Other",
                "a\tb\r\nc\u{1b}\u{2028}é",
                "a\tb\\r\\nc\\u{1b}\\u{2028}é",
            ),
        ] {
            assert_eq!(header_value(name, value.as_bytes()), expected);
        }
        assert_eq!(header_value("X", b"a\xff\0b"), "a\\xff\\u{0}b");
        let long = header_value("X", &[b'a'; 10_000]);
        assert_eq!(long.len(), HEADER_CAP + 3);
        assert!(header_value("X", &[0; 10_000]).len() <= HEADER_CAP + 3);
    }

    #[test]
    fn headers_that_the_log_hides() {
        let long = "a".repeat(HEADER_CAP) + " https://r.example/?sig=secret";
        for (name, value, expected) in [
            ("X-Api-Key", "secret", true),
            ("Referer", "https://r.example/?sig=secret", true),
            ("X-Custom", "basic c2VjcmV0", true),
            ("X-Custom", "eyJhbGciOiJub25lIn0.e30.", true),
            ("X-Custom", "eyJ.txt", false),
            ("X-Custom", "see https://u:secret@r.example/", true),
            ("X-Custom", long.as_str(), true),
            ("X-Custom", "Bearer", false),
            ("Accept", "application/json", false),
            ("User-Agent", "a/1 (https://r.example)", false),
        ] {
            assert_eq!(hides(name, value.as_bytes()), expected, "{name}: {value}");
        }
    }

    #[test]
    fn values_in_messages() {
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
        assert_eq!(
            shown(&"é".repeat(100)),
            format!("\"{}...\"", "é".repeat(64))
        );
    }
}
