//! What the debug log and error messages may show. Where it is in doubt
//! whether something is a secret, it is not shown.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;

use crate::error::server_words;

const REDACTED: &str = "[redacted]";

/// The longest part of a caller's value that a message repeats, in characters.
const SHOWN_CAP: usize = 64;

/// The longest header value that is shown, in bytes.
const HEADER_CAP: usize = 4096;

/// How much of a body is looked at, in bytes: JSON takes many times that.
const BODY_CAP: usize = 1024 * 1024;

/// Query parameters whose values are part of the registries' protocol and
/// never a secret.
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

/// The first words of an Authorization header that tell nothing but the kind.
const AUTH_SCHEMES: [&str; 7] = [
    "Basic",
    "Bearer",
    "Digest",
    "Negotiate",
    "NTLM",
    "Token",
    "AWS4-HMAC-SHA256",
];

/// A value as an error message repeats it: in quotes, escaped, shortened.
pub(crate) fn shown(value: &str) -> String {
    let short: String = value.chars().take(SHOWN_CAP).collect();
    let dots = if short.len() < value.len() { "..." } else { "" };
    format!("\"{}{dots}\"", server_words(&short))
}

/// A header's value as the log shows it, on one line.
pub(crate) fn header_value(name: &str, value: &[u8]) -> String {
    let is_cut = value.len() > HEADER_CAP;
    let text = text_of(&value[..value.len().min(HEADER_CAP)]);
    let name = name.to_ascii_lowercase();
    let shown = if is_secret_header(&name) {
        let scheme = text.split(' ').next().unwrap_or_default();
        match AUTH_SCHEMES
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
        {
            true => format!("{scheme} {REDACTED}"),
            false => REDACTED.to_owned(),
        }
    } else {
        match name.as_str() {
            "location" | "content-location" | "referer" => redact_url(&text),
            "link" => redact_link(&text),
            _ => redact_urls_in(&text),
        }
    };
    let mut shown = escape(&shown, HEADER_CAP, false);
    if is_cut && !shown.ends_with("...") {
        shown.push_str("...");
    }
    shown
}

/// A URL or a reference as the log shows it: without user information and
/// fragment, and with the values of those query parameters alone that are no
/// secrets. The path is kept.
pub(crate) fn url(text: &str) -> String {
    escape(&redact_url(text), usize::MAX, false)
}

/// The start of a text body as the log shows it, of at most `cap` bytes; lines
/// are kept. None for what is not text.
pub(crate) fn body(content_type: Option<&str>, body: &[u8], cap: usize) -> Option<String> {
    let kind = content_type.unwrap_or_default().split(';').next();
    let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = kind == "application/json" || kind.ends_with("+json");
    let is_form = kind == "application/x-www-form-urlencoded";
    if body.is_empty() || !(is_json || is_form || kind.is_empty() || kind.starts_with("text/")) {
        return None;
    }
    let head = &body[..body.len().min(BODY_CAP)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => Cow::Borrowed(text),
        // Cut inside of a character, by us or before.
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
        redact_pairs(&text)
    } else if is_json || text.trim_start().starts_with(['{', '[', '"']) {
        redact_json(&text)
    } else {
        redact_text(&text)
    };
    Some(escape(&shown, cap, true))
}

/// Replaces every occurrence of the secrets; those of less than four bytes
/// would be found in any text.
pub(crate) fn scrub(text: &str, secrets: &[&str]) -> String {
    let mut covered = Vec::new();
    for secret in secrets.iter().filter(|secret| secret.len() >= 4) {
        let step = secret.chars().next().map_or(1, char::len_utf8);
        let mut from = 0;
        // Occurrences may overlap; no part of any is left.
        while let Some(at) = text[from..].find(secret) {
            covered.push(from + at..from + at + secret.len());
            from += at + step;
        }
    }
    cover(text, covered)
}

fn cover(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        if range.start > end || out.is_empty() {
            out.push_str(&text[end..range.start]);
            out.push_str(REDACTED);
        }
        end = end.max(range.end);
    }
    out.push_str(&text[end..]);
    out
}

fn is_secret_header(name: &str) -> bool {
    const PARTS: [&str; 8] = [
        "token",
        "secret",
        "password",
        "authorization",
        "cookie",
        "credential",
        "signature",
        "api-key",
    ];
    const NAMES: [&str; 4] = [
        "x-registry-auth",
        "x-registry-config",
        "x-auth",
        "x-jfrog-art-api",
    ];
    PARTS.iter().any(|part| name.contains(part)) || name.ends_with("-key") || NAMES.contains(&name)
}

