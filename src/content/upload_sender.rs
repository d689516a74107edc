//! Sends content to an upload, in chunks or in one request, and goes on after
//! failures.

use std::time::Instant;

use super::progress::Phase;
use super::push_content::Content;
use super::task::{self, Task};
use super::upload_limits;
use super::upload_session::{Received, Session, exists, received};
use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

/// The size of chunks unless the options or the registry require another.
const DEFAULT_CHUNK: u64 = 8 * 1024 * 1024;
/// No smaller chunks are tried after a registry rejected larger ones.
const MIN_CHUNK: u64 = 64 * 1024;
/// Tried first after a registry rejected larger ones, since GHCR's limit is this.
const COMMON_MAX_CHUNK: u64 = 4 * 1024 * 1024;

/// Called when the upload has another address or offset, or none any more.
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
    /// There is no more to send, or not enough for a chunk.
    Enough,
    /// The registry accepts a blob in one request only.
    WholeOnly,
}

/// An upload and what is known about it.
pub(super) struct Sender {
    pub(super) session: Option<Session>,
    pub(super) mode: Mode,
    /// The mode was changed because the registry required it.
    mode_is_final: bool,
    /// The registry may have another offset than we think.
    in_doubt: bool,
    /// The registry's offsets are not those of the content.
    ranges_are_wrong: bool,
    /// The upload went on after a failure, so that the registry may have stored
    /// something twice.
    resumed: bool,
    /// The upload started over because of that.
    restarted: bool,
    failures: u32,
    /// The registry did not know a new upload at its first chunk.
    unknown_at_once: bool,
    /// The end of what was sent, whether received or not.
    sent_to: u64,
    /// How much the registry has had at some time.
    had: u64,
    /// An earlier process has begun the upload, and its offset is not known yet.
    began_before: bool,
    keep: Option<Keep>,
}

