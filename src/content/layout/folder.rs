//! The directory of a layout, and its small files.

use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::index_cache::IndexCache;
use crate::body::digest::Digest;
use crate::body::final_path::{FinalPath, NEW_FILE_MODE};
use crate::body::temporary;
use crate::error::{Error, Kind, with_path};
use crate::os::directory::Directory;

/// The file that marks a directory as a layout.
pub(super) const MARK: &str = "oci-layout";
/// The file that lists the manifests.
pub(super) const INDEX: &str = "index.json";

/// The directory of an OCI image layout.
pub(crate) struct Layout {
    directory: Directory,
    /// As the program gave it, for messages.
    path: PathBuf,
    /// Whether what every layout has is on the disk.
    is_base_synced: Mutex<bool>,
    index_cache: IndexCache,
}

impl Layout {
    pub(super) fn new(directory: Directory, path: &Path) -> Layout {
        Layout {
            directory,
            path: path.to_owned(),
            is_base_synced: Mutex::new(false),
            index_cache: IndexCache::default(),
        }
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(super) fn index_cache(&self) -> &IndexCache {
        &self.index_cache
    }

    /// What messages about the layout begin with.
    pub(crate) fn shown(&self) -> String {
        with_path("layout", &self.path)
    }

    /// What identifies the directory on this machine.
    pub(in crate::content) fn identity(&self) -> Result<String, Error> {
        let about = self.directory.lockable().and_then(|file| file.metadata());
        let about = about.map_err(|error| self.failed(Path::new("."), &error))?;
        Ok(format!("layout:{}:{}", about.dev(), about.ino()))
    }

    /// An error about a file in it.
    pub(super) fn failed(&self, name: &Path, error: &io::Error) -> Error {
        let what = format!("{}: {}", self.shown(), name.display());
        Error::io(Kind::File, what, error)
    }

    /// An error about an invalid layout.
    pub(super) fn invalid(&self, why: &str) -> Error {
        Error::new(Kind::InvalidLayout, format!("{}: {why}", self.shown()))
    }

    /// An error about content that is not there.
    pub(super) fn missing(&self, what: &str) -> Error {
        Error::new(Kind::NotFound, format!("{}: no {what}", self.shown()))
    }

    /// Adds the layout to the error of content that does not match.
    pub(in crate::content) fn explained(&self, error: Error) -> Error {
        let layout = self.shown();
        match error.kind() {
            Kind::DigestMismatch if !error.message().contains(&layout) => {
                error.with_more(&format!(", from {layout}"))
            }
            _ => error,
        }
    }

    /// Reads a file of at most `max` bytes; `None` if there is none.
    pub(super) fn read(&self, name: &Path, max: u64) -> Result<Option<Vec<u8>>, Error> {
        let failed = |error: io::Error| self.failed(name, &error);
        let file = match self.directory.open_regular(name) {
            Ok((file, _)) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(failed)?;
        if bytes.len() as u64 > max {
            let message = format!(
                "{}: {}: more than {max} bytes",
                self.shown(),
                name.display()
            );
            return Err(Error::new(Kind::BodyTooLarge, message));
        }
        Ok(Some(bytes))
    }

    /// Creates the directory of blobs with digests of an algorithm, if it is missing.
    pub(super) fn make_folder(&self, folder: &Path) -> io::Result<()> {
        if self.directory.find(folder)?.is_none() {
            // Another thread that finds them must not take them for synced.
            let mut is_synced = self.base_synced();
            let blobs = self.directory.make(Path::new("blobs"))?;
            *is_synced &= !(self.directory.make(folder)? || blobs);
        }
        Ok(())
    }

    /// The place of a blob.
    pub(super) fn place(&self, digest: &Digest) -> Result<FinalPath, Error> {
        let (folder, name) = (folder_of(digest), path_of(digest));
        let made = self.make_folder(&folder);
        let directory = made.and_then(|()| self.directory.open_below(Path::new(".")));
        let directory = directory.map_err(|error| self.failed(&name, &error))?;
        Ok(FinalPath::below(directory, &name, &self.path.join(&name)))
    }

    /// Syncs what every layout has, once. It is not synced when a layout is created: an
    /// empty one that a power failure damages is completed by the next call to create it.
    pub(super) fn sync_base(&self) -> Result<(), Error> {
        let mut is_synced = self.base_synced();
        if *is_synced {
            return Ok(());
        }
        let mut is_complete = true;
        for (name, synced) in [
            (MARK, self.sync_file(MARK)),
            (INDEX, self.sync_file(INDEX)),
            ("blobs", self.directory.sync_folder(Path::new("blobs"))),
            (".", self.directory.sync()),
        ] {
            match synced {
                // A layout that another program is creating.
                Err(error) if error.kind() == io::ErrorKind::NotFound => is_complete = false,
                synced => synced.map_err(|error| self.failed(Path::new(name), &error))?,
            }
        }
        *is_synced = is_complete;
        Ok(())
    }

    fn base_synced(&self) -> MutexGuard<'_, bool> {
        let synced = self.is_base_synced.lock();
        synced.unwrap_or_else(PoisonError::into_inner)
    }

    fn sync_file(&self, name: &str) -> io::Result<()> {
        let (file, _) = self.directory.open_regular(Path::new(name))?;
        file.sync_all()
    }

    /// Writes a file, which replaces an existing one atomically.
    pub(super) fn replace(&self, name: &Path, bytes: &[u8], is_synced: bool) -> Result<(), Error> {
        let failed = |error: io::Error| self.failed(name, &error);
        let created = temporary::create(&self.directory, NEW_FILE_MODE);
        let (mut file, own) = created.map_err(failed)?;
        let written = file.write_all(bytes).and_then(|()| match is_synced {
            true => file.sync_all(),
            false => Ok(()),
        });
        if let Err(error) = written.and_then(|()| self.directory.rename(&own, name)) {
            // Ignored: an earlier error is being returned.
            let _ = self.directory.remove(&own);
            return Err(failed(error));
        }
        match is_synced {
            true => self.directory.sync().map_err(failed),
            false => Ok(()),
        }
    }
}

/// The directory of blobs with digests of an algorithm, in the layout.
pub(super) fn folder_of(digest: &Digest) -> PathBuf {
    Path::new("blobs").join(digest.algorithm().name())
}

/// The path of a blob in the layout.
pub(super) fn path_of(digest: &Digest) -> PathBuf {
    folder_of(digest).join(digest.hex())
}
