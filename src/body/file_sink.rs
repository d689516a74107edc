//! Files that are created or replaced by what is received. One rule for all
//! output paths: the last component must not be a symbolic link, only a regular
//! file that belongs to the user is replaced, and it keeps its mode, group and
//! access control list.

use std::fs::{File, Permissions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{FileType, Stat};

use super::sink::Sink;
use crate::error::{Error, Kind, Step, with_path};
use crate::os::directory::Directory;

/// Makes the names of this process's temporary files unique.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// The mode of new files, of which the umask is subtracted.
const NEW_FILE_MODE: u32 = 0o666;
/// The mode of a file that replaces another, while it is written.
const PRIVATE_MODE: u32 = 0o600;
/// Set-user-ID and set-group-ID are not kept: write(2) would clear them too.
const KEPT_MODE: u32 = 0o777;

/// A temporary file in the directory of the final path, which it takes when it
/// is committed. Dropped before, it is removed.
pub(crate) struct FileSink {
    file: File,
    directory: Directory,
    /// Its name while it is written, and its final name.
    temporary: PathBuf,
    name: PathBuf,
    /// As the program gave it, for messages.
    path: PathBuf,
    is_committed: bool,
}

impl FileSink {
    pub(crate) fn create(path: &Path) -> Result<FileSink, Error> {
        let name = name(path)?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let directory = Directory::open(parent).map_err(|error| failed(path, &error))?;
        let replaced = existing(&directory, name, path)?;
        let mode = match replaced {
            Some(_) => PRIVATE_MODE,
            None => NEW_FILE_MODE,
        };
        let (file, temporary) =
            temporary(&directory, mode).map_err(|error| failed(path, &error))?;
        let sink = FileSink {
            file,
            directory,
            temporary,
            name: name.to_owned(),
            path: path.to_owned(),
            is_committed: false,
        };
        sink.check_owner(replaced.as_ref())?;
        Ok(sink)
    }

    /// A new file belongs to whom files of this process belong to.
    fn check_owner(&self, replaced: Option<&Stat>) -> Result<(), Error> {
        let Some(replaced) = replaced else {
            return Ok(());
        };
        let own = self.file.metadata().map_err(|e| failed(&self.path, &e))?;
        if own.uid() == replaced.st_uid {
            return Ok(());
        }
        Err(refused(&self.path, "belongs to another user"))
    }

    /// Copies the access rights of the file that is replaced, without adding any.
    fn resemble(&self, replaced: &Stat) -> io::Result<()> {
        let mut mode = replaced.st_mode & KEPT_MODE;
        if self.file.metadata()?.gid() != replaced.st_gid
            && fchown(&self.file, None, Some(replaced.st_gid)).is_err()
        {
            mode = for_another_group(mode);
        }
        self.directory
            .copy_acl(&self.name, &self.path, &self.file)?;
        self.file.set_permissions(Permissions::from_mode(mode))
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

/// Creates a file with a name of its own.
fn temporary(directory: &Directory, mode: u32) -> io::Result<(File, PathBuf)> {
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = PathBuf::from(format!(".reggie-{}-{number}", std::process::id()));
        match directory.create(&name, mode) {
            Ok(file) => return Ok((file, name)),
            // Left behind by a killed process of the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}

/// The mode for a file whose group cannot be kept: its new group has the rights
/// of others only.
fn for_another_group(mode: u32) -> u32 {
    mode & !0o070 | mode & 0o070 & ((mode & 0o007) << 3)
}

impl Sink for FileSink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(piece)
            .map_err(|error| failed(&self.path, &error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        let failed = |error: io::Error| failed(&self.path, &error);
        // The name may have been taken since.
        let replaced = existing(&self.directory, &self.name, &self.path)?;
        self.check_owner(replaced.as_ref())?;
        if let Some(replaced) = replaced {
            self.resemble(&replaced).map_err(failed)?;
        }
        self.directory
            .rename(&self.temporary, &self.name)
            .map_err(failed)?;
        self.is_committed = true;
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        true
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if !self.is_committed {
            // Ignored: an earlier error is being returned.
            let _ = self.directory.remove(&self.temporary);
        }
    }
}

/// The file that would be replaced, if there is one; an error if it must not be.
fn existing(directory: &Directory, name: &Path, path: &Path) -> Result<Option<Stat>, Error> {
    let found = directory.find(name).map_err(|error| failed(path, &error))?;
    match found.map(|found| FileType::from_raw_mode(found.st_mode)) {
        Some(FileType::Symlink) => Err(refused(path, "is a symbolic link")),
        None | Some(FileType::RegularFile) => Ok(found),
        Some(_) => Err(refused(path, "not a regular file")),
    }
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
    use std::fs;
    use std::os::unix::fs::symlink;

    use crate::os::acl;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).expect("a directory");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").mode() & 0o7777
    }

    fn sink_mode(sink: &FileSink) -> u32 {
        sink.file.metadata().expect("a file").mode() & 0o7777
    }

    fn refusal(path: &Path) -> String {
        let error = FileSink::create(path).err().expect("refused");
        assert_eq!((error.kind(), error.step()), (Kind::File, Step::Deliver));
        error.message().to_owned()
    }

    #[test]
    fn a_file_appears_complete_or_not_at_all() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        let mut sink = FileSink::create(&path).expect("created");
        sink.write(b"half").expect("written");
        drop(sink);
        assert!(names(directory.path()).is_empty());

        let mut sink = FileSink::create(&path).expect("created");
        sink.write(b"whole").expect("written");
        assert!(!path.exists());
        sink.commit().expect("committed");
        drop(sink);
        assert_eq!(fs::read(&path).expect("the file"), b"whole");
        assert_eq!(names(directory.path()), ["blob"]);
        // As by open(2): the umask of this process decides.
        let other = directory.path().join("other");
        File::create(&other).expect("created");
        assert_eq!(mode(&path), mode(&other));
    }

    #[test]
    fn a_replaced_file_keeps_its_mode_and_is_unchanged_until_then() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        for old in [0o600, 0o640, 0o444, 0o755, 0o666] {
            // It may not be writable.
            let _ = fs::remove_file(&path);
            fs::write(&path, b"old").expect("written");
            fs::set_permissions(&path, Permissions::from_mode(old)).expect("set");
            let mut sink = FileSink::create(&path).expect("created");
            assert_eq!(sink_mode(&sink), 0o600, "{old:o}");
            sink.write(b"new").expect("written");
            assert_eq!(fs::read(&path).expect("the file"), b"old");
            sink.commit().expect("committed");
            drop(sink);
            assert_eq!(fs::read(&path).expect("the file"), b"new");
            assert_eq!(mode(&path), old);
        }
        fs::set_permissions(&path, Permissions::from_mode(0o6755)).expect("set");
        FileSink::create(&path)
            .expect("created")
            .commit()
            .expect("committed");
        assert_eq!(mode(&path), 0o755);
        assert_eq!(names(directory.path()), ["blob"]);
    }

    #[test]
    fn a_replaced_file_keeps_its_group() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        fs::write(&path, b"old").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("set");
        if std::os::unix::fs::chown(&path, None, Some(12345)).is_err() {
            eprintln!("only root can give files to any group: not tested");
            return;
        }
        let mut sink = FileSink::create(&path).expect("created");
        assert_eq!(sink_mode(&sink) & 0o077, 0);
        sink.commit().expect("committed");
        drop(sink);
        assert_eq!(fs::metadata(&path).expect("a file").gid(), 12345);
        assert_eq!(mode(&path), 0o640);
    }

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

    #[test]
    fn a_replaced_file_keeps_its_access_control_list() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        fs::write(&path, b"old").expect("written");
        // A user with the number 12345 may read it, and its group may not.
        if !acl::set(&path, 12345) {
            eprintln!("this file system has no access control lists: not tested");
            return;
        }
        let before = acl::read(&path).expect("read");
        assert!(before.is_some());
        let replace = || {
            let mut sink = FileSink::create(&path).expect("created");
            assert_eq!(sink_mode(&sink) & 0o077, 0);
            sink.commit().expect("committed");
        };
        replace();
        assert_eq!(acl::read(&path).expect("read"), before);
        assert_eq!(mode(&path), 0o640);
        acl::remove(&path);
        replace();
        assert_eq!(acl::read(&path).expect("read"), None);
    }

    #[test]
    fn other_names_of_a_replaced_file_keep_its_content() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, other) = (
            directory.path().join("blob"),
            directory.path().join("other"),
        );
        fs::write(&path, b"old").expect("written");
        fs::hard_link(&path, &other).expect("linked");
        let mut sink = FileSink::create(&path).expect("created");
        sink.write(b"new").expect("written");
        sink.commit().expect("committed");
        assert_eq!(fs::read(&path).expect("the file"), b"new");
        assert_eq!(fs::read(&other).expect("the file"), b"old");
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        assert!(refusal(Path::new("/dev/null")).ends_with("not a regular file"));
        assert!(refusal(directory.path()).ends_with("not a regular file"));
        let target = directory.path().join("target");
        fs::write(&target, b"old").expect("written");
        for (name, to) in [("link", target.clone()), ("dangling", "nowhere".into())] {
            let link = directory.path().join(name);
            symlink(to, &link).expect("linked");
            assert!(refusal(&link).ends_with("is a symbolic link"));
            assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        }
        assert_eq!(fs::read(&target).expect("the file"), b"old");
        assert_eq!(names(directory.path()), ["dangling", "link", "target"]);
        // A link on the way to the file is followed.
        let way = directory.path().join("way");
        symlink(directory.path(), &way).expect("linked");
        FileSink::create(&way.join("new"))
            .expect("created")
            .commit()
            .expect("committed");
        assert!(directory.path().join("new").is_file());
    }

    #[test]
    fn a_link_that_appears_meanwhile_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        let mut sink = FileSink::create(&path).expect("created");
        symlink("nowhere", &path).expect("linked");
        assert!(sink.commit().is_err());
        drop(sink);
        assert_eq!(names(directory.path()), ["blob"]);
        assert!(fs::symlink_metadata(&path).expect("there").is_symlink());
    }

    #[test]
    fn a_file_of_another_user_is_not_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        fs::write(&path, b"old").expect("written");
        if std::os::unix::fs::chown(&path, Some(12345), None).is_err() {
            eprintln!("only root can give files away: not tested");
            return;
        }
        assert!(refusal(&path).ends_with("belongs to another user"));
        assert_eq!(fs::read(&path).expect("the file"), b"old");
        assert_eq!(names(directory.path()), ["blob"]);
    }

    #[test]
    fn a_directory_that_is_renamed_gets_the_file_and_keeps_no_temporary_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let [before, after] = ["before", "after"].map(|name| directory.path().join(name));
        for is_committed in [true, false] {
            fs::create_dir(&before).expect("created");
            let mut sink = FileSink::create(&before.join("blob")).expect("created");
            fs::rename(&before, &after).expect("renamed");
            // Another directory may have its name by now.
            fs::create_dir(&before).expect("created");
            sink.write(b"whole").expect("written");
            if is_committed {
                sink.commit().expect("committed");
            }
            drop(sink);
            assert!(names(&before).is_empty());
            let expected: &[&str] = if is_committed { &["blob"] } else { &[] };
            assert_eq!(names(&after), expected);
            fs::remove_dir(&before).expect("removed");
            fs::remove_dir_all(&after).expect("removed");
        }
    }

    #[test]
    fn a_path_that_names_a_directory_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::create_dir(directory.path().join("there")).expect("created");
        for name in ["new/", "new/.", "there", "there/", "there/.", "there/.."] {
            let found = refusal(&directory.path().join(name));
            assert!(found.ends_with("not a regular file"), "{name}: {found}");
        }
        assert_eq!(names(directory.path()), ["there"]);
        refusal(Path::new("/"));
        refusal(Path::new(".."));
    }

    #[test]
    fn a_missing_directory_is_an_error_with_its_errno() {
        let error = FileSink::create(Path::new("/no/such/directory\n/blob")).err();
        let error = error.expect("an error");
        assert_eq!(error.errno(), libc::ENOENT, "{error}");
        assert!(!error.message().contains('\n'), "{error}");
    }
}
