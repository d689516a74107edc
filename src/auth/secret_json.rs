//! JSON that contains secrets: its strings are zeroized on drop.

use std::ops::Deref;

use serde_json::{Map, Value};
use zeroize::Zeroize;

use crate::os::text_encoding;

pub(crate) struct SecretJson(Value);

impl SecretJson {
    /// Parses JSON in UTF-8 or UTF-16.
    pub(crate) fn parse(bytes: &[u8]) -> Option<SecretJson> {
        let text = text_encoding::decode(bytes).ok()?;
        SecretJson::read(&text).ok()
    }

    /// Parses JSON in UTF-8. Only the position in the error contains no secret.
    pub(crate) fn read(text: &[u8]) -> Result<SecretJson, serde_json::Error> {
        serde_json::from_slice(text).map(SecretJson)
    }
}

/// All values of a name, compared without case as Go's JSON package does; an
/// exact match comes first.
pub(crate) fn fields<'a>(
    object: &'a Map<String, Value>,
    name: &'a str,
) -> impl Iterator<Item = &'a Value> {
    let others = object
        .iter()
        .filter(move |(other, _)| *other != name && other.eq_ignore_ascii_case(name))
        .map(|(_, value)| value);
    object.get(name).into_iter().chain(others)
}

/// The first value of a name that is not null, see [`fields`].
pub(crate) fn field<'a>(object: &'a Map<String, Value>, name: &'a str) -> Option<&'a Value> {
    fields(object, name).find(|value| !value.is_null())
}

impl Deref for SecretJson {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl Drop for SecretJson {
    fn drop(&mut self) {
        wipe(&mut self.0);
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(values) => values.iter_mut().for_each(wipe),
        Value::Object(fields) => fields.values_mut().for_each(wipe),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_wiped() {
        let mut value = serde_json::json!({"a": "1", "b": ["2", {"c": "3"}], "d": 4});
        wipe(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"a": "", "b": ["", {"c": ""}], "d": 4})
        );
        assert!(SecretJson::parse(b"{").is_none());
    }

    #[test]
    fn names_are_compared_without_case() {
        let json = serde_json::json!({"Auth": 1, "auth": 2, "AUTHS": null, "auths": null, "x": 3});
        let object = json.as_object().expect("an object");
        let all = |name| {
            fields(object, name)
                .map(Value::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(all("auth"), ["2", "1"]);
        assert_eq!(field(object, "AUTH"), Some(&serde_json::json!(1)));
        assert_eq!(field(object, "Auths"), None);
        assert_eq!(field(object, "X"), Some(&serde_json::json!(3)));
    }

    #[test]
    fn numbers_have_no_range() {
        for text in ["1e400", "-1e400", "18446744073709551616", "0.1e-999"] {
            let json = SecretJson::parse(text.as_bytes()).expect(text);
            assert!(json.is_number(), "{text}");
        }
    }
}
