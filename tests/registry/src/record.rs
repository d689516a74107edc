//! Records requests, for tests to inspect.

use crate::api::Route;
use crate::http::Head;
use crate::token;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Maximum size of a body whose bytes are recorded.
pub(crate) const BODY_KEPT: usize = 1 << 20;

/// A request as received.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The method.
    pub method: String,
    /// The request target, unchanged: path and query.
    pub target: String,
    /// The header lines, in order, with names as sent.
    pub headers: Vec<(String, String)>,
    /// Number of body bytes read, without framing.
    pub body_length: u64,
    /// The body, if at most 1 MiB was read.
    pub body: Option<Vec<u8>>,
    /// The number of the connection, starting at 1.
    pub connection: usize,
    /// The status of the response; `None` before it is sent.
    pub status: Option<u16>,
    /// When the head was received.
    pub at: Instant,
}

/// The subject of a request, from its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The API check: `/v2/`.
    Ping,
    /// A token request.
    Token,
    /// A list of repositories, tags or referrers.
    List,
    /// A manifest.
    Manifest,
    /// A blob.
    Blob,
    /// An upload, including its start.
    Upload,
    /// Anything else.
    Other,
}

impl Recorded {
    /// The subject of the request.
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

/// An entry that is still being completed.
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
