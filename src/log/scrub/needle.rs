//! The secrets to search for, and the search.

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use zeroize::Zeroizing;

use super::layer::Layer;
use super::unescape::unescape;

/// Length of the parts that the index knows.
const SEED: usize = 4;

/// Distance of the parts of a long secret that the index knows.
const STRIDE: usize = 8;

/// Secrets of this length, in bytes, are also covered in part: if this many
/// bytes of one occur together, such as in a message that was shortened.
const MIN_PART: usize = 16;

/// Maximum number of places in a secret where the index knows the same part.
const MAX_SAME: usize = 16;

/// Length of a set of pairs of bytes, in units of 64 bits.
const STARTS: usize = 1 << 10;

/// Length of the secrets, in bytes, that are also found if they are encoded
/// twice, such as a Basic value in a file that is in base64 again.
const ENCODED_TWICE: RangeInclusive<usize> = 6..=4096;

type Needle = Zeroizing<Vec<u8>>;

/// Secrets, for a search.
#[derive(Debug, Default)]
pub(crate) struct Index {
    needles: Vec<Needle>,
    /// Needles that are shorter than a seed.
    short: Vec<Needle>,
    /// Needle and offset of each seed.
    seeds: HashMap<[u8; SEED], Vec<(usize, usize)>>,
    /// One bit for each pair of bytes that a seed begins with, since most text
    /// has none.
    starts: Vec<u64>,
}

impl Index {
    /// Adds a secret in all the forms that the search does not undo by itself.
    pub(crate) fn add(&mut self, secret: &str) {
        let bare = secret.trim_end_matches('=');
        if bare.len() < secret.len() && bare.len() >= STRIDE {
            self.add_form(bare.as_bytes());
        }
        // Escapes in the secret itself are undone in the text as well.
        let mut level = Some(Layer::of(secret));
        while let Some(form) = level {
            self.add_form(form.bytes());
            self.add_form(form.joined().bytes());
            level = unescape(&form);
        }
        if ENCODED_TWICE.contains(&secret.len()) {
            for form in encoded(secret.as_bytes()) {
                self.add_needle(&form);
            }
        }
    }

    fn add_form(&mut self, form: &[u8]) {
        self.add_needle(form);
        let Ok(text) = std::str::from_utf8(form) else {
            return;
        };
        if text.is_ascii() {
            return;
        }
        self.add_needle(Zeroizing::new(text.to_lowercase()).as_bytes());
        self.add_needle(Zeroizing::new(text.to_uppercase()).as_bytes());
        // As ISO 8859-1, and as UTF-8 that was taken for it.
        let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        if let Some(latin) = latin {
            self.add_needle(&Zeroizing::new(latin));
        }
        let twice: String = text.bytes().map(char::from).collect();
        self.add_needle(Zeroizing::new(twice).as_bytes());
        for bytes_of in [u16::to_le_bytes, u16::to_be_bytes] {
            let wide: Needle = Zeroizing::new(text.encode_utf16().flat_map(bytes_of).collect());
            self.add_needle(&wide);
        }
        // As a decoder writes it that does not know the encoding.
        let unknown = text.replace(|c: char| !c.is_ascii(), "\u{fffd}");
        self.add_needle(Zeroizing::new(unknown).as_bytes());
    }

    fn add_needle(&mut self, form: &[u8]) {
        let needle: Needle = Zeroizing::new(form.iter().map(|&byte| fold(byte)).collect());
        if needle.is_empty() || self.needles.contains(&needle) || self.short.contains(&needle) {
            return;
        }
        if needle.len() < SEED {
            self.short.push(needle);
            return;
        }
        let number = self.needles.len();
        let last = match needle.len() {
            length if length >= MIN_PART => length - SEED,
            _ => 0,
        };
        for offset in (0..=last).step_by(STRIDE) {
            if let Some(seed) = needle[offset..].first_chunk::<SEED>() {
                let (word, bit) = place_of_start(*seed);
                self.starts.resize(STARTS, 0);
                self.starts[word] |= bit;
                let same = self.seeds.entry(*seed).or_default();
                let own = same.iter().rev().take_while(|known| known.0 == number);
                if own.count() < MAX_SAME {
                    same.push((number, offset));
                }
            }
        }
        self.needles.push(needle);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.needles.is_empty() && self.short.is_empty()
    }

