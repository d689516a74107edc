//! Writing blobs of a layout.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::blob_file;
use super::folder::{Layout, folder_of, path_of};
use crate::body::digest::Digest;
use crate::body::final_path::NEW_FILE_MODE;
use crate::body::temporary;
use crate::error::Error;
use crate::os::growing_file::GrowingFile;

/// A file outside `blobs`, which becomes a blob once it is complete. If it is dropped
/// before that, it is removed.
pub(in crate::content) struct NewBlob {
    layout: Arc<Layout>,
    file: GrowingFile,
    temporary: PathBuf,
    /// The process that created it: a forked child does not remove it.
    process: u32,
    is_moved: bool,
}

impl NewBlob {
    /// `expected` is the size that it is to have, if that is known.
    pub(in crate::content) fn create(
        layout: &Arc<Layout>,
        is_synced: bool,
        expected: Option<u64>,
    ) -> Result<NewBlob, Error> {
        let created = temporary::create(layout.directory(), NEW_FILE_MODE);
        let (file, temporary) = created.map_err(|error| layout.failed(Path::new("."), &error))?;
        let mut file = GrowingFile::new(file);
        file.set_synced(is_synced);
        file.set_expected(expected);
        Ok(NewBlob {
            layout: Arc::clone(layout),
            file,
            temporary,
            process: std::process::id(),
            is_moved: false,
        })
    }

    pub(in crate::content) fn written(&self) -> u64 {
        self.file.size()
    }

    pub(in crate::content) fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let appended = self.file.append(piece);
        appended.map_err(|error| self.layout.failed(&self.temporary, &error))
    }

    /// Makes the file the blob of a digest, which must be that of its content, unless
    /// there is one.
    pub(in crate::content) fn commit(&mut self, digest: &Digest) -> Result<(), Error> {
        match is_there(&self.layout, digest, Some(self.written())) {
            true => Ok(()),
            false => self.replace(digest),
        }
    }

    /// Makes the file the blob of a digest, in place of a damaged one.
    fn replace(&mut self, digest: &Digest) -> Result<(), Error> {
        let (folder, path) = (folder_of(digest), path_of(digest));
        let failed = |error: io::Error| self.layout.failed(&path, &error);
        self.layout.make_folder(&folder).map_err(failed)?;
        if self.file.is_synced() {
            self.layout.sync_base()?;
        }
        self.move_to(&folder, &path).map_err(failed)?;
        self.is_moved = true;
        Ok(())
    }

    fn move_to(&self, folder: &Path, path: &Path) -> io::Result<()> {
        if self.file.is_synced() {
            self.file.file().sync_all()?;
        }
        let directory = self.layout.directory();
        directory.rename(&self.temporary, path)?;
        match self.file.is_synced() {
            true => directory.sync_folder(folder),
            false => Ok(()),
        }
    }
}

impl Drop for NewBlob {
    fn drop(&mut self) {
        if !self.is_moved && self.process == std::process::id() {
            // Ignored: an earlier error is being returned, or the blob exists.
            let _ = self.layout.directory().remove(&self.temporary);
        }
    }
}

/// Whether a blob exists. One of another size is damaged.
pub(in crate::content) fn is_there(layout: &Layout, digest: &Digest, size: Option<u64>) -> bool {
    blob_file::open(layout, digest)
        .is_ok_and(|(_, found)| size.is_none_or(|expected| expected == found))
}

/// Writes a small blob unless it exists and is intact; returns whether it was written.
pub(super) fn write(
    layout: &Arc<Layout>,
    digest: &Digest,
    bytes: &[u8],
    is_synced: bool,
) -> Result<bool, Error> {
    if blob_file::read_verified(layout, digest, bytes.len()).is_ok() {
        return Ok(false);
    }
    let mut blob = NewBlob::create(layout, is_synced, None)?;
    blob.write(bytes)?;
    blob.replace(digest)?;
    Ok(true)
}
