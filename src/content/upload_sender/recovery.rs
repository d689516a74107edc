//! Continuing an upload after a failure: at the registry's offset, or from
//! the beginning.

use std::time::Instant;

use super::{Next, Sender};
use crate::content::push_content::Content;
use crate::content::task::Task;
use crate::content::upload_session::{Received, received};
use crate::error::{Error, Kind};
use crate::request::Request;
use crate::request::response::Response;

impl Sender {
    /// The offset that a 416 names, or else the one that the registry returns for
    /// a status request.
    pub(super) fn offset_after(
        &mut self,
        task: &Task,
        response: &Response,
    ) -> Result<Received, Error> {
        let Some(session) = &mut self.session else {
            return Ok(Received::UnknownUpload);
        };
        match received(response) {
            Received::Bytes(offset) if response.headers().get("location").is_some() => {
                session.follow(response)?;
                Ok(Received::Bytes(offset))
            }
            _ => session.request_offset(task),
        }
    }

    /// Finds out the registry's offset after a failure.
    pub(super) fn find_offset(&mut self, task: &Task, content: &dyn Content) -> Result<(), Error> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let why = match self.ranges_are_wrong {
            true => "the registry does not report its offset",
            false => match session.request_offset(task)? {
                Received::Bytes(offset) => return self.continue_from(task, content, offset),
                Received::Unclear => "the registry does not report its offset",
                Received::UnknownUpload => "the registry no longer knows it",
            },
        };
        let error = lost_error(session.host(), why);
        self.lost(task, content, error)
    }

    /// The registry has rejected the offset and named another: continues there,
    /// which is a retry. Otherwise a registry could name another one forever.
    pub(super) fn relocate(
        &mut self,
        task: &Task,
        content: &dyn Content,
        offset: u64,
        error: Error,
    ) -> Result<(), Error> {
        task.call.take_progress(Instant::now());
        if task.call.take_retry(task.retries()).is_none() {
            return Err(error);
        }
        self.in_doubt = true;
        self.continue_from(task, content, offset)
    }

    /// Before a commit: after a write that failed, the registry may have more
    /// than was accepted. Such an upload cannot be continued.
    pub(in crate::content) fn check_not_ahead(
        &mut self,
        task: &Task,
        content: &dyn Content,
    ) -> Result<(), Error> {
        let end = content.size().unwrap_or(u64::MAX);
        if self.sent_to <= end {
            return Ok(());
        }
        self.prepare(task, content)?;
        if self.offset() > end
            && let Some(session) = &self.session
        {
            if content.first() > 0 {
                let why = "after a write that failed, the registry has more than was accepted";
                return Err(lost_error(session.host(), why));
            }
            session.discard(task);
            self.session = None;
        }
        self.sent_to = end;
        Ok(())
    }

    pub(super) fn continue_from(
        &mut self,
        task: &Task,
        content: &dyn Content,
        offset: u64,
    ) -> Result<(), Error> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if offset < content.first() || offset > self.sent_to {
            let why = "the registry has less than can be sent again, or more than was sent";
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
    pub(super) fn lost(
        &mut self,
        task: &Task,
        content: &dyn Content,
        error: Error,
    ) -> Result<(), Error> {
        if content.first() > 0 {
            let is_lost = error.kind() == Kind::UploadLost;
            return Err(match is_lost {
                true => error,
                false => error.with_kind(Kind::UploadLost),
            });
        }
        // In doubt, the failure has been counted as a retry before.
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
    pub(super) fn pause(
        &mut self,
        task: &Task,
        mut request: Request,
        error: Error,
    ) -> Result<Next, Error> {
        self.in_doubt = true;
        self.failures += 1;
        request.set_retries(Some(task.retries()))?;
        let client = task.client();
        client.pause_before_retry(&task.call, &request, self.failures, error)?;
        Ok(Next::Continue)
    }
}

fn lost_error(host: &str, why: &str) -> Error {
    Error::new(Kind::UploadLost, format!("{host}: upload lost: {why}")).with_host(host)
}
