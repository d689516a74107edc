//! The empty blob, `{}` (OCI Image Specification, Guidance for an Empty
//! Descriptor).

use super::manifest::Manifest;
use super::media_type;
use super::recent_uploads;
use super::task::Task;
use crate::body::digest::{Digest, of_bytes};
use crate::error::{Error, Kind};

/// Its SHA-256 digest.
pub(super) const DIGEST: &str =
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

const CONTENT: &[u8] = b"{}";

/// Pushes the empty blob if a manifest refers to it and it is missing.
pub(super) fn push_for(task: &Task, manifest: &Manifest) -> Result<(), Error> {
    let blobs = manifest.config().into_iter().chain(manifest.layers());
    let empty = blobs.map(|blob| blob.digest()).find(|digest| {
        let content = of_bytes(digest.algorithm(), CONTENT);
        content == digest.as_str()
    });
    match empty {
        Some(digest) => push(task, digest).map_err(|error| error.with_digest(digest.as_str())),
        None => Ok(()),
    }
}

fn push(task: &Task, digest: &Digest) -> Result<(), Error> {
    let mut head = task.request("HEAD", "/v2/<name>/blobs/<digest>")?;
    head.set_digest(digest.as_str())?;
    if task.send(&mut head)?.status() == 200 {
        return Ok(());
    }
    // With a slash at the end, which some registries require.
    let mut begin = task.request("POST", "/v2/<name>/blobs/uploads/")?;
    begin.set_header("Content-Length", b"0")?;
    let begun = task.send_checked(&mut begin)?;
    let Some(location) = begun.relative_location() else {
        let message = format!("{}: upload without a usable location", begun.host());
        return Err(Error::new(Kind::Unsupported, message).with_host(begun.host()));
    };
    let mut put = task.request("PUT", location)?;
    put.set_query("digest", digest.as_str())?;
    put.set_header("Content-Type", media_type::OCTETS.as_bytes())?;
    put.set_body(CONTENT.to_vec());
    task.send_checked(&mut put)?;
    recent_uploads::record(task.repository, digest);
    Ok(())
}
