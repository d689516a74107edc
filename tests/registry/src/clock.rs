//! Formats times of a clock that may be wrong.

use std::time::{SystemTime, UNIX_EPOCH};

const DAY: i64 = 24 * 60 * 60;

/// A time in UTC, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    seconds: i64,
}

impl Time {
    /// The current time of a clock that is `ahead` seconds fast, or slow if
    /// negative.
    pub(crate) fn now(ahead: i64) -> Time {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Time {
            seconds: i64::try_from(now).unwrap_or(0) + ahead,
        }
    }

    /// Formats the time as in RFC 3339.
    pub(crate) fn rfc3339(self) -> String {
        let (year, month, day) = self.date();
        format!("{year:04}-{month:02}-{day:02}T{}Z", self.clock())
    }

    /// Formats an HTTP date (RFC 9110, section 5.6.7).
    pub(crate) fn http(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        let (year, month, day) = self.date();
        let weekday = DAYS[self.seconds.div_euclid(DAY).rem_euclid(7) as usize];
        let month = MONTHS[month as usize - 1];
        format!("{weekday}, {day:02} {month} {year:04} {} GMT", self.clock())
    }

    fn clock(self) -> String {
        let second = self.seconds.rem_euclid(DAY);
        let (hour, minute) = (second / 3600, second / 60 % 60);
        format!("{hour:02}:{minute:02}:{:02}", second % 60)
    }

    /// Year, month and day.
    fn date(self) -> (i64, i64, i64) {
        let mut left = self.seconds.div_euclid(DAY);
        let mut year = 1970;
        let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        while left >= 365 + i64::from(is_leap(year)) {
            left -= 365 + i64::from(is_leap(year));
            year += 1;
        }
        let february = 28 + i64::from(is_leap(year));
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 1;
        for days in months {
            if left < days {
                break;
            }
            left -= days;
            month += 1;
        }
        (year, month, left + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        for (seconds, rfc3339, http) in [
            (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            (
                784_111_777,
                "1994-11-06T08:49:37Z",
                "Sun, 06 Nov 1994 08:49:37 GMT",
            ),
            (
                951_827_696,
                "2000-02-29T12:34:56Z",
                "Tue, 29 Feb 2000 12:34:56 GMT",
            ),
            (
                1_767_225_599,
                "2025-12-31T23:59:59Z",
                "Wed, 31 Dec 2025 23:59:59 GMT",
            ),
        ] {
            let time = Time { seconds };
            assert_eq!(
                (time.rfc3339().as_str(), time.http().as_str()),
                (rfc3339, http)
            );
        }
    }
}
