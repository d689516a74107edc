//! Each form in which a secret may be repeated.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::*;

/// A password with a character of each kind that some encoding changes.
const HARD: &str = "p\"a\\s/s+w <ö>&'%41=;é?#1";

fn percent(text: &str, is_plain: impl Fn(u8) -> bool, upper: bool) -> String {
    let encode = |byte: u8| match (is_plain(byte), upper) {
        (true, _) => char::from(byte).to_string(),
        (_, true) => format!("%{byte:02X}"),
        (_, false) => format!("%{byte:02x}"),
    };
    text.bytes().map(encode).collect()
}

fn percent_all(text: &str) -> String {
    percent(text, |_| false, true)
}

fn json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn utf_16(text: &str) -> String {
    let units = text.encode_utf16();
    units.map(|unit| format!("\\u{unit:04X}")).collect()
}

fn html(text: &str, encode: impl Fn(char) -> String) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric();
    text.chars()
        .map(|c| {
            if is_plain(c) {
                c.to_string()
            } else {
                encode(c)
            }
        })
        .collect()
}

fn html_named(text: &str) -> String {
    html(text, |c| match c {
        '"' => "&quot;".to_owned(),
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '\'' => "&apos;".to_owned(),
        'ö' => "&ouml;".to_owned(),
        'ä' => "&auml;".to_owned(),
        'é' => "&eacute;".to_owned(),
        '€' => "&euro;".to_owned(),
        _ => c.to_string(),
    })
}

fn split(text: &str, between: &str) -> String {
    let middle = text.char_indices().nth(text.chars().count() / 2);
    let (start, end) = text.split_at(middle.map_or(0, |(at, _)| at));
    format!("{start}{between}{end}")
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn utf_16_bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

fn listed(text: &str, prefix: &str, between: &str) -> String {
    let bytes: Vec<String> = text
        .bytes()
        .map(|byte| format!("{prefix}{byte:02x}"))
        .collect();
    bytes.join(between)
}

/// The forms of a secret, each with a name.
fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let form_encoded = percent(secret, |b| unreserved(b) || b == b' ', true).replace(' ', "+");
    let base64 = STANDARD.encode(secret);
    vec![
        ("as it is", secret.to_owned()),
        ("upper case", secret.to_uppercase()),
        ("lower case", secret.to_lowercase()),
        ("percent, upper case", percent(secret, unreserved, true)),
        ("percent, lower case", percent(secret, unreserved, false)),
        ("percent, every byte", percent_all(secret)),
        ("percent, twice", percent_all(&percent_all(secret))),
        (
            "percent, three times",
            percent_all(&percent_all(&percent_all(secret))),
        ),
        ("a form", form_encoded),
        ("JSON", json(secret)),
        ("JSON with \\/", json(secret).replace('/', "\\/")),
        ("JSON, every character", utf_16(secret)),
        ("JSON in JSON", json(&json(secret))),
        ("percent in JSON", json(&percent(secret, unreserved, true))),
        ("JSON in percent", percent(&json(secret), unreserved, true)),
        (
            "a quoted string",
            secret.chars().flat_map(|c| ['\\', c]).collect(),
        ),
        ("Rust", secret.escape_default().to_string()),
        (
            "C, hexadecimal",
            secret.bytes().map(|b| format!("\\x{b:02x}")).collect(),
        ),
        (
            "C, octal",
            secret.bytes().map(|b| format!("\\{b:03o}")).collect(),
        ),
        (
            "JavaScript",
            secret
                .encode_utf16()
                .map(|u| format!("%u{u:04x}"))
                .collect(),
        ),
        ("HTML, names", html_named(secret)),
        (
            "HTML, decimal",
            html(secret, |c| format!("&#{};", u32::from(c))),
        ),
        (
            "HTML, hexadecimal",
            html(secret, |c| format!("&#x{:X};", u32::from(c))),
        ),
        ("HTML in JSON", json(&html_named(secret))),
        ("base64", base64.clone()),
        ("base64 without padding", STANDARD_NO_PAD.encode(secret)),
        ("base64url", URL_SAFE.encode(secret)),
        ("base64url without padding", URL_SAFE_NO_PAD.encode(secret)),
        ("base64 in lines", split(&base64, "\r\n ")),
        ("base64 in percent", percent(&base64, unreserved, true)),
        ("base64 in JSON", base64.replace('/', "\\/")),
        ("a Basic pair", STANDARD.encode(format!("u:{secret}"))),
        (
            "a Basic pair, offset 1",
            STANDARD.encode(format!("us:{secret}")),
        ),
        (
            "a Basic pair, offset 2",
            STANDARD.encode(format!("use:{secret}")),
        ),
        (
            "base64 of JSON",
            STANDARD.encode(format!("{{\"password\":\"{secret}\"}}")),
        ),
        ("base64 in a word", format!("x{base64}")),
        ("base64 of base64", STANDARD.encode(&base64)),
        (
            "base64 of a Basic pair",
            STANDARD.encode(STANDARD.encode(format!("us:{secret}"))),
        ),
        ("base64 of hexadecimal", STANDARD.encode(hex(secret))),
        ("base64 of JSON, escaped", STANDARD.encode(json(secret))),
        (
            "base64 of percent",
            STANDARD.encode(percent(secret, unreserved, true)),
        ),
        ("base64, upper case", base64.to_uppercase()),
        ("base64 of UTF-16", STANDARD.encode(utf_16_bytes(secret))),
        (
            "UTF-16, hexadecimal",
            utf_16_bytes(secret)
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        ),
        ("bytes, decimal", format!("{:?}", secret.as_bytes())),
        (
            "bytes, decimal, with spaces",
            format!("{:?}", secret.as_bytes()).replace(',', ""),
        ),
        ("bytes, hexadecimal", listed(secret, "", ":")),
        ("bytes, hexadecimal with 0x", listed(secret, "0x", ", ")),
        (
            "HTML without semicolons",
            secret
                .chars()
                .map(|c| format!("&#{} ", u32::from(c)))
                .collect(),
        ),
        ("hexadecimal", hex(secret)),
        ("hexadecimal, upper case", hex(secret).to_uppercase()),
        ("folded", split(secret, "\r\n\t")),
        ("with a space", split(secret, " ")),
        ("in two strings", split(secret, "\" \"")),
        ("with a line break in JSON", json(&split(secret, "\n"))),
        ("with a character of no width", split(secret, "\u{200b}")),
        ("with a control of direction", split(secret, "\u{202e}")),
        ("with an escaped control", split(secret, "\\u{200b}")),
    ]
}

