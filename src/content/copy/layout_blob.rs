//! Blobs of layouts: as the destination of a copy, and as its source.

use std::sync::Arc;

use crate::body::digest::Digest;
use crate::body::sink::Sink;
use crate::content::layout::blob_file;
use crate::content::layout::folder::Layout;
use crate::content::layout::new_blob::NewBlob;
use crate::content::push_content::{self, Content};
use crate::error::Error;

/// A blob that is written to a layout.
pub(super) struct LayoutSink {
    blob: NewBlob,
    digest: Digest,
}

impl LayoutSink {
    pub(super) fn new(
        layout: &Arc<Layout>,
        digest: &Digest,
        is_synced: bool,
    ) -> Result<LayoutSink, Error> {
        Ok(LayoutSink {
            blob: NewBlob::create(layout, is_synced)?,
            digest: digest.clone(),
        })
    }
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

/// The file of a blob as what a push sends. The registry compares the digest.
pub(super) fn content(
    layout: &Layout,
    digest: &Digest,
    size: Option<u64>,
) -> Result<Box<dyn Content>, Error> {
    let (file, _) = blob_file::open_expected(layout, digest, size)?;
    push_content::of_file(file, format!("{}: blob", layout.shown()))
}
