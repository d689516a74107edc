//! A reference is the same after it is written and parsed again, and its parts
//! suit a URL.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::content::reference::{Reference, check_name, check_tag};

fuzz_target!(|input: (&str, Option<&str>)| {
    let (text, default_registry) = input;
    let reference = match Reference::parse(text, default_registry) {
        Ok(reference) => reference,
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            return;
        }
    };
    let written = reference.to_string();
    let again = Reference::parse(&written, None).expect("what was written");
    assert_eq!(again.to_string(), written);
    assert_eq!(again.address(), reference.address());
    assert_eq!(again.target(), reference.target());
    check_name(reference.name()).expect("a valid name");
    if let Some(tag) = reference.tag() {
        check_tag(tag).expect("a valid tag");
    }
    assert!(!reference.address().contains(['?', '#', '@', ' ']));
});
