//! Blobs that are read piece by piece, or at any offset.

use std::sync::Arc;

use super::blob_pull::{begin, named, shown_name};
use super::blob_source::{self, BlobSource};
use super::blob_stat;
use super::descriptor::Descriptor;
use super::download::check_max;
use super::operation::Operation;
use super::options::Options;
use super::progress::{Phase, Progress};
use super::repository::Repository;
use crate::body::buffer;
use crate::body::sink::{QueueSink, Sink};
use crate::body::verify::VerifyingSink;
use crate::error::Error;

/// How much is received at a time.
const PIECE: usize = 64 * 1024;

/// A blob that is open.
pub struct Blob {
    repository: Repository,
    descriptor: Descriptor,
    size: Option<u64>,
    options: Arc<Options>,
}

impl Blob {
    /// Opens a blob; finds out its size if it is unknown.
    pub fn open(
        repository: &Repository,
        descriptor: &Descriptor,
        options: Arc<Options>,
    ) -> Result<Blob, Error> {
        let size = match descriptor.size() {
            Some(size) => Some(size),
            None => blob_stat::stat(repository, descriptor.digest().as_str(), &options)?,
        };
        check_max(size, options.max_blob).map_err(|error| named(error, descriptor))?;
        Ok(Blob {
            repository: repository.clone(),
            descriptor: descriptor.clone(),
            size,
            options,
        })
    }

    /// The size, if it is known.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// Reads at an offset. Returns less than the size of the buffer only at the
    /// end of the blob.
    pub fn read_at(
        &self,
        buffer: &mut [u8],
        offset: u64,
        options: Option<&Options>,
    ) -> Result<usize, Error> {
        let operation = Operation::new(&self.repository, options.unwrap_or(&self.options));
        let read = blob_source::read_at(&operation, &self.descriptor, self.size, buffer, offset);
        operation.finish(read.map_err(|error| named(error, &self.descriptor)))
    }

    /// Reads the blob from its beginning.
    pub fn reader(&self) -> Reader {
        let (descriptor, max) = (&self.descriptor, self.options.max_blob);
        let mut source = BlobSource::new(&self.repository, descriptor, self.size, max, 0);
        if self.options.foreign {
            source.follow_urls(descriptor.urls());
        }
        Reader {
            source,
            verified: None,
            end: None,
            progress: Progress::new(self.options.progress.as_ref()),
        }
    }
}

/// Where a blob is read from its beginning.
pub struct Reader {
    source: BlobSource,
    verified: Option<Verified>,
    /// How the blob ended. After a failure nothing more is returned of it.
    end: Option<Result<(), Error>>,
    progress: Progress,
}

struct Verified {
    sink: VerifyingSink<QueueSink>,
    buffer: Vec<u8>,
}

impl Verified {
    fn new(descriptor: &Descriptor, size: Option<u64>) -> Result<Verified, Error> {
        let buffer = buffer::zeroed(PIECE, "receive buffer")?;
        let digest = descriptor.digest().clone();
        Ok(Verified {
            sink: VerifyingSink::new(QueueSink::default(), digest, size)?,
            buffer,
        })
    }
}

impl Reader {
    /// Reads the next bytes of a blob; 0 = the end.
    pub fn read(&mut self, blob: &Blob, buffer: &mut [u8]) -> Result<usize, Error> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if let Some(read) = self.take(buffer) {
            return read;
        }
        let operation =
            Operation::with_progress(&blob.repository, &blob.options, self.progress.clone());
        self.source.set_limits(&operation.call.limits);
        loop {
            if let Err(error) = self.receive(&operation, blob) {
                let error = self.source.explained(error);
                let failed = operation.finish(Err(named(error, &blob.descriptor)));
                // Not even what was received before is returned.
                self.verified = None;
                self.end = Some(failed);
            }
            if let Some(read) = self.take(buffer) {
                return read;
            }
        }
    }

    /// What is here already; `None` if more must be received.
    fn take(&mut self, buffer: &mut [u8]) -> Option<Result<usize, Error>> {
        let taken = self
            .verified
            .as_mut()
            .map(|verified| verified.sink.sink().take(buffer));
        match taken.unwrap_or(0) {
            0 => self.end.clone().map(|end| end.map(|()| 0)),
            count => Some(Ok(count)),
        }
    }

    /// Receives the next piece, or verifies the content at its end.
    fn receive(&mut self, operation: &Operation, blob: &Blob) -> Result<(), Error> {
        let verified = match &mut self.verified {
            Some(verified) => verified,
            None => {
                begin(operation, &blob.descriptor, shown_name(&blob.descriptor))?;
                self.source.find_size(operation)?;
                let size = self.source.size();
                self.verified.insert(Verified::new(&blob.descriptor, size)?)
            }
        };
        operation.progress.set_phase(Phase::Pull);
        let count = self.source.read(operation, &mut verified.buffer)?;
        if count > 0 {
            operation.progress.poll()?;
            return verified.sink.write(&verified.buffer[..count]);
        }
        verified.sink.commit()?;
        operation.progress.end()?;
        self.end = Some(operation.finish(Ok(())));
        Ok(())
    }
}
