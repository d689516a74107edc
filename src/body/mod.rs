//! The bodies of requests, and the outputs of response bodies.

pub(crate) mod buffer;
pub mod digest;
pub(crate) mod file_sink;
pub(crate) mod final_path;
pub(crate) mod output;
pub(crate) mod section;
pub(crate) mod sink;
pub(crate) mod sizeless;
pub(crate) mod temporary;
pub(crate) mod verify;

use std::fmt;
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};

use zeroize::Zeroize;

use self::section::Section;
use crate::error::{Error, Kind, Step, with_path};
use crate::os::deadline::CallLimits;
use crate::os::{descriptor, file};

/// A source of bytes that the caller supplies.
pub trait ReadSource: Send {
    /// Fills the beginning of `buffer`; 0 = the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;
    /// Goes back to the first byte.
    fn rewind(&mut self) -> Result<(), Error>;
    /// Whether it can go back, as far as is known before trying.
    fn can_rewind(&self) -> bool {
        true
    }
}

/// Bytes of the caller, which are freed when this is dropped.
pub trait BorrowedBytes: Send {
    /// The bytes, the same each time.
    fn bytes(&self) -> &[u8];
}

/// What is left to read of a file.
#[derive(Debug)]
pub(crate) struct FileRest {
    /// Open until the body ends.
    pub(crate) fd: RawFd,
    pub(crate) offset: u64,
    /// The file's name in errors.
    pub(crate) name: String,
}

/// The body of a request: a source, and how far it has been read.
pub(crate) struct Body {
    source: BodySource,
    /// Bytes have been taken since it was set or rewound.
    used: bool,
    /// It is wiped when dropped, and not shown.
    secret: bool,
}

impl Drop for Body {
    fn drop(&mut self) {
        if self.secret
            && let BodySource::Memory { bytes, .. } = &mut self.source
        {
            bytes.zeroize();
        }
    }
}

enum BodySource {
    Empty,
    Memory {
        bytes: Vec<u8>,
        position: usize,
    },
    Borrowed {
        bytes: Box<dyn BorrowedBytes>,
        position: usize,
    },
    Path {
        path: PathBuf,
        section: Section,
        file: Option<File>,
        position: u64,
        /// All of it, if the file has no size.
        content: Vec<u8>,
    },
    /// Part of a regular file that the caller has open.
    DescriptorSection {
        fd: RawFd,
        section: Section,
        position: u64,
        content: Vec<u8>,
    },
    Descriptor {
        fd: RawFd,
        /// The file offset when the body was set; `None` if it cannot seek.
        start: Option<u64>,
        length: Option<u64>,
        position: u64,
    },
    Callback {
        source: Box<dyn ReadSource>,
        length: Option<u64>,
    },
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.source {
            BodySource::Empty => "Empty",
            BodySource::Memory { .. } => "Memory",
            BodySource::Borrowed { .. } => "Borrowed",
            BodySource::Path { .. } => "Path",
            BodySource::DescriptorSection { .. } => "DescriptorSection",
            BodySource::Descriptor { .. } => "Descriptor",
            BodySource::Callback { .. } => "Callback",
        };
        f.write_str(name)
    }
}

impl Default for Body {
    fn default() -> Body {
        Body::of(BodySource::Empty)
    }
}

impl Body {
    fn of(source: BodySource) -> Body {
        Body {
            source,
            used: false,
            secret: false,
        }
    }

    pub(crate) fn memory(bytes: Vec<u8>) -> Body {
        Body::of(BodySource::Memory { bytes, position: 0 })
    }

    /// One that no log shows.
    pub(crate) fn secret(text: &str) -> Body {
        let mut body = Body::memory(text.as_bytes().to_vec());
        body.secret = true;
        body
    }

    pub(crate) fn borrowed(bytes: Box<dyn BorrowedBytes>) -> Body {
        Body::of(BodySource::Borrowed { bytes, position: 0 })
    }

    pub(crate) fn path(path: PathBuf) -> Body {
        Body::path_section(path, Section::WHOLE)
    }

    pub(crate) fn path_section(path: PathBuf, section: Section) -> Body {
        Body::of(BodySource::Path {
            path,
            section,
            file: None,
            position: 0,
            content: Vec::new(),
        })
    }

