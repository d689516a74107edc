//! Limits the memory for the manifests and the lists of referrers of a copy.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::body::digest::Digest;
use crate::error::{Error, Kind};

/// How many bytes the manifests and the lists of referrers of a copy may have.
const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The bytes of the manifests and the lists of referrers of a copy.
#[derive(Default)]
pub(super) struct Memory(AtomicUsize);

impl Memory {
    /// Counts a manifest, or a part of the list of its referrers. An error if a copy has
    /// too many bytes of them.
    pub(super) fn take(&self, bytes: usize, digest: &Digest) -> Result<(), Error> {
        let before = self.0.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) <= MAX_BYTES {
            return Ok(());
        }
        let digest = digest.as_str();
        let message = format!(
            "manifest {digest}: more than {MAX_BYTES} bytes of manifests and lists of referrers to copy"
        );
        Err(Error::new(Kind::BodyTooLarge, message).with_digest(digest))
    }
}
