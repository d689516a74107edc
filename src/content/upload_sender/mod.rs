//! Sends content to an upload, in chunks or in one request, and continues after
//! failures.

mod commit;
mod recovery;

use super::progress::Phase;
use super::push_content::Content;
use super::task::{self, Task};
use super::upload_limits;
use super::upload_session::{Received, Session, received};
use crate::body::digest::Algorithm;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

/// The size of chunks unless the options or the registry require another.
const DEFAULT_CHUNK: u64 = 8 * 1024 * 1024;
/// No smaller chunks are tried after a registry rejected larger ones.
const MIN_CHUNK: u64 = 64 * 1024;
/// Tried first after a registry rejected larger ones, since GHCR's limit is this.
const COMMON_MAX_CHUNK: u64 = 4 * 1024 * 1024;

/// Called when the address or the offset of the upload changes, and when it ends.
pub(super) type Keep = Box<dyn FnMut(Option<&Session>) + Send>;

/// How content is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Whole,
    Chunks,
}

/// What to do after a request.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Continue,
    /// The registry has all content.
    AllSent,
    /// The registry accepts a blob in one request only.
    WholeOnly,
}

/// An upload and what is known about it.
pub(super) struct Sender {
    pub(super) session: Option<Session>,
    pub(super) mode: Mode,
    /// The algorithm of the blob's digest.
    algorithm: Algorithm,
    /// The mode was changed because the registry required it.
    mode_is_final: bool,
    /// The offset of the session may not be that of the registry.
    in_doubt: bool,
    /// The registry's offsets are not those of the content.
    ranges_are_wrong: bool,
    /// The upload continued after a failure, so that the registry may have stored
    /// something twice.
    resumed: bool,
    /// The upload started over because of that.
    restarted: bool,
    failures: u32,
    /// The registry did not know a new upload at its first chunk.
    unknown_at_once: bool,
    /// The end of what was sent, whether received or not.
    sent_to: u64,
    /// The largest offset that the registry has reached.
    had: u64,
    /// An earlier process has begun the upload, and its offset is not known yet.
    began_before: bool,
    keep: Option<Keep>,
}

impl Sender {
    pub(super) fn new(session: Option<Session>, mode: Mode, algorithm: Algorithm) -> Sender {
        Sender {
            session,
            mode,
            algorithm,
            mode_is_final: false,
            in_doubt: false,
            ranges_are_wrong: false,
            resumed: false,
            restarted: false,
            failures: 0,
            unknown_at_once: false,
            sent_to: 0,
            had: 0,
            began_before: false,
            keep: None,
        }
    }

    /// A sender for an upload that an earlier process began. The registry may
    /// have any offset up to `size`.
    pub(super) fn resuming(session: Session, size: u64, algorithm: Algorithm) -> Sender {
        let mut sender = Sender::new(Some(session), Mode::Chunks, algorithm);
        sender.in_doubt = true;
        sender.began_before = true;
        sender.sent_to = size;
        sender
    }

    /// A sender for an imported upload, whose offset is known.
    pub(super) fn after_import(session: Session, algorithm: Algorithm) -> Sender {
        let offset = session.offset;
        let mut sender = Sender::new(Some(session), Mode::Chunks, algorithm);
        (sender.sent_to, sender.had) = (offset, offset);
        sender.resumed = offset > 0;
        sender
    }

    /// Nothing was sent yet.
    pub(super) fn is_untouched(&self) -> bool {
        self.sent_to == 0
    }

    pub(super) fn keep_with(&mut self, keep: Keep) {
        self.keep = Some(keep);
        self.keep();
    }

    /// Discards the upload after a failure, unless another call can resume it, or
    /// the registry cannot be reached.
    pub(super) fn give_up(&mut self, task: &Task, error: &Error) {
        let is_over = matches!(error.kind(), Kind::Cancelled | Kind::Deadline);
        if self.keep.is_none()
            && !is_over
            && !error.is_retryable()
            && let Some(session) = self.session.take()
        {
            session.discard(task);
        }
    }

    fn keep(&mut self) {
        if let Some(keep) = &mut self.keep {
            keep(self.session.as_ref());
        }
    }

    /// How many bytes the registry has, as far as is known.
    pub(super) fn offset(&self) -> u64 {
        self.session.as_ref().map_or(0, |session| session.offset)
    }

    /// The size of the next chunk.
    pub(super) fn chunk_size(&self, task: &Task) -> u64 {
        match &self.session {
            Some(session) => chunk_size(task, session.host()),
            None => chunk_size(task, &task.client().host()),
        }
    }

    /// Sends all content in chunks. Returns false if the registry does not accept
    /// chunks.
    pub(super) fn send_chunks(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
    ) -> Result<bool, Error> {
        loop {
            match self.send_next(task, content)? {
                Next::Continue => {}
                Next::AllSent => return Ok(true),
                Next::WholeOnly => return Ok(false),
            }
        }
    }

    /// Begins the upload if necessary, and finds out its offset.
    fn prepare(&mut self, task: &Task, content: &dyn Content) -> Result<(), Error> {
        loop {
            if self.session.is_none() {
                self.session = Some(Session::begin(task, self.algorithm)?);
                self.in_doubt = false;
                self.ranges_are_wrong = false;
                self.keep();
            }
            if !self.in_doubt {
                return Ok(());
            }
            self.find_offset(task, content)?;
        }
    }

