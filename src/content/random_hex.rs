//! Names that are unique because they are random.

use ring::rand::{SecureRandom, SystemRandom};

/// 128 random bits in hexadecimal; `None` if the system provides none.
pub(super) fn random_hex() -> Option<String> {
    let mut bits = [0; 16];
    SystemRandom::new().fill(&mut bits).ok()?;
    Some(format!("{:032x}", u128::from_ne_bytes(bits)))
}
