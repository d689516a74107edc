//! Partial files: what was received of a blob, kept for the next pull of it to
//! the same path.
//!
//! A partial file is always a prefix of the blob of its digest. Its own lock
//! says who writes to it: there is no lock file that could be left behind.

use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::blob_pull::Prefix;
use super::file_check;
use super::operation::Operation;
use super::progress::Phase;
use crate::body::digest::{Digest, Digester};
use crate::body::final_path::{FinalPath, NEW_FILE_MODE, PRIVATE_MODE};
use crate::body::sink::Sink;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::StepLimit;
use crate::os::growing_file::GrowingFile;
use crate::os::sys::file::file_owner;
use crate::os::{file_lock, wait};

/// The maximum length of a file name.
const MAX_NAME: usize = 255;
/// The time between two attempts to take the lock.
const LOCK_INTERVAL: Duration = Duration::from_millis(50);

/// A partial file that this call has locked.
pub(super) struct PartialFile<'a> {
    file: GrowingFile,
    name: PathBuf,
    place: &'a FinalPath,
    /// The size that earlier calls have left.
    kept: u64,
    /// The process that has locked it: a forked child must not use it.
    process: u32,
    is_committed: bool,
    is_useless: bool,
}

/// The state of a partial file.
pub(super) enum Opened<'a> {
    Locked(PartialFile<'a>),
    /// Another call has removed it or given it its final name.
    Gone,
    /// It belongs to someone else, or locks do not work here.
    Unusable,
}

/// Locks a file; false if another has locked it.
type TryLock<'a> = &'a dyn Fn(&File) -> io::Result<bool>;

impl<'a> PartialFile<'a> {
    /// Opens or creates the partial file and locks it; waits for another writer. `name`
    /// is its name in the directory of the final path.
    pub(super) fn open(
        operation: &Operation,
        place: &'a FinalPath,
        name: PathBuf,
    ) -> Result<Opened<'a>, Error> {
        PartialFile::open_with(operation, place, name, &file_lock::try_lock)
    }

    fn open_with(
        operation: &Operation,
        place: &'a FinalPath,
        name: PathBuf,
        try_lock: TryLock,
    ) -> Result<Opened<'a>, Error> {
        let directory = place.directory();
        let replaced = place.existing()?;
        let mode = replaced.map_or(NEW_FILE_MODE, |_| PRIVATE_MODE);
        let (file, is_new) = match directory.create(&name, mode) {
            Ok(file) => (file, true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                match directory.open_to_write(&name) {
                    Ok(file) => (file, false),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        return Ok(Opened::Gone);
                    }
                    Err(_) => return Ok(Opened::Unusable),
                }
            }
            Err(error) => return Err(place.failed(&error)),
        };
        if !is_new && !is_usable(&file) {
            return Ok(Opened::Unusable);
        }
        if !lock(operation, place, &file, try_lock)? {
            if is_new {
                let _ = directory.remove(&name);
            }
            return Ok(Opened::Unusable);
        }
        let mut partial = PartialFile {
            file: GrowingFile::new(file),
            name,
            place,
            kept: 0,
            process: std::process::id(),
            is_committed: false,
            is_useless: false,
        };
        if !partial.has_its_name() {
            partial.is_committed = true;
            return Ok(Opened::Gone);
        }
        if partial.can_be_locked_again(try_lock) {
            partial.is_committed = !is_new;
            return Ok(Opened::Unusable);
        }
        let failed = |error: io::Error| place.failed(&error);
        partial.file.set_synced(operation.options.sync);
        let found = partial.file.file().metadata().map_err(failed)?;
        partial.file.set_size(found.len());
        // Before anything is transferred.
        place.check_owner(partial.file.file(), replaced.as_ref())?;
        if !is_new {
            partial.set_mode(mode).map_err(failed)?;
        }
        Ok(Opened::Locked(partial))
    }

    /// Whether it was neither renamed nor removed.
    fn has_its_name(&self) -> bool {
        self.place.has_name(&self.name, self.file.file())
    }

    /// Whether a second lock succeeds: locks do not work here.
    fn can_be_locked_again(&self, try_lock: TryLock) -> bool {
        let again = self.place.directory().open_to_write(&self.name);
        again
            .and_then(|again| try_lock(&again))
            .is_ok_and(|is_locked| is_locked)
    }

    /// Gives a file of an earlier call the mode of a new one.
    fn set_mode(&self, mode: u32) -> io::Result<()> {
        let mode = match mode {
            PRIVATE_MODE => PRIVATE_MODE,
            _ => self.place.new_mode()?,
        };
        match self.file.file().metadata()?.mode() & 0o7777 {
            had if had == mode => Ok(()),
            _ => self
                .file
                .file()
                .set_permissions(Permissions::from_mode(mode)),
        }
    }

    /// Computes the digest of what is there, of a blob of that size.
    pub(super) fn prefix(
        &mut self,
        operation: &Operation,
        digest: &Digest,
        blob_size: Option<u64>,
    ) -> Result<Prefix, Error> {
        if let Some(max) = blob_size.filter(|max| *max < self.file.size()) {
            self.cut(max)?;
        }
        self.file.set_expected(blob_size);
        let mut digester = Digester::new(digest.algorithm());
        let mut size = self.file.size();
        if size > 0 {
            operation.progress.set_phase(Phase::Check);
            let file = self.file.file();
            size = file_check::digest(operation, file, size, &mut digester, self.place)?;
            self.file.set_size(size);
            self.kept = size;
            operation.progress.resume(size);
        }
        Ok(Prefix { digester, size })
    }

    /// Drops what is there.
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        self.kept = 0;
        self.cut(0)
    }

    /// Drops what this call has received.
    pub(super) fn undo(&mut self) -> Result<(), Error> {
        self.cut(self.kept)
    }

    fn cut(&mut self, size: u64) -> Result<(), Error> {
        let cut = self.file.cut(size);
        cut.map_err(|error| self.place.failed(&error))
    }

    /// A file that somebody else has changed is not kept: it need not be a
    /// prefix of the blob.
    fn check_size(&mut self) -> Result<(), Error> {
        let checked = self.place.check_size(&self.file);
        self.is_useless |= checked.is_err();
        checked
    }

    /// The file is removed, not kept.
    pub(super) fn remove(&mut self) {
        self.is_useless = true;
    }
}

