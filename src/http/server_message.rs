//! What a server says about a failure, from whichever of the usual places: an
//! error list, the top level of other JSON, the title of an HTML page, an error
//! of an XML API, or plain text.

use super::charset;
use super::json;
use super::oci_error;
use crate::error::server_text;
use crate::log::redact;
use crate::log::scrub::without_references;

/// Maximum size of HTML and plain text that is examined, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// Maximum depth of objects that are examined.
const MAX_DEPTH: usize = 4;

/// Maximum number of elements of an array that are examined.
const MAX_ELEMENTS: usize = 8;

/// What a server says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerMessage {
    /// Its error code, if it sent one.
    pub(crate) code: Option<String>,
    /// The code and the message; "" if it says nothing.
    pub(crate) text: String,
}

impl ServerMessage {
    /// The message on one line of limited length, after `prefix` if there is one.
    pub(crate) fn line(&self, prefix: &str) -> String {
        match self.text.as_str() {
            "" => String::new(),
            text => format!("{prefix}{}", server_text(text)),
        }
    }
}

/// Reads the body of a response that reports a failure.
pub(crate) fn read(content_type: Option<&str>, body: &[u8]) -> ServerMessage {
    let mut found = in_json(body).unwrap_or_else(|| ServerMessage {
        code: None,
        text: in_text(content_type, body).unwrap_or_default(),
    });
    found.text = redact::message(found.text.trim());
    found
}

/// The message in JSON; `None` if the body is something else.
pub(crate) fn in_json(body: &[u8]) -> Option<ServerMessage> {
    if body.len() > oci_error::MAX_BODY {
        return None;
    }
    let text = charset::decode(None, body);
    let text = text.trim_ascii();
    if !json::is_valid(text) {
        return None;
    }
    let list = oci_error::parse(body).unwrap_or_default();
    for error in list {
        let message = match error.message().trim() {
            // Some registries explain the code there only.
            "" if !error.code().is_empty() => in_value(error.detail(), 0),
            message => message.to_owned(),
        };
        let text = format!("{} {message}", error.code());
        if !text.trim().is_empty() {
            let code = Some(error.code().to_owned()).filter(|code| !code.is_empty());
            return Some(ServerMessage { code, text });
        }
    }
    Some(ServerMessage {
        code: None,
        text: in_value(text, 0),
    })
}

/// The message in a value of any form.
fn in_value(value: &str, depth: usize) -> String {
    match value.as_bytes().first() {
        Some(b'"') => json::string(value),
        Some(b'[') if depth < MAX_DEPTH => {
            let elements = json::elements(value).into_iter().take(MAX_ELEMENTS);
            first(elements.map(|element| in_value(element, depth + 1)))
        }
        Some(b'{') if depth < MAX_DEPTH => in_object(value, depth),
        _ => String::new(),
    }
}

fn in_object(object: &str, depth: usize) -> String {
    let members = json::members(object);
    let find = |names: &[&str]| {
        first(names.iter().map(|name| {
            let is_it = |key: &str| key.replace(['_', '-'], "").eq_ignore_ascii_case(name);
            let found = members.iter().find(|(key, _)| is_it(key));
            found.map_or(String::new(), |(_, value)| in_value(value, depth + 1))
        }))
    };
    // RFC 9457, RFC 6749, and what APIs usually have. A number as a code repeats
    // the status.
    let subject = find(&["error", "errors", "title", "code", "reason"]);
    let message = find(&[
        "errordescription",
        "message",
        "errormessage",
        "msg",
        "detail",
        "details",
        "description",
    ]);
    let combined = match (subject.trim(), message.trim()) {
        (subject, "") => subject.to_owned(),
        ("", message) => message.to_owned(),
        (subject, message) if message.contains(subject) => message.to_owned(),
        (subject, message) => format!("{subject}: {message}"),
    };
    if combined.is_empty() && depth > 0 {
        // Such as a name and what is wrong with it.
        let values = members.iter().take(MAX_ELEMENTS);
        return first(values.map(|(_, value)| in_value(value, depth + 1)));
    }
    combined
}

fn first(mut texts: impl Iterator<Item = String>) -> String {
    texts
        .find(|text| !text.trim().is_empty())
        .unwrap_or_default()
}

