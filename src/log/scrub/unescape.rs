//! Undoes one level of escapes: percent encoding, backslash escapes as in JSON,
//! C and quoted strings, and character references of HTML.

use super::entity;
use super::layer::Layer;

/// The text without one level of escapes; `None` if there are none.
pub(super) fn unescape(text: &Layer) -> Option<Layer> {
    let bytes = text.bytes();
    if !bytes.iter().any(|byte| b"%\\&".contains(byte)) {
        return None;
    }
    let mut out = Layer::within(text);
    let mut is_changed = false;
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let (decoded, length) = match escape(rest) {
            Some(found) => found,
            None => (Decoded::byte(rest[0]), 1),
        };
        is_changed |= length > 1;
        out.push(decoded.bytes(), text, at..at + length);
        at += length;
    }
    is_changed.then_some(out)
}

/// A byte or a character.
struct Decoded([u8; 4], usize);

impl Decoded {
    fn byte(byte: u8) -> Decoded {
        Decoded([byte, 0, 0, 0], 1)
    }

    fn character(code: u32) -> Decoded {
        let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
        let mut bytes = [0; 4];
        let length = character.encode_utf8(&mut bytes).len();
        Decoded(bytes, length)
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..self.1]
    }
}

/// The meaning of the escape at the start of `text`, and its length.
fn escape(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [b'%', b'u' | b'U', rest @ ..] => Some((Decoded::character(digits(rest, 4, 16)?), 6)),
        [b'%', rest @ ..] => Some((byte(digits(rest, 2, 16)?), 3)),
        [b'&', rest @ ..] => {
            let (code, length) = entity::read(rest)?;
            Some((Decoded::character(code), length + 1))
        }
        [b'\\', rest @ ..] => backslash(rest).map(|(decoded, length)| (decoded, length + 1)),
        _ => None,
    }
}

/// The meaning of what follows a backslash, and its length.
fn backslash(text: &[u8]) -> Option<(Decoded, usize)> {
    match text {
        [b'u', b'{', rest @ ..] => {
            let length = rest.iter().take(7).position(|&byte| byte == b'}')?;
            let code = digits(rest, length, 16)?;
            Some((Decoded::character(code), length + 3))
        }
        [b'u', rest @ ..] if digits(rest, 4, 16).is_some() => Some(utf_16(rest)),
        [b'x', rest @ ..] if digits(rest, 2, 16).is_some() => Some((byte(digits(rest, 2, 16)?), 3)),
        [b'0'..=b'3', ..] if digits(text, 3, 8).is_some() => Some((byte(digits(text, 3, 8)?), 3)),
        [b'n', ..] => Some((Decoded::byte(b'\n'), 1)),
        [b'r', ..] => Some((Decoded::byte(b'\r'), 1)),
        [b't', ..] => Some((Decoded::byte(b'\t'), 1)),
        [other, ..] => Some((Decoded::byte(*other), 1)),
        [] => None,
    }
}

/// The character after `\u`, which may consist of two surrogates.
fn utf_16(text: &[u8]) -> (Decoded, usize) {
    let unit = |text: &[u8]| digits(text, 4, 16).unwrap_or_default();
    let high = unit(text);
    if let Some([b'\\', b'u', rest @ ..]) = text.get(4..)
        && let (0xd800..=0xdbff, low @ 0xdc00..=0xdfff) = (high, unit(rest))
    {
        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
        return (Decoded::character(code), 11);
    }
    (Decoded::character(high), 5)
}

fn byte(value: u32) -> Decoded {
    Decoded::byte(u8::try_from(value).unwrap_or_default())
}

/// The number of exactly `count` digits at the start of `text`.
fn digits(text: &[u8], count: usize, radix: u32) -> Option<u32> {
    let digits = text.get(..count).filter(|digits| !digits.is_empty())?;
    digits.iter().try_fold(0, |number, &digit| {
        let digit = char::from(digit).to_digit(radix)?;
        Some(number * radix + digit)
    })
}
