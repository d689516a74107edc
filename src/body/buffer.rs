//! Buffers whose size is so large that memory may be lacking.

use crate::error::Error;

/// A buffer of `size` bytes, all 0. `what` is named by the error.
pub(crate) fn zeroed(size: usize, what: &str) -> Result<Vec<u8>, Error> {
    let mut buffer = Vec::new();
    buffer
        .try_reserve_exact(size)
        .map_err(|_| Error::no_memory(what))?;
    buffer.resize(size, 0);
    Ok(buffer)
}
