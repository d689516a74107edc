//! Rate limits never panic; values in plain syntax are parsed exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::rate_limit;

fuzz_target!(|input: (&[u8], &[u8], &[u8], u64, u64)| {
    let (first, second, third, limit, window) = input;
    let told = rate_limit(&[
        ("RateLimit-Limit", first),
        ("ratelimit-remaining", second),
        ("X-RateLimit-Limit", third),
        ("X-RateLimit-Remaining", first),
    ]);
    assert!(told.is_none_or(|[limit, remaining, _]| limit.or(remaining).is_some()));

    let value = format!("{limit};w={window}");
    let told = rate_limit(&[("ratelimit-limit", value.as_bytes())]);
    assert_eq!(told, Some([Some(limit), None, Some(window)]));
});
