//! A digest whose state can be stored, for uploads that another process resumes.
//! ring, which computes all other digests, cannot do that.

use sha2::digest::common::hazmat::SerializableState;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use std::fmt::Write as _;

use crate::body::digest::Algorithm;

/// The digest of what was written so far.
#[derive(Clone)]
pub(super) enum StoredDigest {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl StoredDigest {
    pub(super) fn new(algorithm: Algorithm) -> StoredDigest {
        match algorithm {
            Algorithm::Sha256 => StoredDigest::Sha256(Sha256::new()),
            Algorithm::Sha384 => StoredDigest::Sha384(Sha384::new()),
            Algorithm::Sha512 => StoredDigest::Sha512(Sha512::new()),
        }
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            StoredDigest::Sha256(_) => Algorithm::Sha256,
            StoredDigest::Sha384(_) => Algorithm::Sha384,
            StoredDigest::Sha512(_) => Algorithm::Sha512,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            StoredDigest::Sha256(state) => state.update(bytes),
            StoredDigest::Sha384(state) => state.update(bytes),
            StoredDigest::Sha512(state) => state.update(bytes),
        }
    }

    /// How many bytes it is of, as far as that is a possible number: sha2 stores
    /// the number of blocks after the hash, then the length of what is left.
    pub(super) fn length(&self) -> Option<u64> {
        let (blocks, block_size, rest) = match self {
            StoredDigest::Sha256(state) => {
                let state = state.serialize();
                let blocks = u64::from_le_bytes(state[32..40].try_into().ok()?);
                (blocks, 64, state[40])
            }
            StoredDigest::Sha384(state) => wide_blocks(&state.serialize())?,
            StoredDigest::Sha512(state) => wide_blocks(&state.serialize())?,
        };
        blocks.checked_mul(block_size)?.checked_add(rest.into())
    }

    pub(super) fn finish(self) -> String {
        let name = self.algorithm().name();
        let hex = match self {
            StoredDigest::Sha256(state) => hex_of(&state.finalize()),
            StoredDigest::Sha384(state) => hex_of(&state.finalize()),
            StoredDigest::Sha512(state) => hex_of(&state.finalize()),
        };
        format!("{name}:{hex}")
    }

    /// The state as a string.
    pub(super) fn to_text(&self) -> String {
        let hex = match self {
            StoredDigest::Sha256(state) => hex_of(&state.serialize()),
            StoredDigest::Sha384(state) => hex_of(&state.serialize()),
            StoredDigest::Sha512(state) => hex_of(&state.serialize()),
        };
        format!("{}:{hex}", self.algorithm().name())
    }

    /// The state that [`StoredDigest::to_text`] returned.
    pub(super) fn of_text(text: &str) -> Option<StoredDigest> {
        let (name, hex) = text.split_once(':')?;
        Some(match Algorithm::from_name(name).ok()? {
            Algorithm::Sha256 => StoredDigest::Sha256(restored(hex)?),
            Algorithm::Sha384 => StoredDigest::Sha384(restored(hex)?),
            Algorithm::Sha512 => StoredDigest::Sha512(restored(hex)?),
        })
    }
}

/// The number of blocks, their size and what is left, of SHA-384 or SHA-512.
fn wide_blocks(state: &[u8]) -> Option<(u64, u64, u8)> {
    let blocks = u128::from_le_bytes(state.get(64..80)?.try_into().ok()?);
    Some((blocks.try_into().ok()?, 128, *state.get(80)?))
}

fn hex_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

fn restored<D: SerializableState>(hex: &str) -> Option<D> {
    let bytes: Option<Vec<u8>> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect();
    let state = bytes?.as_slice().try_into().ok()?;
    D::deserialize(&state).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::digest::of_bytes;

    #[test]
    fn a_digest_goes_on_from_its_state() {
        let content: Vec<u8> = (0..1000_u32).map(|number| number as u8).collect();
        for algorithm in [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512] {
            for cut in [0, 1, 63, 64, 65, 127, 128, 129, 999, 1000] {
                let mut digest = StoredDigest::new(algorithm);
                digest.update(&content[..cut]);
                let mut digest = StoredDigest::of_text(&digest.to_text()).expect("a state");
                assert_eq!(digest.length(), Some(cut as u64));
                digest.update(&content[cut..]);
                assert_eq!(digest.finish(), of_bytes(algorithm, &content), "{cut}");
            }
        }
    }

    #[test]
    fn other_strings_are_no_states() {
        let text = StoredDigest::new(Algorithm::Sha256).to_text();
        for text in [
            "",
            "sha256",
            "sha256:",
            "sha256:zz",
            &text[..text.len() - 1],
            &text[..text.len() - 2],
            &text.replace("sha256", "sha512"),
            &text.replace("sha256", "md5"),
        ] {
            assert!(StoredDigest::of_text(text).is_none(), "{text}");
        }
    }
}
