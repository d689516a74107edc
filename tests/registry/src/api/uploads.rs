//! Blob uploads: sessions, chunks, mounts.

use super::error::{Outcome, Refusal, digest_invalid, refusal, size_invalid, upload_unknown};
use super::{Call, digest};
use crate::digest::Digest;
use crate::http::Body;
use crate::response::Response;
use crate::store::{SharedUpload, Upload};
use std::sync::{MutexGuard, PoisonError};

impl Call<'_> {
    /// POST: mounts a blob, accepts one in a single request, or opens a
    /// session.
    pub(super) fn start_upload(&self, name: &str, body: &mut Body<'_>) -> Outcome {
        if let Some(mount) = self.head.query("mount") {
            let mount = digest(mount)?;
            if self.mount(name, &mount) {
                return Ok(self.created(name, &mount));
            }
        } else if let Some(wanted) = self.head.query("digest")
            && self.shared.options.single_post
        {
            let wanted = digest(wanted)?;
            let mut upload = Upload::new(self.shared.options.keep_max);
            receive(&mut upload, body)?;
            return self.store_blob(name, &mut upload, &wanted);
        }
        let id = self
            .shared
            .store()
            .open_upload(name, self.shared.options.keep_max);
        Ok(self.session(202, name, &id, 0))
    }

    fn mount(&self, name: &str, digest: &Digest) -> bool {
        let Some(from) = self
            .head
            .query("from")
            .filter(|_| self.shared.options.mount)
        else {
            return false;
        };
        let mut store = self.shared.store();
        match store.blob(from, digest) {
            Some(content) => {
                store.put_blob(name, digest.clone(), content);
                true
            }
            None => false,
        }
    }

    /// GET: returns the progress of an upload. Ignores `_state`.
    pub(super) fn upload_state(&self, name: &str, id: &str) -> Outcome {
        let upload = self.upload(name, id)?;
        let size = lock(&upload).len();
        Ok(self.session(204, name, id, size))
    }

    /// PATCH: a chunk with a range, or a stream without one.
    pub(super) fn upload_chunk(&self, name: &str, id: &str, body: &mut Body<'_>) -> Outcome {
        let shared_upload = self.upload(name, id)?;
        if let Some(kind) = self.head.header("content-type")
            && kind != "application/octet-stream"
        {
            return Err(refusal(
                415,
                "UNSUPPORTED",
                "a chunk is application/octet-stream",
                kind,
            )
            .into());
        }
        let options = &self.shared.options;
        if let (Some(max), Some(length)) = (options.chunk_max, body.length)
            && length > max
        {
            return Err(refusal(413, "SIZE_INVALID", "chunk too long", &length.to_string()).into());
        }
        let mut upload = lock(&shared_upload);
        self.check_place(name, id, &upload, body)?;
        let before = upload.len();
        self.receive_chunk(&mut upload, body)?;
        let size = upload.len();
        upload.ended = options.chunk_min.is_some_and(|min| size - before < min);
        Ok(self.session(202, name, id, size))
    }

    /// PUT: completes an upload, optionally with the last bytes.
    pub(super) fn finish_upload(&self, name: &str, id: &str, body: &mut Body<'_>) -> Outcome {
        let shared_upload = self.upload(name, id)?;
        let wanted = digest(self.head.query("digest").unwrap_or_default())?;
        let mut upload = lock(&shared_upload);
        if body.length != Some(0) {
            self.check_place(name, id, &upload, body)?;
        } else {
            self.check_state(name, id, &upload)?;
        }
        self.receive_chunk(&mut upload, body)?;
        // A wrong digest also ends the session.
        self.shared.store().close_upload(id);
        self.store_blob(name, &mut upload, &wanted)
    }

    /// DELETE: cancels the upload.
    pub(super) fn cancel_upload(&self, name: &str, id: &str) -> Outcome {
        self.upload(name, id)?;
        self.shared.store().close_upload(id);
        Ok(Response::new(204))
    }

    fn upload(&self, name: &str, id: &str) -> Result<SharedUpload, Refusal> {
        let upload = self.shared.store().upload(name, id);
        upload.ok_or_else(|| upload_unknown(id).into())
    }

    /// Checks that the request matches the current state of the upload.
    fn check_state(&self, name: &str, id: &str, upload: &Upload) -> Result<(), Refusal> {
        let state = self.head.query("_state").unwrap_or_default();
        let offset = self
            .shared
            .guard
            .open_state(name, id, state)
            .ok_or_else(|| {
                refusal(
                    400,
                    "BLOB_UPLOAD_INVALID",
                    "_state is missing or not ours",
                    state,
                )
            })?;
        if offset != upload.len() {
            return Err(self.out_of_order(name, id, upload));
        }
        Ok(())
    }

    /// Checks that the chunk starts at the end of the upload.
    fn check_place(
        &self,
        name: &str,
        id: &str,
        upload: &Upload,
        body: &Body<'_>,
    ) -> Result<(), Refusal> {
        self.check_state(name, id, upload)?;
        if upload.ended && self.head.method == "PATCH" {
            return Err(size_invalid("a chunk came after one below the least length").into());
        }
        let Some(range) = self.head.header("content-range") else {
            return Ok(());
        };
        let parsed = parse_place(range).ok_or_else(|| size_invalid(range))?;
        let (start, length) = parsed;
        if start != upload.len() {
            return Err(self.out_of_order(name, id, upload));
        }
        if body.length.is_some_and(|told| told != length) {
            return Err(size_invalid(range).into());
        }
        Ok(())
    }

    /// Receives the body. If the connection breaks or the length does not match
    /// the range, what was received is kept, and the client can query the
    /// progress.
    fn receive_chunk(&self, upload: &mut Upload, body: &mut Body<'_>) -> Result<(), Refusal> {
        let before = upload.len();
        receive(upload, body)?;
        let got = upload.len() - before;
        match self.head.header("content-range").and_then(parse_place) {
            Some((_, told)) if told != got => {
                Err(size_invalid("the chunk is not as long as its range").into())
            }
            _ => Ok(()),
        }
    }

    fn out_of_order(&self, name: &str, id: &str, upload: &Upload) -> Refusal {
        let size = upload.len();
        let error = refusal(
            416,
            "RANGE_INVALID",
            "chunk out of order",
            &size.to_string(),
        );
        self.with_session(error, name, id, size).into()
    }

    fn session(&self, status: u16, name: &str, id: &str, size: u64) -> Response {
        self.with_session(Response::new(status), name, id, size)
    }

    /// Adds the location and the progress of the upload.
    fn with_session(&self, response: Response, name: &str, id: &str, size: u64) -> Response {
        let state = self.shared.guard.seal_state(name, id, size);
        let location = self.location(&format!("/v2/{name}/blobs/uploads/{id}?_state={state}"));
        // Registries report an empty upload as `0-0`, like one byte.
        let response = response
            .header("Location", location)
            .header("Range", format!("0-{}", size.saturating_sub(1)))
            .header("Docker-Upload-UUID", id);
        match self.shared.options.chunk_min {
            Some(min) => response.header("OCI-Chunk-Min-Length", min.to_string()),
            None => response,
        }
    }

    fn store_blob(&self, name: &str, upload: &mut Upload, wanted: &Digest) -> Outcome {
        let (content, digest) = upload.finish(wanted.algorithm());
        if digest != *wanted {
            return Err(digest_invalid(wanted.as_str()).into());
        }
        self.shared.store().put_blob(name, digest, content);
        Ok(self.created(name, wanted))
    }

    fn created(&self, name: &str, digest: &Digest) -> Response {
        Response::new(201)
            .header(
                "Location",
                self.location(&format!("/v2/{name}/blobs/{digest}")),
            )
            .header("Docker-Content-Digest", digest.as_str())
    }
}

fn lock(upload: &SharedUpload) -> MutexGuard<'_, Upload> {
    upload.lock().unwrap_or_else(PoisonError::into_inner)
}

fn receive(upload: &mut Upload, body: &mut Body<'_>) -> Result<(), Refusal> {
    loop {
        let piece = body.piece()?;
        if piece.is_empty() {
            return Ok(());
        }
        upload.append(piece);
    }
}

/// Parses `start-end`, both inclusive, into offset and length.
fn parse_place(range: &str) -> Option<(u64, u64)> {
    let (start, end) = range.split_once('-')?;
    let (start, end) = (start.parse::<u64>().ok()?, end.parse::<u64>().ok()?);
    Some((start, end.checked_sub(start)?.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::parse_place;

    #[test]
    fn places() {
        assert_eq!(parse_place("0-9"), Some((0, 10)));
        assert_eq!(parse_place("10-10"), Some((10, 1)));
        for bad in ["", "0", "1-0", "bytes 0-9/10", "0-18446744073709551615"] {
            assert_eq!(parse_place(bad), None, "{bad}");
        }
    }
}
