//! The error list of a registry:
//! `{"errors":[{"code":"NAME_UNKNOWN","message":"...","detail":{...}}]}`.

use serde_json::{Deserializer, Value};

use crate::error::{Error, Kind};

/// Maximum number of errors that are kept.
const MAX_ERRORS: usize = 64;

/// Maximum size of a body that is parsed, in bytes: the parsed values take many
/// times as much memory.
const MAX_BODY: usize = 1024 * 1024;

/// An error in a registry's response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OciError {
    code: String,
    message: String,
    detail: String,
}

impl OciError {
    /// The code, such as `NAME_UNKNOWN`; "" if the registry sent none.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The message; "" if the registry sent none.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The detail, as JSON; "" if the registry sent none.
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

/// Parses the error list in the body of a response.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<OciError>, Error> {
    if body.len() > MAX_BODY {
        return Err(no_errors("the body is too large for an error list"));
    }
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim_ascii();
    if text.is_empty() {
        return Err(no_errors("the body is empty"));
    }
    // Parses the complete body, which also rejects excessive nesting.
    let is_envelope = match serde_json::from_str(text) {
        Err(_) => return Err(no_errors("the body is not JSON")),
        Ok(Value::Object(members)) => members.contains_key("errors"),
        Ok(_) => false,
    };
    let list = match is_envelope {
        true => member(text, "errors").unwrap_or_default(),
        false => return Err(no_errors("the body is JSON without an error list")),
    };
    let errors: Vec<OciError> = match list.as_bytes().first() {
        Some(b'[') => elements(list),
        _ => vec![list],
    }
    .into_iter()
    .filter_map(read)
    .take(MAX_ERRORS)
    .collect();
    if errors.is_empty() {
        return Err(no_errors("the error list in the body is empty"));
    }
    Ok(errors)
}

fn no_errors(problem: &str) -> Error {
    Error::new(Kind::NoErrors, problem)
}

fn read(json: &str) -> Option<OciError> {
    match json.as_bytes().first() {
        Some(b'{') => Some(OciError {
            code: member(json, "code").map(string_or_json).unwrap_or_default(),
            message: member(json, "message")
                .map(string_or_json)
                .unwrap_or_default(),
            detail: match member(json, "detail") {
                None | Some("null") => String::new(),
                Some(detail) => without_nul_escapes(detail),
            },
        }),
        Some(b'"') => Some(OciError {
            message: string_or_json(json),
            ..OciError::default()
        }),
        _ => None,
    }
}

/// The value of a JSON string without NUL; other JSON unchanged.
fn string_or_json(json: &str) -> String {
    match serde_json::from_str(json) {
        Ok(Value::String(text)) => text.replace('\0', "\u{fffd}"),
        Ok(Value::Null) | Err(_) => String::new(),
        Ok(_) => without_nul_escapes(json),
    }
}

