//! Parses dates in server responses into seconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::http::date::rfc3339;

/// The current time.
pub(crate) fn now() -> i64 {
    seconds(SystemTime::now())
}

fn seconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |s| -s),
    }
}

/// An HTTP date (RFC 9110, section 5.6.7).
pub(crate) fn http_date(text: &str) -> Option<i64> {
    httpdate::parse_http_date(text.trim()).ok().map(seconds)
}

/// A date as token servers write it: RFC 3339 and its usual variants, an HTTP
/// date, or a Unix time in seconds or milliseconds.
pub(crate) fn any_date(text: &str) -> Option<i64> {
    let text = text.trim();
    rfc3339(text)
        .or_else(|| http_date(text))
        .or_else(|| unix_time(text))
}

fn unix_time(text: &str) -> Option<i64> {
    let number: f64 = text
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())?;
    // In seconds, this is the year 5138.
    let seconds = if number.abs() < 1e11 {
        number
    } else {
        number / 1000.0
    };
    Some(seconds as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2000-02-29T12:00:00Z", Some(951_825_600)),
            ("2026-11-23T23:00:00.123456789Z", Some(1_795_474_800)),
            ("2026-11-24T00:30:00+01:30", Some(1_795_474_800)),
            ("2026-11-23T22:00:00-01:00", Some(1_795_474_800)),
            ("1969-12-31t23:59:59z", Some(-1)),
            ("2026-11-23", None),
            ("2026-11-23T23:00:00", Some(1_795_474_800)),
            ("2026-11-23 23:00:00", Some(1_795_474_800)),
            ("2026-11-23T23:00Z", Some(1_795_474_800)),
            ("2026-11-23T23:00:00,5Z", Some(1_795_474_800)),
            (" 2026-11-24T00:30:00+0130\n", Some(1_795_474_800)),
            ("2026-11-24T00:00:00+01", Some(1_795_474_800)),
            ("2026-11-23 23:00:00.123 +0000 UTC", Some(1_795_474_800)),
            ("2026-11-24 00:00:00 +0100 CET", Some(1_795_474_800)),
            ("2026-11-23T23:00:00 GMT", Some(1_795_474_800)),
            ("0001-01-01T00:00:00Z", Some(-62_135_596_800)),
            ("Mon, 23 Nov 2026 23:00:00 GMT", Some(1_795_474_800)),
            ("1795474800", Some(1_795_474_800)),
            ("1795474800.9", Some(1_795_474_800)),
            ("1795474800123", Some(1_795_474_800)),
            ("1.7954748e9", Some(1_795_474_800)),
            ("-1", Some(-1)),
            ("1e300", Some(i64::MAX)),
            ("1e400", None),
            ("nan", None),
            ("inf", None),
            ("2026-11-23T23:00:00 CET", None),
            ("2026-11-23T23:00:00+", None),
            ("2026-11-23T23:00:00+ab:cd", None),
            ("2026-11-23T23", None),
            ("2026-11-23T23:00:", None),
            ("2026-11-23T24:00:00Z", None),
            ("2026-13-23T23:00:00Z", None),
            ("2026-11-23T+3:00:00Z", None),
            ("2026-11-23T23:00:00+1:00", None),
            ("", None),
            ("é026-11-23T23:00:00Z", None),
        ] {
            assert_eq!(any_date(text), expected, "{text}");
        }
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:10 GMT"), Some(10));
        assert_eq!(http_date("yesterday"), None);
    }
}
