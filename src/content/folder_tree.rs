//! Files below a directory, by names that come from a registry.

use std::io;
use std::path::{Path, PathBuf};

use super::title;
use crate::body::final_path::FinalPath;
use crate::body::temporary;
use crate::error::{Error, Kind, Step, with_path};
use crate::os::directory::Directory;

/// A directory for files. Names never lead out of it.
pub(super) struct FolderTree {
    root: Directory,
    path: PathBuf,
    /// New directories are synced.
    sync: bool,
}

impl FolderTree {
    /// Opens a directory, and creates it if it is missing.
    pub(super) fn open(path: &Path, sync: bool) -> Result<FolderTree, Error> {
        let opened = match Directory::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(path, sync),
            opened => opened,
        };
        Ok(FolderTree {
            root: opened.map_err(|error| failed(path, &error))?,
            path: path.to_owned(),
            sync,
        })
    }

    /// The place of a file, whose name has been checked. Creates the directories of the
    /// name. Symbolic links are not followed.
    pub(super) fn place(&self, name: &str) -> Result<FinalPath, Error> {
        let (parents, last) = title::parts(name);
        let mut path = self.path.clone();
        let mut folder: Option<Directory> = None;
        for component in parents.split('/') {
            let parent = folder.as_ref().unwrap_or(&self.root);
            path.push(component);
            folder = Some(self.enter(parent, component, name, &path)?);
        }
        let folder = folder.ok_or_else(|| title::refused(name, "is empty"))?;
        Ok(FinalPath::inside(folder, last, &self.path.join(name)))
    }

    /// Removes what killed processes have left behind in a directory below it, the name of
    /// which has been checked.
    pub(super) fn remove_abandoned(&self, folder: &str) {
        let root = self.root.open_below(Path::new("."));
        let mut names = folder.split('/').map(Path::new);
        let found =
            root.and_then(|root| names.try_fold(root, |in_it, name| in_it.open_below(name)));
        // Ignored: a file that cannot be removed does no harm.
        let _ = found.and_then(|folder| temporary::remove_abandoned(&folder));
    }

    /// Opens a directory of a name, and creates it if it is missing.
    fn enter(
        &self,
        parent: &Directory,
        component: &str,
        name: &str,
        path: &Path,
    ) -> Result<Directory, Error> {
        let component = Path::new(component);
        let failed = |error| failed(path, &error);
        if parent.make(component).map_err(failed)? && self.sync {
            parent.sync().map_err(failed)?;
        }
        match parent.open_below(component) {
            Err(error) if error.raw_os_error() == Some(libc::ENOTDIR) => Err(title::refused(
                name,
                "leads through a file or a symbolic link",
            )),
            opened => opened.map_err(failed),
        }
    }
}

fn create(path: &Path, sync: bool) -> io::Result<Directory> {
    match std::fs::create_dir(path) {
        // Another call has created it meanwhile.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => created?,
    }
    if sync {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Directory::open(parent)?.sync()?;
    }
    Directory::open(path)
}

fn failed(path: &Path, error: &io::Error) -> Error {
    Error::io(Kind::File, with_path("output", path), error).at(Step::Deliver)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_another_call_creates_is_opened() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("models");
        for _ in 0..2 {
            assert!(create(&path, true).is_ok());
        }
        std::fs::write(folder.path().join("file"), b"").expect("written");
        assert!(create(&folder.path().join("file"), false).is_err());
    }
}
