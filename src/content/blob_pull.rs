//! Pulling blobs: to memory, to file descriptors, to callbacks.

use std::os::fd::RawFd;

use super::blob_source::BlobSource;
use super::descriptor::Descriptor;
use super::download::check_max;
use super::local_file::LocalFile;
use super::operation::Operation;
use super::options::Options;
use super::progress::Phase;
use super::repository::Repository;
use super::title;
use crate::body::digest::Digester;
use crate::body::output::{Output, WriteSink};
use crate::body::sink::{MemoryLimit, MemorySink, Sink};
use crate::body::verify::VerifyingSink;
use crate::error::{Error, Kind, Step};

/// Pulls a blob into memory, if it has at most `max` bytes. The result starts
/// with `head` bytes for the caller.
pub fn to_memory(
    repository: &Repository,
    blob: &Descriptor,
    head: usize,
    max: usize,
    options: &Options,
) -> Result<Vec<u8>, Error> {
    let operation = Operation::new(repository, options);
    let pulled = transfer(&operation, blob, || {
        let mut bytes = Vec::new();
        once_more(&operation, |_| {
            bytes.clear();
            bytes.resize(head, 0);
            let limit = MemoryLimit {
                bytes: max,
                set_by: "the argument max",
            };
            let sink = MemorySink::new(&mut bytes, blob.size(), limit)?;
            receive(&operation, blob, sink, None)
        })?;
        Ok(bytes)
    });
    operation.finish(pulled)
}

/// Pulls a blob to a file descriptor of the caller.
pub fn to_descriptor(
    repository: &Repository,
    blob: &Descriptor,
    fd: RawFd,
    options: &Options,
) -> Result<(), Error> {
    to_output(repository, blob, Output::Descriptor(fd), options)
}

/// Pulls a blob to a callback of the caller.
pub fn to_callback(
    repository: &Repository,
    blob: &Descriptor,
    callback: Box<dyn WriteSink>,
    options: &Options,
) -> Result<(), Error> {
    to_output(repository, blob, Output::Callback(callback), options)
}

fn to_output(
    repository: &Repository,
    blob: &Descriptor,
    output: Output,
    options: &Options,
) -> Result<(), Error> {
    let operation = Operation::new(repository, options);
    operation.finish(to_output_in(&operation, blob, output))
}

/// Pulls a blob to an output within a call.
pub(super) fn to_output_in(
    operation: &Operation,
    blob: &Descriptor,
    mut output: Output,
) -> Result<(), Error> {
    transfer(operation, blob, || {
        match output.sink(&operation.call.limits)? {
            Some(sink) => receive(operation, blob, sink, None).map_err(|failed| failed.error),
            None => Ok(()),
        }
    })
}

/// Begins the pull of a blob, and completes its error.
pub(super) fn transfer<T>(
    operation: &Operation,
    blob: &Descriptor,
    body: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    begin(operation, blob, shown_name(blob))
        .and_then(|()| body())
        .map_err(|error| named(error, blob))
}

/// Adds the digest of the blob to an error, and the step of verification.
pub(super) fn named(error: Error, blob: &Descriptor) -> Error {
    let error = match error.kind() {
        Kind::DigestMismatch | Kind::SizeMismatch => error.at(Step::Verify),
        Kind::NotFound if !error.message().contains(blob.digest().as_str()) => {
            error.with_more(&format!(" (blob {})", blob.digest().as_str()))
        }
        _ => error,
    };
    error.with_digest(blob.digest().as_str())
}

/// The name of a blob for display.
pub(super) fn shown_name(blob: &Descriptor) -> &str {
    title::of(blob).unwrap_or(blob.digest().short())
}

pub(super) fn begin(operation: &Operation, blob: &Descriptor, name: &str) -> Result<(), Error> {
    operation
        .progress
        .begin(Phase::Pull, Some(blob), name, blob.size())?;
    check_max(blob.size(), operation.options.max_blob)
}

/// Reports content that the call does not include.
pub(super) fn leave_out(
    operation: &Operation,
    phase: Phase,
    item: &Descriptor,
) -> Result<(), Error> {
    let progress = operation.progress.another();
    progress.begin(phase, Some(item), shown_name(item), item.size())?;
    progress.skip()
}

/// A failure to receive a blob.
pub(super) struct Failed {
    pub(super) error: Error,
    /// The content comes from several responses, one of which may be wrong.
    is_resumed: bool,
}

impl From<Error> for Failed {
    fn from(error: Error) -> Failed {
        Failed {
            error,
            is_resumed: false,
        }
    }
}

/// Makes an attempt, and another one from the start if the first was assembled
/// from parts that do not match.
pub(super) fn once_more(
    operation: &Operation,
    mut attempt: impl FnMut(bool) -> Result<(), Failed>,
) -> Result<(), Error> {
    match attempt(false) {
        Err(failed) if failed.is_resumed && failed.error.kind() == Kind::DigestMismatch => {
            operation.progress.restart()?;
            attempt(true).map_err(|failed| failed.error)
        }
        other => other.map_err(|failed| failed.error),
    }
}

/// The beginning of a blob that a sink has already.
pub(super) struct Prefix {
    pub(super) digester: Digester,
    pub(super) size: u64,
}

/// Receives a blob, or the rest of it, and commits the sink once the content is
/// verified.
pub(super) fn receive(
    operation: &Operation,
    blob: &Descriptor,
    sink: impl Sink,
    prefix: Option<Prefix>,
) -> Result<(), Failed> {
    let prefix = prefix.unwrap_or_else(|| Prefix {
        digester: Digester::new(blob.digest().algorithm()),
        size: 0,
    });
    let max = operation.options.max_blob;
    let mut source = match &operation.local {
        Some((file, size)) => BlobSource::File(LocalFile::new(file, *size, prefix.size)),
        None => BlobSource::new(operation.repository, blob, blob.size(), max, prefix.size),
    };
    if operation.options.foreign {
        source.follow_urls(blob.urls());
    }
    receive_in(operation, blob, sink, prefix, &mut source).map_err(|error| Failed {
        error: source.explained(error),
        is_resumed: source.is_resumed(),
    })
}

fn receive_in(
    operation: &Operation,
    blob: &Descriptor,
    sink: impl Sink,
    prefix: Prefix,
    source: &mut BlobSource,
) -> Result<(), Error> {
    operation.progress.set_phase(Phase::Pull);
    source.find_size(operation)?;
    if let Some(size) = source.size() {
        operation.progress.set_total(size);
    }
    let digest = blob.digest().clone();
    let mut sink =
        VerifyingSink::resuming(sink, digest, source.size(), prefix.digester, prefix.size)?;
    source.deliver(operation, &mut |piece| sink.write(piece))?;
    sink.commit()?;
    operation.progress.end()
}