    /// Finds the secrets of at least `min` bytes in a layer, and appends their
    /// ranges in the original text.
    pub(super) fn find(&self, layer: &Layer, min: usize, found: &mut Vec<Range<usize>>) {
        let folded = layer.bytes().iter().map(|&byte| fold(byte));
        let folded: Zeroizing<Vec<u8>> = Zeroizing::new(folded.collect());
        let mut at = 0;
        while let Some(seed) = folded[at..].first_chunk::<SEED>() {
            let mut next = at + 1;
            let (word, bit) = place_of_start(*seed);
            if self.starts.get(word).is_none_or(|bits| bits & bit == 0) {
                at = next;
                continue;
            }
            for &(number, offset) in self.seeds.get(seed).into_iter().flatten() {
                let run = common_run(&folded, at, &self.needles[number], offset);
                if run.is_secret && run.range.len() >= min {
                    // Its last bytes may begin another one.
                    next = next.max(run.range.end.saturating_sub(SEED - 1));
                    found.push(layer.place(run.range));
                }
            }
            at = next;
        }
        for needle in self.short.iter().filter(|needle| needle.len() >= min) {
            for (at, bytes) in folded.windows(needle.len()).enumerate() {
                if bytes == needle.as_slice() && is_word(&folded, at..at + needle.len()) {
                    found.push(layer.place(at..at + needle.len()));
                }
            }
        }
    }
}

/// The digits in base64 and hexadecimal that depend on the secret only, for each
/// offset that it may have in what is encoded.
fn encoded(secret: &[u8]) -> Vec<Needle> {
    let mut forms: Vec<Needle> = (0..3)
        .map(|offset| {
            let padded = Zeroizing::new([&[0; 2][..offset], secret].concat());
            let digits = Zeroizing::new(STANDARD_NO_PAD.encode(&padded));
            let first = (offset * 8).div_ceil(6);
            let last = padded.len() * 8 / 6;
            Zeroizing::new(digits.as_bytes()[first..last].to_vec())
        })
        .collect();
    let hex = secret.iter().flat_map(|&byte| {
        let digit = |value: u8| b"0123456789abcdef"[usize::from(value)];
        [digit(byte >> 4), digit(byte & 15)]
    });
    forms.push(Zeroizing::new(hex.collect()));
    forms
}

/// The word and the bit of a seed's first two bytes.
fn place_of_start(seed: [u8; SEED]) -> (usize, u64) {
    let pair = u16::from_ne_bytes([seed[0], seed[1]]);
    (usize::from(pair >> 6), 1 << (pair & 63))
}

struct Run {
    range: Range<usize>,
    is_secret: bool,
}

/// The longest run that text and needle have in common around `at` and
/// `offset`.
fn common_run(text: &[u8], at: usize, needle: &[u8], offset: usize) -> Run {
    let before = text[..at].iter().rev().zip(needle[..offset].iter().rev());
    let before = before.take_while(|(a, b)| a == b).count();
    let after = text[at..].iter().zip(&needle[offset..]);
    let after = after.take_while(|(a, b)| a == b).count();
    let range = at - before..at + after;
    let is_start = before == offset;
    let is_whole = is_start && range.len() == needle.len();
    let is_part = range.len() >= MIN_PART && needle.len() >= MIN_PART;
    let is_cut = is_start && is_cut(&text[range.end..]);
    Run {
        range,
        is_secret: is_whole || is_part || is_cut,
    }
}

/// Whether the text was shortened here, perhaps in the middle of an escape.
fn is_cut(rest: &[u8]) -> bool {
    let dots = rest.windows(3).take(7).position(|bytes| bytes == b"...");
    dots.is_some_and(|at| at == 0 || b"%\\&".contains(&rest[0]))
}

/// Whether a short secret is a word, rather than part of one.
fn is_word(text: &[u8], range: Range<usize>) -> bool {
    let in_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    !in_word(before) && !in_word(text.get(range.end))
}

/// Makes upper and lower case equal, the two alphabets of base64, and a plus
/// sign and the space that it encodes in a form.
fn fold(byte: u8) -> u8 {
    match byte {
        b'+' | b'-' => b' ',
        b'_' => b'/',
        _ => byte.to_ascii_lowercase(),
    }
}