/// Locks a file, and waits as long as the options allow while another has
/// locked it. False if locks do not work.
fn lock(
    operation: &Operation,
    place: &FinalPath,
    file: &File,
    try_lock: TryLock,
) -> Result<bool, Error> {
    let limits = &operation.call.limits;
    let timeout = operation.options.lock_timeout;
    let mut since = Instant::now();
    let mut size = 0;
    loop {
        match try_lock(file) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(_) => return Ok(false),
        }
        let now = file.metadata().map_or(size, |about| about.len());
        if now > size {
            (size, since) = (now, Instant::now());
        }
        let is_over = timeout.is_some_and(|timeout| since.elapsed() >= timeout);
        // The other may be the call that is calling back.
        if is_over || limits.is_nested {
            return Err(place
                .refused("another call pulls to it")
                .with_kind(Kind::Locked)
                .at(Step::Lock));
        }
        operation.progress.set_phase(Phase::Lock);
        let until = Instant::now() + LOCK_INTERVAL;
        wait::sleep(until, limits, StepLimit::none(Step::Lock)).map_err(|error| {
            let failed = |error| place.failed(&error).at(Step::Lock);
            error.downcast::<Error>().unwrap_or_else(failed)
        })?;
    }
}

/// Whether an existing file may be what an earlier call of this user has left.
fn is_usable(file: &File) -> bool {
    file.metadata()
        .is_ok_and(|about| about.is_file() && about.nlink() == 1 && about.uid() == file_owner())
}

/// The name of the partial file next to a file.
pub(super) fn name_of(name: &Path, digest: &Digest) -> PathBuf {
    let end = format!(".{}.partial", &digest.hex()[..16]);
    let name = name.as_os_str().as_bytes();
    let mut name = name[..name.len().min(MAX_NAME - end.len())].to_vec();
    name.extend_from_slice(end.as_bytes());
    PathBuf::from(OsString::from_vec(name))
}

impl Sink for PartialFile<'_> {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.check_size()?;
        let appended = self.file.append(piece);
        appended.map_err(|error| self.place.failed(&error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.check_size()?;
        self.place.take(&self.name, &self.file)?;
        self.is_committed = true;
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        true
    }
}

impl Drop for PartialFile<'_> {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            return;
        }
        let is_dropped = self.file.size() == 0 || self.is_useless;
        if !self.is_committed && is_dropped && self.has_its_name() {
            let _ = self.place.directory().remove(&self.name);
        }
        file_lock::unlock(self.file.file());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::client::Client;
    use crate::config::Config;
    use crate::content::options::Options;
    use crate::content::repository::Repository;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    #[test]
    fn a_lock_that_can_be_taken_twice_is_none() {
        let client = Client::new("http://127.0.0.1:1", &Config::new()).expect("a client");
        let repository = Repository::new(&Arc::new(client), Some("a/b")).expect("valid");
        let options = Options::default();
        let operation = Operation::new(&repository, &options);
        let digest = Digest::parse(DIGEST).expect("valid");
        let folder = tempfile::tempdir().expect("a folder");
        let place = FinalPath::open(&folder.path().join("blob")).expect("opened");
        let works: TryLock = &file_lock::try_lock;
        let twice: TryLock = &|_| Ok(true);
        let fails: TryLock = &|_| Err(io::ErrorKind::Unsupported.into());
        for exists in [false, true] {
            for (try_lock, is_usable) in [(works, true), (twice, false), (fails, false)] {
                let name = name_of(place.name(), &digest);
                let partial = folder.path().join(&name);
                if exists {
                    std::fs::write(&partial, "begin").expect("written");
                }
                let opened = PartialFile::open_with(&operation, &place, name, try_lock);
                let is_locked = matches!(opened.expect("opened"), Opened::Locked(_));
                assert_eq!(is_locked, is_usable);
                assert_eq!(partial.exists(), exists);
            }
        }
    }

    #[test]
    fn names_are_not_too_long() {
        let digest = Digest::parse(DIGEST).expect("valid");
        for (name, expected) in [
            (
                "blob".to_owned(),
                "blob.44136fa355b3678a.partial".to_owned(),
            ),
            (
                "n".repeat(255),
                "n".repeat(230) + ".44136fa355b3678a.partial",
            ),
        ] {
            let found = name_of(Path::new(&name), &digest);
            assert_eq!(found, Path::new(&expected));
        }
    }
}
