//! Where the body of a response goes.

use std::fs::File;
use std::io::Write;
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{fmt, fs, io};

use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;
use crate::os::descriptor;

/// A receiver of bytes that the caller supplies.
pub trait WriteSink: Send {
    /// Takes all of `piece`, or stops the call.
    fn write(&mut self, piece: &[u8]) -> Result<(), Error>;
}

/// Where the body of a 2xx answer goes.
#[derive(Default)]
pub(crate) enum Output {
    /// Kept in the response.
    #[default]
    Memory,
    /// A file that appears when it is whole.
    Path(PathBuf),
    /// A caller's descriptor.
    Descriptor(RawFd),
    /// A caller's function.
    Callback(Box<dyn WriteSink>),
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Output::Memory => "Memory",
            Output::Path(_) => "Path",
            Output::Descriptor(_) => "Descriptor",
            Output::Callback(_) => "Callback",
        })
    }
}

/// A file that is written beside its place and put there when it is whole. If
/// it is dropped before, nothing stays.
pub(crate) struct WholeFile {
    file: File,
    temporary: PathBuf,
    place: PathBuf,
    is_in_place: bool,
}

/// Makes the names of this process's temporary files differ.
static NEXT: AtomicU64 = AtomicU64::new(0);

impl WholeFile {
    pub(crate) fn begin(path: &Path) -> Result<WholeFile, Error> {
        let failed = |error: io::Error| file_error(path, &error);
        let place = match fs::metadata(path) {
            // A device or a pipe must not be replaced by a file.
            Ok(about) if !about.is_file() => {
                let message = format!("output {}: not a regular file", path.display());
                return Err(Error::new(Kind::File, message).at(Step::Deliver));
            }
            // The file that a link names is replaced, not the link.
            Ok(_) => fs::canonicalize(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(failed(error)),
        };
        let folder = match place.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let temporary = folder.join(format!(".reggie-{}-{number}", std::process::id()));
            let created = File::options()
                .write(true)
                .create_new(true)
                .open(&temporary)
                .and_then(descriptor::above_standard);
            match created {
                Ok(file) => {
                    return Ok(WholeFile {
                        file,
                        temporary,
                        place,
                        is_in_place: false,
                    });
                }
                // Left by a process of the same number that was killed.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.file
            .write_all(piece)
            .map_err(|error| file_error(&self.place, &error))
    }

    pub(crate) fn finish(mut self) -> Result<(), Error> {
        fs::rename(&self.temporary, &self.place)
            .map_err(|error| file_error(&self.place, &error))?;
        self.is_in_place = true;
        Ok(())
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.is_in_place {
            // There is nobody to tell, and an error is on its way already.
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn file_error(path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    Error::io(Kind::File, format_args!("output {shown}"), error).at(Step::Deliver)
}

/// Writes to a caller's descriptor.
pub(crate) fn write_descriptor(fd: RawFd, piece: &[u8], limits: &CallLimits) -> Result<(), Error> {
    descriptor::write_all(fd, piece, limits).map_err(|error| error.at(Step::Deliver))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blob");
        let mut file = WholeFile::begin(&path).expect("begun");
        file.write(b"half").expect("written");
        drop(file);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);

        let mut file = WholeFile::begin(&path).expect("begun");
        file.write(b"whole").expect("written");
        file.finish().expect("in place");
        assert_eq!(fs::read(&path).expect("the file"), b"whole");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn what_is_no_file_is_not_replaced_and_a_link_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(WholeFile::begin(Path::new("/dev/null")).is_err());
        assert!(WholeFile::begin(folder.path()).is_err());
        let target = folder.path().join("target");
        let link = folder.path().join("link");
        fs::write(&target, b"old").expect("written");
        std::os::unix::fs::symlink(&target, &link).expect("linked");
        let mut file = WholeFile::begin(&link).expect("begun");
        file.write(b"new").expect("written");
        file.finish().expect("in place");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&target).expect("the file"), b"new");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error_with_its_errno() {
        let error = WholeFile::begin(Path::new("/no/such/folder/blob")).err();
        let error = error.expect("an error");
        assert_eq!(error.errno(), libc::ENOENT, "{error}");
    }
}
