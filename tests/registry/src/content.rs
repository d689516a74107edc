//! The contents of blobs, shared and served without copying.

use crate::digest::{Algorithm, Digest, Hasher};
use std::sync::Arc;

const BLOCK: usize = 1 << 20;

/// The content of a blob.
#[derive(Clone)]
pub(crate) enum Content {
    /// In memory.
    Held(Arc<Vec<u8>>),
    /// A repeated block, up to `len`: any length in little memory.
    Repeated { block: Arc<Vec<u8>>, len: u64 },
    /// Pushed and verified, but not kept.
    Forgotten { len: u64 },
}

impl Content {
    pub(crate) fn held(bytes: Vec<u8>) -> Self {
        Content::Held(Arc::new(bytes))
    }

    /// `len` incompressible bytes that depend only on the seed.
    pub(crate) fn synthetic(len: u64, seed: u64) -> Self {
        let mut state = seed.wrapping_mul(2).wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut block = Vec::with_capacity(BLOCK);
        while block.len() < BLOCK {
            // An xorshift generator: the quality does not matter.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            block.extend_from_slice(&state.to_le_bytes());
        }
        Content::Repeated {
            block: Arc::new(block),
            len,
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Content::Held(bytes) => bytes.len() as u64,
            Content::Repeated { len, .. } | Content::Forgotten { len } => *len,
        }
    }

    /// Whether the content can be served.
    pub(crate) fn is_kept(&self) -> bool {
        !matches!(self, Content::Forgotten { .. })
    }

    /// The longest contiguous piece at `offset`; empty at the end, or if the
    /// content was not kept.
    pub(crate) fn piece(&self, offset: u64) -> &[u8] {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let run = match self {
            Content::Held(bytes) => &bytes[bytes.len() - left..],
            Content::Repeated { block, .. } => &block[(offset % block.len() as u64) as usize..],
            Content::Forgotten { .. } => &[],
        };
        &run[..run.len().min(left)]
    }

    fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let mut offset = 0;
        std::iter::from_fn(move || {
            let piece = self.piece(offset);
            offset += piece.len() as u64;
            (!piece.is_empty()).then_some(piece)
        })
    }

    pub(crate) fn digest(&self, algorithm: Algorithm) -> Digest {
        let mut hasher = Hasher::new(algorithm);
        self.pieces().for_each(|piece| hasher.update(piece));
        hasher.finish()
    }

    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.pieces().collect::<Vec<_>>().concat()
    }
}
