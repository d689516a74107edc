//! Faults on demand: which requests go wrong, and how.

use crate::http::Head;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the registry ends a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// An ordinary end of the stream (FIN), without a TLS close notice.
    Close,
    /// A reset (RST). What the client has not received yet is lost to it.
    Reset,
    /// Nothing more happens: neither reads nor writes, until the registry stops.
    Stall,
}

/// What follows an answer that was given before the body had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// Close at once, though the body still comes: the system soon resets.
    Close,
    /// Reset at once.
    Reset,
    /// Keep the connection and never read again.
    Stall,
    /// Read the body to its end and go on with the connection.
    Drain,
}

/// What goes wrong with one request. Made by one of the functions without
/// `self`, refined by the others.
///
/// In values of headers, `{target}` stands for the request's target and
/// `{value}` for what the header would have said.
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
    /// The registry answers as ever.
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

/// A change to a header of the answer.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Add(String, String),
    Set(String, String),
    Remove(String),
}

impl Fault {
    /// The registry does its work; to be refined.
    pub fn serve() -> Self {
        Fault::default()
    }

    /// Reads the body and answers this status, with an empty body, and does
    /// nothing of what was asked.
    pub fn status(status: u16) -> Self {
        Fault::answer(status, None)
    }

    /// Answers this status before the body of the request is read.
    pub fn early(status: u16, after: After) -> Self {
        Fault::answer(status, Some(after))
    }

    /// Redirects with this status.
    pub fn redirect(status: u16, url: &str) -> Self {
        Fault::status(status).set_header("Location", url)
    }

    /// Answers these bytes, whatever they are, and closes.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Fault {
            action: Action::Raw(bytes.into()),
            ..Fault::default()
        }
    }

    /// Ends the connection when the head has come, without an answer.
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

    /// The body of the answer; for [`Fault::status`] and [`Fault::early`].
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        if let Action::Answer { body, .. } = &mut self.action {
            *body = bytes.into();
        }
        self
    }

    /// The OCI error envelope as the body of the answer.
    pub fn error(self, code: &str, message: &str) -> Self {
        let envelope = serde_json::json!({"errors": [{"code": code, "message": message}]});
        self.set_header("Content-Type", "application/json")
            .body(envelope.to_string())
    }

    /// Waits so long before anything else is done.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// Adds a header to the answer, beside others of that name.
    pub fn add_header(mut self, name: &str, value: &str) -> Self {
        self.edits
            .push(Edit::Add(name.to_owned(), value.to_owned()));
        self
    }

    /// Sets a header of the answer. Where that makes the framing wrong the
    /// connection is closed after the answer.
    pub fn set_header(mut self, name: &str, value: &str) -> Self {
        self.edits
            .push(Edit::Set(name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a header of the answer.
    pub fn remove_header(mut self, name: &str) -> Self {
        self.edits.push(Edit::Remove(name.to_owned()));
        self
    }

    /// Ends the connection after so many bytes of the answer's body.
    pub fn cut_body(mut self, after: u64, ending: Ending) -> Self {
        self.cut = Some((after, ending));
        self
    }

    /// Changes the byte at this offset of the answer's body.
    pub fn corrupt_body(mut self, offset: u64) -> Self {
        self.corrupt = Some(offset);
        self
    }

    /// Sends the answer's body in chunks, without its length.
    pub fn chunked(mut self) -> Self {
        self.chunked = true;
        self
    }

    /// Closes the connection after the answer, without having announced it.
    pub fn close_after(mut self) -> Self {
        self.close = true;
        self
    }
}

/// Which requests a fault befalls: all, if nothing else is said.
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
    /// Every request meets this fault.
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

    /// Only requests of this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only requests whose target, path and query, contains this text; told
    /// twice, both texts.
    pub fn path(mut self, part: &str) -> Self {
        self.path.push(part.to_owned());
        self
    }

    /// Only requests whose target ends so.
    pub fn path_end(mut self, end: &str) -> Self {
        self.path_end = Some(end.to_owned());
        self
    }

    /// Only requests that have this header.
    pub fn header(mut self, name: &str) -> Self {
        self.header = Some(name.to_owned());
        self
    }

    /// Lets the first so many matching requests pass.
    pub fn skip(mut self, requests: u64) -> Self {
        self.skip = requests;
        self
    }

    /// Befalls so many requests and no more.
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

/// The rules in force; the first that matches decides.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Vec<Rule>>);

impl Faults {
    pub(crate) fn add(&self, rule: Rule) {
        self.lock().push(rule);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// The fault that befalls this request, which counts as one more for it.
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
