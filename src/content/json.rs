//! A reader for JSON such as image configurations.

use crate::error::{Error, Kind};
use crate::http::json;

/// How deeply values may be nested.
const MAX_DEPTH: usize = 64;
/// How many values there may be: each takes more memory than its text.
const MAX_VALUES: usize = 500_000;

/// A JSON value. All members keep their order, including repeated names.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// null
    Null,
    /// true or false
    Boolean(bool),
    /// As it was written.
    Number(String),
    /// Without NUL.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object: its members, in order.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Parses JSON (RFC 8259).
    pub fn parse(bytes: &[u8]) -> Result<Json, Error> {
        let text = str::from_utf8(bytes).map_err(|error| {
            let place = place(bytes, error.valid_up_to());
            invalid(&format!("not UTF-8 at {place}"))
        })?;
        // First, because the parsers below are recursive.
        Json::check_limits(bytes)?;
        json::check(text).map_err(|problem| invalid(&problem))?;
        Ok(read(text.trim_ascii()))
    }

    /// Whether JSON is within the limits that [`Json::parse`] has.
    pub(super) fn check_limits(bytes: &[u8]) -> Result<(), Error> {
        match beyond_limits(bytes) {
            Some((offset, limit)) => {
                let place = place(bytes, offset);
                Err(invalid(&format!("more than {limit} at {place}")))
            }
            None => Ok(()),
        }
    }

    /// The last member of that name.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .rev()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The last member of that name, unless it is null.
    pub fn member(&self, key: &str) -> Option<&Json> {
        self.get(key).filter(|value| **value != Json::Null)
    }

    /// The value of a string.
    pub fn string(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The values of an array.
    pub fn array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(values) => Some(values),
            _ => None,
        }
    }

    /// The value of a whole number, however it is written.
    pub fn integer(&self) -> Option<i64> {
        let Json::Number(text) = self else {
            return None;
        };
        if let Ok(number) = text.parse() {
            return Some(number);
        }
        /// Every whole number up to this one is exact in a double.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let number: f64 = text.parse().ok()?;
        (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
    }
}

/// Reads a value that was checked.
fn read(text: &str) -> Json {
    match text.as_bytes().first() {
        Some(b'{') => Json::Object(
            json::members(text)
                .into_iter()
                .map(|(name, value)| (name, read(value)))
                .collect(),
        ),
        Some(b'[') => Json::Array(json::elements(text).into_iter().map(read).collect()),
        Some(b'"') => Json::String(json::string(text)),
        Some(b't') => Json::Boolean(true),
        Some(b'f') => Json::Boolean(false),
        Some(b'n') | None => Json::Null,
        Some(_) => Json::Number(text.to_owned()),
    }
}

/// Where a limit is exceeded, and which.
fn beyond_limits(bytes: &[u8]) -> Option<(usize, String)> {
    let (mut depth, mut is_string, mut is_escaped) = (0, false, false);
    let mut values = 1;
    for (offset, &byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b'{' | b'[' if depth == MAX_DEPTH => {
                return Some((offset, format!("{MAX_DEPTH} levels")));
            }
            b'{' | b'[' | b',' if values == MAX_VALUES => {
                return Some((offset, format!("{MAX_VALUES} values")));
            }
            b',' => values += 1,
            b'{' | b'[' => (depth, values) = (depth + 1, values + 1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn place(bytes: &[u8], offset: usize) -> String {
    let before = &bytes[..offset.min(bytes.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let start = before.iter().rposition(|&byte| byte == b'\n');
    let column = offset - start.map_or(0, |start| start + 1) + 1;
    format!("line {line} column {column}")
}

fn invalid(problem: &str) -> Error {
    Error::new(Kind::InvalidJson, format!("json: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_order_repetition_and_digits() {
        let json = Json::parse(br#" {"b":[1, "x\u0000y", null, {}],"a":true,"b":1e400} "#);
        let json = json.expect("valid");
        let Json::Object(members) = &json else {
            panic!("no object");
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b"]);
        assert_eq!(json.get("b"), Some(&Json::Number("1e400".to_owned())));
        let first = members[0].1.array().expect("an array");
        assert_eq!(first[1].string(), Some("x\u{fffd}y"));
        assert_eq!(first[2..], [Json::Null, Json::Object(Vec::new())]);
        assert_eq!(json.get("c"), None);
        assert_eq!(Json::Null.get("a"), None);
    }

    #[test]
    fn whole_numbers_have_a_value() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("-9223372036854775808", Some(i64::MIN)),
            ("9223372036854775808", None),
            ("1.0", Some(1)),
            ("12e2", Some(1200)),
            ("1.5", None),
            ("1e400", None),
            ("1e-400", Some(0)),
            ("true", None),
            ("\"1\"", None),
        ] {
            let json = Json::parse(text.as_bytes()).expect(text);
            assert_eq!(json.integer(), expected, "{text}");
        }
    }

    #[test]
    fn errors_say_where_the_problem_is() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        for (text, words) in [
            ("", "line 1 column 0"),
            ("{\n  \"a\": x}", "line 2 column 8"),
            ("[1,]", "line 1 column 4"),
            ("1 2", "line 1 column 3"),
            ("{\"a\":1", "line 1 column 6"),
            ("\u{feff}{}", "line 1 column 1"),
            (&nested(65), "more than 64 levels at line 1 column 65"),
            (&nested(100_000), "more than 64 levels"),
        ] {
            let error = Json::parse(text.as_bytes()).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidJson);
            assert!(error.message().contains(words), "{text}: {error}");
        }
        let error = Json::parse(b"[\n\"\xff\"]").expect_err("no UTF-8");
        assert!(error.message().contains("line 2 column 2"), "{error}");
        Json::parse(nested(64).as_bytes()).expect("not too deep");
        let many = format!("[{}0]", "0,".repeat(600_000));
        let error = Json::parse(many.as_bytes()).expect_err("too many");
        assert!(
            error.message().contains("more than 500000 values"),
            "{error}"
        );
        let text = format!("[{:?}]", "[".repeat(100) + "\"]");
        Json::parse(text.as_bytes()).expect("brackets in a string");
    }
}
