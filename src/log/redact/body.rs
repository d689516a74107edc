//! Redaction of JSON, form and plain text bodies.

use std::borrow::Cow;

use serde_json::Value;

use super::key::is_secret_key;
use super::text::{REDACTED, cover, escape};
use super::url::{redact_pairs, redact_urls_in};

/// Maximum size of JSON that is parsed, in bytes: the parsed values take many
/// times as much memory.
const MAX_JSON: usize = 64 * 1024;

/// Maximum size of other text that is examined, in bytes: more than a log entry
/// shows, since redaction shortens it.
const MAX_TEXT: usize = 8 * 1024;

/// The start of a textual body, redacted, at most `cap` bytes; keeps line breaks.
/// `None` if it is not text.
pub(crate) fn body(content_type: Option<&str>, body: &[u8], cap: usize) -> Option<String> {
    let kind = content_type.unwrap_or_default().split(';').next();
    let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let is_form = kind == "application/x-www-form-urlencoded";
    if body.is_empty() || !(is_json || is_form || kind.is_empty() || kind.starts_with("text/")) {
        return None;
    }
    let head = &body[..body.len().min(MAX_JSON)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => Cow::Borrowed(text),
        // Truncated inside a character.
        Err(error) if error.error_len().is_none() => {
            String::from_utf8_lossy(&head[..error.valid_up_to()])
        }
        Err(_) if kind.is_empty() => return None,
        Err(_) => String::from_utf8_lossy(head),
    };
    let is_text = |character: char| !character.is_control() || "\t\r\n".contains(character);
    if kind.is_empty() && !text.chars().all(is_text) {
        return None;
    }
    let shown = if is_form {
        redact_pairs(beginning(&text))
    } else if is_json || text.trim_start().starts_with(['{', '[', '"']) {
        redact_json(&text)
    } else {
        redact_text(beginning(&text))
    };
    Some(escape(&shown, cap, true))
}

/// The beginning of a body. If it is shortened, it does not end in a word, which
/// could be part of a secret.
fn beginning(text: &str) -> &str {
    if text.len() <= MAX_TEXT {
        return text;
    }
    let end = (0..=MAX_TEXT).rfind(|&at| text.is_char_boundary(at));
    let start = &text[..end.unwrap_or(0)];
    let last_space = start.rfind(char::is_whitespace);
    &start[..last_space.unwrap_or(start.len())]
}

/// Redacts URLs, credentials that follow the name of an authentication scheme,
/// and everything after the name of a secret, because the end of the secret is
/// unknown.
fn redact_text(text: &str) -> String {
    let mut text = message(text);
    if let Some(at) = end_of_secret_key(&text) {
        text.truncate(at);
        text.push_str(REDACTED);
    }
    text
}

/// Redacts URLs, and credentials that follow the name of an authentication
/// scheme, in what a server says to the user.
pub(crate) fn message(text: &str) -> String {
    let text = redact_urls_in(text);
    let lower = text.to_ascii_lowercase();
    let mut covered = Vec::new();
    for scheme in ["bearer ", "basic "] {
        for (at, _) in lower.match_indices(scheme) {
            let start = at + scheme.len();
            let ends = |c: char| c.is_whitespace() || c == '"';
            let end = lower[start..]
                .find(ends)
                .map_or(lower.len(), |end| start + end);
            // Shorter words are not credentials.
            if end - start >= 16 {
                covered.push(start..end);
            }
        }
    }
    cover(&text, covered)
}

/// The end of the first `:` or `=` that follows the name of a secret.
fn end_of_secret_key(text: &str) -> Option<usize> {
    let in_word = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    let between = |c: char| c.is_whitespace() || "\"'\\".contains(c);
    text.match_indices([':', '=']).find_map(|(at, _)| {
        let before = text[..at].trim_end_matches(between);
        let word = &before[before.trim_end_matches(in_word).len()..];
        let is_done = text[at + 1..].starts_with(REDACTED);
        (!is_done && is_secret_key(word)).then_some(at + 1)
    })
}

fn redact_json(text: &str) -> String {
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => match redact_value(&mut value) {
            true => value.to_string(),
            false => text.to_owned(),
        },
        // Truncated or not JSON. An escape could hide the name of a secret.
        Err(_) => {
            let text = beginning(text).replace("\\/", "/");
            let end = text.find("\\u").unwrap_or(text.len());
            let mut shown = redact_text(&text[..end]);
            if end < text.len() {
                shown.push_str(REDACTED);
            }
            shown
        }
    }
}

/// The strings in JSON that are secrets, by the names of the members that they
/// are in.
pub(crate) fn secret_members(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, member)| match is_secret_key(key) {
                true => strings(member),
                false => secret_members(member),
            })
            .collect(),
        Value::Array(elements) => elements.iter().flat_map(secret_members).collect(),
        _ => Vec::new(),
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(elements) => elements.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

