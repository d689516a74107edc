//! The `Retry-After` header (RFC 9110, section 10.2.3).

use std::time::Duration;

use super::decimal;
use crate::error::RetryAfter;
use crate::http::date;
use crate::http::headers::Headers;

/// The maximum wait that is reported.
const MAX_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Numbers of this size are not a number of seconds, but a time since 1970: some
/// servers send when to come back.
const MIN_UNIX_TIME: f64 = 1e9;

/// How long the server asks clients to wait, counted from the response; zero
/// for a time in the past. `now` returns the seconds since 1970.
pub(crate) fn read(headers: &Headers, now: impl Fn() -> i64) -> Option<RetryAfter> {
    let value = headers.text("retry-after")?;
    let value = value.trim_matches([' ', '\t', '"']);
    // Compare a time, which is by the server's clock, with the server's Date.
    let sent = || {
        headers
            .text("date")
            .and_then(date::http_date)
            .unwrap_or_else(&now) as f64
    };
    let (seconds, is_unix_time) = match decimal(value) {
        Some(number) if number >= MIN_UNIX_TIME => (date::unix_seconds(number) - sent(), true),
        Some(number) => (number, false),
        None => {
            let until = date::http_date(value).or_else(|| date::rfc3339(value))?;
            (until as f64 - sent(), false)
        }
    };
    let seconds = seconds.clamp(0.0, MAX_WAIT.as_secs_f64());
    Some(RetryAfter {
        wait: Duration::try_from_secs_f64(seconds).unwrap_or(MAX_WAIT),
        is_unix_time,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(retry_after: &str, sent: Option<&str>) -> Option<u128> {
        milliseconds(retry_after, sent).map(|wait| wait / 1000)
    }

    fn milliseconds(retry_after: &str, sent: Option<&str>) -> Option<u128> {
        let mut headers = Headers::default();
        headers.add("Retry-After", retry_after.as_bytes());
        if let Some(sent) = sent {
            headers.add("Date", sent.as_bytes());
        }
        let now = date::http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        read(&headers, || now).map(|field| field.wait.as_millis())
    }

    #[test]
    fn seconds_and_dates() {
        let year = u128::from(MAX_WAIT.as_secs());
        for (value, sent, expected) in [
            ("0", None, Some(0)),
            (" 120\t", None, Some(120)),
            ("21600", Some("nonsense"), Some(21_600)),
            ("99999999999", None, Some(year)),
            ("99999999999999999999999", None, Some(year)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", None, Some(60)),
            ("Sunday, 06-Nov-94 08:50:37 GMT", None, Some(60)),
            ("Sun Nov  6 08:50:37 1994", None, Some(60)),
            // The server's clock is an hour fast.
            (
                "Sun, 06 Nov 1994 09:50:07 GMT",
                Some("Sun, 06 Nov 1994 09:49:37 GMT"),
                Some(30),
            ),
            // The server's clock is an hour slow.
            (
                "Sun, 06 Nov 1994 07:50:07 GMT",
                Some("Sun, 06 Nov 1994 07:49:37 GMT"),
                Some(30),
            ),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some("today"), Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", None, Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", None, Some(year)),
            ("", None, None),
            ("-1", None, Some(0)),
            ("-1e400", None, Some(0)),
            ("1e400", None, Some(year)),
            ("\"30\"", None, Some(30)),
            ("1e2", None, Some(100)),
            // Times in seconds and in milliseconds since 1970: 30 s later.
            ("784111807", None, Some(year)),
            (
                "1784111807",
                Some("Wed, 15 Jul 2026 10:36:17 GMT"),
                Some(30),
            ),
            (
                "1784111807000",
                Some("Wed, 15 Jul 2026 10:36:17 GMT"),
                Some(30),
            ),
            (
                "1784111807.5",
                Some("Wed, 15 Jul 2026 10:36:17 GMT"),
                Some(30),
            ),
            ("1784111807", Some("Wed, 15 Jul 2026 11:00:00 GMT"), Some(0)),
            ("1784111807", None, Some(year)),
            ("1994-11-06T08:50:07Z", None, Some(30)),
            ("1994-11-06T09:50:07.5+01:00", None, Some(30)),
            ("1969-11-06T08:50:07Z", None, Some(0)),
            ("+1", None, None),
            ("1, 2", None, None),
            ("soon", None, None),
            ("NaN", None, None),
        ] {
            assert_eq!(case(value, sent), expected, "{value} at {sent:?}");
        }
        for (value, expected) in [("1784111807000", true), ("1784111807", true), ("30", false)] {
            let mut headers = Headers::default();
            headers.add("Retry-After", value.as_bytes());
            let field = read(&headers, date::now).expect("a time");
            assert_eq!(field.is_unix_time, expected, "{value}");
        }
        assert_eq!(milliseconds("1.5", None), Some(1500));
        assert_eq!(milliseconds("0.0005", None), Some(0));
        assert_eq!(read(&Headers::default(), date::now), None);
    }
}
