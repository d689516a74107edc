//! The text of a body, in whichever encoding it was sent.

use std::borrow::Cow;

use crate::os::text_encoding::{Encoded, detect};

/// Decodes UTF-8 and UTF-16, and otherwise ISO 8859-1 if the content type says
/// so. Invalid sequences become U+FFFD.
pub(crate) fn decode<'a>(content_type: Option<&str>, body: &'a [u8]) -> Cow<'a, str> {
    match detect(body) {
        Encoded::Utf8(text) => return String::from_utf8_lossy(text),
        Encoded::Utf16(text) => {
            let characters = text.characters();
            let valid = |found: Result<char, _>| found.unwrap_or(char::REPLACEMENT_CHARACTER);
            return Cow::Owned(characters.map(valid).collect());
        }
        Encoded::Utf32 | Encoded::Unknown(_) => {}
    }
    match std::str::from_utf8(body) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) if is_latin(content_type.unwrap_or_default()) => {
            body.iter().map(|&byte| char::from(byte)).collect()
        }
        Err(_) => String::from_utf8_lossy(body),
    }
}

fn is_latin(content_type: &str) -> bool {
    let kind = content_type.to_ascii_lowercase();
    let names = ["8859-1", "latin1", "windows-1252", "us-ascii"];
    kind.contains("charset") && names.iter().any(|name| kind.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings() {
        let latin = Some("text/plain; Charset=\"ISO-8859-1\"");
        for (kind, body, expected) in [
            (None, "é".as_bytes(), "é"),
            (latin, "é".as_bytes(), "é"),
            (latin, b"\xe9", "é"),
            (None, b"a\xe9", "a\u{fffd}"),
            (None, b"\xef\xbb\xbf{}", "{}"),
            (None, b"\xff\xfea\0\xe9\0", "aé"),
            (None, b"\xfe\xff\0a\0\xe9", "aé"),
            (None, b"{\0\"\0", "{\""),
            (None, b"\0{\0\"", "{\""),
            (None, b"\xff\xfe\0\xd8a", "\u{fffd}"),
            (None, b"", ""),
        ] {
            assert_eq!(decode(kind, body), expected, "{body:?}");
        }
    }
}
