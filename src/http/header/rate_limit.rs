//! The rate limit of a registry, as sent by Docker Hub and others:
//! `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`.

use super::number;
use crate::http::headers::Headers;

/// A rate limit; `None` for parts that the registry does not send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// The number of requests allowed in the window.
    pub limit: Option<u64>,
    /// The number of requests left.
    pub remaining: Option<u64>,
    /// The window, in seconds.
    pub window: Option<u64>,
}

/// Reads the headers of a response; `None` if they contain neither the limit
/// nor the remaining requests.
pub(crate) fn read(headers: &Headers) -> Option<RateLimit> {
    // Skip the search in the common case.
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
    let window = limit
        .or(remaining)?
        .1
        .or(remaining.and_then(|found| found.1));
    Some(RateLimit {
        limit: limit.map(|found| found.0),
        remaining: remaining.map(|found| found.0),
        window,
    })
}

/// The first number of a list, and its window in seconds. The window may be
/// given with another element of the same number, as in `100, 100;w=60`.
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

/// A number and its window: `100;w=21600`. Other parameters are ignored.
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
        let found = |limit, remaining, window| {
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
                found(Some(100), Some(76), Some(21_600)),
            ),
            (
                &[("RateLimit-Limit", "60"), ("RateLimit-Remaining", "0")],
                found(Some(60), Some(0), None),
            ),
            (
                &[("RateLimit-Limit", "10, 10;w=1, 50;w=60")],
                found(Some(10), None, Some(1)),
            ),
            (
                &[
                    ("X-RateLimit-Limit", "5000"),
                    ("X-RateLimit-Remaining", "4999 ; W = 60"),
                ],
                found(Some(5000), Some(4999), Some(60)),
            ),
            (
                &[
                    ("X-RateLimit-Limit", "1"),
                    ("RateLimit-Limit", "2;comment=\"a\";w=3"),
                ],
                found(Some(2), None, Some(3)),
            ),
            (
                &[("RateLimit-Limit", "none"), ("X-RateLimit-Limit", "2;w=x")],
                found(Some(2), None, None),
            ),
            (&[("ratelimit-remaining", "9")], found(None, Some(9), None)),
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
