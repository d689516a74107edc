//! Text, perhaps decoded, with the place in the original that each byte comes
//! from.

use std::ops::Range;

use zeroize::Zeroizing;

/// Minimum length of a run of base64 or hexadecimal digits that is decoded.
const MIN_RUN: usize = 6;

/// Separates what does not belong together. No UTF-8 has this byte.
const BREAK: u8 = 0xff;

/// Decoded text.
#[derive(Debug)]
pub(super) struct Layer {
    bytes: Zeroizing<Vec<u8>>,
    /// Start and end in the original text, for each byte.
    places: Vec<(usize, usize)>,
}

impl Layer {
    pub(super) fn of(text: &str) -> Layer {
        Layer {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            places: (0..text.len()).map(|at| (at, at + 1)).collect(),
        }
    }

    /// An empty layer for what comes from another one. It does not grow, which
    /// would leave copies behind.
    pub(super) fn within(other: &Layer) -> Layer {
        Layer {
            bytes: Zeroizing::new(Vec::with_capacity(other.bytes.len())),
            places: Vec::with_capacity(other.bytes.len()),
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part of the original text that these bytes come from.
    pub(super) fn place(&self, range: Range<usize>) -> Range<usize> {
        let start = self.places.get(range.start).map_or(0, |place| place.0);
        let end = self.places[..range.end].last().map_or(0, |place| place.1);
        start..end
    }

    /// Appends bytes that another layer has in this range.
    pub(super) fn push(&mut self, bytes: &[u8], other: &Layer, range: Range<usize>) {
        let Range { start, end } = other.place(range);
        for &byte in bytes {
            self.bytes.push(byte);
            self.places.push((start, end));
        }
    }

    /// Without what may stand between the parts of a split or quoted secret:
    /// white space, control characters, quotes, backslashes, and characters
    /// that are not visible.
    pub(super) fn joined(&self) -> Layer {
        let mut out = Layer::within(self);
        let mut at = 0;
        while at < self.bytes.len() {
            let skipped = gap(&self.bytes[at..]);
            if skipped == 0 {
                out.push(&self.bytes[at..=at], self, at..at + 1);
            }
            at += skipped.max(1);
        }
        out
    }

    /// The runs of base64 and hexadecimal digits, decoded from each offset that
    /// a value may start at.
    pub(super) fn encoded_runs(&self) -> Vec<Layer> {
        let mut layers = Vec::with_capacity(6);
        for offset in 0..4 {
            layers.push(self.decoded(offset, 6, base64_digit));
        }
        for offset in 0..2 {
            layers.push(self.decoded(offset, 4, hex_digit));
        }
        layers
    }

    /// The bytes that are listed as numbers, such as `[115, 51]`, `73:33` or
    /// `0x73 0x33`.
    pub(super) fn listed_bytes(&self) -> [Layer; 2] {
        [self.listed(decimal_byte), self.listed(hex_byte)]
    }

    fn listed(&self, byte_of: fn(&[u8]) -> Option<u8>) -> Layer {
        let mut out = Layer::within(self);
        let mut start = 0;
        while start < self.bytes.len() {
            let rest = self.bytes[start..].iter();
            let length = rest.take_while(|byte| byte.is_ascii_alphanumeric()).count();
            if length > 0 {
                let word = start..start + length;
                let byte = byte_of(&self.bytes[word.clone()]).unwrap_or(BREAK);
                out.push(&[byte], self, word);
            }
            start += length.max(1);
        }
        out
    }

    /// The runs of digits that have `width` bits each, without the first
    /// `offset` digits of each run.
    fn decoded(&self, offset: usize, width: usize, digit: fn(u8) -> Option<u8>) -> Layer {
        let mut out = Layer::within(self);
        let mut start = 0;
        while start < self.bytes.len() {
            let run = self.bytes[start..].iter();
            let length = run.take_while(|byte| digit(**byte).is_some()).count();
            if length >= MIN_RUN {
                self.decode_run(start + offset..start + length, width, digit, &mut out);
                out.push(&[BREAK], self, start..start + length);
            }
            start += length.max(1);
        }
        out
    }

    fn decode_run(
        &self,
        run: Range<usize>,
        width: usize,
        digit: fn(u8) -> Option<u8>,
        out: &mut Layer,
    ) {
        let (mut bits, mut count) = (0_u32, 0);
        for at in run {
            let value = digit(self.bytes[at]).unwrap_or_default();
            bits = bits << width | u32::from(value);
            count += width;
            if count >= 8 {
                count -= 8;
                let byte = (bits >> count) as u8;
                // The digits that have bits of this byte.
                let first = at + 1 - (8 + count).div_ceil(width);
                out.push(&[byte], self, first..at + 1);
            }
        }
    }
}

fn decimal_byte(word: &[u8]) -> Option<u8> {
    std::str::from_utf8(word).ok()?.parse().ok()
}

fn hex_byte(word: &[u8]) -> Option<u8> {
    let digits = word.strip_prefix(b"0x").unwrap_or(word);
    let digits = std::str::from_utf8(digits).ok()?;
    let is_byte = digits.len() == 2;
    is_byte.then(|| u8::from_str_radix(digits, 16).ok())?
}

/// The number of bytes at the start of `bytes` that may split a secret.
fn gap(bytes: &[u8]) -> usize {
    match bytes {
        [0..=b' ' | b'"' | b'\'' | b'\\' | 0x7f, ..] => 1,
        // U+0080 to U+00A0 and U+00AD.
        [0xc2, 0x80..=0xa0 | 0xad, ..] => 2,
        // U+061C.
        [0xd8, 0x9c, ..] => 2,
        // U+200B to U+200F, U+2028 to U+202E, U+2060 to U+206F, U+FEFF.
        [0xe2, 0x80, 0x8b..=0x8f | 0xa8..=0xae, ..]
        | [0xe2, 0x81, 0xa0..=0xaf, ..]
        | [0xef, 0xbb, 0xbf, ..] => 3,
        _ => 0,
    }
}

/// Either alphabet of RFC 4648.
fn base64_digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}
