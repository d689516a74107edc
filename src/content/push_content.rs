//! What a push sends: content whose parts can be the bodies of requests.

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::sync::Arc;

use crate::body::digest::{Algorithm, Digester};
use crate::body::{BorrowedBytes, buffer, sizeless};
use crate::error::{Error, Kind, Step, with_path};
use crate::os::deadline::CallLimits;
use crate::os::{descriptor, file};
use crate::request::Request;

/// The size of the buffer for reading files, in bytes.
pub(super) const BUFFER_SIZE: usize = 256 * 1024;

/// Content that is being pushed.
pub(super) trait Content {
    /// The size; `None` if it is not known yet.
    fn size(&self) -> Option<u64>;

    /// The earliest offset from which it can be sent.
    fn first(&self) -> u64;

    /// Whether it can be read any number of times without being stored.
    fn is_repeatable(&self) -> bool;

    /// Makes the bytes from `offset` on available, up to `max` of them, and
    /// returns how many there are: fewer only at the end.
    fn prepare(&mut self, offset: u64, max: u64, limits: &CallLimits) -> Result<u64, Error>;

    /// Makes a part that was prepared, or all of content that can be read again,
    /// the body of a request.
    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error>;

    /// Stores all that is left of a source that cannot be read again, if there is
    /// a file for it.
    fn store_all(&mut self, _limits: &CallLimits) -> Result<(), Error> {
        Ok(())
    }

    /// The digest, if it was computed while the content was read.
    fn digest(&mut self) -> Option<String>;

    /// Reads all of it to compute its digest; `None` if it cannot be read again.
    fn hash(&mut self, limits: &CallLimits, algorithm: Algorithm) -> Result<Option<String>, Error>;

    /// An error if the source is not what it was when the push began.
    fn check_unchanged(&self) -> Result<(), Error>;
}

/// Bytes in memory, shared with the bodies of requests.
pub type SharedBytes = Arc<dyn BorrowedBytes + Send + Sync>;

impl BorrowedBytes for Vec<u8> {
    fn bytes(&self) -> &[u8] {
        self
    }
}

/// Part of bytes in memory.
struct Part {
    bytes: SharedBytes,
    offset: usize,
    length: usize,
}

impl BorrowedBytes for Part {
    fn bytes(&self) -> &[u8] {
        &self.bytes.bytes()[self.offset..self.offset + self.length]
    }
}

/// Makes part of bytes in memory the body of a request.
pub(super) fn set_part(
    request: &mut Request,
    bytes: SharedBytes,
    offset: u64,
    length: u64,
) -> Result<(), Error> {
    let part = usize::try_from(offset)
        .ok()
        .zip(usize::try_from(length).ok());
    let size = bytes.bytes().len();
    match part {
        Some((offset, length)) if offset <= size && length <= size - offset => {
            request.set_body_borrowed(Box::new(Part {
                bytes,
                offset,
                length,
            }));
            Ok(())
        }
        _ => Err(Error::new(
            Kind::BodyLength,
            "upload: part outside the content",
        )),
    }
}

/// Content in memory.
pub(super) struct MemoryContent(SharedBytes);

impl MemoryContent {
    pub(super) fn new(bytes: SharedBytes) -> MemoryContent {
        MemoryContent(bytes)
    }

    fn len(&self) -> u64 {
        self.0.bytes().len() as u64
    }
}

impl Content for MemoryContent {
    fn size(&self) -> Option<u64> {
        Some(self.len())
    }

