//! How long a token is used.

use std::time::Duration;

use serde_json::Value;

use crate::http::header::decimal;

/// Default and minimum lifetime of a token, in seconds.
const MIN: u64 = 60;
/// Maximum time that a token is kept, in seconds.
pub(super) const MAX: u64 = 24 * 60 * 60;
/// How long before it expires a token is last used, at most.
const MARGIN: Duration = Duration::from_secs(30);

/// Parses `expires_in`: a number of any size, or a string that contains one.
pub(super) fn expires_in(value: Option<&Value>) -> u64 {
    let text = match value {
        Some(Value::Number(number)) => number.to_string(),
        Some(Value::String(text)) => text.trim().to_owned(),
        _ => return MIN,
    };
    // As in "3600s", the JSON form of a duration in protocol buffers.
    let seconds = decimal(text.strip_suffix('s').unwrap_or(&text));
    // The conversion saturates.
    seconds.map_or(MIN, |seconds| (seconds as u64).clamp(MIN, MAX))
}

/// The age of a token on arrival, in seconds; 0 if the clocks disagree.
pub(super) fn age(issued: Option<i64>, date: Option<i64>, now: i64) -> u64 {
    let age = issued.map_or(0, |issued| date.unwrap_or(now).saturating_sub(issued));
    u64::try_from(age).unwrap_or(0)
}

/// How long to use a token: it is replaced before it expires.
pub(super) fn time_left(lifetime: u64, age: u64) -> Duration {
    // A token that appears expired was dated by another clock.
    let left = if age < lifetime {
        lifetime - age
    } else {
        lifetime
    };
    let left = Duration::from_secs(left);
    left - (left / 10).min(MARGIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_as_servers_send_them() {
        for (json, expected) in [
            ("null", 60),
            ("300", 300),
            ("300.9", 300),
            ("3e2", 300),
            ("0", 60),
            ("1", 60),
            ("-300", 60),
            ("-0.0", 60),
            ("1e400", MAX),
            ("-1e400", 60),
            ("1e-400", 60),
            ("18446744073709551616", MAX),
            (r#""300""#, 300),
            (r#"" 300 ""#, 300),
            (r#""300.5""#, 300),
            (r#""3600s""#, 3600),
            (r#""3.6e3s""#, 3600),
            (r#""-1""#, 60),
            (r#""1e400""#, MAX),
            (r#""""#, 60),
            (r#""s""#, 60),
            (r#""soon""#, 60),
            (r#""inf""#, 60),
            (r#""infinity""#, 60),
            (r#""NaN""#, 60),
            ("true", 60),
            ("[300]", 60),
            ("{}", 60),
        ] {
            let value = serde_json::from_str(json).expect(json);
            assert_eq!(expires_in(Some(&value)), expected, "{json}");
        }
        assert_eq!(expires_in(None), 60);
    }

    #[test]
    fn the_age_is_measured_with_one_clock() {
        for (issued, date, now, expected) in [
            (None, None, 1000, 0),
            (Some(900), None, 1000, 100),
            (Some(1000), None, 900, 0),
            // The server's clock is an hour off, and the token is 10 s old.
            (Some(4590), Some(4600), 1000, 10),
            (Some(-2610), Some(-2600), 1000, 10),
            (Some(i64::MIN), Some(i64::MAX), 0, i64::MAX as u64),
        ] {
            assert_eq!(age(issued, date, now), expected, "{issued:?} {date:?}");
        }
        assert_eq!(time_left(300, 100), Duration::from_secs(180));
        assert_eq!(time_left(300, 3600), Duration::from_secs(270));
        assert_eq!(time_left(86400, 0), Duration::from_secs(86370));
    }
}
