//! The name of an algorithm is short and printable, whatever a certificate says.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reggie::fuzzing::algorithm_name;

fuzz_target!(|data: &[u8]| {
    let name = algorithm_name(data);
    assert!(name.len() < 500);
    assert!(name.chars().all(|c| c.is_ascii_graphic() || c == ' '));
});
