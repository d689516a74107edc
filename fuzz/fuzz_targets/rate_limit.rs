//! Rate limits never panic; values in plain syntax are parsed exactly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::rate_limit;

fuzz_target!(|input: (&[u8], &[u8], &[u8], u64, u64)| {
    let (first, second, third, limit, window) = input;
    let found = rate_limit(&[
        ("RateLimit-Limit", first),
        ("ratelimit-remaining", second),
        ("X-RateLimit-Limit", third),
        ("X-RateLimit-Remaining", first),
        ("RateLimit", second),
        ("RateLimit-Policy", third),
    ]);
    assert!(found.is_none_or(|[limit, remaining, _]| limit.or(remaining).is_some()));

    let value = format!("{limit};w={window}");
    let found = rate_limit(&[("ratelimit-limit", value.as_bytes())]);
    assert_eq!(found, Some([Some(limit), None, Some(window)]));
});
