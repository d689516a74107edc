//! A Rust library that panics and catches, and uses ring.

use std::ffi::c_int;
use std::panic;

/// Returns 1 if the panic was caught.
#[unsafe(no_mangle)]
pub extern "C" fn other_catches_a_panic() -> c_int {
    let caught = panic::catch_unwind(|| panic!("of the other library"));
    c_int::from(caught.is_err())
}

/// Returns the first byte of the SHA-256 of nothing.
#[unsafe(no_mangle)]
pub extern "C" fn other_digest() -> c_int {
    c_int::from(ring::digest::digest(&ring::digest::SHA256, b"").as_ref()[0])
}