    fn send_next(&mut self, task: &Task, content: &mut dyn Content) -> Result<Next, Error> {
        self.prepare(task, content)?;
        let size = self.chunk_size(task);
        let offset = self.offset();
        let length = content.prepare(offset, size, &task.call.limits)?;
        if length == 0 {
            return Ok(Next::AllSent);
        }
        let Some(session) = &self.session else {
            return Ok(Next::Continue);
        };
        if upload_limits::of(task, session.host()).whole_only {
            return Ok(Next::WholeOnly);
        }
        let mut request = session.content_request(task, "PATCH", length)?;
        content.set_body(&mut request, offset, length)?;
        task.progress.set_phase(Phase::Push);
        task.progress.send_from(offset);
        self.sent_to = self.sent_to.max(offset + length);
        let sent = task.send(&mut request);
        request.remove_body();
        let response = match sent {
            Ok(response) => response,
            Err(error) => return self.pause(task, request, error),
        };
        match response.status() {
            200..300 => {
                self.accepted(task, &response, offset + length)?;
                Ok(Next::Continue)
            }
            _ => self.rejected(task, content, request, &response, length),
        }
    }

    /// The registry has the content up to `end`.
    fn accepted(&mut self, task: &Task, response: &Response, end: u64) -> Result<(), Error> {
        if let Some(session) = &mut self.session {
            session.follow(response)?;
            session.offset = end;
            // ECR and others return offsets of something else. The digest
            // decides whether the blob is complete.
            if let Received::Bytes(size) = received(response) {
                self.ranges_are_wrong |= size != end;
            }
        }
        self.unknown_at_once = false;
        self.progressed(task, end);
        self.keep();
        Ok(())
    }

    fn progressed(&mut self, task: &Task, end: u64) {
        if end > self.had {
            task.call.note_progress(end - self.had);
            self.had = end;
        }
        task.progress.reached(end);
    }

    /// The registry has rejected a chunk.
    fn rejected(
        &mut self,
        task: &Task,
        content: &dyn Content,
        request: Request,
        response: &Response,
        length: u64,
    ) -> Result<Next, Error> {
        let Err(error) = task::check(response) else {
            return Ok(Next::Continue);
        };
        let is_first = self.offset() == 0;
        match (response.status(), error.registry_code()) {
            (413, _) => self.shrink(task, length, error),
            (416, _) | (400, Some("RANGE_INVALID")) => {
                self.out_of_range(task, content, response, length, error)
            }
            _ if is_first && error.kind() == Kind::Unsupported => self.whole_only(task, error),
            (400 | 404, code) if is_unknown_upload(code) => {
                if is_first && self.unknown_at_once {
                    return self.whole_only(task, error);
                }
                self.unknown_at_once = is_first;
                self.lost(task, content, error)?;
                Ok(Next::Continue)
            }
            _ => self.pause(task, request, error),
        }
    }

    /// The registry has rejected the offset of a chunk, or its size.
    fn out_of_range(
        &mut self,
        task: &Task,
        content: &dyn Content,
        response: &Response,
        length: u64,
        error: Error,
    ) -> Result<Next, Error> {
        let before = self.offset();
        match self.offset_after(task, response)? {
            Received::Bytes(offset) if offset != before => {
                self.relocate(task, content, offset, error)?;
                Ok(Next::Continue)
            }
            // The offset is right, so the chunk is too large.
            Received::Bytes(_) => self.shrink(task, length, error),
            Received::Unclear if before == 0 => self.shrink(task, length, error),
            _ if length > COMMON_MAX_CHUNK => self.shrink(task, length, error),
            _ => {
                self.lost(task, content, error)?;
                Ok(Next::Continue)
            }
        }
    }

    fn whole_only(&mut self, task: &Task, error: Error) -> Result<Next, Error> {
        if self.mode_is_final {
            return Err(error);
        }
        self.mode_is_final = true;
        if let Some(session) = &self.session {
            upload_limits::note(task, session.host(), |limits| limits.whole_only = true);
        }
        Ok(Next::WholeOnly)
    }

    /// Tries smaller chunks.
    fn shrink(&mut self, task: &Task, length: u64, error: Error) -> Result<Next, Error> {
        let max = match length {
            length if length > COMMON_MAX_CHUNK => COMMON_MAX_CHUNK,
            length if length > MIN_CHUNK => (length / 2).max(MIN_CHUNK),
            _ => return Err(error),
        };
        if let Some(session) = &self.session {
            upload_limits::note(task, session.host(), |limits| limits.max_chunk = Some(max));
        }
        Ok(Next::Continue)
    }
}

/// The size of chunks for a host.
pub(super) fn chunk_size(task: &Task, host: &str) -> u64 {
    let limits = upload_limits::of(task, host);
    let preferred = task.options.chunk_size().unwrap_or(DEFAULT_CHUNK);
    let size = preferred.max(limits.min_chunk.unwrap_or(0));
    size.min(limits.max_chunk.unwrap_or(u64::MAX))
}

/// Whether an error code may mean that the registry does not know an upload.
fn is_unknown_upload(code: Option<&str>) -> bool {
    matches!(
        code,
        None | Some("BLOB_UPLOAD_UNKNOWN" | "BLOB_UPLOAD_INVALID" | "NOT_FOUND")
    )
}

/// The error for content that cannot be sent in one request.
pub(super) fn no_state_folder() -> Error {
    Error::new(
        Kind::NoStateFolder,
        "upload: the registry accepts no chunks, and there is no state directory",
    )
}
