//! The error list of a registry:
//! `{"errors":[{"code":"NAME_UNKNOWN","message":"...","detail":{...}}]}`.

use super::{charset, json};
use crate::error::{Error, Kind};

/// Maximum number of errors that are kept.
const MAX_ERRORS: usize = 64;

/// Maximum size of a body that is parsed, in bytes: the parsed values take many
/// times as much memory.
pub(crate) const MAX_BODY: usize = 1024 * 1024;

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

    /// Changes all strings.
    pub(crate) fn map_text(self, change: impl Fn(&str) -> String) -> OciError {
        OciError {
            code: change(&self.code),
            message: change(&self.message),
            detail: change(&self.detail),
        }
    }
}

/// Parses the error list in the body of a response.
pub(crate) fn parse(body: &[u8]) -> Result<Vec<OciError>, Error> {
    if body.len() > MAX_BODY {
        return Err(no_errors("the body is too large for an error list"));
    }
    let text = charset::decode(None, body);
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err(no_errors("the body is empty"));
    }
    if !json::is_valid(text) {
        return Err(no_errors("the body is not JSON"));
    }
    let Some(list) = member(text, "errors") else {
        return Err(no_errors("the body is JSON without an error list"));
    };
    let errors: Vec<OciError> = match list.as_bytes().first() {
        Some(b'[') => json::elements(list),
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

fn read(value: &str) -> Option<OciError> {
    let text = |name: &str| member(value, name).map(json::string).unwrap_or_default();
    match value.as_bytes().first() {
        Some(b'{') => Some(OciError {
            code: text("code"),
            message: text("message"),
            detail: match member(value, "detail") {
                None | Some("null") => String::new(),
                Some(detail) => json::without_nul(detail),
            },
        }),
        Some(b'"') => Some(OciError {
            message: json::string(value),
            ..OciError::default()
        }),
        _ => None,
    }
}

/// The JSON of an object's member; the last one if there are several.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let found = json::members(object).into_iter();
    found
        .rev()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value)
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
            (
                r#"{"errors":[{"code":1e400,"detail":[1e999,"\ud800"]}],"limit":1e400}"#,
                "1e400",
                "",
                r#"[1e999,"\ud800"]"#,
            ),
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