    fn first(&self) -> u64 {
        0
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn prepare(&mut self, offset: u64, max: u64, _: &CallLimits) -> Result<u64, Error> {
        Ok(self.len().saturating_sub(offset).min(max))
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        set_part(request, Arc::clone(&self.0), offset, length)
    }

    fn digest(&mut self) -> Option<String> {
        None
    }

    fn hash(&mut self, limits: &CallLimits, algorithm: Algorithm) -> Result<Option<String>, Error> {
        let mut digester = Digester::new(algorithm);
        for piece in self.0.bytes().chunks(BUFFER_SIZE) {
            limits.check(Step::Prepare)?;
            digester.update(piece);
        }
        Ok(Some(digester.finish()))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// A regular file, or part of one.
pub(super) struct FileContent {
    /// Keeps the file open that was opened for the push.
    _file: Option<File>,
    fd: RawFd,
    start: u64,
    length: u64,
    /// The file's name in errors.
    name: String,
    stamp: Stamp,
}

/// What changes with the content of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(fd: RawFd, name: &str) -> Result<Stamp, Error> {
        let failed = |error| Error::io(Kind::File, name, &error);
        let (size, modified) = descriptor::file_stamp(fd).map_err(failed)?;
        Ok(Stamp { size, modified })
    }
}

/// Opens a file. One of size 0 that has content, such as those in `/proc`, is
/// read into memory.
pub(super) fn open_path(path: &Path) -> Result<Box<dyn Content>, Error> {
    of_file(open_file(path)?, with_path("source", path))
}

/// The content of an open file, whose name in errors is `name`.
pub(super) fn of_file(file: File, name: String) -> Result<Box<dyn Content>, Error> {
    let fd = file.as_raw_fd();
    content_of(Some(file), fd, 0, None, name)
}

/// Opens a file that is a source.
pub(super) fn open_file(path: &Path) -> Result<File, Error> {
    let opened = file::open(path).map(|(file, _)| file);
    opened
        .map_err(|error| Error::io(Kind::File, with_path("source", path), &error).at(Step::Prepare))
}

/// The content of a regular file that the caller has open, from `start` on.
pub(super) fn of_descriptor(
    fd: RawFd,
    start: u64,
    length: Option<u64>,
) -> Result<Box<dyn Content>, Error> {
    content_of(None, fd, start, length, format!("descriptor {fd}"))
}

fn content_of(
    file: Option<File>,
    fd: RawFd,
    start: u64,
    length: Option<u64>,
    name: String,
) -> Result<Box<dyn Content>, Error> {
    let stamp = Stamp::of(fd, &name)?;
    if stamp.size == 0 && start == 0 {
        let mut content = sizeless::content(&name, |buffer, offset| {
            descriptor::read_at(fd, buffer, offset)
        })?;
        if let Some(length) = length.and_then(|length| usize::try_from(length).ok()) {
            check_length(content.len() as u64, 0, length as u64, &name)?;
            content.truncate(length);
        }
        if !content.is_empty() {
            return Ok(Box::new(MemoryContent::new(Arc::new(content))));
        }
    }
    let length = length.unwrap_or(stamp.size.saturating_sub(start));
    check_length(stamp.size, start, length, &name)?;
    Ok(Box::new(FileContent {
        _file: file,
        fd,
        start,
        length,
        name,
        stamp,
    }))
}

fn check_length(size: u64, start: u64, length: u64, name: &str) -> Result<(), Error> {
    match size.checked_sub(start) {
        Some(available) if available >= length => Ok(()),
        _ if length == 0 => Ok(()),
        _ => {
            let end = start.saturating_add(length);
            let message = format!("{name}: {size} bytes, expected {end}");
            Err(Error::new(Kind::BodyLength, message).at(Step::Prepare))
        }
    }
}

impl Content for FileContent {
    fn size(&self) -> Option<u64> {
        Some(self.length)
    }

    fn first(&self) -> u64 {
        0
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn prepare(&mut self, offset: u64, max: u64, _: &CallLimits) -> Result<u64, Error> {
        Ok(self.length.saturating_sub(offset).min(max))
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        if length == 0 {
            request.set_body(Vec::new());
            return Ok(());
        }
        request.set_body_descriptor_section(self.fd, self.start + offset, Some(length))
    }

    fn digest(&mut self) -> Option<String> {
        None
    }

    fn hash(&mut self, limits: &CallLimits, algorithm: Algorithm) -> Result<Option<String>, Error> {
        let mut digester = Digester::new(algorithm);
        let mut buffer = buffer()?;
        let mut done = 0;
        while done < self.length {
            limits.check(Step::Prepare)?;
            let left = usize::try_from(self.length - done).unwrap_or(usize::MAX);
            let part = left.min(buffer.len());
            match descriptor::read_at(self.fd, &mut buffer[..part], self.start + done)? {
                0 => {
                    self.check_unchanged()?;
                    return Err(self.ended());
                }
                count => {
                    digester.update(&buffer[..count]);
                    done += count as u64;
                }
            }
        }
        Ok(Some(digester.finish()))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        match Stamp::of(self.fd, &self.name)? == self.stamp {
            true => Ok(()),
            false => Err(self.changed()),
        }
    }
}

impl FileContent {
    fn changed(&self) -> Error {
        let message = format!("{}: changed while it was read", self.name);
        Error::new(Kind::SourceChanged, message)
    }

    /// Files in `/sys` have less content than their size says.
    fn ended(&self) -> Error {
        let message = format!(
            "{}: ended before its size of {} bytes",
            self.name, self.stamp.size
        );
        Error::new(Kind::SourceChanged, message)
    }
}

/// A buffer for reading the source of a push.
pub(super) fn buffer() -> Result<Vec<u8>, Error> {
    buffer::zeroed(BUFFER_SIZE, "buffer of an upload")
}
