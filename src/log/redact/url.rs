//! Redaction of URLs, alone or in other text.

use super::key::is_secret_key;
use super::text::{REDACTED, escape};

/// Query parameters of the registry protocol, whose values are never secret.
const PUBLIC_PARAMETERS: [&str; 15] = [
    "digest",
    "mount",
    "from",
    "n",
    "last",
    "artifactType",
    "service",
    "scope",
    "client_id",
    "offline_token",
    "access_type",
    "grant_type",
    "tag",
    "digest-algorithm",
    "ns",
];

/// A URL or a reference for the log: without user information and fragment, and
/// with only the query values that are not secret. The path is kept.
pub(crate) fn url(text: &str) -> String {
    escape(&redact_url(text), usize::MAX, false)
}

pub(super) fn redact_url(text: &str) -> String {
    let (main, fragment) = match text.split_once('#') {
        Some((main, _)) => (main, "#[redacted]"),
        None => (text, ""),
    };
    let is_scheme = |before: &str| match before.strip_suffix(':') {
        Some(scheme) => !scheme.contains(['/', '?', ':', '@']),
        None => before.is_empty(),
    };
    let start = match main.find("//") {
        Some(at) if is_scheme(&main[..at]) => at + 2,
        _ => 0,
    };
    let (front, mut rest) = main.split_at(start);
    let mut out = front.to_owned();
    let authority = authority_of(rest);
    let user_end = match authority.rfind('@') {
        // A slash or question mark in a password looks like the end of the
        // authority.
        None if start > 0 && has_bad_port(authority) => rest.rfind('@'),
        found => found,
    };
    if let Some(at) = user_end {
        out.push_str("[redacted]@");
        rest = &rest[at + 1..];
    }
    let authority = authority_of(rest);
    if start > 0 && has_bad_port(authority) {
        out.push_str(REDACTED);
        rest = &rest[authority.len()..];
    }
    match rest.split_once('?') {
        Some((path, query)) => {
            out.push_str(path);
            out.push('?');
            out.push_str(&redact_pairs(query));
        }
        None => out.push_str(rest),
    }
    out.push_str(fragment);
    out
}

fn authority_of(text: &str) -> &str {
    text.split(['/', '?']).next().unwrap_or_default()
}

/// Whether the port is invalid, and so may be a password that was cut before
/// its `@`.
fn has_bad_port(authority: &str) -> bool {
    let after = authority
        .rsplit_once(']')
        .map_or(authority, |(_, after)| after);
    let port = after.split_once(':').map_or("", |(_, port)| port);
    !port.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn redact_pairs(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    for piece in query.split_inclusive(['&', ';']) {
        let pair = piece.trim_end_matches(['&', ';']);
        match pair.split_once('=') {
            Some((name, value)) if is_public(name) && is_plain(value) => out.push_str(pair),
            // The "=" may be base64 padding.
            Some((name, value)) if is_plain(name) && !value.trim_matches('=').is_empty() => {
                out.push_str(name);
                out.push_str("=[redacted]");
            }
            None if pair.is_empty() || is_public(pair) => out.push_str(pair),
            _ => out.push_str(REDACTED),
        }
        out.push_str(&piece[pair.len()..]);
    }
    out
}

/// Minimum length of a value that is a secret because of its name, and of one
/// whatever its name, in bytes.
const MIN_NAMED: usize = 8;
const MIN_SECRET: usize = 24;

/// The values of a query that look like secrets, such as signatures: the server
/// may repeat them in a message.
pub(crate) fn secret_values(query: &str) -> impl Iterator<Item = &str> {
    query.split(['&', ';']).filter_map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or(("", pair));
        let min = if is_secret_key(name) {
            MIN_NAMED
        } else {
            MIN_SECRET
        };
        (!is_public(name) && value.len() >= min).then_some(value)
    })
}

fn is_public(name: &str) -> bool {
    PUBLIC_PARAMETERS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a value is free of encoded characters, which could hide another
/// parameter.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,*@+%()!".contains(&byte);
    text.bytes().all(plain)
}

/// Redacts the absolute URLs in a string.
pub(super) fn redact_urls_in(text: &str) -> String {
    let ends_url = |c: char| c.is_whitespace() || c.is_control() || "\"'<>`".contains(c);
    let in_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let start = rest[..at].trim_end_matches(in_scheme).len();
        let end = rest[at..].find(ends_url).map_or(rest.len(), |end| at + end);
        out.push_str(&rest[..start]);
        out.push_str(&redact_url(&rest[start..end]));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        for (text, expected) in [
            (
                "https://r.io/v2/a?n=5&last=b%2Fc&artifactType=x/y%2Bz",
                "https://r.io/v2/a?n=5&last=b%2Fc&artifactType=x/y%2Bz",
            ),
            (
                "https://secret@r.io:5000/a@b",
                "https://[redacted]@r.io:5000/a@b",
            ),
            ("https://a@secret@r.io/", "https://[redacted]@r.io/"),
            (
                "https://u:sec/secret@r.io/?n=1",
                "https://[redacted]@r.io/?n=1",
            ),
            (
                "https://u:sec?secret@r.io/?n=1",
                "https://[redacted]@r.io/?n=1",
            ),
            (
                "https://u:sec#secret@r.io/",
                "https://[redacted]#[redacted]",
            ),
            ("https://u:secret", "https://[redacted]"),
            ("u:secret@r.io/x", "[redacted]@r.io/x"),
            (
                "http://[::1]:5000/?account=secret",
                "http://[::1]:5000/?account=[redacted]",
            ),
            ("/a?secret", "/a?[redacted]"),
            (
                "/a?secret==&&n&x=;secret",
                "/a?[redacted]&&n&[redacted];[redacted]",
            ),
            ("?service=x?sig=secret", "?service=[redacted]"),
            ("?n=5;sig=secret", "?n=5;sig=[redacted]"),
            ("?sec\"ret=secret", "?[redacted]"),
            ("a\nb", "a\\nb"),
            ("/a?s=secret&to=https://h/", "/a?s=[redacted]&to=[redacted]"),
            ("u:secret@x://h/", "[redacted]@x://h/"),
        ] {
            assert_eq!(url(text), expected, "{text}");
        }
    }
}
