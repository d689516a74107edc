//! Content that is read from its beginning to its end: pipes and callbacks.

use std::fs::File;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::push_content::{BUFFER_SIZE, Content, buffer, set_part};
use crate::body::ReadSource;
use crate::body::digest::{Algorithm, Digester};
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;
use crate::os::descriptor;
use crate::request::Request;

/// A source that is read in order.
pub(super) struct Stream {
    source: StreamSource,
    length: Option<u64>,
    position: u64,
    ended: bool,
    /// The position of the end, once it was reached.
    total: Option<u64>,
    digester: Digester,
    /// How many bytes the digester has.
    hashed: u64,
}

enum StreamSource {
    Descriptor {
        fd: RawFd,
        /// The offset of the first byte, if the descriptor can seek.
        start: Option<u64>,
    },
    Callback(Box<dyn ReadSource>),
}

impl Stream {
    pub(super) fn descriptor(
        fd: RawFd,
        start: Option<u64>,
        length: Option<u64>,
        algorithm: Algorithm,
    ) -> Stream {
        Stream::of(StreamSource::Descriptor { fd, start }, length, algorithm)
    }

    pub(super) fn callback(
        source: Box<dyn ReadSource>,
        length: Option<u64>,
        algorithm: Algorithm,
    ) -> Stream {
        Stream::of(StreamSource::Callback(source), length, algorithm)
    }

    fn of(source: StreamSource, length: Option<u64>, algorithm: Algorithm) -> Stream {
        Stream {
            source,
            length,
            position: 0,
            ended: false,
            total: None,
            digester: Digester::new(algorithm),
            hashed: 0,
        }
    }

    pub(super) fn can_rewind(&self) -> bool {
        match &self.source {
            StreamSource::Descriptor { start, .. } => start.is_some(),
            StreamSource::Callback(source) => source.can_rewind(),
        }
    }

    fn rewind(&mut self) -> Result<(), Error> {
        if let StreamSource::Callback(source) = &mut self.source {
            source.rewind()?;
        }
        self.position = 0;
        self.ended = false;
        Ok(())
    }