impl Sender {
    pub(super) fn new(session: Option<Session>, mode: Mode) -> Sender {
        Sender {
            session,
            mode,
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
    pub(super) fn resuming(session: Session, size: u64) -> Sender {
        let mut sender = Sender::new(Some(session), Mode::Chunks);
        sender.in_doubt = true;
        sender.began_before = true;
        sender.sent_to = size;
        sender
    }

    /// A sender for an imported upload, whose offset is known.
    pub(super) fn after_import(session: Session) -> Sender {
        let offset = session.offset;
        let mut sender = Sender::new(Some(session), Mode::Chunks);
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
        let limits = match &self.session {
            Some(session) => upload_limits::of(task, session.host()),
            None => upload_limits::of(task, &task.client().host()),
        };
        let wanted = task.options.chunk_size().unwrap_or(DEFAULT_CHUNK);
        let size = wanted.max(limits.min_chunk.unwrap_or(0));
        size.min(limits.max_chunk.unwrap_or(u64::MAX))
    }

    /// Sends content in chunks: all of it, or only whole chunks. Returns whether
    /// the registry accepts that.
    pub(super) fn send_chunks(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        all: bool,
    ) -> Result<bool, Error> {
        loop {
            match self.send_next(task, content, all)? {
                Next::Continue => {}
                Next::Enough => return Ok(true),
                Next::WholeOnly => return Ok(false),
            }
        }
    }

    /// Sends all content and commits it. Without a digest, it is the one that was
    /// computed while the content was read.
    pub(super) fn run(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        digest: Option<&Digest>,
    ) -> Result<Digest, Error> {
        loop {
            if self.mode == Mode::Chunks && !self.send_chunks(task, content, true)? {
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

    /// Goes over to sending all in one request.
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

    /// Begins the upload if necessary, and finds out its offset.
    fn prepare(&mut self, task: &Task, content: &dyn Content) -> Result<(), Error> {
        loop {
            if self.session.is_none() {
                self.session = Some(Session::begin(task, task.options.algorithm)?);
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

    fn send_next(
        &mut self,
        task: &Task,
        content: &mut dyn Content,
        all: bool,
    ) -> Result<Next, Error> {
        self.prepare(task, content)?;
        let size = self.chunk_size(task);
        let offset = self.offset();
        let length = content.prepare(offset, size, &task.call.limits)?;
        if length == 0 || (length < size && !all) {
            return Ok(Next::Enough);
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

    /// The registry has rejected the place of a chunk, or its size.
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
                self.go_on_from(task, content, offset)?;
                Ok(Next::Continue)
            }
            // The chunk is in its place, so it is too large.
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

    /// The offset that a 416 names, or else the one that the registry returns
    /// when it is asked.
    fn offset_after(&mut self, task: &Task, response: &Response) -> Result<Received, Error> {
        let Some(session) = &mut self.session else {
            return Ok(Received::UnknownUpload);
        };
        match received(response) {
            Received::Bytes(offset) if response.headers().get("location").is_some() => {
                session.follow(response)?;
                Ok(Received::Bytes(offset))
            }
            _ => session.ask(task),
        }
    }

    /// Asks the registry for its offset after a failure.
    fn find_offset(&mut self, task: &Task, content: &dyn Content) -> Result<(), Error> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let why = match self.ranges_are_wrong {
            true => "the registry does not tell its offset",
            false => match session.ask(task)? {
                Received::Bytes(offset) => return self.go_on_from(task, content, offset),
                Received::Unclear => "the registry does not tell its offset",
                Received::UnknownUpload => "the registry does not know it any more",
            },
        };
        let error = lost_error(session.host(), why);
        self.lost(task, content, error)
    }

    fn go_on_from(&mut self, task: &Task, content: &dyn Content, offset: u64) -> Result<(), Error> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if offset < content.first() || offset > self.sent_to {
            let why = "the registry has less than is still at hand, or more than was sent";
            let error = lost_error(session.host(), why);
            return self.lost(task, content, error);
        }
        self.resumed = true;
        self.in_doubt = false;
        session.offset = offset;
        if std::mem::take(&mut self.began_before) {
            task.progress.resume(offset);
            self.had = offset;
        }
        self.progressed(task, offset);
        self.keep();
        Ok(())
    }

    /// The registry has lost the upload: starts over if that is possible.
    fn lost(&mut self, task: &Task, content: &dyn Content, error: Error) -> Result<(), Error> {
        if content.first() > 0 {
            let is_lost = error.kind() == Kind::UploadLost;
            return Err(match is_lost {
                true => error,
                false => error.with_kind(Kind::UploadLost),
            });
        }
        // After a failure, this is the retry that was taken for it.
        if !self.in_doubt {
            task.call.take_progress(Instant::now());
            if task.call.take_retry(task.retries()).is_none() {
                return Err(error);
            }
        }
        self.session = None;
        self.in_doubt = false;
        self.began_before = false;
        self.keep();
        Ok(())
    }

    /// Waits after a failure, as long as the retry rules require.
    fn pause(&mut self, task: &Task, mut request: Request, error: Error) -> Result<Next, Error> {
        self.in_doubt = true;
        self.failures += 1;
        request.set_retries(Some(task.retries()))?;
        let client = task.client();
        client.pause_before_retry(&task.call, &request, self.failures, error)?;
        Ok(Next::Continue)
    }

    /// Sends the rest, and commits; false if the upload has to go on.
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
                return self.is_committed(task, digest);
            }
        };
        if (200..300).contains(&response.status()) {
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
        content: &dyn Content,
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
                if !self.resumed || self.restarted || content.first() > 0 {
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
                        self.go_on_from(task, content, other)?;
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
                self.lost(task, content, error)?;
                Ok(false)
            }
            _ => {
                self.pause(task, request, error)?;
                self.is_committed(task, digest)
            }
        }
    }

    /// Whether the blob is there after all.
    fn is_committed(&mut self, task: &Task, digest: &Digest) -> Result<bool, Error> {
        let is_there = exists(task, digest)?;
        if is_there {
            self.session = None;
            self.keep();
        }
        Ok(is_there)
    }
}

/// Whether an error code may mean that the registry does not know an upload.
fn is_unknown_upload(code: Option<&str>) -> bool {
    matches!(
        code,
        None | Some("BLOB_UPLOAD_UNKNOWN" | "BLOB_UPLOAD_INVALID" | "NOT_FOUND")
    )
}

fn lost_error(host: &str, why: &str) -> Error {
    Error::new(Kind::UploadLost, format!("{host}: upload lost: {why}")).with_host(host)
}

/// The error for content that cannot be sent in one request.
pub(super) fn no_state_folder() -> Error {
    Error::new(
        Kind::NoStateFolder,
        "upload: the registry accepts no chunks, and there is no state directory",
    )
}
