//! How many requests a registry lets pass, as Docker Hub and others tell:
//! `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`.

use super::number;
use crate::http::headers::Headers;

/// How many requests may be made in a time; each as far as it was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// How many may be made in all.
    pub limit: Option<u64>,
    /// How many are left.
    pub remaining: Option<u64>,
    /// The time that this is about, in seconds.
    pub window: Option<u64>,
}

/// Reads the headers of an answer; `None` if they tell neither how many
/// requests there are nor how many are left.
pub(crate) fn read(headers: &Headers) -> Option<RateLimit> {
    // Most answers have none.
    let may_be = |name: &str| matches!(name.as_bytes(), [b'r' | b'R' | b'x' | b'X', ..]);
    if !headers.iter().any(|(name, _)| may_be(name)) {
        return None;
    }
    let find = |names: [&str; 2]| {
        let mut values = names.into_iter().filter_map(|name| headers.text(name));
        values.find_map(amount)
    };
    let limit = find(["ratelimit-limit", "x-ratelimit-limit"]);
    let remaining = find(["ratelimit-remaining", "x-ratelimit-remaining"]);
    let window = limit.or(remaining)?.1.or(remaining.and_then(|told| told.1));
    Some(RateLimit {
        limit: limit.map(|told| told.0),
        remaining: remaining.map(|told| told.0),
        window,
    })
}

/// The first number of a list, and the window in seconds: its own, or that of
/// another element of the same number, as in `100, 100;w=60`.
fn amount(value: &str) -> Option<(u64, Option<u64>)> {
    let mut elements = value.split(',').map(element);
    let (first, window) = elements.next().flatten()?;
    let window = window.or_else(|| {
        elements
            .flatten()
            .find(|(number, window)| *number == first && window.is_some())
            .and_then(|(_, window)| window)
    });
    Some((first, window))
}

/// A number and its window: `100;w=21600`, other parameters passed over.
fn element(text: &str) -> Option<(u64, Option<u64>)> {
    let mut parts = text.split(';').map(str::trim);
    let amount = number(parts.next()?)?;
    let window = parts.find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let is_window = name.trim_end().eq_ignore_ascii_case("w");
        number(value.trim_start()).filter(|_| is_window)
    });
    Some((amount, window))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let told = |limit, remaining, window| {
            Some(RateLimit {
                limit,
                remaining,
                window,
            })
        };
        for (fields, expected) in [
            (
                &[
                    ("ratelimit-limit", "100;w=21600"),
                    ("ratelimit-remaining", "76;w=21600"),
                    ("docker-ratelimit-source", "192.0.2.1"),
                ][..],
                told(Some(100), Some(76), Some(21_600)),
            ),
            (
                &[("RateLimit-Limit", "60"), ("RateLimit-Remaining", "0")],
                told(Some(60), Some(0), None),
            ),
            (
                &[("RateLimit-Limit", "10, 10;w=1, 50;w=60")],
                told(Some(10), None, Some(1)),
            ),
            (
                &[
                    ("X-RateLimit-Limit", "5000"),
                    ("X-RateLimit-Remaining", "4999 ; W = 60"),
                ],
                told(Some(5000), Some(4999), Some(60)),
            ),
            (
                &[
                    ("X-RateLimit-Limit", "1"),
                    ("RateLimit-Limit", "2;comment=\"a\";w=3"),
                ],
                told(Some(2), None, Some(3)),
            ),
            (
                &[("RateLimit-Limit", "none"), ("X-RateLimit-Limit", "2;w=x")],
                told(Some(2), None, None),
            ),
            (&[("ratelimit-remaining", "9")], told(None, Some(9), None)),
            (&[("ratelimit-limit", "-1")], None),
            (&[("ratelimit-limit", "18446744073709551616")], None),
            (&[("ratelimit-limit", ";w=1")], None),
            (&[("ratelimit-limit", "")], None),
            (&[], None),
        ] {
            let mut headers = Headers::default();
            for (name, value) in fields {
                headers.add(name, value.as_bytes());
            }
            assert_eq!(read(&headers), expected, "{fields:?}");
        }
    }
}
