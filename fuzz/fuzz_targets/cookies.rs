//! The Cookie header is valid and limited, and sent only to the origin that set
//! the cookies.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::cookies;

const FROM: &str = "https://sub.registry.example/v2/a/tags";

fuzz_target!(|input: (&[u8], u32)| {
    let (data, now) = input;
    let sets: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    for to in [
        "http://sub.registry.example/v2/a/tags",
        "https://sub.registry.example:444/v2/a/tags",
        "https://registry.example/v2/a/tags",
        "https://other.example/v2/a/tags",
    ] {
        assert_eq!(cookies(FROM, &sets, to, now), None);
    }
    if let Some(header) = cookies(FROM, &sets, FROM, now) {
        assert!(!header.is_empty() && header.len() <= 8192);
        assert!(!header.chars().any(|c| c.is_ascii_control() && c != '\t'));
        assert!(header.split("; ").all(|cookie| cookie.contains('=')));
    }
});
