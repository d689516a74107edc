//! Bytes that are given to the caller.

use std::ptr::NonNull;
use std::slice;

use super::guard;
use crate::error::Error;

/// What precedes the bytes: the size of the allocation, so that it can be freed
/// by their address. A multiple of the alignment of malloc(3).
pub(super) const HEAD: usize = 16;
const SIZE: usize = size_of::<usize>();

/// Gives bytes to the caller, to be freed by `reggie_bytes_free()`, and a NUL
/// behind them. The first [`HEAD`] bytes are not content.
pub(super) fn give(mut bytes: Vec<u8>) -> Result<*mut u8, Error> {
    bytes
        .try_reserve_exact(1)
        .map_err(|_| Error::no_memory("content"))?;
    bytes.push(0);
    let mut bytes = bytes.into_boxed_slice();
    let size = bytes.len();
    bytes[..SIZE].copy_from_slice(&size.to_ne_bytes());
    let begin = Box::into_raw(bytes).cast::<u8>();
    // SAFETY: the allocation has the head and at least a NUL.
    Ok(unsafe { begin.add(HEAD) })
}

/// Frees bytes returned through an out-pointer. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_bytes_free(bytes: *mut u8) {
    guard::value((), || {
        let Some(bytes) = NonNull::new(bytes) else {
            return;
        };
        // SAFETY: given by `give()`, so the head precedes it.
        let begin = unsafe { bytes.sub(HEAD) };
        let mut size = [0; SIZE];
        // SAFETY: as above.
        size.copy_from_slice(unsafe { slice::from_raw_parts(begin.as_ptr(), SIZE) });
        let all = NonNull::slice_from_raw_parts(begin, usize::from_ne_bytes(size));
        // SAFETY: the address and the size of the box that `give()` has made.
        drop(unsafe { Box::from_raw(all.as_ptr()) });
    });
}
