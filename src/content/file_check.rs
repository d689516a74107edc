//! Computing the digests of local files.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::operation::Operation;
use super::options::Existing;
use super::progress::Phase;
use crate::body::buffer;
use crate::body::digest::{Digest, Digester};
use crate::body::final_path::FinalPath;
use crate::error::{Error, Step};

/// How much is read at a time.
const PIECE: usize = 256 * 1024;

/// Passes the beginning of a file to a digester: at most `size` bytes. Returns
/// how many there were.
pub(super) fn digest(
    operation: &Operation,
    file: &File,
    size: u64,
    digester: &mut Digester,
    place: &FinalPath,
) -> Result<u64, Error> {
    let mut buffer = buffer::zeroed(PIECE, "buffer for a file")?;
    let mut offset = 0;
    while offset < size {
        operation.call.limits.check(Step::Check)?;
        let left = usize::try_from(size - offset).unwrap_or(PIECE).min(PIECE);
        let count = file
            .read_at(&mut buffer[..left], offset)
            .map_err(|error| place.failed(&error).at(Step::Check))?;
        if count == 0 {
            break;
        }
        digester.update(&buffer[..count]);
        offset += count as u64;
    }
    Ok(offset)
}

/// Whether the final path has the content already.
pub(super) fn is_in_place(
    operation: &Operation,
    place: &FinalPath,
    expected: &Digest,
    size: Option<u64>,
    how: Existing,
) -> Result<bool, Error> {
    let Some(found) = place.existing()? else {
        return Ok(false);
    };
    let found = u64::try_from(found.st_size).unwrap_or(0);
    if how == Existing::Replace || size.is_some_and(|size| size != found) {
        return Ok(false);
    }
    if how == Existing::Trust && size.is_some() {
        return Ok(true);
    }
    let file = match place.directory().open_to_read(place.name()) {
        Ok(file) if file.metadata().is_ok_and(|about| about.is_file()) => file,
        // What cannot be read is replaced.
        Ok(_) | Err(_) => return Ok(false),
    };
    operation.progress.set_phase(Phase::Check);
    let mut digester = Digester::new(expected.algorithm());
    digest(operation, &file, u64::MAX, &mut digester, place)?;
    Ok(digester.finish() == expected.as_str())
}
