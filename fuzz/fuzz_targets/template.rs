//! No placeholder remains, no value changes the structure of a path, and a path
//! without placeholders is unchanged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::{expand, is_value};

const PLACEHOLDERS: [&str; 4] = ["<name>", "<reference>", "<digest>", "<session_id>"];

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let (value, path) = text.split_once('\n').unwrap_or(("x", text));
    if is_value(value) {
        let path = format!("/v2/{value}/tags/list");
        assert!(!path.contains("//") && !path.contains(['?', '#', '%']));
        assert!(
            !path
                .split('/')
                .any(|segment| segment == "." || segment == "..")
        );
        assert_eq!(expand("/v2/<name>/tags/list", value), Some(path));
    }
    let Some(expanded) = expand(path, value) else {
        return;
    };
    if PLACEHOLDERS.iter().any(|known| path.contains(known)) {
        assert!(is_value(value));
        let replaced = PLACEHOLDERS
            .iter()
            .fold(path.to_owned(), |path, known| path.replace(known, value));
        assert_eq!(expanded, replaced);
    } else {
        assert_eq!(expanded, path);
    }
});
