//! What a server says is one line of limited length, whatever its body is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::server_message;

fuzz_target!(|data: &[u8]| {
    for kind in [
        None,
        Some("application/json"),
        Some("text/html; charset=iso-8859-1"),
    ] {
        let (message, code) = server_message(kind, data);
        assert!(message.len() <= 1040, "{} bytes", message.len());
        assert!(!message.chars().any(char::is_control), "{message}");
        assert!(code.is_none_or(|code| !code.is_empty()));
    }
});
