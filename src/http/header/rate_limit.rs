//! The rate limit of a registry, as sent by Docker Hub and others:
//! `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`.

use super::amount;
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
    let find = |names: &[&str]| {
        let mut values = names.iter().filter_map(|name| headers.text(name));
        values.find_map(first)
    };
    // RFC 9110 has no such field; drafts of the httpapi working group changed it.
    let structured = |field: &str, names: &[&str]| parameter(headers.text(field)?, names);
    let limit = find(&["ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit"])
        .or_else(|| structured("ratelimit", &["limit"]).map(bare))
        .or_else(|| structured("ratelimit-policy", &["q"]).map(bare))
        .or_else(|| find(&["ratelimit-policy"]));
    let remaining = find(&[
        "ratelimit-remaining",
        "x-ratelimit-remaining",
        "x-rate-limit-remaining",
    ])
    .or_else(|| structured("ratelimit", &["remaining", "r"]).map(bare));
    let window = limit
        .or(remaining)?
        .1
        .or(remaining.and_then(|found| found.1))
        .or_else(|| structured("ratelimit-policy", &["w"]));
    Some(RateLimit {
        limit: limit.map(|found| found.0),
        remaining: remaining.map(|found| found.0),
        window,
    })
}

fn bare(number: u64) -> (u64, Option<u64>) {
    (number, None)
}

/// The first parameter with one of these names, as in
/// `limit=100, remaining=50` or `"default";r=50;t=30`.
fn parameter(value: &str, names: &[&str]) -> Option<u64> {
    value.split([',', ';']).find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let is_it = |known: &&str| known.eq_ignore_ascii_case(name.trim());
        amount(value).filter(|_| names.iter().any(is_it))
    })
}

/// The first number of a list, and its window in seconds. The window may be
/// given with another element of the same number, as in `100, 100;w=60`.
fn first(value: &str) -> Option<(u64, Option<u64>)> {
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
    let number = amount(parts.next()?)?;
    let window = parts.find_map(|param| {
        let (name, value) = param.split_once('=')?;
        let is_window = name.trim_end().eq_ignore_ascii_case("w");
        amount(value).filter(|_| is_window)
    });
    Some((number, window))
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
            (
                &[("ratelimit-limit", "18446744073709551616")],
                found(Some(u64::MAX), None, None),
            ),
            (
                &[
                    ("ratelimit-limit", "100.0;w=\"60.5\""),
                    ("ratelimit-remaining", "99.5"),
                ],
                found(Some(100), Some(99), Some(60)),
            ),
            (
                &[("ratelimit-limit", "1e2"), ("ratelimit-remaining", "-1")],
                found(Some(100), None, None),
            ),
            (
                &[
                    ("X-Rate-Limit-Limit", "\"60\""),
                    ("X-Rate-Limit-Remaining", "59"),
                ],
                found(Some(60), Some(59), None),
            ),
            (
                &[
                    ("RateLimit", "limit=100, remaining=50, reset=5"),
                    ("RateLimit-Policy", "100;w=60"),
                ],
                found(Some(100), Some(50), Some(60)),
            ),
            (
                &[
                    ("RateLimit", "\"default\";r=50;t=30"),
                    ("RateLimit-Policy", "\"default\";q=100;w=60"),
                ],
                found(Some(100), Some(50), Some(60)),
            ),
            (&[("RateLimit", "\"default\";t=30")], None),
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
