//! Text files as other systems save them: with a byte-order mark, or in UTF-16.

use zeroize::Zeroizing;

/// Contents as UTF-8 without a byte-order mark.
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

/// Removes a byte-order mark and converts UTF-16. UTF-16 without a mark is
/// recognised if the file starts with an ASCII character. Other encodings are
/// returned unchanged, except UTF-32, which is an error.
pub(crate) fn decode(bytes: &[u8]) -> Result<Text<'_>, &'static str> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => Ok(Text::Unchanged(rest)),
        [0xff, 0xfe, 0, 0, ..]
        | [0, 0, 0xfe, 0xff, ..]
        | [1..=255, 0, 0, 0, ..]
        | [0, 0, 0, 1..=255, ..] => Err("is UTF-32, save it as UTF-8"),
        [0xff, 0xfe, rest @ ..] => utf_16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf_16(rest, u16::from_be_bytes),
        [1..0x80, 0, 1..=255, 0, ..] => utf_16(bytes, u16::from_le_bytes),
        [0, 1..0x80, 0, 1..=255, ..] => utf_16(bytes, u16::from_be_bytes),
        _ => Ok(Text::Unchanged(bytes)),
    }
}

fn utf_16(bytes: &[u8], unit: impl Fn([u8; 2]) -> u16) -> Result<Text<'static>, &'static str> {
    let pairs = bytes.chunks_exact(2);
    let invalid = "is UTF-16, but damaged";
    if !pairs.remainder().is_empty() {
        return Err(invalid);
    }
    // At most 3 bytes per unit. Allocate once: a growing string would leave
    // copies of a secret behind.
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() / 2 * 3));
    for character in char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]]))) {
        text.push(character.map_err(|_| invalid)?);
    }
    Ok(Text::Converted(text))
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