/// Redacts in place; returns whether anything was redacted. The parser limits
/// the depth.
fn redact_value(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut is_changed = false;
            for (key, member) in members.iter_mut() {
                if is_secret_key(key) {
                    *member = Value::from(REDACTED);
                    is_changed = true;
                } else {
                    is_changed |= redact_value(member);
                }
            }
            is_changed
        }
        Value::Array(elements) => {
            let mut is_changed = false;
            for element in elements {
                is_changed |= redact_value(element);
            }
            is_changed
        }
        Value::String(text) => {
            let shown = redact_text(text);
            let is_changed = shown != *text;
            *text = shown;
            is_changed
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_json() {
        let json = serde_json::json!({
            "error": "no",
            "Access_Token": "one",
            "data": [{"Secret": ["two", {"x": "three"}], "Username": "me"}, 4],
        });
        let mut found = secret_members(&json);
        found.sort_unstable();
        assert_eq!(found, ["one", "three", "two"]);
    }

    #[test]
    fn bodies() {
        let json = Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8");
        for (kind, content, expected) in [
            (
                json,
                "{ \"b\": 1,\n \"a\": [\"x\"] }",
                "{ \"b\": 1,\n \"a\": [\"x\"] }",
            ),
            (
                json,
                r#"{"a":[{"Access_Token":{"x":"secret"}}],"expires_in":5}"#,
                r#"{"a":[{"Access_Token":"[redacted]"}],"expires_in":5}"#,
            ),
            (
                json,
                r#"{"t\u006fken":"secret","identitytoken":"secret","auth":"secret","author":"me"}"#,
                r#"{"auth":"[redacted]","author":"me","identitytoken":"[redacted]","token":"[redacted]"}"#,
            ),
            (
                json,
                r#"["https://h/?X-Amz-Signature=secret\u0026n=1", "{\"password\":\"secret"]"#,
                r#"["https://h/?X-Amz-Signature=[redacted]&n=1","{\"password\":[redacted]"]"#,
            ),
            (
                json,
                r#"{"a":1,"refresh_token" : "sec"#,
                r#"{"a":1,"refresh_token" :[redacted]"#,
            ),
            (
                json,
                r#"{"a":1,"t\u006fken" : "sec"#,
                r#"{"a":1,"t[redacted]"#,
            ),
            (
                json,
                r#"{"a":"https:\/\/u:sec"#,
                r#"{"a":"https://[redacted]"#,
            ),
            (None, "{\"token\":\"secret\"}", "{\"token\":\"[redacted]\"}"),
            (None, "404 page\nnot found", "404 page\nnot found"),
            (
                Some("text/html"),
                "<a href='https://u:secret@h/'>a\u{1b}</a>",
                "<a href='https://[redacted]@h/'>a\\u{1b}</a>",
            ),
            (
                Some("text/plain"),
                "Authorization: Basic secret",
                "Authorization:[redacted]",
            ),
            (
                Some("text/plain"),
                "use bearer secretsecretsecret now",
                "use bearer [redacted] now",
            ),
            (
                Some("text/plain"),
                "basic authentication needed",
                "basic authentication needed",
            ),
            (
                Some("application/x-www-form-urlencoded"),
                "grant_type=password&username=me&password=secret&service=r.io&scope=a:b:c",
                "grant_type=password&username=[redacted]&password=[redacted]&service=r.io&scope=a:b:c",
            ),
        ] {
            assert_eq!(
                body(kind, content.as_bytes(), 1000).unwrap(),
                expected,
                "{content}"
            );
        }
        for (kind, content) in [
            (Some("application/octet-stream"), &b"text"[..]),
            (Some("image/png"), b"text"),
            (None, b"\x1f\x8b\x08"),
            (None, b"a\0b"),
            (None, b"a\xffb"),
            (json, b""),
        ] {
            assert_eq!(body(kind, content, 1000), None);
        }
        assert_eq!(body(None, "abcé".as_bytes(), 4).unwrap(), "abc...");
        assert_eq!(body(None, b"abc\xc3", 9).unwrap(), "abc");
        let large = format!(
            "{{\"a\":\"{}\",\"token\":\"secret\"}}",
            "b".repeat(MAX_JSON)
        );
        assert_eq!(body(json, large.as_bytes(), 9).unwrap(), "{\"a\":\"bbb...");
        let long = format!(
            "{} bearer {}",
            "a".repeat(MAX_TEXT - 12),
            "secret".repeat(9)
        );
        let shown = body(None, long.as_bytes(), 9000).unwrap();
        assert!(!shown.contains("secret") && shown.len() > 8000, "{shown}");
        let deep = "[".repeat(100_000);
        assert_eq!(body(json, deep.as_bytes(), 3).unwrap(), "[[[...");
    }
}
