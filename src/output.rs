//! Where the body of a response goes.

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::os::fd::RawFd;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::error::{Error, Kind, Step};
use crate::transport::descriptor;

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
    temporary: NamedTempFile,
    place: PathBuf,
}

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
        // The builder's own errors hide the errno.
        let errno = Cell::new(None);
        let temporary = tempfile::Builder::new()
            .prefix(".reggie-")
            .make_in(folder, |path| {
                fs::OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .open(path)
                    .inspect_err(|error| errno.set(error.raw_os_error()))
            })
            .map_err(|error| match errno.get() {
                Some(code) => file_error(path, &io::Error::from_raw_os_error(code)),
                None => file_error(path, &error),
            })?;
        Ok(WholeFile { temporary, place })
    }

    pub(crate) fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.temporary
            .as_file_mut()
            .write_all(piece)
            .map_err(|error| file_error(&self.place, &error))
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        let WholeFile { temporary, place } = self;
        match temporary.persist(&place) {
            Ok(_) => Ok(()),
            Err(error) => Err(file_error(&place, &error.error)),
        }
    }
}

fn file_error(path: &Path, error: &io::Error) -> Error {
    let shown = path.display();
    Error::io(Kind::File, format_args!("output {shown}"), error).at(Step::Deliver)
}

/// Writes to a caller's descriptor.
pub(crate) fn write_descriptor(fd: RawFd, piece: &[u8]) -> Result<(), Error> {
    descriptor::write_all(fd, piece).map_err(|error| error.at(Step::Deliver))
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
