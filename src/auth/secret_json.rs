//! JSON that contains secrets: its strings are zeroized on drop.

use std::ops::Deref;

use serde_json::Value;
use zeroize::Zeroize;

pub(crate) struct SecretJson(Value);

impl SecretJson {
    pub(crate) fn parse(bytes: &[u8]) -> Option<SecretJson> {
        serde_json::from_slice(bytes).ok().map(SecretJson)
    }
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
}
