//! The empty blob, `{}` (OCI Image Specification, Guidance for an Empty
//! Descriptor).

use std::sync::Arc;

use super::manifest::Manifest;
use super::push_content::MemoryContent;
use super::task::Task;
use super::upload_sender::{Mode, Sender};
use super::upload_session::exists;
use crate::body::digest::{Digest, of_bytes};
use crate::error::Error;

/// Its SHA-256 digest.
pub(super) const DIGEST: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

pub(super) const CONTENT: &[u8] = b"{}";

/// Pushes the empty blob if a manifest refers to it and it is missing.
pub(super) fn push_for(task: &Task, manifest: &Manifest) -> Result<(), Error> {
    match digest_in(manifest) {
        Some(digest) => push(task, digest).map_err(|error| error.with_digest(digest.as_str())),
        None => Ok(()),
    }
}

/// The digest of the empty blob, if a manifest refers to it.
pub(super) fn digest_in(manifest: &Manifest) -> Option<&Digest> {
    let blobs = manifest.config().into_iter().chain(manifest.layers());
    blobs.map(|blob| blob.digest()).find(|digest| {
        let content = of_bytes(digest.algorithm(), CONTENT);
        content == digest.as_str()
    })
}

fn push(task: &Task, digest: &Digest) -> Result<(), Error> {
    if exists(task, digest)? {
        return Ok(());
    }
    let mut content = MemoryContent::new(Arc::new(CONTENT.to_vec()));
    let mut sender = Sender::new(None, Mode::Whole, digest.algorithm());
    sender.run(task, &mut content, Some(digest)).map(|_| ())
}
