//! Parsed challenges are limited and well formed, and nothing inside a quoted
//! string is interpreted.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::challenges;

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let found = challenges(&lines);
    assert!(found.len() <= 32);
    for (scheme, token68, params) in &found {
        assert!(!scheme.is_empty() && !scheme.contains([' ', '"', ',', '=']));
        assert_eq!(*scheme, scheme.to_ascii_lowercase());
        assert!(token68.as_ref().is_none_or(|token68| !token68.is_empty()));
        assert!(params.len() <= 64);
        for (at, (name, _)) in params.iter().enumerate() {
            assert!(!name.is_empty() && *name == name.to_ascii_lowercase());
            assert!(params[..at].iter().all(|(other, _)| other != name));
        }
    }

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut quoted = String::new();
    for character in text.chars() {
        if matches!(character, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    let line = format!("Bearer realm=\"{quoted}\" , Service = x, Basic");
    if line.len() <= 64 * 1024 {
        let params = vec![
            ("realm".to_owned(), text.to_owned()),
            ("service".to_owned(), "x".to_owned()),
        ];
        let expected = [
            ("bearer".to_owned(), None, params),
            ("basic".to_owned(), None, Vec::new()),
        ];
        assert_eq!(challenges(&[line.as_bytes()]), expected);
    }
});
