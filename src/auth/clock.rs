//! Parses dates in server responses into seconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) use crate::http::date::rfc3339;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:10 GMT"), Some(10));
        assert_eq!(http_date("yesterday"), None);
    }
}
