//! Blobs that are read piece by piece, or at any offset.

use std::sync::Arc;

use super::blob_pull::{begin, named};
use super::blob_stat;
use super::descriptor::Descriptor;
use super::download::{Download, check_max};
use super::options::Options;
use super::progress::{Phase, Progress};
use super::range_fetch::{self, Part};
use super::repository::Repository;
use super::task::Task;
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
        if let Some(data) = self.descriptor.data() {
            let from = usize::try_from(offset).unwrap_or(data.len());
            let rest = data.get(from..).unwrap_or_default();
            let count = rest.len().min(buffer.len());
            buffer[..count].copy_from_slice(&rest[..count]);
            return Ok(count);
        }
        let part = Part {
            digest: self.descriptor.digest(),
            size: self.size,
            offset,
            on_range: &|| {},
        };
        let task = Task::new(&self.repository, options.unwrap_or(&self.options));
        let read = range_fetch::fetch(&task.requests(), &part, buffer);
        task.finish(read.map_err(|error| named(error, &self.descriptor)))
    }

    /// Reads the blob from its beginning.
    pub fn reader(&self) -> Reader {
        let digest = self.descriptor.digest();
        Reader {
            download: Download::new(digest, self.size, self.options.max_blob, 0),
            verified: None,
            end: None,
            progress: Progress::new(self.options.progress.as_ref()),
        }
    }
}

/// Where a blob is read from its beginning.
pub struct Reader {
    download: Download,
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
        let task = Task::with_progress(&blob.repository, &blob.options, self.progress.clone());
        self.download.set_limits(&task.call.limits);
        loop {
            if let Err(error) = self.receive(&task, blob) {
                let error = self.download.explained(error);
                let failed = task.finish(Err(named(error, &blob.descriptor)));
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
    fn receive(&mut self, task: &Task, blob: &Blob) -> Result<(), Error> {
        let requests = task.requests();
        let verified = match &mut self.verified {
            Some(verified) => verified,
            None => {
                begin(task, &blob.descriptor)?;
                if blob.descriptor.data().is_none() {
                    self.download.find_size(&requests)?;
                }
                let size = self.download.size();
                self.verified.insert(Verified::new(&blob.descriptor, size)?)
            }
        };
        if let Some(data) = blob.descriptor.data() {
            verified.sink.write(data)?;
        } else {
            task.progress.set_phase(Phase::Pull);
            let count = self
                .download
                .read(&requests, &task.progress, &mut verified.buffer)?;
            if count > 0 {
                task.progress.poll()?;
                return verified.sink.write(&verified.buffer[..count]);
            }
        }
        verified.sink.commit()?;
        task.progress.end()?;
        self.end = Some(task.finish(Ok(())));
        Ok(())
    }
}
