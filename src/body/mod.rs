//! Where the body of a request comes from, and how it is read again.

pub(crate) mod sink;

use std::fmt;
use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::path::PathBuf;

use zeroize::Zeroize;

use crate::error::{Error, Kind};
use crate::os::deadline::CallLimits;
use crate::os::{descriptor, file};

/// A source of bytes that the caller supplies.
pub trait ReadSource: Send {
    /// Fills the beginning of `buffer`; 0 = the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error>;
    /// Goes back to the first byte; an error if that cannot be.
    fn rewind(&mut self) -> Result<(), Error>;
    /// Whether it can go back, as far as that is known before.
    fn can_rewind(&self) -> bool {
        true
    }
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

/// What is left to read of a file.
#[derive(Debug)]
pub(crate) struct FileRest {
    /// Open until the body ends.
    pub(crate) fd: RawFd,
    pub(crate) offset: u64,
    /// The file's name in errors.
    pub(crate) name: String,
}

enum BodySource {
    Empty,
    Memory {
        bytes: Vec<u8>,
        position: usize,
    },
    Path {
        path: PathBuf,
        file: Option<File>,
        position: u64,
    },
    Descriptor {
        fd: RawFd,
        /// Where it stood when it was set, if it can seek.
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
            BodySource::Path { .. } => "Path",
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

    pub(crate) fn path(path: PathBuf) -> Body {
        Body::of(BodySource::Path {
            path,
            file: None,
            position: 0,
        })
    }

    /// A caller's descriptor, from where it stands now.
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

    /// Whether there is a body at all; one of no bytes counts.
    pub(crate) fn is_set(&self) -> bool {
        !matches!(self.source, BodySource::Empty)
    }

    /// Whether it holds credentials.
    pub(crate) fn is_secret(&self) -> bool {
        self.secret
    }

    /// The bytes, where they are in memory.
    pub(crate) fn kept(&self) -> Option<&[u8]> {
        match &self.source {
            BodySource::Memory { bytes, .. } if !self.secret => Some(bytes),
            _ => None,
        }
    }

    /// Stands the body at its first byte and tells its length: `None` where
    /// the caller left that open.
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
            BodySource::Path {
                path,
                file,
                position,
            } => {
                let shown = path.display();
                let failed = |e| Error::io(Kind::File, format_args!("body {shown}"), &e);
                let (opened, length) = file::open(path).map_err(failed)?;
                *file = Some(opened);
                *position = 0;
                Ok(Some(length))
            }
            BodySource::Descriptor { length, .. } | BodySource::Callback { length, .. } => {
                Ok(*length)
            }
        }
    }

    /// Whether the body can be sent from its first byte on, as far as that is
    /// known before.
    pub(crate) fn is_repeatable(&self) -> bool {
        !self.used
            || match &self.source {
                BodySource::Empty | BodySource::Memory { .. } | BodySource::Path { .. } => true,
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
            BodySource::Empty | BodySource::Memory { .. } | BodySource::Path { .. } => Ok(()),
        }
    }

    /// Reads on; 0 = the end.
    pub(crate) fn read(&mut self, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
        self.used = true;
        match &mut self.source {
            BodySource::Empty => Ok(0),
            BodySource::Memory { bytes, position } => {
                let rest = &bytes[*position..];
                let amount = rest.len().min(buffer.len());
                buffer[..amount].copy_from_slice(&rest[..amount]);
                *position += amount;
                Ok(amount)
            }
            BodySource::Path {
                path,
                file,
                position,
            } => {
                let Some(file) = file else { return Ok(0) };
                let amount = file::read_at(file, buffer, *position).map_err(|e| {
                    let shown = path.display();
                    Error::io(Kind::File, format_args!("body {shown}"), &e)
                })?;
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
                // What a callback does not fill must not show what was here.
                buffer.fill(0);
                source.read(buffer)
            }
        }
    }

    /// The unread rest of the file that the body is read from; `None` if the
    /// bytes have to be read with [`Body::read`].
    pub(crate) fn file(&self) -> Option<FileRest> {
        match &self.source {
            BodySource::Path {
                path,
                file: Some(file),
                position,
            } => Some(FileRest {
                fd: file.as_raw_fd(),
                offset: *position,
                name: format!("body {}", path.display()),
            }),
            BodySource::Descriptor {
                fd,
                start: Some(_),
                position,
                ..
            } => Some(FileRest {
                fd: *fd,
                offset: *position,
                name: format!("descriptor {fd}"),
            }),
            _ => None,
        }
    }

    /// Skips bytes of the file that are sent without being read.
    pub(crate) fn advance(&mut self, amount: usize) {
        self.used = true;
        if let BodySource::Path { position, .. } | BodySource::Descriptor { position, .. } =
            &mut self.source
        {
            *position += amount as u64;
        }
    }

    /// Gives back what is only needed while it is sent.
    pub(crate) fn end(&mut self) {
        if let BodySource::Path { file, .. } = &mut self.source {
            *file = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};
    use std::os::fd::AsRawFd;

    fn all(body: &mut Body) -> Vec<u8> {
        let mut out = Vec::new();
        let mut buffer = [0; 3];
        loop {
            let amount = body
                .read(&mut buffer, &CallLimits::default())
                .expect("a readable body");
            if amount == 0 {
                return out;
            }
            out.extend_from_slice(&buffer[..amount]);
        }
    }

    #[test]
    fn a_descriptor_is_read_from_its_offset_which_does_not_move() {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"0123456789").expect("written");
        file.seek(std::io::SeekFrom::Start(4)).expect("moved");
        let mut body = Body::descriptor(file.as_raw_fd(), Some(6)).expect("a descriptor");
        for _ in 0..2 {
            assert_eq!(body.start().expect("rewindable"), Some(6));
            assert_eq!(all(&mut body), b"456789");
            assert!(body.is_repeatable());
        }
        assert_eq!(file.stream_position().expect("a position"), 4);
    }

    #[test]
    fn a_pipe_cannot_be_sent_again_once_it_was_read() {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        writer.write_all(b"abc").expect("written");
        drop(writer);
        let mut body = Body::descriptor(reader.as_raw_fd(), None).expect("a descriptor");
        body.start().expect("unread");
        body.start().expect("still unread");
        assert!(body.is_repeatable());
        assert_eq!(all(&mut body), b"abc");
        assert!(!body.is_repeatable());
        let error = body.start().expect_err("it was read");
        assert_eq!(error.kind(), Kind::BodyNotRewindable);
    }

    #[test]
    fn a_descriptor_that_is_not_open_is_an_error_at_once() {
        let error = Body::descriptor(-1, Some(1)).expect_err("no descriptor");
        assert_eq!(error.kind(), Kind::File);
        assert_eq!(error.errno(), libc::EBADF);
    }
}
