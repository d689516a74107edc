//! Blobs of layouts: as the destination of a copy, and as its source.

use std::sync::Arc;

use crate::body::digest::Digest;
use crate::body::sink::Sink;
use crate::content::blob_pull::{once_more, receive};
use crate::content::descriptor::Descriptor;
use crate::content::file_pull::to_partial_file;
use crate::content::layout::folder::Layout;
use crate::content::layout::new_blob::{self, NewBlob};
use crate::content::layout::{blob_file, partial_blob};
use crate::content::operation::Operation;
use crate::content::partial_file::{Opened, PartialFile};
use crate::content::push_content::{self, Content};
use crate::error::Error;

/// Receives a blob from the repository of the operation, unless the layout has it. What
/// an earlier call has left of it is used.
pub(super) fn receive_to(
    operation: &Operation,
    layout: &Arc<Layout>,
    blob: &Descriptor,
) -> Result<(), Error> {
    let (digest, options) = (blob.digest(), operation.options);
    let is_there = || new_blob::is_there(layout, digest, blob.size());
    loop {
        if is_there() {
            return operation.progress.skip();
        }
        if !options.resume || blob.data().is_some() {
            return to_new_blob(operation, layout, blob);
        }
        let (place, name) = partial_blob::place(layout, digest)?;
        match PartialFile::open(operation, &place, name)? {
            // Another call has finished meanwhile.
            Opened::Locked(mut partial) if is_there() => partial.remove(),
            Opened::Locked(mut partial) => {
                return to_partial_file(operation, blob, &mut partial);
            }
            Opened::Gone => {}
            Opened::Unusable => return to_new_blob(operation, layout, blob),
        }
    }
}

/// Keeps nothing after a failure.
fn to_new_blob(
    operation: &Operation,
    layout: &Arc<Layout>,
    blob: &Descriptor,
) -> Result<(), Error> {
    once_more(operation, |_| {
        let sink = LayoutSink {
            blob: NewBlob::create(layout, operation.options.sync, blob.size())?,
            digest: blob.digest().clone(),
        };
        receive(operation, blob, sink, None)
    })
}

/// A blob that is written to a layout.
struct LayoutSink {
    blob: NewBlob,
    digest: Digest,
}

impl Sink for LayoutSink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.blob.write(piece)
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.blob.commit(&self.digest)
    }

    fn is_atomic(&self) -> bool {
        true
    }
}

/// The file of a blob as the content of a push. The registry verifies the digest.
pub(super) fn content(layout: &Layout, blob: &Descriptor) -> Result<Box<dyn Content>, Error> {
    let (file, _) = blob_file::open_expected(layout, blob.digest(), blob.size())?;
    push_content::of_file(file, format!("{}: blob", layout.shown()))
}
