//! Values of the Authorization header (RFC 6750, RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// The value of an Authorization header; zeroized on drop.
pub(crate) type Authorization = Zeroizing<String>;

pub(crate) fn bearer(token: &str) -> Authorization {
    // Allocate once: a growing string would leave copies behind.
    Zeroizing::new(["Bearer ", token].concat())
}

pub(crate) fn basic(username: &str, password: &str) -> Authorization {
    let pair = Zeroizing::new(format!("{username}:{password}"));
    let encoded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    Zeroizing::new(format!("Basic {}", encoded.as_str()))
}
