//! The wait is limited; a value in seconds is parsed exactly.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::retry_after;

const YEAR: u64 = 365 * 24 * 60 * 60;

fuzz_target!(|input: (&[u8], Option<&[u8]>, u32, u64)| {
    let (value, date, now, seconds) = input;
    let mut fields = vec![("Retry-After", value)];
    fields.extend(date.map(|date| ("Date", date)));
    let wait = retry_after(&fields, now);
    assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(YEAR)));

    // Larger numbers are a time.
    let seconds = seconds % 1_000_000_000;
    let value = seconds.to_string();
    fields[0].1 = value.as_bytes();
    let expected = Duration::from_secs(seconds.min(YEAR));
    assert_eq!(retry_after(&fields, now), Some(expected));
});
