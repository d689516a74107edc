//! Where the bytes of a blob come from: its descriptor, a registry, a layout or a file.

use std::sync::Arc;

use super::descriptor::Descriptor;
use super::download::Download;
use super::layout::blob_file::BlobFile;
use super::local_file::LocalFile;
use super::operation::Operation;
use super::range_fetch::{self, Part};
use super::ranges;
use super::repository::{Place, Repository};
use super::task::Task;
use crate::body::buffer;
use crate::error::Error;
use crate::os::deadline::CallLimits;

/// How much of a file is read at a time.
const PIECE: usize = 256 * 1024;

/// A blob that is read from its beginning, or from an offset.
pub(super) enum BlobSource {
    /// The content that a descriptor has, and how much of it was read.
    Embedded(Vec<u8>, usize),
    Registry(Box<Download>),
    Layout(BlobFile),
    File(LocalFile),
}

impl BlobSource {
    /// The source of a blob of which the first `offset` bytes are there. `size`
    /// is known, `max` is allowed.
    pub(super) fn new(
        repository: &Repository,
        blob: &Descriptor,
        size: Option<u64>,
        max: Option<u64>,
        offset: u64,
    ) -> BlobSource {
        let digest = blob.digest();
        if let Some(data) = blob.data().filter(|_| offset == 0) {
            return BlobSource::Embedded(data.to_owned(), 0);
        }
        match repository.place() {
            Place::Registry(_) => {
                BlobSource::Registry(Box::new(Download::new(digest, size, max, offset)))
            }
            Place::Layout(layout) => {
                let layout = Arc::clone(layout);
                BlobSource::Layout(BlobFile::new(layout, digest, size, max, offset))
            }
        }
    }

    /// The size, once it is known.
    pub(super) fn size(&self) -> Option<u64> {
        match self {
            BlobSource::Embedded(data, _) => Some(data.len() as u64),
            BlobSource::Registry(download) => download.size(),
            BlobSource::Layout(file) => file.size(),
            BlobSource::File(file) => Some(file.size()),
        }
    }

    /// Whether the content comes from several responses or calls.
    pub(super) fn is_resumed(&self) -> bool {
        match self {
            BlobSource::Embedded(..) => false,
            BlobSource::Registry(download) => download.is_resumed(),
            BlobSource::Layout(file) => file.is_resumed(),
            BlobSource::File(file) => file.is_resumed(),
        }
    }

    /// Adds to the error of content that does not match where it came from.
    pub(super) fn explained(&self, error: Error) -> Error {
        match self {
            BlobSource::Registry(download) => download.explained(error),
            BlobSource::Layout(file) => file.explained(error),
            BlobSource::Embedded(..) | BlobSource::File(_) => error,
        }
    }

    /// Another call continues to read it.
    pub(super) fn set_limits(&mut self, limits: &CallLimits) {
        if let BlobSource::Registry(download) = self {
            download.set_limits(limits);
        }
    }

    /// Follows the URLs of a blob if the registry does not have it.
    pub(super) fn follow_urls(&mut self, urls: &[String]) {
        if let BlobSource::Registry(download) = self {
            download.follow_urls(urls);
        }
    }

    /// Finds out the size, as far as that is possible before reading.
    pub(super) fn find_size(&mut self, operation: &Operation) -> Result<(), Error> {
        match self {
            BlobSource::Embedded(..) => Ok(()),
            BlobSource::Registry(download) => download.find_size(&Task::of(operation)?.requests()),
            BlobSource::Layout(file) => file.open(),
            BlobSource::File(_) => Ok(()),
        }
    }

    /// Passes the rest of the content to `sink`, piece by piece.
    pub(super) fn deliver(
        &mut self,
        operation: &Operation,
        sink: &mut dyn FnMut(&[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        match self {
            BlobSource::Embedded(data, done) => {
                let rest = &data[*done..];
                *done = data.len();
                sink(rest)?;
                operation.progress.moved(rest.len() as u64);
                Ok(())
            }
            BlobSource::Registry(download) => {
                let task = Task::of(operation)?;
                if !download.may_leave() {
                    ranges::deliver(&task, download, sink)?;
                }
                download.deliver(&task.requests(), &operation.progress, sink)
            }
            BlobSource::Layout(_) | BlobSource::File(_) => {
                let mut buffer = buffer::zeroed(PIECE, "buffer for a blob")?;
                loop {
                    match self.read(operation, &mut buffer)? {
                        0 => return Ok(()),
                        count => sink(&buffer[..count])?,
                    }
                }
            }
        }
    }

    /// Reads the next bytes; 0 = the end.
    pub(super) fn read(
        &mut self,
        operation: &Operation,
        buffer: &mut [u8],
    ) -> Result<usize, Error> {
        match self {
            BlobSource::Embedded(data, done) => {
                let count = copy(&data[*done..], buffer);
                *done += count;
                operation.progress.moved(count as u64);
                Ok(count)
            }
            BlobSource::Registry(download) => {
                let requests = Task::of(operation)?.requests();
                download.read(&requests, &operation.progress, buffer)
            }
            BlobSource::Layout(file) => file.read(operation, buffer),
            BlobSource::File(file) => file.read(operation, buffer),
        }
    }
}

/// Reads part of a blob. Returns less than the size of the buffer only at the end
/// of the blob.
pub(super) fn read_at(
    operation: &Operation,
    blob: &Descriptor,
    size: Option<u64>,
    buffer: &mut [u8],
    offset: u64,
) -> Result<usize, Error> {
    if let Some(data) = blob.data() {
        let from = usize::try_from(offset).unwrap_or(data.len());
        return Ok(copy(data.get(from..).unwrap_or_default(), buffer));
    }
    match operation.place() {
        Place::Registry(registry) => {
            let part = Part {
                digest: blob.digest(),
                size,
                offset,
                on_range: &|| {},
            };
            let requests = Task::new(operation, registry).requests();
            range_fetch::fetch(&requests, &part, buffer)
        }
        Place::Layout(layout) => {
            let layout = Arc::clone(layout);
            BlobFile::new(layout, blob.digest(), size, None, offset).fill(operation, buffer)
        }
    }
}

/// Copies as much as the buffer has room for.
fn copy(from: &[u8], buffer: &mut [u8]) -> usize {
    let count = from.len().min(buffer.len());
    buffer[..count].copy_from_slice(&from[..count]);
    count
}
