//! A token can be sent in a header; an error message is one line of limited
//! length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::token_response;

fuzz_target!(|input: (u16, Option<&str>, &[u8])| {
    let (status, date, body) = input;
    for status in [status, 200, 403] {
        match token_response(status, date, body) {
            Ok(token) => {
                assert!((200..300).contains(&status));
                assert!(!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            Err(message) => {
                assert!(!message.contains(char::is_control), "{message:?}");
                assert!(message.len() < 4096);
            }
        }
    }
});
