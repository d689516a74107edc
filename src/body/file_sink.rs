//! Files that are created or replaced by what is received.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::final_path::{FinalPath, NEW_FILE_MODE, PRIVATE_MODE};
use super::sink::Sink;
use super::temporary;
use crate::error::Error;
use crate::os::growing_file::GrowingFile;

/// A temporary file in the directory of the final path, which it takes when it
/// is committed. Dropped before, it is removed.
pub(crate) struct FileSink {
    file: GrowingFile,
    place: Arc<FinalPath>,
    /// Its name while it is written.
    temporary: PathBuf,
    /// The process that created it: a forked child does not remove it.
    process: u32,
    is_committed: bool,
}

impl FileSink {
    pub(crate) fn create(path: &Path) -> Result<FileSink, Error> {
        FileSink::at(Arc::new(FinalPath::open(path)?))
    }

    /// A sink for a file in a directory that is open already.
    pub(crate) fn at(place: Arc<FinalPath>) -> Result<FileSink, Error> {
        let replaced = place.existing()?;
        let mode = replaced.map_or(NEW_FILE_MODE, |_| PRIVATE_MODE);
        let created = temporary::create(place.directory(), mode);
        let (file, temporary) = created.map_err(|error| place.failed(&error))?;
        let sink = FileSink {
            file: GrowingFile::new(file),
            place,
            temporary,
            process: std::process::id(),
            is_committed: false,
        };
        sink.place
            .check_owner(sink.file.file(), replaced.as_ref())?;
        Ok(sink)
    }

    /// Writes the file to disk before it gets its final name.
    pub(crate) fn synced(mut self, is_synced: bool) -> FileSink {
        self.file.set_synced(is_synced);
        self
    }

    /// Reserves space for what is to be written.
    pub(crate) fn expecting(mut self, size: Option<u64>) -> FileSink {
        self.file.set_expected(size);
        self
    }
}

impl Sink for FileSink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.place.check_size(&self.file)?;
        let appended = self.file.append(piece);
        appended.map_err(|error| self.place.failed(&error))
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.place.take(&self.temporary, &self.file)?;
        self.is_committed = true;
        Ok(())
    }

    fn is_atomic(&self) -> bool {
        true
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if !self.is_committed
            && self.process == std::process::id()
            && self.place.has_name(&self.temporary, self.file.file())
        {
            // Ignored: an earlier error is being returned.
            let _ = self.place.directory().remove(&self.temporary);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::fs::{self, File};
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use crate::error::{Kind, Step};
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
        sink.file.file().metadata().expect("a file").mode() & 0o7777
    }

    fn refusal(path: &Path) -> String {
        let error = FileSink::create(path).err().expect("refused");
        assert_eq!((error.kind(), error.step()), (Kind::File, Step::Deliver));
        error.message().to_owned()
    }

    #[test]
    fn a_file_whose_predecessor_is_removed_is_a_new_one() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("blob");
        let new = directory.path().join("new");
        for file in [&path, &new] {
            fs::write(file, b"old").expect("written");
        }
        let mut sink = FileSink::create(&path).expect("created");
        sink.write(b"whole").expect("written");
        assert_eq!(sink_mode(&sink), PRIVATE_MODE);
        fs::remove_file(&path).expect("removed");
        sink.commit().expect("committed");
        assert_eq!(mode(&path), mode(&new), "the umask decides");
        drop(sink);
        assert_eq!(names(directory.path()), ["blob", "new"]);
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
