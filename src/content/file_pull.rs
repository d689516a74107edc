//! Pulling blobs to files.

use std::path::Path;
use std::sync::Arc;

use rustix::fs::Stat;

use super::blob_pull::{once_more, receive, transfer};
use super::descriptor::Descriptor;
use super::file_check::is_in_place;
use super::operation::Operation;
use super::options::{Existing, Options};
use super::partial_file::{self, Opened, PartialFile};
use super::repository::Repository;
use crate::body::file_sink::FileSink;
use crate::body::final_path::FinalPath;
use crate::error::{Error, Kind};

/// Pulls a blob to a file, which appears once it is verified.
pub fn to_path(
    repository: &Repository,
    blob: &Descriptor,
    path: &Path,
    options: &Options,
) -> Result<(), Error> {
    let operation = Operation::new(repository, options);
    operation.finish(to_path_in(&operation, blob, path))
}

/// Pulls a blob to a file within a call.
pub(super) fn to_path_in(
    operation: &Operation,
    blob: &Descriptor,
    path: &Path,
) -> Result<(), Error> {
    transfer(operation, blob, || {
        let place = Arc::new(FinalPath::open(path)?);
        pull(operation, blob, &place)
    })
}

/// Pulls a blob to a file within a call.
pub(super) fn pull(
    operation: &Operation,
    blob: &Descriptor,
    place: &Arc<FinalPath>,
) -> Result<(), Error> {
    let mut how = operation.options.existing;
    loop {
        let before = place.existing()?;
        if is_in_place(operation, place, blob.digest(), blob.size(), how)? {
            if let Some(found) = place.existing()? {
                operation
                    .progress
                    .set_total(u64::try_from(found.st_size).unwrap_or(0));
            }
            return operation.progress.skip();
        }
        if !operation.options.resume || blob.data().is_some() {
            return to_new_file(operation, blob, place);
        }
        let name = partial_file::name_of(place.name(), blob.digest());
        let opened = PartialFile::open(operation, place, name)?;
        if is_changed(before.as_ref(), place.existing()?.as_ref()) {
            // Another call has finished meanwhile: its result is used.
            how = Existing::Check;
            continue;
        }
        match opened {
            Opened::Locked(mut partial) => return to_partial_file(operation, blob, &mut partial),
            Opened::Gone => {}
            Opened::Unusable => return to_new_file(operation, blob, place),
        }
    }
}

/// Whether the file of a path has become another one.
fn is_changed(before: Option<&Stat>, after: Option<&Stat>) -> bool {
    let identity = |about: &Stat| {
        let modified = (about.st_mtime, about.st_mtime_nsec);
        (about.st_dev, about.st_ino, about.st_size, modified)
    };
    after.is_some() && before.map(identity) != after.map(identity)
}

/// Keeps nothing after a failure.
fn to_new_file(
    operation: &Operation,
    blob: &Descriptor,
    place: &Arc<FinalPath>,
) -> Result<(), Error> {
    once_more(operation, |_| {
        let sink = FileSink::at(Arc::clone(place))?
            .synced(operation.options.sync)
            .expecting(blob.size());
        receive(operation, blob, sink, None)
    })
}

/// Continues a partial file, which gets its final name.
pub(super) fn to_partial_file(
    operation: &Operation,
    blob: &Descriptor,
    partial: &mut PartialFile,
) -> Result<(), Error> {
    let pulled = once_more(operation, |is_second| {
        if is_second {
            partial.restart()?;
        }
        let prefix = partial.prefix(operation, blob.digest(), blob.size())?;
        receive(operation, blob, &mut *partial, Some(prefix))
    });
    match pulled.as_ref().map_err(Error::kind) {
        Err(Kind::DigestMismatch) => partial.remove(),
        // A server that contradicts itself is not trusted.
        Err(Kind::SizeMismatch) => partial.undo()?,
        _ => {}
    }
    pulled
}