    /// Part of a regular file that the caller has open.
    pub(crate) fn descriptor_section(fd: RawFd, section: Section) -> Result<Body, Error> {
        descriptor::file_size(fd)?;
        Ok(Body::of(BodySource::DescriptorSection {
            fd,
            section,
            position: section.offset,
            content: Vec::new(),
        }))
    }

    /// A descriptor of the caller, from its current file offset.
    pub(crate) fn descriptor(fd: RawFd, length: Option<u64>) -> Result<Body, Error> {
        let start = descriptor::position(fd)?;
        Ok(Body::of(BodySource::Descriptor {
            fd,
            start,
            length,
            position: start.unwrap_or(0),
        }))
    }

    pub(crate) fn callback(source: Box<dyn ReadSource>, length: Option<u64>) -> Body {
        Body::of(BodySource::Callback { source, length })
    }

    /// Whether there is a body; it may be empty.
    pub(crate) fn is_set(&self) -> bool {
        !matches!(self.source, BodySource::Empty)
    }

    /// Whether it holds credentials.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    /// The bytes, if they are in memory and may be logged.
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        match &self.source {
            BodySource::Memory { bytes, .. } if !self.secret => Some(bytes),
            BodySource::Borrowed { bytes, .. } => Some(bytes.bytes()),
            _ => None,
        }
    }

    /// Prepares to read the body from its first byte, and returns its length;
    /// `None` if it is unknown.
    pub(crate) fn start(&mut self) -> Result<Option<u64>, Error> {
        if self.used {
            self.rewind()?;
            self.used = false;
        }
        match &mut self.source {
            BodySource::Empty => Ok(Some(0)),
            BodySource::Memory { bytes, position } => {
                *position = 0;
                Ok(Some(bytes.len() as u64))
            }
            BodySource::Borrowed { bytes, position } => {
                *position = 0;
                Ok(Some(bytes.bytes().len() as u64))
            }
            BodySource::Path {
                path,
                section,
                file,
                position,
                content,
            } => {
                let failed = |e| Error::io(Kind::File, file_name(path), &e).at(Step::Send);
                let (opened, mut size) = file::open(path).map_err(failed)?;
                let name = file_name(path);
                if size == 0 {
                    *content = sizeless::content(&name, |buffer, offset| {
                        file::read_at(&opened, buffer, offset).map_err(failed)
                    })?;
                    size = content.len() as u64;
                }
                let length = section.length_in(size, &name)?;
                *file = Some(opened);
                *position = section.offset;
                Ok(Some(length))
            }
            BodySource::DescriptorSection {
                fd,
                section,
                position,
                content,
            } => {
                *position = section.offset;
                let mut size = descriptor::file_size(*fd)?;
                let name = descriptor::body_name(*fd);
                if size == 0 {
                    *content = sizeless::content(&name, |buffer, offset| {
                        descriptor::read_at(*fd, buffer, offset)
                    })?;
                    size = content.len() as u64;
                }
                section.length_in(size, &name).map(Some)
            }
            BodySource::Descriptor { length, .. } | BodySource::Callback { length, .. } => {
                Ok(*length)
            }
        }
    }

    /// Whether the body can be read from its first byte, as far as is known
    /// before trying.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.used
            || match &self.source {
                BodySource::Empty
                | BodySource::Memory { .. }
                | BodySource::Borrowed { .. }
                | BodySource::Path { .. }
                | BodySource::DescriptorSection { .. } => true,
                BodySource::Descriptor { start, .. } => start.is_some(),
                BodySource::Callback { source, .. } => source.can_rewind(),
            }
    }

    fn rewind(&mut self) -> Result<(), Error> {
        match &mut self.source {
            BodySource::Descriptor {
                start, position, ..
            } => match start {
                Some(start) => {
                    *position = *start;
                    Ok(())
                }
                None => Err(Error::new(
                    Kind::BodyNotRewindable,
                    "the body must be sent again, and its descriptor cannot seek",
                )),
            },
            BodySource::Callback { source, .. } => source.rewind(),
            BodySource::Empty
            | BodySource::Memory { .. }
            | BodySource::Borrowed { .. }
            | BodySource::Path { .. }
            | BodySource::DescriptorSection { .. } => Ok(()),
        }
    }

    /// Reads more; 0 = the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
        self.used = true;
        match &mut self.source {
            BodySource::Empty => Ok(0),
            BodySource::Memory { bytes, position } => Ok(copy(bytes, position, buffer)),
            BodySource::Borrowed { bytes, position } => Ok(copy(bytes.bytes(), position, buffer)),
            BodySource::Path {
                content, position, ..
            }
            | BodySource::DescriptorSection {
                content, position, ..
            } if !content.is_empty() => Ok(copy_at(content, position, buffer)),
            BodySource::Path {
                path,
                file,
                position,
                ..
            } => {
                let Some(file) = file else { return Ok(0) };
                let amount = file::read_at(file, buffer, *position)
                    .map_err(|e| Error::io(Kind::File, file_name(path), &e).at(Step::Send))?;
                *position += amount as u64;
                Ok(amount)
            }
            BodySource::DescriptorSection { fd, position, .. } => {
                let amount = descriptor::read_at(*fd, buffer, *position)?;
                *position += amount as u64;
                Ok(amount)
            }
            BodySource::Descriptor {
                fd,
                start,
                position,
                ..
            } => {
                let amount = match start {
                    Some(_) => descriptor::read_at(*fd, buffer, *position)?,
                    None => descriptor::read(*fd, buffer, limits)?,
                };
                *position += amount as u64;
                Ok(amount)
            }
            BodySource::Callback { source, .. } => {
                // A callback that fills less than it reports sends no earlier data.
                buffer.fill(0);
                source.read(buffer)
            }
        }
    }

    /// Checks that a callback has no more data after the announced length. The
    /// other sources may have: they send what they had at the start, or a part.
    pub(crate) fn check_end(&mut self, limits: &CallLimits) -> Result<(), Error> {
        let BodySource::Callback {
            length: Some(length),
            ..
        } = self.source
        else {
            return Ok(());
        };
        match self.read(&mut [0], limits)? {
            0 => Ok(()),
            _ => {
                let message = format!("the body is longer than its length of {length} bytes");
                Err(Error::new(Kind::BodyLength, message))
            }
        }
    }

    /// The unread rest of the file that the body is read from; `None` if the
    /// bytes have to be read with [`Body::read`].
    pub(crate) fn file(&self) -> Option<FileRest> {
        let (fd, offset, name) = match &self.source {
            BodySource::Path {
                path,
                file: Some(file),
                position,
                content,
                ..
            } if content.is_empty() => (file.as_raw_fd(), *position, file_name(path)),
            BodySource::DescriptorSection {
                fd,
                position,
                content,
                ..
            } if content.is_empty() => (*fd, *position, descriptor::body_name(*fd)),
            BodySource::Descriptor {
                fd,
                start: Some(_),
                position,
                ..
            } => (*fd, *position, descriptor::body_name(*fd)),
            _ => return None,
        };
        Some(FileRest { fd, offset, name })
    }

    /// Skips bytes of the file that are sent without being read.
    pub(crate) fn advance(&mut self, amount: usize) {
        self.used = true;
        if let BodySource::Path { position, .. }
        | BodySource::DescriptorSection { position, .. }
        | BodySource::Descriptor { position, .. } = &mut self.source
        {
            *position += amount as u64;
        }
    }

    /// Releases what is only needed while the body is sent.
    pub(crate) fn end(&mut self) {
        match &mut self.source {
            BodySource::Path { file, content, .. } => {
                *file = None;
                *content = Vec::new();
            }
            BodySource::DescriptorSection { content, .. } => *content = Vec::new(),
            _ => {}
        }
    }
}

/// Copies bytes from `position` on, which it moves, to the beginning of
/// `buffer`, and returns their number.
fn copy(bytes: &[u8], position: &mut usize, buffer: &mut [u8]) -> usize {
    let rest = &bytes[*position..];
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    *position += count;
    count
}

/// As [`copy`], for a position in a file.
fn copy_at(content: &[u8], position: &mut u64, buffer: &mut [u8]) -> usize {
    let mut start = usize::try_from(*position).map_or(content.len(), |at| at.min(content.len()));
    let count = copy(content, &mut start, buffer);
    *position += count as u64;
    count
}

fn file_name(path: &Path) -> String {
    with_path("body", path)
}

#[cfg(test)]
mod tests;