/// The message in HTML, XML or plain text; `None` if the body is something else.
fn in_text(content_type: Option<&str>, body: &[u8]) -> Option<String> {
    let text = charset::decode(content_type, &body[..body.len().min(MAX_TEXT)]);
    if !is_text(&text) {
        return None;
    }
    let text = text.trim();
    if !text.starts_with('<') {
        return Some(on_one_line(text));
    }
    let text = &without_comments(text);
    let lower = text.to_ascii_lowercase();
    let find = |name: &str| {
        element(text, &lower, name)
            .map(readable)
            .unwrap_or_default()
    };
    let code = find("code");
    let message = first([find("message"), find("title"), find("h1")].into_iter());
    Some(match (code.as_str(), message.as_str()) {
        ("", "") => readable(text),
        ("", message) => message.to_owned(),
        (code, message) => format!("{code} {message}"),
    })
}

/// Whether characters that text cannot have are few, as in text of an unknown
/// encoding.
fn is_text(text: &str) -> bool {
    let is_odd = |c: &char| {
        c.is_control() && !"\t\r\n\u{1b}".contains(*c) || *c == char::REPLACEMENT_CHARACTER
    };
    let odd = text.chars().filter(is_odd).count();
    !text.contains('\0') && odd * 8 <= text.len()
}

fn without_comments(html: &str) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, comment)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = comment.split_once("-->").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

/// The content of the first element of this name.
fn element<'a>(text: &'a str, lower: &str, name: &str) -> Option<&'a str> {
    let start = format!("<{name}");
    let (mut from, end) = (0, format!("</{name}"));
    loop {
        from += lower[from..].find(&start)? + start.len();
        // Not another name that begins with this one.
        if lower[from..].starts_with(['>', ' ', '\t', '\r', '\n']) {
            break;
        }
    }
    let content = from + lower[from..].find('>')? + 1;
    let length = lower[content..].find(&end)?;
    text.get(content..content + length)
}

/// HTML without tags, scripts and style sheets.
fn readable(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let mut out = String::new();
    let mut at = 0;
    while let Some(open) = html[at..].find('<') {
        out.push_str(&html[at..at + open]);
        out.push(' ');
        at += open;
        let skipped = ["script", "style"].iter().find_map(|name| {
            let is_it = lower[at + 1..].starts_with(name);
            let end = format!("</{name}");
            is_it.then(|| lower[at..].find(&end)).flatten()
        });
        at += skipped.unwrap_or(0);
        at = html[at..].find('>').map_or(html.len(), |end| at + end + 1);
    }
    out.push_str(&html[at..]);
    on_one_line(&without_references(&out))
}

