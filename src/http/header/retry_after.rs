//! The `Retry-After` header (RFC 9110, section 10.2.3).

use std::time::{Duration, SystemTime};

use super::number;
use crate::http::headers::Headers;

/// The maximum wait that is reported.
const MAX_WAIT: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How long the server asks clients to wait, counted from the response; zero
/// for a date in the past.
pub(crate) fn read(headers: &Headers, now: SystemTime) -> Option<Duration> {
    let value = headers.text("retry-after")?.trim_matches([' ', '\t']);
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that overflows is above the maximum too.
        let seconds = number(value).unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_WAIT));
    }
    let until = date(value)?;
    // The date is by the server's clock, so compare it with the server's Date.
    let sent = headers.text("date").and_then(date).unwrap_or(now);
    Some(until.duration_since(sent).unwrap_or_default().min(MAX_WAIT))
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text.trim_matches([' ', '\t'])).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(retry_after: &str, sent: Option<&str>) -> Option<u64> {
        let mut headers = Headers::default();
        headers.add("Retry-After", retry_after.as_bytes());
        if let Some(sent) = sent {
            headers.add("Date", sent.as_bytes());
        }
        let now = date("Sun, 06 Nov 1994 08:49:37 GMT").expect("a date");
        read(&headers, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates() {
        let year = MAX_WAIT.as_secs();
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
            ("-1", None, None),
            ("+1", None, None),
            ("1.5", None, None),
            ("1, 2", None, None),
            ("soon", None, None),
        ] {
            assert_eq!(case(value, sent), expected, "{value} at {sent:?}");
        }
        assert_eq!(read(&Headers::default(), SystemTime::now()), None);
    }
}