/// JSON whose strings contain no NUL when decoded.
fn without_nul_escapes(json: &str) -> String {
    const NUL: &str = "\\u0000";
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // Copy both bytes of an escape, so that an escaped backslash starts
        // none.
        let (escape, shown) = match rest.starts_with(NUL) {
            true => (NUL.len(), "\\ufffd"),
            false => (2, rest.get(..2).unwrap_or(rest)),
        };
        out.push_str(shown);
        rest = rest.get(escape..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

// The functions below return members as they were sent: decoding and encoding
// them would lose the order of names and the digits of large numbers. Their
// input must be valid JSON.

/// The JSON of an object's member; the last one if there are several.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut found = None;
    let mut rest = object.strip_prefix('{')?.trim_ascii_start();
    while rest.starts_with('"') {
        let (key, after) = split_value(rest)?;
        let after = after.trim_ascii_start().strip_prefix(':')?;
        let (value, after) = split_value(after.trim_ascii_start())?;
        if key_is(key, name) {
            found = Some(value);
        }
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_ascii_start();
    }
    found
}

fn key_is(key: &str, name: &str) -> bool {
    matches!(serde_json::from_str(key), Ok(Value::String(key)) if key == name)
}

/// The JSON of each element of an array.
fn elements(array: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = array
        .strip_prefix('[')
        .unwrap_or_default()
        .trim_ascii_start();
    while let Some((element, after)) = split_value(rest) {
        found.push(element);
        rest = after.trim_ascii_start();
        rest = rest
            .strip_prefix(',')
            .unwrap_or_default()
            .trim_ascii_start();
    }
    found
}

/// Splits off the JSON value at the start of a string.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut values = Deserializer::from_str(text).into_iter::<Value>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(body: &str) -> Vec<(String, String, String)> {
        let errors = parse(body.as_bytes()).unwrap();
        errors
            .into_iter()
            .map(|error| (error.code, error.message, error.detail))
            .collect()
    }

    #[test]
    fn envelopes() {
        for (body, code, message, detail) in [
            (
                r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such","detail":{"z": 1,"a":[12345678901234567890123, 1.50]}}]}"#,
                "NAME_UNKNOWN",
                "no such",
                r#"{"z": 1,"a":[12345678901234567890123, 1.50]}"#,
            ),
            (
                "\u{feff} {\"errors\" : [ {\"code\":\"X\"} ] } \n",
                "X",
                "",
                "",
            ),
            (r#"{"errors":{"code":"X","detail":null}}"#, "X", "", ""),
            (
                r#"{"errors":[{"code":404,"message":null,"detail":"s\n"}]}"#,
                "404",
                "",
                r#""s\n""#,
            ),
            (
                r#"{"errors":[{"code":{"a":1},"message":["b"],"detail":false}]}"#,
                r#"{"a":1}"#,
                r#"["b"]"#,
                "false",
            ),
            (
                r#"{"errors":[{"code":"A\u0000B","message":"\u0000","detail":"\u0000\\u0000\\\u0000"}]}"#,
                "A\u{fffd}B",
                "\u{fffd}",
                r#""\ufffd\\u0000\\\ufffd""#,
            ),
            (r#"{"errors":[null,1,"a message"]}"#, "", "a message", ""),
            (
                r#"{"code":"no","errors":[{"x":{"code":"no"},"code":"a","code":"b"}],"detail":"no"}"#,
                "b",
                "",
                "",
            ),
            (r#"{"errors":[{}]}"#, "", "", ""),
            (r#"{"errors":[{"message":"ü\ud83d\ude00"}]}"#, "", "ü😀", ""),
        ] {
            assert_eq!(
                show(body),
                [(code.into(), message.into(), detail.into())],
                "{body}"
            );
        }
        let two = show(r#"{"errors":[{"code":"A"},{"code":"B"}]}"#);
        assert_eq!((two.len(), two[1].0.as_str()), (2, "B"));
    }

    #[test]
    fn bodies_without_errors() {
        for (body, words) in [
            ("", "is empty"),
            (" \r\n", "is empty"),
            ("<html>404</html>", "not JSON"),
            ("{\"errors\":[{\"code\":\"X\"}]", "not JSON"),
            ("{\"errors\":[{\"code\":\"X\"}]} x", "not JSON"),
            ("[]", "without an error list"),
            ("\"errors\"", "without an error list"),
            ("{\"code\":\"X\",\"error\":\"x\"}", "without an error list"),
            ("{\"errors\":[]}", "list in the body is empty"),
            ("{\"errors\":null}", "list in the body is empty"),
            ("{\"errors\":[[],1]}", "list in the body is empty"),
        ] {
            let error = parse(body.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), Kind::NoErrors);
            assert!(error.message().contains(words), "{body}: {error}");
        }
    }

    #[test]
    fn hostile_bodies() {
        let many = format!("{{\"errors\":[{}{{}}]}}", "{\"code\":\"A\"},".repeat(1000));
        assert_eq!(parse(many.as_bytes()).unwrap().len(), MAX_ERRORS);
        let deep = format!("{{\"errors\":{}", "[".repeat(1_000_000));
        assert!(deep.len() < MAX_BODY);
        assert_eq!(parse(deep.as_bytes()).unwrap_err().kind(), Kind::NoErrors);
        let large = format!("{{\"errors\":[{}0]}}", "0,".repeat(MAX_BODY / 2));
        let error = parse(large.as_bytes()).unwrap_err();
        assert!(error.message().contains("too large"), "{error}");
        let bytes = b"{\"errors\":[{\"message\":\"a\xffb\"}]}";
        assert_eq!(parse(bytes).unwrap()[0].message(), "a\u{fffd}b");
    }
}
