//! Ranges in responses: `Range` of an upload (OCI Distribution Specification),
//! `Content-Range` (RFC 9110, section 14.4).

use super::number;

/// A range of bytes, both ends inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentRange {
    /// The first byte, counting from 0.
    pub first: u64,
    /// The last byte.
    pub last: u64,
    /// The total length, if known.
    pub total: Option<u64>,
}

/// The part of an upload that the registry has: `0-123`. Some registries write
/// `bytes=0-123`.
pub(crate) fn of_upload(value: &str) -> Option<(u64, u64)> {
    let value = value.trim();
    let range = match value.get(..5) {
        Some(unit) if unit.eq_ignore_ascii_case("bytes") => {
            let rest = value[5..].trim_start_matches([' ', '\t']);
            rest.strip_prefix('=').unwrap_or(rest)
        }
        _ => value,
    };
    ends(range)
}

/// The part of the content that the body contains: `bytes 0-123/1000`, or `*`
/// for an unknown length.
pub(crate) fn of_content(value: &str) -> Option<ContentRange> {
    let value = value.trim();
    let unit = value.get(..5)?;
    let rest = value[5..].strip_prefix([' ', '\t'])?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.split_once('/')?;
    let (first, last) = ends(range)?;
    let total = match total.trim() {
        "*" => None,
        total => Some(number(total).filter(|total| last < *total)?),
    };
    Some(ContentRange { first, last, total })
}

/// As [`of_content`], also without a unit, and with `=` behind it: the numbers
/// say enough.
pub(crate) fn of_content_leniently(value: &str) -> Option<ContentRange> {
    let value = value.trim();
    let (numbers, total) = value.split_once('/')?;
    let numbers = match numbers.get(..5) {
        Some(unit) if unit.eq_ignore_ascii_case("bytes") => {
            let rest = numbers[5..].trim_start_matches([' ', '\t']);
            rest.strip_prefix('=').unwrap_or(rest)
        }
        _ => numbers,
    };
    of_content(&format!("bytes {numbers}/{total}"))
}

/// The length of content of which a 416 has no part: `bytes */1000`.
pub(crate) fn of_unsatisfied(value: &str) -> Option<u64> {
    let value = value.trim();
    let unit = value.get(..5)?;
    let total = value[5..].trim_start().strip_prefix("*/")?;
    unit.eq_ignore_ascii_case("bytes").then_some(())?;
    number(total.trim())
}

fn ends(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first.trim())?, number(last.trim())?);
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uploads() {
        for (value, expected) in [
            ("0-123", Some((0, 123))),
            ("0-0", Some((0, 0))),
            (" 0 - 9 ", Some((0, 9))),
            ("bytes=0-9", Some((0, 9))),
            ("Bytes = 0-9", Some((0, 9))),
            ("bytes 0-9", Some((0, 9))),
            ("5-18446744073709551615", Some((5, u64::MAX))),
            ("0-18446744073709551616", None),
            ("0--1", None),
            ("9-0", None),
            ("0-", None),
            ("-9", None),
            ("9", None),
            ("", None),
            ("bytes", None),
            ("items=0-9", None),
            ("0-9/10", None),
            ("0-4,5-9", None),
            ("byt\u{e9}=0-9", None),
        ] {
            assert_eq!(of_upload(value), expected, "{value}");
        }
    }

    #[test]
    fn contents_without_a_unit() {
        let range = |first, last, total| Some(ContentRange { first, last, total });
        for (value, expected) in [
            ("0-9/10", range(0, 9, Some(10))),
            (" 5-9/* ", range(5, 9, None)),
            ("bytes=0-9/10", range(0, 9, Some(10))),
            ("Bytes 0-9/10", range(0, 9, Some(10))),
            ("bytes 0-9/9", None),
            ("items 0-9/10", None),
            ("0-9", None),
            ("*/10", None),
            ("", None),
        ] {
            assert_eq!(of_content_leniently(value), expected, "{value}");
        }
    }

    #[test]
    fn lengths_of_unsatisfied_ranges() {
        for (value, expected) in [
            ("bytes */10", Some(10)),
            ("Bytes */ 0", Some(0)),
            ("bytes 0-9/10", None),
            ("items */10", None),
            ("*/10", None),
            ("bytes */*", None),
            ("", None),
        ] {
            assert_eq!(of_unsatisfied(value), expected, "{value}");
        }
    }

    #[test]
    fn contents() {
        let range = |first, last, total| Some(ContentRange { first, last, total });
        for (value, expected) in [
            ("bytes 0-9/10", range(0, 9, Some(10))),
            ("BYTES 5-9/*", range(5, 9, None)),
            ("bytes 5-9/100 ", range(5, 9, Some(100))),
            ("bytes 0-9/9", None),
            ("bytes 9-5/100", None),
            ("bytes */100", None),
            ("bytes 0-9", None),
            ("bytes=0-9/10", None),
            ("0-9/10", None),
            ("items 0-9/10", None),
            ("bytes 0-9/-1", None),
            ("bytes", None),
            ("", None),
        ] {
            assert_eq!(of_content(value), expected, "{value}");
        }
    }
}