/// Whether a JSON member or a word before `:` or `=` names a secret.
fn is_secret_key(key: &str) -> bool {
    const PARTS: [&str; 12] = [
        "token",
        "secret",
        "password",
        "passwd",
        "authorization",
        "privatekey",
        "accesskey",
        "apikey",
        "credential",
        "signature",
        "cookie",
        "assertion",
    ];
    const WORDS: [&str; 7] = [
        "auth",
        "xregistryauth",
        "pass",
        "pwd",
        "sig",
        "jwt",
        "bearer",
    ];
    let key: String = key
        .chars()
        .filter(|character| character.is_alphanumeric())
        .map(|character| character.to_ascii_lowercase())
        .collect();
    key != "tokentype"
        && (PARTS.iter().any(|part| key.contains(part)) || WORDS.contains(&key.as_str()))
}

fn redact_url(text: &str) -> String {
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
        // A slash or question mark inside of a password ends the authority.
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

/// Whether what should be a port may be a password, cut before its `@`.
fn has_bad_port(authority: &str) -> bool {
    let after = authority
        .rsplit_once(']')
        .map_or(authority, |(_, after)| after);
    let port = after.split_once(':').map_or("", |(_, port)| port);
    !port.bytes().all(|byte| byte.is_ascii_digit())
}

fn redact_pairs(query: &str) -> String {
    let mut out = String::with_capacity(query.len());
    for piece in query.split_inclusive(['&', ';']) {
        let pair = piece.trim_end_matches(['&', ';']);
        match pair.split_once('=') {
            Some((name, value)) if is_public(name) && is_plain(value) => out.push_str(pair),
            // The "=" may be the padding of base64.
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

fn is_public(name: &str) -> bool {
    PUBLIC_PARAMETERS
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Whether a text holds no other parameter, hidden in it by some encoding.
fn is_plain(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/,*@+%()!".contains(&byte);
    text.bytes().all(plain)
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

/// Redacts the absolute URLs in a text.
fn redact_urls_in(text: &str) -> String {
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

/// Redacts URLs, credentials that stand behind the name of their scheme, and
/// all that follows the name of a secret: where a secret ends is not known.
fn redact_text(text: &str) -> String {
    let mut text = redact_urls_in(text);
    if let Some(at) = end_of_secret_key(&text) {
        text.truncate(at);
        text.push_str(REDACTED);
    }
    let lower = text.to_ascii_lowercase();
    let mut covered = Vec::new();
    for scheme in ["bearer ", "basic "] {
        for (at, _) in lower.match_indices(scheme) {
            let start = at + scheme.len();
            let ends = |c: char| c.is_whitespace() || c == '"';
            let end = lower[start..]
                .find(ends)
                .map_or(lower.len(), |end| start + end);
            // A shorter word is a word.
            if end - start >= 16 {
                covered.push(start..end);
            }
        }
    }
    cover(&text, covered)
}

/// Where the first `:` or `=` ends that follows the name of a secret.
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
        // Cut, or no JSON. An escape could hide the name of a secret.
        Err(_) => {
            let text = text.replace("\\/", "/");
            let end = text.find("\\u").unwrap_or(text.len());
            let mut shown = redact_text(&text[..end]);
            if end < text.len() {
                shown.push_str(REDACTED);
            }
            shown
        }
    }
}

/// Whether anything was redacted. The parser bounds the depth.
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

/// UTF-8 as such; otherwise ASCII, with all other bytes as `\xNN`.
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

/// Escapes control characters and cuts.
fn escape(text: &str, cap: usize, keep_lines: bool) -> String {
    let mut out = String::new();
    let mut escaped = String::new();
    for character in text.chars() {
        escaped.clear();
        let is_line = matches!(character, '\n' | '\u{2028}' | '\u{2029}');
        if !keep_lines && is_line || character.is_control() && !"\n\t".contains(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
        if out.len() + escaped.len() > cap {
            out.push_str("...");
            break;
        }
        out.push_str(&escaped);
    }
    out
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
            "b".repeat(BODY_CAP)
        );
        assert_eq!(body(json, large.as_bytes(), 9).unwrap(), "{\"a\":\"bbb...");
        let deep = "[".repeat(100_000);
        assert_eq!(body(json, deep.as_bytes(), 3).unwrap(), "[[[...");
    }

    #[test]
    fn known_secrets() {
        for (text, secrets, expected) in [
            (
                "user me, password hunter2!",
                &["hunter2"][..],
                "user me, password [redacted]!",
            ),
            ("abcdefgh abc", &["abcd", "cdefgh"], "[redacted] abc"),
            ("aaaaa", &["aaaa"], "[redacted]"),
            ("xredacted", &["redacted", "xred"], "[redacted]"),
            ("an abc", &["abc", ""], "an abc"),
            ("éééé", &["éé"], "[redacted]"),
            ("", &["secret"], ""),
        ] {
            assert_eq!(scrub(text, secrets), expected);
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