fn on_one_line(text: &str) -> String {
    let parts: Vec<&str> = text.split_whitespace().collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: Option<&str>, body: &[u8]) -> String {
        read(kind, body).line("")
    }

    #[test]
    fn json() {
        for (body, expected) in [
            (
                r#"{"errors":[{"code":"DENIED","message":"no"}]}"#,
                "DENIED no",
            ),
            (r#"{"errors":[{},{"message":"second"}]}"#, "second"),
            (
                r#"{"errors":[{"status":406,"message":"Not Acceptable"}]}"#,
                "Not Acceptable",
            ),
            (r#"{"errors":"some text"}"#, "some text"),
            (r#"{"errors":["one","two"]}"#, "one"),
            (
                r#"{"errors":[{"title":"No","detail":"quota"}]}"#,
                "No: quota",
            ),
            (r#"{"errors":{"name":["is taken"]}}"#, "is taken"),
            (
                r#"{"code":412,"message":"not signed","details":"x"}"#,
                "not signed",
            ),
            (r#"{"code":"QUOTA","message":"5 GiB"}"#, "QUOTA: 5 GiB"),
            (r#"{"error":"quarantined"}"#, "quarantined"),
            (
                r#"{"error":{"code":403,"message":"billing","status":"X"}}"#,
                "billing",
            ),
            (
                r#"{"error":"invalid_grant","error_description":"expired"}"#,
                "invalid_grant: expired",
            ),
            (
                r#"{"error":"Not Found","message":"Not Found here"}"#,
                "Not Found here",
            ),
            (r#"{"details":"pull access denied"}"#, "pull access denied"),
            (r#"{"detail":"rate limit exceeded"}"#, "rate limit exceeded"),
            (
                r#"{"type":"about:blank","title":"Forbidden","status":403,"detail":"no"}"#,
                "Forbidden: no",
            ),
            (
                r#"{"Message":"User is not authorized"}"#,
                "User is not authorized",
            ),
            (r#"{"errorMessage":"a","errorCode":1}"#, "a"),
            (r#"{"message":{"text":"deep"}}"#, "deep"),
            (r#"[{"message":"in a list"}]"#, "in a list"),
            (r#""a string""#, "a string"),
            (r#"{"message":"n","limit":1e400}"#, "n"),
            (r#"{"errors":[{"code":"X","detail":1e400}]}"#, "X"),
            (
                r#"{"errors":[{"code":"X","message":"","detail":"why"}]}"#,
                "X why",
            ),
            (
                r#"{"errors":[{"code":"X","detail":{"reason":"quota"}}]}"#,
                "X quota",
            ),
            (r#"{"message":"half \ud800"}"#, "half \u{fffd}"),
            (
                r#"{"message":"two\nlines\u001b[31m"}"#,
                "two\\nlines\\u{1b}[31m",
            ),
            ("\u{feff}{\"message\":\"marked\"}", "marked"),
            (r#"{"tags":["a"]}"#, ""),
            (r#"{"message":""}"#, ""),
            (r#"{"message":null,"error":false}"#, ""),
            ("[]", ""),
            ("17", ""),
        ] {
            assert_eq!(message(None, body.as_bytes()), expected, "{body}");
        }
        let code = |body: &str| read(None, body.as_bytes()).code;
        assert_eq!(code(r#"{"errors":[{"code":"X"}]}"#).as_deref(), Some("X"));
        assert_eq!(code(r#"{"message":"x"}"#), None);
    }

    #[test]
    fn text_and_markup() {
        let html = Some("text/html; charset=utf-8");
        for (kind, body, expected) in [
            (
                None,
                "plain words\r\n on two lines\n",
                "plain words on two lines",
            ),
            (Some("text/plain"), "a\u{1b}[31mred", "a\\u{1b}[31mred"),
            (Some("text/plain"), "safe\u{202e}txt", "safe\\u{202e}txt"),
            (
                html,
                "<html><title>502\n Bad&nbsp;Gateway</title><h1>x</h1>",
                "502 Bad Gateway",
            ),
            (
                None,
                "<!DOCTYPE html><HTML><TITLE lang=en>A &lt;b&gt;</TITLE>",
                "A <b>",
            ),
            (
                html,
                "<html><title> </title><body><h1>Down</h1>later",
                "Down",
            ),
            (
                html,
                "<html><style>a{}</style><p>log in</p><script>x()</script>",
                "log in",
            ),
            (html, "<html><titles>no</titles>", "no"),
            (
                html,
                "<!-- <title>old</title> --><html><title>new</title>",
                "new",
            ),
            (html, "<html><!-- unended <title>old</title>", ""),
            (html, "<title>unended", "unended"),
            (
                Some("application/xml"),
                "<?xml version=\"1.0\"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>",
                "AccessDenied Request has expired",
            ),
            (None, "{\"message\":\"cut", "{\"message\":\"cut"),
            (html, "", ""),
            (html, "<html></html>", ""),
        ] {
            assert_eq!(message(kind, body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn encodings() {
        let utf_16: Vec<u8> = "\u{feff}{\"message\":\"é\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(message(None, &utf_16), "é");
        let latin = Some("text/plain; charset=iso-8859-1");
        assert_eq!(message(latin, b"d\xe9sol\xe9"), "désolé");
        assert_eq!(
            message(None, b"unknown d\xe9 encoding"),
            "unknown d\u{fffd} encoding"
        );
        assert_eq!(
            message(Some("text/html"), b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xb3"),
            ""
        );
        assert_eq!(message(None, b"\x80\x81\x82\x83a"), "");
    }

    #[test]
    fn messages_are_bounded() {
        assert!(message(None, "long ".repeat(100_000).as_bytes()).len() < 1100);
        let deep = format!("{}\"x\"{}", "{\"error\":".repeat(9), "}".repeat(9));
        assert_eq!(message(None, deep.as_bytes()), "");
        let unended = "<title>".repeat(9000);
        assert_eq!(message(None, unended.as_bytes()), "");
        let url = r#"{"message":"see https://u:secret@h/?sig=secret"}"#;
        assert_eq!(
            message(None, url.as_bytes()),
            "see https://[redacted]@h/?sig=[redacted]"
        );
    }
}