#[test]
fn every_form_of_a_secret_is_covered() {
    for secret in [
        HARD,
        "Sup3rS3cretPw",
        "TOK3N-1-abcdef",
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl_-x",
        "YWxpY2U6U3VwM3I/UzNj+w==",
        "{\n  \"private_key\": \"-----BEGIN\\nMIIE\"\n}",
        "pässwörd€",
    ] {
        for (name, form) in forms(secret) {
            for (before, after) in [("no ", " here"), ("\"", "\""), ("x=", "&y"), ("/", "")] {
                let text = format!("{before}{form}{after}");
                let shown = scrub(&text, &[secret]);
                let rest = shown.replace("[redacted]", "");
                let (start, end) = (before.len(), after.len());
                assert!(shown.contains("[redacted]"), "{name}: {text} -> {shown}");
                // A Basic pair keeps its user, and digits at the ends.
                assert!(
                    rest.len() <= start + end + 24 && rest.len() < start + form.len(),
                    "{name}: {text} -> {shown}"
                );
                assert!(!shown.contains(secret), "{name}: {text} -> {shown}");
            }
        }
    }
}

#[test]
fn only_the_secret_is_covered() {
    for (text, secrets, expected) in [
        (
            "user me, password hunter2!",
            &["hunter2"][..],
            "user me, password [redacted]!",
        ),
        ("abcdefgh abc", &["abcd", "cdefgh"], "[redacted] abc"),
        ("aaaaa", &["aaaa"], "[redacted]"),
        ("xredacted", &["redacted", "xred"], "[redacted]"),
        ("éééé", &["éé"], "[redacted]"),
        ("no words", &[""], "no words"),
        ("", &["secret"], ""),
        (
            "/v2/a%2Fb?n=5 \"q\" \\n &amp;",
            &["secret", "x"],
            "/v2/a%2Fb?n=5 \"q\" \\n &amp;",
        ),
        ("token_server", &["server_token_0123456789"], "token_server"),
        // Less than three quarters of a secret of this length is no part of it.
        ("hunter hunter", &["hunter2"], "hunter hunter"),
        ("sec\u{202e}retly", &["secret"], "[redacted]ly"),
    ] {
        assert_eq!(scrub(text, secrets), expected, "{text}");
    }
}

#[test]
fn short_secrets_are_covered_as_words() {
    for (text, secret, expected) in [
        ("bad login: a", "a", "bad login: [redacted]"),
        ("an a-b password", "pw", "an a-b password"),
        (
            "user:pw, or \"PW\"",
            "pw",
            "user:[redacted], or \"[redacted]\"",
        ),
        ("p%77 \\u0070w", "pw", "[redacted] [redacted]"),
        ("x%C3%A9", "é", "x%C3%A9"),
        ("x=%C3%A9", "é", "x=[redacted]"),
        ("abcd", "abc", "abcd"),
        ("é", "é", "[redacted]"),
    ] {
        assert_eq!(scrub(text, &[secret]), expected, "{text}");
    }
}

#[test]
fn parts_of_long_secrets_are_covered() {
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl";
    for (text, expected) in [
        // Shortened by a message, or by the server.
        (format!("bad {}...", &token[..8]), "bad [redacted]..."),
        (format!("bad {}", &token[..30]), "bad [redacted]"),
        (format!("bad {}!", &token[20..]), "bad [redacted]!"),
        (
            format!("{} and {}", &token[5..25], &token[25..45]),
            "[redacted] and [redacted]",
        ),
        ("bad %65%79JhbGci%4".to_owned(), "bad %65%79JhbGci%4"),
        ("bad %65%79JhbGci%4...".to_owned(), "bad [redacted]%4..."),
        (format!("bad {}", &token[..12]), "bad eyJhbGciOiJS"),
    ] {
        assert_eq!(scrub(&text, &[token]), expected, "{text}");
    }
}

#[test]
fn repetitive_text_takes_little_time() {
    let secret = "ab".repeat(2000);
    let text = "abab%41b".repeat(2000);
    assert!(scrub(&text, &[&secret]).len() < text.len());
    let text = "%25".repeat(10_000) + &"\\".repeat(10_000) + &"&#x26;".repeat(5_000);
    assert_eq!(scrub(&text, &["secret"]), text);
}
