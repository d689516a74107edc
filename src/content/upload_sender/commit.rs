//! Committing an upload.

use super::{MIN_CHUNK, Mode, Sender, is_unknown_upload, no_state_folder};
use crate::body::digest::Digest;
use crate::content::progress::Phase;
use crate::content::push_content::Content;
use crate::content::recent_uploads;
use crate::content::task::{self, Task};
use crate::content::upload_limits;
use crate::content::upload_session::{Received, exists};
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

impl Sender {
    /// Sends all content and commits it. Without a digest, it is the one that was
    /// computed while the content was read.
    pub(in crate::content) fn run(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        digest: Option<&Digest>,
    ) -> Result<Digest, Error> {
        loop {
            if self.mode == Mode::Chunks && !self.send_chunks(task, content)? {
                self.send_whole(task, content, digest)?;
            }
            if self.mode == Mode::Whole {
                self.prepare(task, content)?;
            }
            content.check_unchanged()?;
            let digest = match (digest, content.digest()) {
                (Some(digest), _) => digest.clone(),
                (None, Some(digest)) => Digest::parse(&digest)?,
                (None, None) => return Err(no_state_folder()),
            };
            if self.commit(task, content, &digest)? {
                return Ok(digest);
            }
        }
    }

    /// Changes to sending all in one request.
    fn send_whole(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        digest: Option<&Digest>,
    ) -> Result<(), Error> {
        content.store_all(&task.call.limits)?;
        let is_ready = content.size().is_some() && (digest.is_some() || content.digest().is_some());
        if content.first() > 0 || !is_ready {
            return Err(no_state_folder());
        }
        self.mode = Mode::Whole;
        self.session = None;
        self.keep();
        Ok(())
    }

    /// Sends the rest, and commits; false if the upload continues.
    fn commit(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        digest: &Digest,
    ) -> Result<bool, Error> {
        let Some(session) = &self.session else {
            return Ok(false);
        };
        let offset = session.offset;
        let rest = content.size().unwrap_or(offset).saturating_sub(offset);
        let mut request = session.content_request(task, "PUT", rest)?;
        request.set_query("digest", digest.as_str())?;
        if rest > 0 {
            content.set_body(&mut request, offset, rest)?;
            task.progress.set_phase(Phase::Push);
            task.progress.send_last_from(offset);
            self.sent_to = self.sent_to.max(offset + rest);
        } else {
            task.progress.set_phase(Phase::Commit);
        }
        let sent = task.send(&mut request);
        request.remove_body();
        let response = match sent {
            Ok(response) => response,
            Err(error) => {
                self.pause(task, request, error)?;
                return self.is_committed_after_all(task, content, digest);
            }
        };
        if (200..300).contains(&response.status()) {
            recent_uploads::record(task.repository, digest);
            self.session = None;
            self.progressed(task, offset + rest);
            self.keep();
            return Ok(true);
        }
        self.commit_rejected(task, content, request, &response, digest, rest)
    }

    fn commit_rejected(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        request: Request,
        response: &Response,
        digest: &Digest,
        rest: u64,
    ) -> Result<bool, Error> {
        let Err(error) = task::check(response) else {
            return Ok(false);
        };
        let offset = self.offset();
        match (response.status(), error.registry_code()) {
            (_, Some("DIGEST_INVALID")) => {
                if !self.resumed || self.restarted {
                    return Err(error.with_kind(Kind::DigestMismatch));
                }
                self.restarted = true;
                self.resumed = false;
                self.lost(task, content, error)?;
                Ok(false)
            }
            (413, _) if self.mode == Mode::Whole && rest > MIN_CHUNK && !self.mode_is_final => {
                self.mode_is_final = true;
                if let Some(session) = &self.session {
                    upload_limits::note(task, session.host(), |limits| {
                        limits.max_whole = Some(rest / 2);
                    });
                }
                self.mode = Mode::Chunks;
                self.session = None;
                Ok(false)
            }
            (416, _) | (400, Some("RANGE_INVALID")) => {
                match self.offset_after(task, response)? {
                    Received::Bytes(other) if other != offset => {
                        self.relocate(task, content, other, error)?;
                    }
                    Received::Bytes(_) => return Err(error),
                    _ => self.lost(task, content, error)?,
                }
                Ok(false)
            }
            (400 | 404, code) if is_unknown_upload(code) => {
                // An earlier commit, whose response was lost, may have ended it.
                if self.is_committed(task, digest)? {
                    return Ok(true);
                }
                let error = unless_wrong(task, content, digest, error)?;
                self.lost(task, content, error)?;
                Ok(false)
            }
            _ => {
                let error = unless_wrong(task, content, digest, error)?;
                self.pause(task, request, error)?;
                self.is_committed_after_all(task, content, digest)
            }
        }
    }

    /// Whether the registry has committed the upload although no response says so.
    /// If not, finds out how much it has.
    fn is_committed_after_all(
        &mut self,
        task: &Task,
        content: &dyn Content,
        digest: &Digest,
    ) -> Result<bool, Error> {
        if self.is_committed(task, digest)? {
            return Ok(true);
        }
        match self.find_offset(task, content) {
            Ok(()) if self.session.is_some() => Ok(false),
            // The upload is gone: the registry may have been about to commit it.
            found => Ok(self.is_committed(task, digest)? || found.map(|()| false)?),
        }
    }

    /// Whether the blob is there.
    fn is_committed(&mut self, task: &Task, digest: &Digest) -> Result<bool, Error> {
        let is_there = exists(task, digest)?;
        if is_there {
            recent_uploads::record(task.repository, digest);
            self.session = None;
            self.keep();
        }
        Ok(is_there)
    }
}

/// The error of a commit, unless the content does not match its digest: some registries
/// report that with codes of their own, and it would only be refused again.
fn unless_wrong(
    task: &Task,
    content: &mut dyn Content,
    digest: &Digest,
    error: Error,
) -> Result<Error, Error> {
    if !matches!(error.http_status(), 400 | 409 | 422) {
        return Ok(error);
    }
    match content.hash(&task.call.limits, digest.algorithm())? {
        Some(found) if found != digest.as_str() => Err(error.with_kind(Kind::DigestMismatch)),
        _ => Ok(error),
    }
}
