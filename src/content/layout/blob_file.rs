//! Reading blobs of a layout.

use std::fs::File;
use std::io;
use std::sync::Arc;

use super::folder::{Layout, path_of};
use crate::body::digest::Digest;
use crate::content::download::{check_max, mismatch};
use crate::content::operation::Operation;
use crate::error::{Error, Kind, Step};
use crate::os::file;

/// A blob that is read from an offset.
pub(in crate::content) struct BlobFile {
    layout: Arc<Layout>,
    digest: Digest,
    size: Option<u64>,
    /// The maximum size.
    max: Option<u64>,
    offset: u64,
    is_resumed: bool,
    /// Opened when it is needed.
    file: Option<File>,
}

impl BlobFile {
    pub(in crate::content) fn new(
        layout: Arc<Layout>,
        digest: &Digest,
        size: Option<u64>,
        max: Option<u64>,
        offset: u64,
    ) -> BlobFile {
        BlobFile {
            layout,
            digest: digest.clone(),
            size,
            max,
            offset,
            is_resumed: offset > 0,
            file: None,
        }
    }

    pub(in crate::content) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Whether the beginning comes from elsewhere.
    pub(in crate::content) fn is_resumed(&self) -> bool {
        self.is_resumed
    }

    /// Adds to the error of content that does not match where it came from.
    pub(in crate::content) fn explained(&self, error: Error) -> Error {
        self.layout.explained(error)
    }

    /// Opens the file, whose size must be the expected one.
    pub(in crate::content) fn open(&mut self) -> Result<(), Error> {
        if self.file.is_some() {
            return Ok(());
        }
        let (file, size) = open_expected(&self.layout, &self.digest, self.size)?;
        check_max(Some(size), self.max)?;
        self.size = Some(size);
        self.file = Some(file);
        Ok(())
    }

    /// Reads the next bytes; 0 at the end.
    pub(in crate::content) fn read(
        &mut self,
        operation: &Operation,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        let count = self.read_next(operation, buffer)?;
        operation.progress.moved(count as u64);
        Ok(count)
    }

    fn read_next(&mut self, operation: &Operation, buffer: &mut [u8]) -> Result<usize, Error> {
        operation.call.limits.check(Step::Receive)?;
        self.open()?;
        let Some(file) = &self.file else {
            return Ok(0);
        };
        let count = file::read_at(file, buffer, self.offset)
            .map_err(|error| self.layout.failed(&path_of(&self.digest), &error))?;
        self.offset += count as u64;
        Ok(count)
    }

    /// Reads until the buffer is full or the blob ends.
    pub(in crate::content) fn fill(
        mut self,
        operation: &Operation,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_next(operation, &mut buffer[filled..])? {
                0 => break,
                count => filled += count,
            }
        }
        Ok(filled)
    }
}

/// Opens a blob, which must have the expected size if that is known; returns its size.
pub(in crate::content) fn open_expected(
    layout: &Layout,
    digest: &Digest,
    expected: Option<u64>,
) -> Result<(File, u64), Error> {
    let (file, size) = open(layout, digest)?;
    match expected.filter(|expected| *expected != size) {
        None => Ok((file, size)),
        Some(expected) => {
            let layout = layout.shown();
            let message = format!("{layout}: blob of {size} bytes, expected {expected}");
            Err(mismatch(message))
        }
    }
}

/// Opens a blob and returns its size.
pub(super) fn open(layout: &Layout, digest: &Digest) -> Result<(File, u64), Error> {
    let path = path_of(digest);
    match layout.directory().open_regular(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(layout.missing(&format!("blob {}", digest.as_str())))
        }
        opened => opened.map_err(|error| layout.failed(&path, &error)),
    }
}

/// Reads and verifies a blob of at most `max` bytes, such as that of a manifest.
pub(super) fn read_verified(
    layout: &Layout,
    digest: &Digest,
    max: usize,
) -> Result<Vec<u8>, Error> {
    let missing = || layout.missing(&format!("manifest {}", digest.as_str()));
    let bytes = layout.read(&path_of(digest), max as u64)?;
    let bytes = bytes.ok_or_else(missing)?;
    let found = crate::body::digest::of_bytes(digest.algorithm(), &bytes);
    if found != digest.as_str() {
        let (layout, digest) = (layout.shown(), digest.as_str());
        let message = format!("{layout}: blob has digest {found}, expected {digest}");
        return Err(Error::new(Kind::DigestMismatch, message).at(Step::Verify));
    }
    Ok(bytes)
}
