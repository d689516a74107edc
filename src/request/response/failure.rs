//! What a response says about a failure.

use super::{Content, ResponseBody, ResponseHead};
use crate::error::{Error, Kind};
use crate::http::oci_error::{self, OciError};
use crate::http::server_message::{self, ServerMessage};

impl ResponseHead {
    /// The registry's error list, without secrets.
    pub(crate) fn errors(&self, body: &ResponseBody) -> Result<Vec<OciError>, Error> {
        let list = match &body.content {
            Content::Kept(body) => oci_error::parse(body),
            Content::Delivered(_) | Content::Open(_) => Err(Error::new(
                Kind::NoErrors,
                "error list: the body of this response is not kept in memory",
            )),
        };
        let scrub = |text: &str| self.secrets.scrub(text);
        list.map(|list| list.into_iter().map(|e| e.map_text(scrub)).collect())
            .map_err(|error| error.with_http_status(self.status).with_host(&self.host))
    }

    /// What the server says about a failure, without secrets.
    pub(crate) fn server_message(&self, body: &ResponseBody) -> ServerMessage {
        let mut sent = server_message::read(self.headers.text("content-type"), body.bytes());
        // Before it is shortened.
        sent.text = self.secrets.scrub(&sent.text);
        sent
    }

    /// What messages about the response begin with: the host, and the repository if it
    /// is known.
    pub(crate) fn message_prefix(&self) -> String {
        match &self.repository {
            Some(name) => format!("{}: repository {name}", self.host),
            None => self.host.clone(),
        }
    }

    /// An error with what the registry says, unless the status is a 2xx.
    pub(crate) fn check(&self, body: &ResponseBody) -> Result<(), Error> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        let sent = self.server_message(body);
        let said = sent.line(": ");
        let note = self.note.as_deref().unwrap_or_default();
        let message = format!(
            "{}: status {}{said}{note}",
            self.message_prefix(),
            self.status
        );
        let mut error = Error::new(Kind::HttpStatus, message)
            .with_http_status(self.status)
            .with_host(&self.host)
            .with_retry_after(self.retry_after);
        if let Some(code) = &sent.code {
            error = error.with_registry_code(code);
        }
        Err(self.secrets.scrub_error(error))
    }
}
