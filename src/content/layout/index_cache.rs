//! The index of a layout as it was last read or written.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::index::Index;

/// The maximum size of a file whose index is cached: parsed, it takes 4 times the size
/// of the file and more.
const MAX_CACHED: usize = 2 * 1024 * 1024;

/// An index and the bytes that it was parsed from. The mutex is held only to clone or
/// replace the pointer: comparing and freeing take longer.
#[derive(Default)]
pub(super) struct IndexCache(Mutex<Option<Arc<Cached>>>);

struct Cached {
    bytes: Vec<u8>,
    index: Arc<Index>,
}

impl IndexCache {
    /// The index, if its file has these bytes.
    pub(super) fn get(&self, bytes: &[u8]) -> Option<Arc<Index>> {
        let cached = self.locked(|cached| cached.clone())?;
        (cached.bytes == bytes).then(|| Arc::clone(&cached.index))
    }

    pub(super) fn set(&self, bytes: Vec<u8>, index: Arc<Index>) {
        let is_cached = bytes.len() <= MAX_CACHED;
        let new = is_cached.then(|| Arc::new(Cached { bytes, index }));
        // Returned, so that it is freed afterwards.
        let _old = self.locked(|cached| mem::replace(cached, new));
    }

    fn locked<T>(&self, action: impl FnOnce(&mut Option<Arc<Cached>>) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
