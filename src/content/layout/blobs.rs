//! The blobs of a layout.

use std::io;
use std::sync::Arc;

use super::blob_file;
use super::folder::{Layout, path_of};
use super::new_blob::{NewBlob, is_there};
use crate::body::buffer;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::media_type;
use crate::content::operation::Operation;
use crate::content::progress::Phase;
use crate::content::push_source::Source;
use crate::error::{Error, Kind};

/// How much is written at a time.
const PIECE: usize = 256 * 1024;

/// The size of a blob. An error if it does not exist.
pub(in crate::content) fn size(layout: &Layout, digest: &Digest) -> Result<u64, Error> {
    blob_file::open(layout, digest).map(|(_, size)| size)
}

/// Deletes a blob.
pub(in crate::content) fn delete(layout: &Layout, digest: &Digest) -> Result<(), Error> {
    let path = path_of(digest);
    match layout.directory().remove(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(layout.missing(&format!("blob {}", digest.as_str())))
        }
        removed => removed.map_err(|error| layout.failed(&path, &error)),
    }
}

/// Pushes a blob: reads the source once, and writes and verifies what it has.
pub(in crate::content) fn push(
    operation: &Operation,
    layout: &Arc<Layout>,
    source: Source,
    digest: Option<Digest>,
) -> Result<Descriptor, Error> {
    let progress = &operation.progress;
    let name = source.name(digest.as_ref());
    let algorithm = digest
        .as_ref()
        .map_or(operation.options.algorithm, Digest::algorithm);
    let mut source = source.stream(algorithm)?;
    progress.begin(Phase::Push, None, &name, source.size)?;
    if let (Some(digest), Some(size)) = (&digest, source.size)
        && is_there(layout, digest, Some(size))
    {
        let found = described(digest.clone(), size);
        progress.set_item(&found);
        progress.skip()?;
        return Ok(found);
    }
    let mut blob = NewBlob::create(layout, operation.options.sync, source.size)?;
    let mut buffer = buffer::zeroed(PIECE, "buffer of a push")?;
    loop {
        let count = source.stream.read(&mut buffer, &operation.call.limits)?;
        if count == 0 {
            break;
        }
        blob.write(&buffer[..count])?;
        progress.moved(count as u64);
    }
    let found = Digest::parse(&source.stream.digest().unwrap_or_default())?;
    if let Some(expected) = digest.filter(|expected| *expected != found) {
        let (found, expected) = (found.as_str(), expected.as_str());
        let message = format!("source: digest {found}, expected {expected}");
        return Err(Error::new(Kind::SourceChanged, message));
    }
    let descriptor = described(found, blob.written());
    progress.set_item(&descriptor);
    progress.set_phase(Phase::Commit);
    blob.commit(descriptor.digest())?;
    progress.end()?;
    Ok(descriptor)
}

pub(super) fn described(digest: Digest, size: u64) -> Descriptor {
    Descriptor::of(digest, Some(size), media_type::OCTETS.to_owned())
}
