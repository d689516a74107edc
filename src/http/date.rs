//! Dates and times as servers send them, in seconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

use super::header::decimal;

/// Unix times from here on are in milliseconds: 1e12 ms is in the year 2001,
/// 1e12 s in the year 33658.
const MIN_MILLISECONDS: f64 = 1e12;

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

/// An HTTP date (RFC 9110, section 5.6.7), or one of its variants that curl
/// accepts too: with another zone, in another case, without the day of the week.
pub(crate) fn http_date(text: &str) -> Option<i64> {
    let text = text.trim();
    let exact = httpdate::parse_http_date(text).ok().map(seconds);
    exact.or_else(|| mail_date(&text.to_ascii_uppercase()))
}

/// A date of RFC 5322, section 3.3, in upper case, such as
/// `SUN, 6 NOV 1994 08:49:37 +0100`.
fn mail_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ];
    let number = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        let is_valid = is_number && lengths.contains(&text.len());
        is_valid.then(|| text.parse::<i64>().ok()).flatten()
    };
    let text = text.split_once(',').map_or(text, |(_, date)| date);
    let mut parts = text.split_whitespace();
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let (day, year) = (number(day, 1..=2)?, number(year, 4..=4)?);
    let mut time = parts.next()?.splitn(3, ':');
    let (hour, minute) = (number(time.next()?, 1..=2)?, number(time.next()?, 2..=2)?);
    let second = time.next().map_or(Some(0), |text| number(text, 2..=2))?;
    let offset = offset(parts.next().unwrap_or_default())?;
    let month = i64::try_from(month).ok()? + 1;
    at([year, month, day], [hour, minute, second], offset)
}

/// The seconds of a Unix time, which may be in milliseconds.
pub(crate) fn unix_seconds(number: f64) -> f64 {
    match number.abs() < MIN_MILLISECONDS {
        true => number,
        false => number / 1000.0,
    }
}

/// RFC 3339 and its usual variants, an HTTP date, or a Unix time.
pub(crate) fn any(text: &str) -> Option<i64> {
    let text = text.trim();
    let unix_time = || decimal(text).filter(|number| number.is_finite());
    rfc3339(text)
        .or_else(|| http_date(text))
        // The conversion saturates.
        .or_else(|| unix_time().map(|number| unix_seconds(number) as i64))
}

/// An RFC 3339 date and time, such as `2026-01-31T12:00:00.5+01:00`. Also with a
/// space in place of the T, without seconds, with an offset without a colon, and
/// without an offset, which means UTC.
pub(crate) fn rfc3339(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        let all = digits.bytes().all(|byte| byte.is_ascii_digit());
        all.then(|| digits.parse().ok()).flatten()
    };
    let is = |at: usize, bytes: &[u8]| text.as_bytes().get(at).is_some_and(|b| bytes.contains(b));
    let marks = is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":");
    if !marks {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute) = (number(11..13)?, number(14..16)?);
    let (second, end) = match is(16, b":") {
        true => (number(17..19)?, 19),
        false => (0, 16),
    };
    let rest = text.get(end..)?;
    let rest = rest.strip_prefix(['.', ',']).map_or(rest, |fraction| {
        fraction.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    let offset = offset(rest.trim_start())?;
    at([year, month, day], [hour, minute, second], offset)
}

/// A date and a time of day, that many seconds ahead of UTC.
fn at(date: [i64; 3], time: [i64; 3], offset: i64) -> Option<i64> {
    let [year, month, day] = date;
    let [hour, minute, second] = time;
    let is_valid = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second.
        && second <= 60;
    is_valid.then(|| days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset)
}

/// The offset from UTC in seconds. Go adds the name of the zone: `+0100 CET`.
fn offset(text: &str) -> Option<i64> {
    let text = text.split(' ').next().unwrap_or_default();
    let (sign, digits) = match text.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        _ if matches!(text, "UTC" | "GMT") => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h1, h2] => ([h1, h2], [&b'0', &b'0']),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => ([h1, h2], [m1, m2]),
        _ => return None,
    };
    let number = |pair: [&u8; 2]| {
        let is_digits = pair.iter().all(|byte| byte.is_ascii_digit());
        is_digits.then(|| i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0'))
    };
    Some(sign * (number(hours)? * 3600 + number(minutes)? * 60))
}

/// Days from 1970 to a Gregorian date. Years start in March here, so that the
/// leap day is the last day.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let leaps = year / 4 - year / 100 + year / 400;
    // The lengths of the months, from March on, add up to this.
    let before = (153 * month + 2) / 5;
    year * 365 + leaps + before + day - 1 - 719_468
}

/// A time in UTC, as in `2026-01-31 12:00:00 UTC`.
pub(crate) fn utc(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Count years from March, so that the leap day is the last day.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = match month < 10 {
        true => (era * 400 + year, month + 3),
        false => (era * 400 + year + 1, month - 9),
    };
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777)),
            ("Sun Nov  6 08:49:37 1994", Some(784_111_777)),
            ("sun, 06 nov 1994 08:49:37 gmt", Some(784_111_777)),
            ("Sun, 6 Nov 1994 08:49:37 UTC", Some(784_111_777)),
            ("06 Nov 1994 08:49:37 +0000", Some(784_111_777)),
            ("Sun, 06 Nov 1994 09:49:37 +0100", Some(784_111_777)),
            ("Sun, 06 Nov 1994 03:49:37 -0500", Some(784_111_777)),
            ("Sun, 06 Nov 1994 08:49:37", Some(784_111_777)),
            ("Sun, 06 Nov 1994 08:49 GMT", Some(784_111_740)),
            ("Sun, 06 Nov 1994 08:49:37 EST", None),
            ("Sun, 06 Nov 94 08:49:37 +0000", None),
            ("Sun, 32 Nov 1994 08:49:37 +0000", None),
            ("Sun, 06 Now 1994 08:49:37 +0000", None),
            ("Sun, +6 Nov 1994 08:49:37 +0000", None),
            ("Sun, 06 Nov 1994 24:49:37 +0000", None),
            ("Sun, 06 Nov 1994", None),
            ("Sun,", None),
            ("", None),
        ] {
            assert_eq!(http_date(text), expected, "{text}");
        }
    }

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
            assert_eq!(any(text), expected, "{text}");
        }
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:10 GMT"), Some(10));
        assert_eq!(http_date("yesterday"), None);
    }

    #[test]
    fn times_in_utc() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_399, "2000-02-28 23:59:59 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_800, "2000-03-01 00:00:00 UTC"),
            (1_009_843_199, "2001-12-31 23:59:59 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(utc(seconds), expected);
        }
    }
}
