//! Sources of pushes.

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;

use super::operation::Operation;
use super::push_content::{self, Content, MemoryContent, SharedBytes};
use super::push_stream::{SpooledContent, Stream, StreamContent};
use super::upload_state::spool;
use crate::body::ReadSource;
use crate::body::digest::{Algorithm, Digest};
use crate::error::Error;
use crate::os::descriptor;

/// What is pushed.
pub enum Source {
    /// A regular file.
    Path(PathBuf),
    /// A file descriptor of the caller, from its current offset.
    Descriptor {
        /// It stays open during the call.
        fd: RawFd,
        /// The number of bytes; `None` for all up to the end.
        length: Option<u64>,
    },
    /// Bytes in memory.
    Memory(SharedBytes),
    /// Bytes that the caller supplies.
    Callback {
        /// Where they come from.
        source: Box<dyn ReadSource>,
        /// The number of bytes; `None` for all up to the end.
        length: Option<u64>,
    },
}

impl Source {
    /// A name for display.
    pub(super) fn name(&self, digest: Option<&Digest>) -> String {
        match self {
            Source::Path(path) => path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy()
                .into_owned(),
            _ => digest.map_or(String::new(), |digest| digest.short().to_owned()),
        }
    }

    /// Opens it as content whose parts can be the bodies of requests.
    pub(super) fn open(
        self,
        operation: &Operation,
        algorithm: Algorithm,
    ) -> Result<Box<dyn Content>, Error> {
        let stream = match self {
            Source::Path(path) => return push_content::open_path(&path),
            Source::Memory(bytes) => return Ok(Box::new(MemoryContent::new(bytes))),
            Source::Descriptor { fd, length } => {
                let start = descriptor::position(fd)?;
                match start {
                    Some(start) if descriptor::is_regular(fd)? => {
                        return push_content::of_descriptor(fd, start, length);
                    }
                    _ => Stream::descriptor(fd, start, length, algorithm),
                }
            }
            Source::Callback { source, length } => Stream::callback(source, length, algorithm),
        };
        match &operation.options.state_folder {
            Some(folder) if !stream.can_rewind() => {
                Ok(Box::new(SpooledContent::new(stream, spool(folder)?)))
            }
            _ => Ok(Box::new(StreamContent::new(stream, &operation.call.limits))),
        }
    }

    /// Opens it to read it once, in order.
    pub(super) fn stream(self, algorithm: Algorithm) -> Result<SourceStream, Error> {
        let mut file = None;
        let mut size = None;
        let stream = match self {
            Source::Path(path) => {
                let opened = push_content::open_file(&path)?;
                // Files in /proc have content although they have no size.
                size = opened
                    .metadata()
                    .ok()
                    .map(|about| about.len())
                    .filter(|size| *size > 0);
                let fd = file.insert(opened).as_raw_fd();
                Stream::descriptor(fd, Some(0), None, algorithm)
            }
            Source::Descriptor { fd, length } => {
                Stream::descriptor(fd, descriptor::position(fd)?, length, algorithm)
            }
            Source::Memory(bytes) => {
                let length = Some(bytes.bytes().len() as u64);
                Stream::callback(Box::new(MemorySource { bytes, at: 0 }), length, algorithm)
            }
            Source::Callback { source, length } => Stream::callback(source, length, algorithm),
        };
        Ok(SourceStream {
            size: size.or(stream.size()),
            stream,
            _file: file,
        })
    }
}

/// A source that is read in order.
pub(super) struct SourceStream {
    pub(super) stream: Stream,
    /// The size, as far as it is known.
    pub(super) size: Option<u64>,
    /// Keeps the file open that was opened for the push.
    _file: Option<File>,
}

/// Reads bytes in memory.
struct MemorySource {
    bytes: SharedBytes,
    at: usize,
}

impl ReadSource for MemorySource {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let rest = &self.bytes.bytes()[self.at..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.at = 0;
        Ok(())
    }

    fn can_rewind(&self) -> bool {
        true
    }
}
