//! Copying a blob from a file to which it was pulled before.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use super::descriptor::Descriptor;
use super::file_check::is_in_place;
use super::operation::Operation;
use super::options::Existing;
use crate::body::final_path::FinalPath;
use crate::error::{Error, Kind, Step};
use crate::os::file;

/// A file that has the content of a blob, read from an offset on.
pub(super) struct LocalFile {
    file: Arc<File>,
    size: u64,
    offset: u64,
    is_resumed: bool,
}

/// Opens a file and returns it with its size; `None` if it no longer has the content.
pub(super) fn open(
    operation: &Operation,
    blob: &Descriptor,
    path: &Path,
) -> Option<(Arc<File>, u64)> {
    open_at(operation, blob, &FinalPath::open(path).ok()?)
}

/// Opens the file of a place as [`open`] does.
pub(super) fn open_at(
    operation: &Operation,
    blob: &Descriptor,
    place: &FinalPath,
) -> Option<(Arc<File>, u64)> {
    let (digest, size) = (blob.digest(), blob.size());
    if !is_in_place(operation, place, digest, size, Existing::Check).ok()? {
        return None;
    }
    let file = place.directory().open_to_read(place.name()).ok()?;
    let about = file.metadata().ok().filter(|about| about.is_file())?;
    Some((Arc::new(file), about.len()))
}

impl LocalFile {
    /// A file of that size, for a sink that has the first `offset` bytes.
    pub(super) fn new(file: &Arc<File>, size: u64, offset: u64) -> LocalFile {
        LocalFile {
            file: Arc::clone(file),
            size,
            offset,
            is_resumed: offset > 0,
        }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Whether the beginning comes from elsewhere.
    pub(super) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Reads the next bytes; 0 = the end.
    pub(super) fn read(
        &mut self,
        operation: &Operation,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        operation.call.limits.check(Step::Receive)?;
        let count = file::read_at(&self.file, buffer, self.offset)
            .map_err(|error| Error::io(Kind::File, "copy of a blob", &error))?;
        self.offset += count as u64;
        operation.progress.moved(count as u64);
        Ok(count)
    }
}
