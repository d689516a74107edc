//! Pulling blobs: to memory, to file descriptors, to callbacks.

use std::os::fd::RawFd;

use super::descriptor::Descriptor;
use super::download::{Download, check_max};
use super::options::Options;
use super::progress::Phase;
use super::ranges;
use super::repository::Repository;
use super::task::Task;
use crate::body::digest::Digester;
use crate::body::output::{Output, WriteSink};
use crate::body::sink::{MemoryLimit, MemorySink, Sink};
use crate::body::verify::VerifyingSink;
use crate::error::{Error, Kind, Step};

/// How many digits of the digest of a blob without a title are displayed.
pub(super) const SHOWN_DIGEST: usize = 12;

/// Pulls a blob into memory, if it has at most `max` bytes. The result starts
/// with `head` bytes for the caller.
pub fn to_memory(
    repository: &Repository,
    blob: &Descriptor,
    head: usize,
    max: usize,
    options: &Options,
) -> Result<Vec<u8>, Error> {
    in_call(repository, blob, options, |task| {
        let mut bytes = Vec::new();
        once_more(task, |_| {
            bytes.clear();
            bytes.resize(head, 0);
            let limit = MemoryLimit {
                bytes: max,
                set_by: "the argument max",
            };
            let sink = MemorySink::new(&mut bytes, blob.size(), limit)?;
            receive(task, blob, sink, None)
        })?;
        Ok(bytes)
    })
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
    mut output: Output,
    options: &Options,
) -> Result<(), Error> {
    in_call(repository, blob, options, |task| {
        match output.sink(&task.call.limits)? {
            Some(sink) => receive(task, blob, sink, None).map_err(|failed| failed.error),
            None => Ok(()),
        }
    })
}

/// Makes a call that pulls a blob.
pub(super) fn in_call<T>(
    repository: &Repository,
    blob: &Descriptor,
    options: &Options,
    body: impl FnOnce(&Task) -> Result<T, Error>,
) -> Result<T, Error> {
    let task = Task::new(repository, options);
    let pulled = begin(&task, blob)
        .and_then(|()| body(&task))
        .map_err(|error| named(error, blob));
    task.finish(pulled)
}

/// Adds the digest of the blob to an error, and the step of verification.
pub(super) fn named(error: Error, blob: &Descriptor) -> Error {
    let error = match error.kind() {
        Kind::DigestMismatch | Kind::SizeMismatch => error.at(Step::Verify),
        Kind::NotFound => error.with_more(&format!(" (blob {})", blob.digest().as_str())),
        _ => error,
    };
    error.with_digest(blob.digest().as_str())
}

pub(super) fn begin(task: &Task, blob: &Descriptor) -> Result<(), Error> {
    let title = blob.annotations().get("org.opencontainers.image.title");
    let name = title.unwrap_or(&blob.digest().hex()[..SHOWN_DIGEST]);
    task.progress
        .begin(Phase::Pull, Some(blob), name, blob.size())?;
    check_max(blob.size(), task.options.max_blob)
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
    task: &Task,
    mut attempt: impl FnMut(bool) -> Result<(), Failed>,
) -> Result<(), Error> {
    match attempt(false) {
        Err(failed) if failed.is_resumed && failed.error.kind() == Kind::DigestMismatch => {
            task.progress.restart()?;
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
    task: &Task,
    blob: &Descriptor,
    sink: impl Sink,
    prefix: Option<Prefix>,
) -> Result<(), Failed> {
    let prefix = prefix.unwrap_or_else(|| Prefix {
        digester: Digester::new(blob.digest().algorithm()),
        size: 0,
    });
    let max = task.options.max_blob;
    let mut download = Download::new(blob.digest(), blob.size(), max, prefix.size);
    receive_in(task, blob, sink, prefix, &mut download).map_err(|error| Failed {
        error: download.explained(error),
        is_resumed: download.is_resumed(),
    })
}

fn receive_in(
    task: &Task,
    blob: &Descriptor,
    sink: impl Sink,
    prefix: Prefix,
    download: &mut Download,
) -> Result<(), Error> {
    let requests = task.requests();
    task.progress.set_phase(Phase::Pull);
    if blob.data().is_none() {
        download.find_size(&requests)?;
    }
    if let Some(size) = download.size() {
        task.progress.set_total(size);
    }
    let digest = blob.digest().clone();
    let mut sink =
        VerifyingSink::resuming(sink, digest, download.size(), prefix.digester, prefix.size)?;
    match blob.data() {
        Some(data) => {
            sink.write(data)?;
            task.progress.moved(data.len() as u64);
        }
        None => {
            ranges::deliver(task, download, &mut |piece| sink.write(piece))?;
            download.deliver(&requests, &task.progress, &mut |piece| sink.write(piece))?;
        }
    }
    sink.commit()?;
    task.progress.end()
}
