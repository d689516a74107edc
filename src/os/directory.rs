//! Files by their names in an open directory, which stays the same directory
//! when it is renamed or the process changes its working directory.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, Dir, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::{acl, descriptor};

/// An open directory.
#[derive(Debug)]
pub(crate) struct Directory(OwnedFd);

impl Directory {
    pub(crate) fn open(path: &Path) -> io::Result<Directory> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::open(path, flags, Mode::empty())?;
        descriptor::above_standard(fd).map(Directory)
    }

    /// Creates a file; an error if the name is taken.
    pub(crate) fn create(&self, name: &Path, mode: u32) -> io::Result<File> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.0, name, flags, Mode::from_raw_mode(mode))?;
        descriptor::above_standard(File::from(fd))
    }

    /// Opens a file to write and read it. Symbolic links are not followed, and
    /// no pipe or device blocks the call.
    pub(crate) fn open_to_write(&self, name: &Path) -> io::Result<File> {
        self.open_file(name, OFlags::RDWR)
    }

    /// Opens a file to read it, as [`Directory::open_to_write`].
    pub(crate) fn open_to_read(&self, name: &Path) -> io::Result<File> {
        self.open_file(name, OFlags::RDONLY)
    }

    fn open_file(&self, name: &Path, access: OFlags) -> io::Result<File> {
        let flags = access | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        descriptor::above_standard(File::from(fd))
    }

    /// Opens a regular file to read it, through symbolic links, and returns it
    /// with its length.
    pub(crate) fn open_regular(&self, name: &Path) -> io::Result<(File, u64)> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        let file = descriptor::above_standard(File::from(fd))?;
        let about = file.metadata()?;
        match about.is_file() {
            true => Ok((file, about.len())),
            false => Err(io::Error::other("not a regular file")),
        }
    }

    /// Creates a directory unless something has that name; returns whether it did.
    pub(crate) fn make(&self, name: &Path) -> io::Result<bool> {
        match rustix::fs::mkdirat(&self.0, name, Mode::from_raw_mode(0o777)) {
            Ok(()) => Ok(true),
            Err(Errno::EXIST) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a directory in it. Symbolic links are not followed: then the error is
    /// ENOTDIR.
    pub(crate) fn open_below(&self, name: &Path) -> io::Result<Directory> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.0, name, flags, Mode::empty())?;
        descriptor::above_standard(fd).map(Directory)
    }

    /// The names in it.
    pub(crate) fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in Dir::new(self.open_folder(Path::new("."))?)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(OsStr::from_bytes(name).to_owned());
            }
        }
        Ok(names)
    }

    /// The directory as a file that can be locked.
    pub(crate) fn lockable(&self) -> io::Result<File> {
        let fd = self.open_folder(Path::new("."))?;
        descriptor::above_standard(File::from(fd))
    }

    /// Opens a directory in it, or itself, to read its entries.
    fn open_folder(&self, name: &Path) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::openat(&self.0, name, flags, Mode::empty())
    }

    /// Writes its entries to disk.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.sync_folder(Path::new("."))
    }

    /// Writes the entries of a directory in it to disk.
    pub(crate) fn sync_folder(&self, name: &Path) -> io::Result<()> {
        let directory = match self.open_folder(name) {
            // Files can be created in it, but it cannot be read.
            Err(Errno::ACCESS) => return Ok(()),
            other => other?,
        };
        match rustix::fs::fsync(directory) {
            // Some file systems do not sync directories.
            Err(Errno::INVAL) | Ok(()) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// What has that name, if anything has. Symbolic links are not followed.
    pub(crate) fn find(&self, name: &Path) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether a name is that of an open file.
    pub(crate) fn has_name(&self, name: &Path, file: &File) -> bool {
        match (self.find(name), file.metadata()) {
            (Ok(Some(found)), Ok(own)) => found.st_ino == own.ino() && found.st_dev == own.dev(),
            _ => false,
        }
    }

    /// Renames a file; replaces what has the new name.
    pub(crate) fn rename(&self, name: &Path, to: &Path) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.0, name, &self.0, to)?)
    }

    pub(crate) fn remove(&self, name: &Path) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.0, name, AtFlags::empty())?)
    }

    /// Gives an open file the access control list of the file with that name, or
    /// none. `path` is the path of that file as the caller knows it.
    pub(crate) fn copy_acl(&self, name: &Path, path: &Path, file: &File) -> io::Result<()> {
        // No system call reads it by directory and name.
        let here = PathBuf::from(format!("/proc/self/fd/{}", self.0.as_raw_fd()));
        match acl::copy(&here.join(name), file) {
            // /proc is not mounted.
            Err(error) if error.kind() == io::ErrorKind::NotFound => acl::copy(path, file),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;

    #[test]
    fn a_directory_stays_the_same_when_it_is_renamed() {
        let folder = tempfile::tempdir().expect("a folder");
        let (before, after) = (folder.path().join("before"), folder.path().join("after"));
        fs::create_dir(&before).expect("created");
        let directory = Directory::open(&before).expect("a directory");
        let [first, second] = ["first", "second"].map(Path::new);
        directory.create(first, 0o600).expect("created");
        fs::rename(&before, &after).expect("renamed");
        assert!(directory.create(first, 0o600).is_err(), "exists");
        assert!(directory.find(first).expect("found").is_some());
        directory.rename(first, second).expect("renamed");
        assert!(directory.find(first).expect("read").is_none());
        assert!(after.join("second").is_file());
        directory.remove(second).expect("removed");
        assert_eq!(fs::read_dir(&after).expect("a directory").count(), 0);
    }

    #[test]
    fn only_directories_are_opened() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = Directory::open(file.path()).expect_err("no directory");
        assert_eq!(error.raw_os_error(), Some(libc::ENOTDIR));
    }
}
