//! Masking parts of a string, and escaping.

use std::ops::Range;

use crate::error::is_unprintable;

pub(super) const REDACTED: &str = "[redacted]";

/// Replaces ranges of a string.
pub(crate) fn cover(text: &str, mut ranges: Vec<Range<usize>>) -> String {
    ranges.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut end = 0;
    for range in ranges {
        if range.start > end || out.is_empty() {
            out.push_str(&text[end..range.start]);
            out.push_str(REDACTED);
        }
        end = end.max(range.end);
    }
    out.push_str(&text[end..]);
    out
}

/// Escapes control characters and truncates.
pub(super) fn escape(text: &str, cap: usize, keep_lines: bool) -> String {
    let mut out = String::new();
    let mut escaped = String::new();
    for character in text.chars() {
        escaped.clear();
        let is_kept = character == '\t' || keep_lines && character == '\n';
        if is_unprintable(character) && !is_kept {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
        if out.len() + escaped.len() > cap {
            out.push_str("...");
            break;
        }
        out.push_str(&escaped);
    }
    out
}
