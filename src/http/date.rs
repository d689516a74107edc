//! Dates other than HTTP dates.

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
    let in_range = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        // A leap second.
        && second <= 60;
    if !in_range {
        return None;
    }
    let rest = text.get(end..)?;
    let rest = rest.strip_prefix(['.', ',']).map_or(rest, |fraction| {
        fraction.trim_start_matches(|c: char| c.is_ascii_digit())
    });
    let offset = offset(rest.trim_start())?;
    Some(days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset)
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
            ("2026-13-23T23:00:00Z", None),
            ("2026-11-23T+3:00:00Z", None),
            ("2026-11-23T23:00:00+1:00", None),
            ("", None),
            ("é026-11-23T23:00:00Z", None),
        ] {
            assert_eq!(rfc3339(text), expected, "{text}");
        }
    }
}
