//! The final path of what is received. One rule for all output paths: the last
//! component must not be a symbolic link, only a regular file that belongs to
//! the user is replaced, and it keeps its mode, group and access control list.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Stat};

use super::temporary;
use crate::error::{Error, Kind, Step, with_path};
use crate::os::directory::Directory;
use crate::os::growing_file::GrowingFile;

/// The mode of new files, of which the umask is subtracted.
pub(crate) const NEW_FILE_MODE: u32 = 0o666;
/// The mode of a file that replaces another, while it is written.
pub(crate) const PRIVATE_MODE: u32 = 0o600;
/// Set-user-ID and set-group-ID are not kept: write(2) would clear them too.
const KEPT_MODE: u32 = 0o777;

/// A name in an open directory, for a file that is to have it.
pub(crate) struct FinalPath {
    directory: Directory,
    name: PathBuf,
    /// As the program gave it, for messages.
    path: PathBuf,
    /// What has the name is replaced, whatever it is, by a file like any new one.
    replaces_all: bool,
}

impl FinalPath {
    pub(crate) fn open(path: &Path) -> Result<FinalPath, Error> {
        let name = name(path)?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = Directory::open(parent).map_err(|error| failed(path, &error))?;
        Ok(FinalPath {
            directory,
            name: name.to_owned(),
            path: path.to_owned(),
            replaces_all: false,
        })
    }

    /// A name in an open directory; `path` is for messages.
    pub(crate) fn inside(directory: Directory, name: &str, path: &Path) -> FinalPath {
        FinalPath {
            directory,
            name: name.into(),
            path: path.to_owned(),
            replaces_all: false,
        }
    }

    /// A path below an open directory that only this library writes to; `path` is for
    /// messages.
    pub(crate) fn below(directory: Directory, name: &Path, path: &Path) -> FinalPath {
        FinalPath {
            directory,
            name: name.to_owned(),
            path: path.to_owned(),
            replaces_all: true,
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The last component.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// The file that would be replaced, if there is one; an error if it must
    /// not be.
    pub(crate) fn existing(&self) -> Result<Option<Stat>, Error> {
        if self.replaces_all {
            return Ok(None);
        }
        let found = self.directory.find(&self.name);
        let found = found.map_err(|error| self.failed(&error))?;
        match found.map(|found| FileType::from_raw_mode(found.st_mode)) {
            Some(FileType::Symlink) => Err(refused(&self.path, "is a symbolic link")),
            None | Some(FileType::RegularFile) => Ok(found),
            Some(_) => Err(refused(&self.path, "not a regular file")),
        }
    }

    /// A new file belongs to whom files of this process belong to.
    pub(crate) fn check_owner(&self, new: &File, replaced: Option<&Stat>) -> Result<(), Error> {
        let Some(replaced) = replaced else {
            return Ok(());
        };
        let own = new.metadata().map_err(|error| self.failed(&error))?;
        if own.uid() == replaced.st_uid {
            return Ok(());
        }
        Err(refused(&self.path, "belongs to another user"))
    }

    /// Whether a name in the directory is that of an open file.
    pub(crate) fn has_name(&self, name: &Path, file: &File) -> bool {
        self.directory.has_name(name, file)
    }

    /// An error if a file does not have the size that was written to it.
    pub(crate) fn check_size(&self, file: &GrowingFile) -> Result<(), Error> {
        let about = file.file().metadata();
        let about = about.map_err(|error| self.failed(&error))?;
        match about.len() == file.size() {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }

    fn changed(&self) -> Error {
        refused(&self.path, "changed by another program")
    }

    /// Gives the final name to a file that has another name in the directory; if it is
    /// synced, once it is on disk.
    pub(crate) fn take(&self, from: &Path, written: &GrowingFile) -> Result<(), Error> {
        let file = written.file();
        let failed = |error: io::Error| self.failed(&error);
        // The name may have been taken since.
        let replaced = self.existing()?;
        self.check_owner(file, replaced.as_ref())?;
        match replaced {
            Some(replaced) => self.resemble(file, &replaced).map_err(failed)?,
            None => self.open_to_others(file).map_err(failed)?,
        }
        if written.is_synced() {
            file.sync_all().map_err(failed)?;
        }
        self.check_size(written)?;
        let links = || file.metadata().map(|about| about.nlink()).map_err(failed);
        if links()? != 1 || !self.has_name(from, file) {
            return Err(self.changed());
        }
        self.directory.rename(from, &self.name).map_err(failed)?;
        // Without any name, it has been replaced by another call since.
        if !self.has_name(&self.name, file) && links()? != 0 {
            return Err(self.changed());
        }
        let folder = self.name.parent().filter(|folder| *folder != Path::new(""));
        let folder = folder.unwrap_or(Path::new("."));
        match written.is_synced() {
            true => self.directory.sync_folder(folder).map_err(failed),
            false => Ok(()),
        }
    }

    /// The mode of a new file here: without the umask, which cannot be read without
    /// changing it.
    pub(crate) fn new_mode(&self) -> io::Result<u32> {
        let (other, name) = temporary::create(&self.directory, NEW_FILE_MODE)?;
        self.directory.remove(&name)?;
        Ok(other.metadata()?.mode() & 0o777)
    }

    /// A file that was to replace another, which is gone, is a new one.
    fn open_to_others(&self, file: &File) -> io::Result<()> {
        if file.metadata()?.mode() & 0o777 != PRIVATE_MODE {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(self.new_mode()?))
    }

    /// Copies the access rights of the file that is replaced, without adding any.
    fn resemble(&self, file: &File, replaced: &Stat) -> io::Result<()> {
        let mut mode = replaced.st_mode & KEPT_MODE;
        if file.metadata()?.gid() != replaced.st_gid
            && fchown(file, None, Some(replaced.st_gid)).is_err()
        {
            mode = for_another_group(mode);
        }
        self.directory.copy_acl(&self.name, &self.path, file)?;
        file.set_permissions(Permissions::from_mode(mode))
    }

    /// An error about the file.
    pub(crate) fn failed(&self, error: &io::Error) -> Error {
        failed(&self.path, error)
    }

    /// A file that is not as it must be.
    pub(crate) fn refused(&self, why: &str) -> Error {
        refused(&self.path, why)
    }
}

/// The last component of a path, which is to name a file.
fn name(path: &Path) -> Result<&Path, Error> {
    let bytes = path.as_os_str().as_bytes();
    match path.file_name() {
        // file_name() ignores them.
        Some(name) if !bytes.ends_with(b"/") && !bytes.ends_with(b"/.") => Ok(Path::new(name)),
        _ => Err(refused(path, "not a regular file")),
    }
}

/// The mode for a file whose group cannot be kept: its new group has the rights
/// of others only.
fn for_another_group(mode: u32) -> u32 {
    mode & !0o070 | mode & 0o070 & ((mode & 0o007) << 3)
}

fn refused(path: &Path, why: &str) -> Error {
    let what = with_path("output", path);
    Error::new(Kind::File, format!("{what}: {why}")).at(Step::Deliver)
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::io(Kind::File, with_path("output", path), error).at(Step::Deliver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_group_gets_no_more_than_others() {
        for (mode, expected) in [
            (0o640, 0o600),
            (0o664, 0o644),
            (0o755, 0o755),
            (0o604, 0o604),
        ] {
            assert_eq!(for_another_group(mode), expected, "{mode:o}");
        }
    }
}
