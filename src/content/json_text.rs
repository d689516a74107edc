//! Writing JSON.

use super::json::Json;
use crate::http::json::quote;

impl Json {
    /// The value as JSON, without white space.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text);
        text
    }

    /// The same, after other text.
    pub(super) fn write(&self, text: &mut String) {
        match self {
            Json::Null => text.push_str("null"),
            Json::Boolean(true) => text.push_str("true"),
            Json::Boolean(false) => text.push_str("false"),
            Json::Number(number) => text.push_str(number),
            Json::String(string) => text.push_str(&quote(string)),
            Json::Array(values) => {
                text.push('[');
                for (index, value) in values.iter().enumerate() {
                    separate(text, index);
                    value.write(text);
                }
                text.push(']');
            }
            Json::Object(members) => {
                text.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    separate(text, index);
                    text.push_str(&quote(name));
                    text.push(':');
                    value.write(text);
                }
                text.push('}');
            }
        }
    }

    /// A string.
    pub(super) fn text(string: &str) -> Json {
        Json::String(string.to_owned())
    }

    /// An object with the members that have a value, in this order.
    pub(super) fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
        let members = members.into_iter();
        let members = members.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Json::Object(members.collect())
    }
}

/// Writes a comma before every value but the first.
pub(super) fn separate(text: &mut String, index: usize) {
    if index > 0 {
        text.push(',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_written() {
        for text in [
            r#"{"b":[1,-1.50e3,"a\"\\\n\u0001é"],"a":{},"b":null,"c":[true,false,[]]}"#,
            "\"\"",
            "12345678901234567890123",
        ] {
            let json = Json::parse(text.as_bytes()).expect(text);
            assert_eq!(json.to_text(), text);
        }
        let spaced = Json::parse(b" { \"a\" : [ 1 , 2 ] } ").expect("valid");
        assert_eq!(spaced.to_text(), r#"{"a":[1,2]}"#);
    }
}
