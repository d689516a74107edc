//! The state directory: files from which another process resumes a push, and
//! files for content that has to be stored until it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::random_hex::random_hex;
use super::upload_export::Export;
use super::upload_session::Session;
use crate::body::digest::{Algorithm, Digest, of_bytes};
use crate::error::{Error, Kind, with_path};
use crate::os::{descriptor, file_lock, subprocess};

/// The age at which a state file is removed.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// The names of all files in the state directory begin with this.
const PREFIX: &str = "reggie-";
const UPLOAD: &str = ".upload";
const TEMPORARY: &str = ".tmp";
/// The maximum size of a state file.
const MAX_SIZE: u64 = 512 * 1024;

/// The file with the state of one push. It is locked as long as it is in use.
pub(super) struct StateFile {
    path: PathBuf,
    registry: String,
    repository: String,
    /// The file under that path, if this push has locked it.
    current: Option<File>,
}

impl StateFile {
    /// Opens the state of a push of content with that digest, and the upload
    /// that it names; `None` if another process or thread uses it, or something
    /// else has its name.
    pub(super) fn open(
        folder: &Path,
        registry: &str,
        repository: &str,
        digest: &Digest,
    ) -> Result<Option<(StateFile, Option<Session>)>, Error> {
        remove_old(folder)?;
        let identity = format!("{registry}\n{repository}\n{}", digest.as_str());
        let name = of_bytes(Algorithm::Sha256, identity.as_bytes());
        let name = format!("{PREFIX}{}{UPLOAD}", &name["sha256:".len()..][..32]);
        let mut state = StateFile {
            path: folder.join(name),
            registry: registry.to_owned(),
            repository: repository.to_owned(),
            current: None,
        };
        /// How often the file may be replaced while it is opened.
        const TRIES: usize = 10;
        for _ in 0..TRIES {
            let failed = |error| Error::io(Kind::File, with_path("state", &state.path), &error);
            let found = match open_own(&state.path) {
                Ok(Some(found)) => found,
                Ok(None) => return Ok(Some((state, None))),
                // Such as a symbolic link, or a file of another user.
                Err(_) => return Ok(None),
            };
            if !file_lock::try_lock(&found).map_err(failed)? {
                return Ok(None);
            }
            if !is_at(&found, &state.path) {
                continue;
            }
            let mut text = String::new();
            let read = (&found).take(MAX_SIZE).read_to_string(&mut text);
            state.current = Some(found);
            let export = read.ok().and_then(|_| Export::parse(&text).ok());
            let ours =
                export.filter(|export| export.check_repository(registry, repository).is_ok());
            return Ok(Some((state, ours.and_then(|export| export.session))));
        }
        Ok(None)
    }

    /// Stores an upload, or removes the file. A push does not depend on it, so a
    /// failure only means that no other process can resume it.
    pub(super) fn save(&mut self, session: Option<&Session>) {
        match session {
            Some(session) => {
                if let Ok(file) = self.write(session) {
                    self.current = Some(file);
                }
            }
            None => {
                if self.current.take().is_some() {
                    let _ = fs::remove_file(&self.path);
                }
            }
        }
    }

    fn write(&self, session: &Session) -> io::Result<File> {
        let export = Export {
            registry: self.registry.clone(),
            repository: self.repository.clone(),
            session: Some(session.clone()),
            digest_state: String::new(),
        };
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let (mut file, path) = create(folder, TEMPORARY)?;
        let locked = file_lock::try_lock(&file).and_then(|is_locked| match is_locked {
            true => Ok(()),
            // Another push is about to remove it.
            false => Err(io::ErrorKind::WouldBlock.into()),
        });
        let written = locked
            .and_then(|()| file.write_all(export.to_text().as_bytes()))
            .and_then(|()| fs::rename(&path, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written.map(|()| file)
    }
}

impl Drop for StateFile {
    fn drop(&mut self) {
        if let Some(file) = &self.current {
            file_lock::unlock(file);
        }
    }
}

/// Creates a file for content, which vanishes when it is closed.
pub(super) fn spool(folder: &Path) -> Result<File, Error> {
    remove_old(folder)?;
    let failed = |error| Error::io(Kind::File, with_path("state directory", folder), &error);
    let (file, path) = create(folder, TEMPORARY).map_err(failed)?;
    match fs::remove_file(path) {
        // Another push has taken it for one that was left behind.
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
        _ => Ok(file),
    }
}

/// Creates a file with a new name.
fn create(folder: &Path, ending: &str) -> io::Result<(File, PathBuf)> {
    let unique = random_hex().ok_or_else(|| io::Error::other("no random numbers"))?;
    let name = format!("{PREFIX}{unique}{ending}");
    let path = folder.join(name);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(descriptor::above_standard)?;
    Ok((file, path))
}

/// Opens a regular file of this user.
fn open_own(path: &Path) -> io::Result<Option<File>> {
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK)
        .open(path)
        .and_then(descriptor::above_standard);
    match opened {
        Ok(file) => {
            let about = file.metadata()?;
            match about.is_file() && about.uid() == subprocess::user() {
                true => Ok(Some(file)),
                false => Err(io::Error::other("not a regular file of this user")),
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether an open file is the one with that path.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |about: fs::Metadata| (about.dev(), about.ino());
    let opened = file.metadata().map(identity).ok();
    opened.is_some() && opened == fs::symlink_metadata(path).map(identity).ok()
}

/// Removes state that was not changed for a long time, and temporary files that a
/// killed process has left behind: those that are not locked. One that was created
/// just now is not locked either; its process can do without it.
fn remove_old(folder: &Path) -> Result<(), Error> {
    let failed = |error| Error::io(Kind::File, with_path("state directory", folder), &error);
    let now = SystemTime::now();
    for entry in fs::read_dir(folder).map_err(failed)?.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let is_temporary = name.ends_with(TEMPORARY);
        if !name.starts_with(PREFIX) || !(name.ends_with(UPLOAD) || is_temporary) {
            continue;
        }
        let modified = entry.metadata().and_then(|about| about.modified());
        let age = modified.ok().and_then(|at| now.duration_since(at).ok());
        if (is_temporary || age.is_some_and(|age| age > LIFETIME))
            && let Ok(Some(file)) = open_own(&entry.path())
            && file_lock::try_lock(&file).unwrap_or(false)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}
