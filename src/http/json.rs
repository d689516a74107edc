//! Reads members of JSON as they were sent: decoding and encoding them would
//! lose the order of names and the digits of large numbers.

use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Whether a string is one JSON value. Any number is valid, whatever its size.
pub(crate) fn is_valid(text: &str) -> bool {
    check(text).is_ok()
}

/// The same, with the problem and its line and column.
pub(crate) fn check(text: &str) -> Result<(), String> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// A string as JSON.
pub(crate) fn quote(text: &str) -> String {
    // Writing a string does not fail.
    serde_json::to_string(text).unwrap_or_default()
}

// The input of the functions below must be valid JSON.

/// Names and values of an object; none if it is something else.
pub(crate) fn members(object: &str) -> Vec<(String, &str)> {
    read_members(object).unwrap_or_default()
}

fn read_members(object: &str) -> Option<Vec<(String, &str)>> {
    let mut found = Vec::new();
    let mut rest = object.strip_prefix('{')?.trim_ascii_start();
    while rest.starts_with('"') {
        let (key, after) = split_value(rest)?;
        let after = after.trim_ascii_start().strip_prefix(':')?;
        let (value, after) = split_value(after.trim_ascii_start())?;
        found.push((string(key), value));
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_ascii_start();
    }
    Some(found)
}

/// The values of an array; none if it is something else.
pub(crate) fn elements(array: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = array.strip_prefix('[').unwrap_or_default();
    while let Some((element, after)) = split_value(rest.trim_ascii_start()) {
        found.push(element);
        rest = after.trim_ascii_start();
        rest = rest.strip_prefix(',').unwrap_or_default();
    }
    found
}

/// Splits off the value at the start of a string.
fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut values = Deserializer::from_str(text).into_iter::<&RawValue>();
    values.next()?.ok()?;
    text.split_at_checked(values.byte_offset())
}

/// The content of a string without NUL; other values unchanged, except that null
/// is empty.
pub(crate) fn string(value: &str) -> String {
    match value.as_bytes().first() {
        Some(b'"') => {
            let decoded = serde_json::from_str(value).or_else(|_| {
                // Half of a surrogate pair.
                serde_json::from_str::<String>(&replace_escapes(value, is_surrogate))
            });
            decoded.unwrap_or_default().replace('\0', "\u{fffd}")
        }
        Some(b'n') => String::new(),
        _ => without_nul(value),
    }
}

/// JSON whose strings contain no NUL when decoded.
pub(crate) fn without_nul(json: &str) -> String {
    replace_escapes(json, |digits| digits == "0000")
}

fn is_surrogate(digits: &str) -> bool {
    let digits = digits.as_bytes();
    matches!(
        digits,
        [b'd' | b'D', b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F', ..]
    )
}

/// Replaces some of the escapes that have a code unit.
fn replace_escapes(json: &str, is_replaced: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // Copy both bytes of another escape, so that an escaped backslash starts
        // none.
        let digits = rest.strip_prefix("\\u").and_then(|after| after.get(..4));
        let (length, shown) = match digits {
            Some(digits) if is_replaced(digits) => (6, "\\ufffd"),
            _ => (2, rest.get(..2).unwrap_or(rest)),
        };
        out.push_str(shown);
        rest = rest.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_as_they_were_sent() {
        let text = r#"{ "a" : 1e400 , "b\u0041":[1, "x" ,{}], "c":"\ud800\n" }"#;
        assert!(is_valid(text));
        let found = members(text);
        let expected = [
            ("a", "1e400"),
            ("bA", "[1, \"x\" ,{}]"),
            ("c", "\"\\ud800\\n\""),
        ];
        for ((name, value), expected) in found.iter().zip(expected) {
            assert_eq!((name.as_str(), *value), expected);
        }
        assert_eq!(elements(found[1].1), ["1", "\"x\"", "{}"]);
        assert_eq!(string(found[2].1), "\u{fffd}\n");
        assert_eq!(
            string("\"a\\u0000\\ud83d\\ude00\\\\u0000\""),
            "a\u{fffd}😀\\u0000"
        );
        assert!(members("[1]").is_empty() && elements("{}").is_empty());
    }

    #[test]
    fn numbers_of_any_size_are_valid() {
        for number in [
            "1e400",
            "-1E-999999",
            "123456789012345678901234567890.5",
            "0.0",
        ] {
            assert!(is_valid(number), "{number}");
            assert_eq!(string(number), number);
        }
        for text in ["", "01", "1e", "+1", "nul", "{", "{}x", "\"", "[1,]"] {
            assert!(!is_valid(text), "{text}");
        }
    }
}