    /// Reads more; 0 = the end.
    pub(super) fn read(&mut self, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
        limits.check(Step::Prepare)?;
        let left = self.length.map(|length| length - self.position);
        let max = usize::try_from(left.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let max = max.min(buffer.len());
        if max == 0 && !buffer.is_empty() {
            if !self.ended && matches!(self.source, StreamSource::Callback(_)) {
                self.check_end(limits)?;
            }
            return self.end();
        }
        let count = self.read_source(&mut buffer[..max], limits)?;
        if count == 0 {
            if let Some(left) = left.filter(|left| *left > 0) {
                let length = self.position + left;
                let message = format!("content ends after {} of {length} bytes", self.position);
                return Err(Error::new(Kind::BodyLength, message));
            }
            return self.end();
        }
        let before = self.position;
        self.position += count as u64;
        if self.position > self.hashed {
            let known = usize::try_from(self.hashed - before).unwrap_or(count);
            self.digester.update(&buffer[known..count]);
            self.hashed = self.position;
        }
        Ok(count)
    }

    fn end(&mut self) -> Result<usize, Error> {
        self.ended = true;
        match self.total.replace(self.position) {
            Some(total) if total != self.position => {
                let now = self.position;
                let message = format!("content has {now} bytes when it is read again, not {total}");
                Err(Error::new(Kind::SourceChanged, message))
            }
            _ => Ok(0),
        }
    }

    fn check_end(&mut self, limits: &CallLimits) -> Result<(), Error> {
        match self.read_source(&mut [0], limits)? {
            0 => Ok(()),
            _ => {
                let message = format!("content is longer than {} bytes", self.position);
                Err(Error::new(Kind::BodyLength, message))
            }
        }
    }

    fn read_source(&mut self, buffer: &mut [u8], limits: &CallLimits) -> Result<usize, Error> {
        match &mut self.source {
            StreamSource::Descriptor {
                fd,
                start: Some(start),
            } => descriptor::read_at(*fd, buffer, *start + self.position),
            StreamSource::Descriptor { fd, start: None } => descriptor::read(*fd, buffer, limits),
            StreamSource::Callback(source) => {
                // A callback that fills less than it reports sends no earlier data.
                buffer.fill(0);
                source.read(buffer)
            }
        }
    }

    /// Goes to an offset, back to the beginning first if it has passed it.
    fn seek(&mut self, offset: u64, limits: &CallLimits) -> Result<(), Error> {
        if offset < self.position {
            self.rewind()?;
        }
        let mut skipped = Vec::new();
        while self.position < offset {
            if skipped.is_empty() {
                skipped = buffer()?;
            }
            let left = usize::try_from(offset - self.position).unwrap_or(usize::MAX);
            let part = left.min(skipped.len());
            if self.read(&mut skipped[..part], limits)? == 0 {
                return Err(Error::new(
                    Kind::SourceChanged,
                    "content is shorter when it is read again",
                ));
            }
        }
        Ok(())
    }

    /// The digest of all, if all was read.
    pub(super) fn digest(&self) -> Option<String> {
        let is_whole = self.total == Some(self.hashed);
        is_whole.then(|| self.digester.clone().finish())
    }

    pub(super) fn size(&self) -> Option<u64> {
        self.total.or(self.length)
    }
}

/// A stream of which one chunk is in memory.
pub(super) struct StreamContent {
    stream: Arc<Mutex<Stream>>,
    chunk: Arc<Vec<u8>>,
    /// The offset of the chunk.
    start: u64,
    /// The limits of the call that pushes it.
    limits: CallLimits,
}

impl StreamContent {
    pub(super) fn new(stream: Stream, limits: &CallLimits) -> StreamContent {
        StreamContent {
            stream: Arc::new(Mutex::new(stream)),
            chunk: Arc::default(),
            start: 0,
            limits: limits.clone(),
        }
    }

    fn end(&self) -> u64 {
        self.start + self.chunk.len() as u64
    }
}

fn lock(stream: &Mutex<Stream>) -> MutexGuard<'_, Stream> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Content for StreamContent {
    fn size(&self) -> Option<u64> {
        lock(&self.stream).size()
    }

    fn first(&self) -> u64 {
        match lock(&self.stream).can_rewind() {
            true => 0,
            false => self.start,
        }
    }

    fn is_repeatable(&self) -> bool {
        lock(&self.stream).can_rewind()
    }

    fn prepare(&mut self, offset: u64, max: u64, limits: &CallLimits) -> Result<u64, Error> {
        let (start, end) = (self.start, self.end());
        let chunk = Arc::make_mut(&mut self.chunk);
        if (start..=end).contains(&offset) {
            chunk.drain(..usize::try_from(offset - start).unwrap_or(chunk.len()));
        } else {
            chunk.clear();
        }
        self.start = offset;
        let mut stream = lock(&self.stream);
        stream.seek(offset + chunk.len() as u64, limits)?;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        while chunk.len() < max {
            let filled = chunk.len();
            let more = (max - filled).min(filled.max(BUFFER_SIZE));
            chunk
                .try_reserve_exact(more)
                .map_err(|_| Error::no_memory("chunk of an upload"))?;
            chunk.resize(filled + more, 0);
            let read = stream.read(&mut chunk[filled..], limits);
            chunk.truncate(filled + read.as_ref().unwrap_or(&0));
            if read? == 0 {
                break;
            }
        }
        Ok(chunk.len().min(max) as u64)
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        if offset >= self.start && offset + length <= self.end() {
            return set_part(
                request,
                Arc::clone(&self.chunk) as _,
                offset - self.start,
                length,
            );
        }
        let body = StreamBody {
            stream: Arc::clone(&self.stream),
            chunk: Arc::clone(&self.chunk),
            chunk_start: self.start,
            first: offset,
            at: offset,
            end: offset + length,
            limits: self.limits.clone(),
        };
        request.set_body_source(Box::new(body), Some(length));
        Ok(())
    }

