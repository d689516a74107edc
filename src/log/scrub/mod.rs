//! Finds secrets in text, in every encoding that a server or a message may
//! repeat them in, and covers them.

mod entity;
mod layer;
mod needle;
mod unescape;

use std::ops::Range;

pub(crate) use self::entity::without_references;
pub(crate) use self::needle::Index;
use super::redact::cover;

/// How often text is unescaped: each time undoes one more level of encoding.
const MAX_LEVELS: usize = 4;

/// Minimum length of a secret that is found with white space or quotes in it, in
/// bytes.
const MIN_SPLIT: usize = 6;

/// Minimum length of a secret that is found in base64 or hexadecimal, in bytes.
const MIN_ENCODED: usize = 4;

impl Index {
    /// Covers the secrets in a string.
    pub(crate) fn scrub(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut found = Vec::new();
        let mut level = layer::Layer::of(text);
        for _ in 0..MAX_LEVELS {
            self.find(&level, 0, &mut found);
            let joined = level.joined();
            self.find(&joined, MIN_SPLIT, &mut found);
            let decoded = joined.encoded_runs();
            for decoded in decoded.into_iter().chain(level.listed_bytes()) {
                self.find(&decoded, MIN_ENCODED, &mut found);
                // Without the zeros of UTF-16.
                self.find(&decoded.joined(), MIN_SPLIT, &mut found);
                if let Some(plain) = unescape::unescape(&decoded) {
                    self.find(&plain, MIN_ENCODED, &mut found);
                }
            }
            match unescape::unescape(&level) {
                Some(next) => level = next,
                None => break,
            }
        }
        let ranges = found.into_iter().map(|range| whole_characters(text, range));
        cover(text, ranges.collect())
    }
}

/// Covers the given secrets in a string.
pub(crate) fn scrub(text: &str, secrets: &[&str]) -> String {
    let mut index = Index::default();
    for secret in secrets {
        index.add(secret);
    }
    index.scrub(text)
}

/// Extends a range to the ends of characters.
fn whole_characters(text: &str, range: Range<usize>) -> Range<usize> {
    let Range { mut start, mut end } = range;
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

#[cfg(test)]
mod tests;
