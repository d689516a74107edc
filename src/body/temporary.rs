//! Files that have names of their own until they are complete. The process that
//! writes one holds a lock on it; one without a lock was left by a killed process.

use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::os::directory::Directory;
use crate::os::file_lock;
use crate::os::sys::file::file_owner;

/// What their names begin with.
pub(crate) const PREFIX: &str = ".reggie-";

/// Makes the names of this process's files unique.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// Creates a file with a name of its own, and locks it.
pub(crate) fn create(directory: &Directory, mode: u32) -> io::Result<(File, PathBuf)> {
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = PathBuf::from(format!("{PREFIX}{}-{number}", std::process::id()));
        let file = match directory.create(&name, mode) {
            Ok(file) => file,
            // Left behind by a killed process of the same number.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            Err(error) => return Err(error),
        };
        // Before it was locked, another call may have taken it for abandoned. Without
        // locks, none does.
        if file_lock::try_lock(&file).unwrap_or(true) && directory.has_name(&name, &file) {
            return Ok((file, name));
        }
    }
}

/// Whether a name is one that [`create`] may choose.
pub(crate) fn is_name(name: &[u8]) -> bool {
    let Some(numbers) = name.strip_prefix(PREFIX.as_bytes()) else {
        return false;
    };
    let mut parts = numbers.split(|byte| *byte == b'-');
    let mut is_number = || {
        let part = parts.next().unwrap_or_default();
        !part.is_empty() && part.iter().all(u8::is_ascii_digit)
    };
    is_number() && is_number() && parts.next().is_none()
}

/// Removes the files of killed processes from a directory.
pub(crate) fn remove_abandoned(directory: &Directory) -> io::Result<()> {
    for name in directory.names()? {
        if is_name(name.as_bytes()) {
            remove_if(directory, Path::new(&name), |_| true);
        }
    }
    Ok(())
}

/// Removes a file if it meets a condition and is not locked.
pub(crate) fn remove_if(directory: &Directory, name: &Path, condition: impl Fn(&File) -> bool) {
    let is_own = |file: &File| {
        let about = file.metadata();
        about.is_ok_and(|about| about.is_file() && about.uid() == file_owner())
    };
    let Ok(file) = directory.open_to_write(name) else {
        return;
    };
    if !is_own(&file) || !file_lock::try_lock(&file).unwrap_or(false) {
        return;
    }
    // A lock that can be taken twice is none.
    let again = directory.open_to_write(name);
    let is_lock = again.is_ok_and(|again| matches!(file_lock::try_lock(&again), Ok(false)));
    if is_lock && directory.has_name(name, &file) && condition(&file) {
        // Ignored: it stays behind.
        let _ = directory.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::fs;

    #[test]
    fn names_of_temporary_files_are_known() {
        for (name, expected) in [
            (".reggie-1-0", true),
            (".reggie-4194304-18446744073709551615", true),
            (".reggie-1-", false),
            (".reggie--1", false),
            (".reggie-1", false),
            (".reggie-1-2-3", false),
            (".reggie-1-x", false),
            ("x.reggie-1-0", false),
            (".reggie-", false),
            ("", false),
        ] {
            assert_eq!(is_name(name.as_bytes()), expected, "{name}");
        }
    }

    #[test]
    fn only_files_that_nobody_has_locked_are_removed() {
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::open(folder.path()).expect("opened");
        let (held, held_name) = create(&directory, 0o600).expect("created");
        let (file, abandoned) = create(&directory, 0o600).expect("created");
        drop(file);
        fs::create_dir(folder.path().join(".reggie-1-1")).expect("created");
        std::os::unix::fs::symlink("missing", folder.path().join(".reggie-1-2")).expect("a link");
        fs::write(folder.path().join("other"), "").expect("written");
        let exists = |name: &Path| folder.path().join(name).symlink_metadata().is_ok();
        remove_abandoned(&directory).expect("read");
        assert!(exists(&held_name) && !exists(&abandoned));
        for name in [".reggie-1-1", ".reggie-1-2", "other"] {
            assert!(exists(Path::new(name)), "{name}");
        }
        drop(held);
        remove_abandoned(&directory).expect("read");
        assert!(!exists(&held_name));
    }
}