    fn digest(&mut self) -> Option<String> {
        lock(&self.stream).digest()
    }

    fn hash(&mut self, limits: &CallLimits, algorithm: Algorithm) -> Result<Option<String>, Error> {
        let mut stream = lock(&self.stream);
        if stream.can_rewind() {
            if stream.position > 0 {
                stream.rewind()?;
            }
            stream.hashed = 0;
            stream.digester = Digester::new(algorithm);
            let mut buffer = buffer()?;
            while stream.read(&mut buffer, limits)? > 0 {}
        }
        Ok(stream.digest())
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }
}

/// The rest of a stream as the body of a request, which is read only once if it
/// cannot be rewound.
struct StreamBody {
    stream: Arc<Mutex<Stream>>,
    /// The part of it that is in memory.
    chunk: Arc<Vec<u8>>,
    chunk_start: u64,
    first: u64,
    at: u64,
    end: u64,
    limits: CallLimits,
}

impl ReadSource for StreamBody {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let max = left.min(buffer.len());
        let in_chunk = self.at.checked_sub(self.chunk_start);
        let kept = in_chunk
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| self.chunk.get(at..))
            .unwrap_or_default();
        let count = if !kept.is_empty() {
            let count = kept.len().min(max);
            buffer[..count].copy_from_slice(&kept[..count]);
            count
        } else {
            let mut stream = lock(&self.stream);
            stream.seek(self.at, &self.limits)?;
            match max {
                // A callback must not have more.
                0 => stream.read(buffer, &self.limits)?,
                max => stream.read(&mut buffer[..max], &self.limits)?,
            }
        };
        self.at += count as u64;
        Ok(count)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.at = self.first;
        Ok(())
    }

    fn can_rewind(&self) -> bool {
        lock(&self.stream).can_rewind()
    }
}

/// A stream that cannot be read again, and a file with what was read of it.
pub(super) struct SpooledContent {
    stream: Stream,
    file: File,
    stored: u64,
}

impl SpooledContent {
    pub(super) fn new(stream: Stream, file: File) -> SpooledContent {
        SpooledContent {
            stream,
            file,
            stored: 0,
        }
    }
}

impl Content for SpooledContent {
    fn size(&self) -> Option<u64> {
        self.stream.size()
    }

    fn first(&self) -> u64 {
        0
    }

    fn is_repeatable(&self) -> bool {
        false
    }

    fn prepare(&mut self, offset: u64, max: u64, limits: &CallLimits) -> Result<u64, Error> {
        let end = offset.saturating_add(max);
        let mut piece = Vec::new();
        while self.stored < end && !self.stream.ended {
            if piece.is_empty() {
                piece = buffer()?;
            }
            let count = self.stream.read(&mut piece, limits)?;
            self.file
                .write_all_at(&piece[..count], self.stored)
                .map_err(|error| Error::io(Kind::File, "state directory", &error))?;
            self.stored += count as u64;
        }
        Ok(self.stored.saturating_sub(offset).min(max))
    }

    fn set_body(&mut self, request: &mut Request, offset: u64, length: u64) -> Result<(), Error> {
        if length == 0 {
            request.set_body(Vec::new());
            return Ok(());
        }
        request.set_body_descriptor_section(self.file.as_raw_fd(), offset, Some(length))
    }

    fn store_all(&mut self, limits: &CallLimits) -> Result<(), Error> {
        self.prepare(0, u64::MAX, limits).map(|_| ())
    }

    fn digest(&mut self) -> Option<String> {
        self.stream.digest()
    }

    fn hash(&mut self, _: &CallLimits, _: Algorithm) -> Result<Option<String>, Error> {
        Ok(self.stream.digest())
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        Ok(())
    }
}
