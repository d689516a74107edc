//! The encodings of text: UTF-8 with or without a byte-order mark, UTF-16 and
//! UTF-32.

use std::char::DecodeUtf16Error;

use zeroize::Zeroizing;

/// Bytes without their byte-order mark, by the encoding that it or the first
/// characters show.
pub(crate) enum Encoded<'a> {
    /// With a mark of UTF-8.
    Utf8(&'a [u8]),
    Utf16(Utf16<'a>),
    Utf32,
    Unknown(&'a [u8]),
}

pub(crate) struct Utf16<'a> {
    bytes: &'a [u8],
    unit: fn([u8; 2]) -> u16,
}

/// Detects an encoding by the byte-order mark. Without a mark, UTF-16 and UTF-32
/// are recognised if the text starts with an ASCII character.
pub(crate) fn detect(bytes: &[u8]) -> Encoded<'_> {
    let utf_16 = |bytes, unit| Encoded::Utf16(Utf16 { bytes, unit });
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Encoded::Utf8(rest),
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [1..=255, 0, 0, 0, ..]
        | [0, 0, 0, 1..=255, ..] => Encoded::Utf32,
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [1..0x80, 0, 1..=255, 0, ..] => utf_16(bytes, u16::from_le_bytes),
        [0, 1..0x80, 0, 1..=255, ..] => utf_16(bytes, u16::from_be_bytes),
        _ => Encoded::Unknown(bytes),
    }
}

impl Utf16<'_> {
    /// The characters; an odd byte at the end is ignored.
    pub(crate) fn characters(&self) -> impl Iterator<Item = Result<char, DecodeUtf16Error>> {
        let units = self.bytes.as_chunks().0.iter();
        char::decode_utf16(units.map(|pair| (self.unit)(*pair)))
    }

    /// As UTF-8; `None` if it is damaged.
    fn to_utf_8(&self) -> Option<Zeroizing<String>> {
        let (units, rest) = self.bytes.as_chunks::<2>();
        // At most 3 bytes per unit. Allocate once: a growing string would leave
        // copies of a secret behind.
        let mut text = Zeroizing::new(String::with_capacity(units.len() * 3));
        for character in self.characters() {
            text.push(character.ok()?);
        }
        rest.is_empty().then_some(text)
    }
}

/// The contents of a file as UTF-8 without a byte-order mark.
pub(crate) enum Text<'a> {
    Unchanged(&'a [u8]),
    /// Converted; zeroized, since it may contain a secret.
    Converted(Zeroizing<String>),
}

impl std::ops::Deref for Text<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Text::Unchanged(bytes) => bytes,
            Text::Converted(text) => text.as_bytes(),
        }
    }
}

/// Removes the byte-order mark of a file, and converts UTF-16. Unknown
/// encodings are returned unchanged; UTF-32 is an error.
pub(crate) fn decode(bytes: &[u8]) -> Result<Text<'_>, &'static str> {
    match detect(bytes) {
        Encoded::Utf8(text) | Encoded::Unknown(text) => Ok(Text::Unchanged(text)),
        Encoded::Utf16(text) => {
            let text = text.to_utf_8().ok_or("is UTF-16, but damaged")?;
            Ok(Text::Converted(text))
        }
        Encoded::Utf32 => Err("is UTF-32, save it as UTF-8"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(bytes: &[u8]) -> String {
        match decode(bytes) {
            Ok(text) => String::from_utf8_lossy(&text).into_owned(),
            Err(why) => format!("error: {why}"),
        }
    }

    #[test]
    fn encodings() {
        let little = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let joined = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for (bytes, expected) in [
            (Vec::new(), ""),
            (b"{".to_vec(), "{"),
            (b"\0".to_vec(), "\0"),
            (b"{}".to_vec(), "{}"),
            (joined(b"\xef\xbb\xbf", b"{}".to_vec()), "{}"),
            (joined(b"\xef\xbb\xbf", Vec::new()), ""),
            // Only the first mark is removed.
            (joined(b"\xef\xbb\xbf\xef\xbb\xbf", Vec::new()), "\u{feff}"),
            (
                joined(b"\xff\xfe", little("{\"é\u{1f600}\"}")),
                "{\"é\u{1f600}\"}",
            ),
            (
                joined(b"\xfe\xff", big("{\"é\u{1f600}\"}")),
                "{\"é\u{1f600}\"}",
            ),
            (little("{}"), "{}"),
            (big("{}"), "{}"),
            (joined(b"\xff\xfe", Vec::new()), ""),
            (
                joined(b"\xff\xfe", vec![b'{']),
                "error: is UTF-16, but damaged",
            ),
            (
                joined(b"\xff\xfe", vec![0, 0xd8]),
                "error: is UTF-16, but damaged",
            ),
            (
                b"\xff\xfe\0\0{\0\0\0".to_vec(),
                "error: is UTF-32, save it as UTF-8",
            ),
            (
                b"{\0\0\0}\0\0\0".to_vec(),
                "error: is UTF-32, save it as UTF-8",
            ),
            (
                b"\0\0\0{\0\0\0}".to_vec(),
                "error: is UTF-32, save it as UTF-8",
            ),
            (
                b"\0\0\xfe\xff\0\0\0{".to_vec(),
                "error: is UTF-32, save it as UTF-8",
            ),
        ] {
            assert_eq!(show(&bytes), expected, "{bytes:?}");
        }
    }
}
