//! Fault injection.

use crate::http::Head;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How to end a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Close it (FIN), without a TLS close notice.
    Close,
    /// Reset it (RST). The client loses what it has not received yet.
    Reset,
    /// Stop reading and writing until the registry stops.
    Stall,
}

/// What to do after an early response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Close immediately while the body is being sent, which causes a reset.
    Close,
    /// Reset immediately.
    Reset,
    /// Keep the connection open without reading.
    Stall,
    /// Read the rest of the body and keep the connection.
    Drain,
}

/// A fault of one request. Functions without `self` create one, the others
/// refine it.
///
/// In header values, `{target}` is replaced by the request target and `{value}`
/// by the original value.
#[derive(Clone, Debug, Default)]
pub struct Fault {
    pub(crate) delay: Option<Duration>,
    pub(crate) action: Action,
    pub(crate) edits: Vec<Edit>,
    pub(crate) cut: Option<(u64, Ending)>,
    pub(crate) corrupt: Option<u64>,
    pub(crate) chunked: bool,
    pub(crate) close: bool,
}

#[derive(Clone, Debug, Default)]
pub(crate) enum Action {
    /// Respond normally.
    #[default]
    Serve,
    Answer {
        status: u16,
        body: Vec<u8>,
        early: Option<After>,
    },
    Raw(Vec<u8>),
    HangUp(Ending),
}

/// A change to a response header.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Add(String, String),
    Set(String, String),
    Remove(String),
}

impl Fault {
    /// A normal response, to be refined.
    pub fn serve() -> Self {
        Fault::default()
    }

    /// Reads the body and returns this status with an empty body, without
    /// executing the request.
    pub fn status(status: u16) -> Self {
        Fault::answer(status, None)
    }

    /// Returns this status before reading the request's body.
    pub fn early(status: u16, after: After) -> Self {
        Fault::answer(status, Some(after))
    }

    /// Redirects with this status.
    pub fn redirect(status: u16, url: &str) -> Self {
        Fault::status(status).set_header("Location", url)
    }

    /// Sends arbitrary bytes and closes the connection.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Fault {
            action: Action::Raw(bytes.into()),
            ..Fault::default()
        }
    }

    /// Ends the connection after reading the head, without a response.
    pub fn hang_up(ending: Ending) -> Self {
        Fault {
            action: Action::HangUp(ending),
            ..Fault::default()
        }
    }

    fn answer(status: u16, early: Option<After>) -> Self {
        Fault {
            action: Action::Answer {
                status,
                body: Vec::new(),
                early,
            },
            ..Fault::default()
        }
    }

    /// Sets the response body, for [`Fault::status`] and [`Fault::early`].
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        if let Action::Answer { body, .. } = &mut self.action {
            *body = bytes.into();
        }
        self
    }

    /// Sets an OCI error list as the response body.
    pub fn error(self, code: &str, message: &str) -> Self {
        let envelope = serde_json::json!({"errors": [{"code": code, "message": message}]});
        self.set_header("Content-Type", "application/json")
            .body(envelope.to_string())
    }

    /// Waits before doing anything else.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Adds a header to the response and keeps existing ones of that name.
    pub fn add_header(mut self, name: &str, value: &str) -> Self {
        self.edits
            .push(Edit::Add(name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a response header. If that breaks the framing, closes the
    /// connection after the response.
    pub fn set_header(mut self, name: &str, value: &str) -> Self {
        self.edits
            .push(Edit::Set(name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a response header.
    pub fn remove_header(mut self, name: &str) -> Self {
        self.edits.push(Edit::Remove(name.to_owned()));
        self
    }

    /// Ends the connection after this many bytes of the response body.
    pub fn cut_body(mut self, after: u64, ending: Ending) -> Self {
        self.cut = Some((after, ending));
        self
    }

    /// Changes the byte at this offset of the response body.
    pub fn corrupt_body(mut self, offset: u64) -> Self {
        self.corrupt = Some(offset);
        self
    }

    /// Sends the response body in chunks.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Closes the connection after the response without announcing it.
    pub fn close_after(mut self) -> Self {
        self.close = true;
        self
    }
}

/// Which requests a fault applies to; by default all.
#[derive(Clone, Debug)]
pub struct Rule {
    method: Option<String>,
    path: Vec<String>,
    path_end: Option<String>,
    header: Option<String>,
    skip: u64,
    times: Option<u64>,
    fault: Fault,
}

impl Rule {
    /// Applies the fault to every request.
    pub fn new(fault: Fault) -> Self {
        Rule {
            method: None,
            path: Vec::new(),
            path_end: None,
            header: None,
            skip: 0,
            times: None,
            fault,
        }
    }

    /// Only requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests whose target (path and query) contains this string. If
    /// called repeatedly, all strings are required.
    pub fn path(mut self, part: &str) -> Self {
        self.path.push(part.to_owned());
        self
    }

    /// Only requests whose target ends with this string.
    pub fn path_end(mut self, end: &str) -> Self {
        self.path_end = Some(end.to_owned());
        self
    }

    /// Only requests with this header.
    pub fn header(mut self, name: &str) -> Self {
        self.header = Some(name.to_owned());
        self
    }

    /// Skips this many matching requests.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Applies the fault this many times.
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, head: &Head) -> bool {
        self.times != Some(0)
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == head.method)
            && self.path.iter().all(|part| head.target.contains(part))
            && self
                .path_end
                .as_ref()
                .is_none_or(|end| head.target.ends_with(end))
            && self
                .header
                .as_ref()
                .is_none_or(|name| head.header(name).is_some())
    }
}

/// The active rules; the first match is used.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    pub(crate) fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault for this request, which counts as a match.
    pub(crate) fn take(&self, head: &Head) -> Option<Fault> {
        let mut rules = self.lock();
        for rule in rules.iter_mut().filter(|rule| rule.matches(head)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            if let Some(times) = &mut rule.times {
                *times -= 1;
            }
            return Some(rule.fault.clone());
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
