//! What the registry was asked, for tests to look at.

use crate::api::Route;
use crate::http::Head;
use crate::token;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The longest body whose bytes are kept in the record.
pub(crate) const BODY_KEPT: usize = 1 << 20;

/// One request as the registry received it.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The request target, byte for byte: path and query.
    pub target: String,
    /// The header lines in their order, the names in the case they were sent.
    pub headers: Vec<(String, String)>,
    /// How many bytes of the body were read, without the framing.
    pub body_length: u64,
    /// The body, if all that was read is 1 MiB or less.
    pub body: Option<Vec<u8>>,
    /// Which connection it came on; the first is 1.
    pub connection: usize,
    /// The status answered; `None` while there is no answer.
    pub status: Option<u16>,
    /// When its head had come.
    pub at: Instant,
}

/// What a request is about, as its path tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Whether there is a registry: `/v2/`.
    Ping,
    /// A token.
    Token,
    /// The list of repositories, of tags or of referrers.
    List,
    /// A manifest.
    Manifest,
    /// A blob.
    Blob,
    /// An upload, its start included.
    Upload,
    /// Anything else.
    Other,
}

impl Recorded {
    /// What the request is about.
    pub fn about(&self) -> About {
        let path = self.path();
        if path == token::PATH {
            return About::Token;
        }
        // The registry may have a prefix.
        let route = path.find("/v2").and_then(|at| Route::parse(&path[at..]));
        match route {
            None => About::Other,
            Some(Route::Ping) => About::Ping,
            Some(Route::Catalog | Route::Tags(_) | Route::Referrers(..)) => About::List,
            Some(Route::Manifest(..)) => About::Manifest,
            Some(Route::Blob(..)) => About::Blob,
            Some(Route::Uploads(_) | Route::Upload(..)) => About::Upload,
        }
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// An entry that its connection still completes.
#[derive(Clone)]
pub(crate) struct Entry(Arc<Mutex<Recorded>>);

impl Entry {
    pub(crate) fn status(&self, status: u16) {
        self.lock().status = Some(status);
    }

    pub(crate) fn body(&self, length: u64, bytes: Option<Vec<u8>>) {
        let mut recorded = self.lock();
        recorded.body_length = length;
        recorded.body = bytes;
    }

    fn lock(&self) -> MutexGuard<'_, Recorded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All requests since the start or the last [`Recorder::clear`].
#[derive(Default)]
pub(crate) struct Recorder(Mutex<Vec<Entry>>);

impl Recorder {
    pub(crate) fn begin(&self, connection: usize, head: &Head) -> Entry {
        let entry = Entry(Arc::new(Mutex::new(Recorded {
            method: head.method.clone(),
            target: head.target.clone(),
            headers: head.headers.clone(),
            body_length: 0,
            body: Some(Vec::new()),
            connection,
            status: None,
            at: Instant::now(),
        })));
        self.lock().push(entry.clone());
        entry
    }

    pub(crate) fn all(&self) -> Vec<Recorded> {
        self.lock()
            .iter()
            .map(|entry| entry.lock().clone())
            .collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
