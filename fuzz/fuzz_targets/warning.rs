//! Warnings are limited, distinct and safe for a terminal; a valid one is
//! unescaped correctly.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::warnings;

/// Characters that could move the cursor or change the direction of text.
fn is_shown_escaped(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fuzz_target!(|data: &[u8]| {
    let lines: Vec<&[u8]> = data.split(|&byte| byte == b'\n').collect();
    let found = warnings(&lines);
    assert!(found.iter().map(String::len).sum::<usize>() <= 4096);
    for (at, text) in found.iter().enumerate() {
        assert!(!text.is_empty() && !text.contains(char::is_control));
        assert!(!found[..at].contains(text));
    }

    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let text = text.trim();
    if text.contains(is_shown_escaped) {
        return;
    }
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
    let line = format!("299 - \"{quoted}\",299 - \"end\"");
    let mut expected = Vec::new();
    if !text.is_empty() && text.len() <= 4096 {
        expected.push(text);
    }
    if text.len() <= 4096 - 3 && text != "end" {
        expected.push("end");
    }
    if text.len() <= 4096 {
        assert_eq!(warnings(&[line.as_bytes()]), expected);
    }
});
