//! A blob of a registry as the content of a push.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::body::ReadSource;
use crate::body::digest::{Algorithm, Digester};
use crate::content::descriptor::Descriptor;
use crate::content::download::Download;
use crate::content::operation::Operation;
use crate::content::progress::Progress;
use crate::content::push_content::Content;
use crate::content::push_stream::{Stream, StreamContent};
use crate::content::registry::Registry;
use crate::content::requests::Requests;
use crate::content::task::Task;
use crate::error::{Error, Kind};
use crate::os::deadline::CallLimits;
use crate::request::Request;
use crate::request::call::Call;

/// How much is read at a time of what was sent before.
const PIECE: usize = 64 * 1024;

/// A blob that is received while it is sent. Its end is passed on only once all
/// of it is verified.
#[derive(Clone)]
pub(super) struct RemoteBlob(Arc<Mutex<Remote>>);

struct Remote {
    registry: Registry,
    call: Call,
    retries: u32,
    blob: Descriptor,
    max: Option<u64>,
    is_foreign: bool,
    download: Download,
    digester: Digester,
    /// How many bytes the digester has.
    hashed: u64,
    /// The content comes from several responses, one of which may be wrong.
    is_resumed: bool,
    /// Why it cannot be received.
    failure: Option<Error>,
}

impl RemoteBlob {
    pub(super) fn new(from: Operation, blob: &Descriptor) -> Result<RemoteBlob, Error> {
        let task = Task::of(&from)?;
        let (registry, retries) = (task.repository.clone(), task.retries());
        let max = from.options.max_blob;
        let is_foreign = from.options.foreign;
        let mut download = Download::new(blob.digest(), blob.size(), max, 0);
        if is_foreign {
            download.follow_urls(blob.urls());
        }
        let remote = Remote {
            registry,
            call: from.call,
            retries,
            blob: blob.clone(),
            max,
            is_foreign,
            download,
            digester: Digester::new(blob.digest().algorithm()),
            hashed: 0,
            is_resumed: false,
            failure: None,
        };
        Ok(RemoteBlob(Arc::new(Mutex::new(remote))))
    }

    fn remote(&self) -> MutexGuard<'_, Remote> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a push sends. Finds out the size if it is unknown.
    pub(super) fn content(&self, limits: &CallLimits) -> Result<Box<dyn Content>, Error> {
        let mut remote = self.remote();
        remote.find_size()?;
        Ok(match remote.download.size() {
            Some(size) => {
                if size == 0 {
                    remote.verify()?;
                }
                Box::new(RemoteContent {
                    blob: self.clone(),
                    size,
                })
            }
            None => {
                let algorithm = remote.blob.digest().algorithm();
                let whole = Box::new(Body::new(self.clone(), 0, u64::MAX));
                Box::new(StreamContent::new(
                    Stream::callback(whole, None, algorithm),
                    limits,
                ))
            }
        })
    }

    /// The error of the push: that of the source if it could not be received.
    pub(super) fn explain(&self, error: Error) -> Error {
        self.remote().failure.take().unwrap_or(error)
    }

    /// Whether the content comes from several responses.
    pub(super) fn is_resumed(&self) -> bool {
        let remote = self.remote();
        remote.is_resumed || remote.download.is_resumed()
    }
}

impl Remote {
    fn find_size(&mut self) -> Result<(), Error> {
        let requests = Requests::new(&self.registry, &self.call, self.retries);
        self.download.find_size(&requests)
    }

    /// Goes to an offset. What was not received before is verified too.
    fn seek(&mut self, offset: u64) -> Result<(), Error> {
        if offset < self.download.offset() {
            self.is_resumed = true;
            let size = self.download.size();
            let mut download = Download::new(self.blob.digest(), size, self.max, offset);
            if self.is_foreign {
                download.follow_urls(self.blob.urls());
            }
            self.download = download;
        }
        let mut skipped = Vec::new();
        while self.download.offset() < offset {
            skipped.resize(PIECE, 0);
            let left = offset - self.download.offset();
            let part = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            if self.read(&mut skipped[..part])? == 0 {
                break;
            }
        }
        Ok(())
    }

    /// Reads more. Verifies all before it returns the end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let before = self.download.offset();
        let count = self.receive(buffer)?;
        let after = before + count as u64;
        if after > self.hashed {
            let known = usize::try_from(self.hashed - before).unwrap_or(count);
            self.digester.update(&buffer[known..count]);
            self.hashed = after;
        }
        let is_last = count == 0 || self.download.size() == Some(after);
        if is_last {
            if count > 0 {
                // Ends the response, so that its connection is free.
                self.receive(&mut [0])?;
            }
            self.verify()?;
        }
        Ok(count)
    }

    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let requests = Requests::new(&self.registry, &self.call, self.retries);
        let read = self.download.read(&requests, &Progress::new(None), buffer);
        read.map_err(|error| self.download.explained(error))
    }

    fn verify(&self) -> Result<(), Error> {
        let expected = self.blob.digest().as_str();
        let actual = self.digester.clone().finish();
        if actual == expected {
            return Ok(());
        }
        let message = format!("body: expected digest {expected}, received {actual}");
        let error = Error::new(Kind::DigestMismatch, message);
        Err(self.download.explained(error))
    }
}

/// A blob of known size.
struct RemoteContent {
    blob: RemoteBlob,
    size: u64,
}

impl Content for RemoteContent {
    fn size(&self) -> Option<u64> {
        Some(self.size)
    }

    fn first(&self) -> u64 {
        0
    }

    fn is_repeatable(&self) -> bool {
        true
    }

    fn prepare(&mut self, offset: u64, max: u64, _: &CallLimits) -> Result<u64, Error> {
        Ok(self.size.saturating_sub(offset).min(max))
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        let body = Body::new(self.blob.clone(), offset, offset + length);
        request.set_body_source(Box::new(body), Some(length));
        Ok(())
    }

    fn digest(&mut self) -> Option<String> {
        None
    }

    fn hash(&mut self, _: &CallLimits, _: Algorithm) -> Result<Option<String>, Error> {
        Ok(None)
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// Part of a blob as the body of a request.
struct Body {
    blob: RemoteBlob,
    first: u64,
    at: u64,
    end: u64,
}

impl Body {
    fn new(blob: RemoteBlob, first: u64, end: u64) -> Body {
        Body {
            blob,
            first,
            at: first,
            end,
        }
    }
}

impl ReadSource for Body {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let max = left.min(buffer.len());
        if max == 0 {
            return Ok(0);
        }
        let mut remote = self.blob.remote();
        let read = remote
            .seek(self.at)
            .and_then(|()| remote.read(&mut buffer[..max]));
        match read {
            Ok(count) => {
                self.at += count as u64;
                Ok(count)
            }
            Err(error) => {
                // The push must not be retried: the source was.
                let stopped = Error::new(Kind::ReadCallback, error.message());
                remote.failure = Some(error);
                Err(stopped)
            }
        }
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.at = self.first;
        Ok(())
    }
}
