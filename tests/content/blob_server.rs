//! A registry that has one blob, and sends it as a test says.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::content::blob_pull;
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase, Snapshot};
use reggie::content::repository::Repository;
use reggie::{Config, Error, WriteSink};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

pub(crate) use crate::repositories::{config, digest, repository_with as repository};

pub(crate) const MIB: usize = 1024 * 1024;

/// Content without repetitions.
pub(crate) fn content(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ size as u64;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

pub(crate) fn descriptor(content: &[u8]) -> Descriptor {
    Descriptor::new(&digest(content), Some(content.len() as u64), None).expect("valid")
}

/// A descriptor that does not tell the size.
pub(crate) fn sizeless(content: &[u8]) -> Descriptor {
    Descriptor::new(&digest(content), None, None).expect("valid")
}

/// A GET request for the blob.
pub(crate) struct Get<'a> {
    pub(crate) conn: &'a mut Conn,
    pub(crate) request: &'a RawRequest,
    pub(crate) content: &'a [u8],
    /// 0 for the first.
    pub(crate) number: usize,
    /// First and last byte that were requested.
    pub(crate) range: Option<(usize, usize)>,
}

impl Get<'_> {
    /// What a good server sends: headers and body.
    pub(crate) fn right(&self) -> (String, &[u8]) {
        let total = self.content.len();
        match self.range {
            Some((first, _)) if first >= total => (
                format!(
                    "HTTP/1.1 416 No\r\nContent-Range: bytes */{total}\r\nContent-Length: 0\r\n\r\n"
                ),
                &[],
            ),
            Some((first, last)) => {
                let last = last.min(total - 1);
                self.part(first, last)
            }
            None => (
                format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n"),
                self.content,
            ),
        }
    }

    /// A 206 with some part.
    pub(crate) fn part(&self, first: usize, last: usize) -> (String, &[u8]) {
        let total = self.content.len();
        let length = last - first + 1;
        (
            format!(
                "HTTP/1.1 206 Part\r\nContent-Range: bytes {first}-{last}/{total}\r\n\
                 Content-Length: {length}\r\n\r\n"
            ),
            &self.content[first..=last],
        )
    }

    /// All of the content, whatever was requested.
    pub(crate) fn whole(&self) -> (String, &[u8]) {
        let total = self.content.len();
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n"),
            self.content,
        )
    }

    pub(crate) fn send(&mut self, head: &str, body: &[u8]) {
        let _ = self.conn.send(head.as_bytes()) && self.conn.send(body);
    }

    /// Sends what a good server sends.
    pub(crate) fn serve(&mut self) {
        let (head, body) = self.right();
        let body = body.to_vec();
        self.send(&head, &body);
    }

    /// Sends that much of the body, and closes the connection.
    pub(crate) fn serve_cut(&mut self, size: usize) {
        let (head, body) = self.right();
        let body = body[..size.min(body.len())].to_vec();
        self.send(&head, &body);
        self.cut();
    }

    /// Ends the connection so that the peer receives what was sent before.
    pub(crate) fn cut(&mut self) {
        // With TLS, the end must not be announced.
        if !self.conn.is_tls() {
            self.conn.finish();
            self.conn.wait_for_close();
        }
        self.conn.close();
    }

    pub(crate) fn status(&mut self, status: &str, headers: &[(&str, &str)], body: &[u8]) {
        self.conn.respond(status, headers, body);
    }
}

pub(crate) struct BlobServer {
    pub(crate) server: RawServer,
    pub(crate) content: Arc<Vec<u8>>,
}

impl BlobServer {
    /// Calls `get` with each GET request for the blob.
    pub(crate) fn start(
        content: Vec<u8>,
        get: impl Fn(&mut Get) + Send + Sync + 'static,
    ) -> BlobServer {
        BlobServer::start_as(content, false, get)
    }

    pub(crate) fn start_as(
        content: Vec<u8>,
        with_tls: bool,
        get: impl Fn(&mut Get) + Send + Sync + 'static,
    ) -> BlobServer {
        let content = Arc::new(content);
        let path = format!("/v2/team/app/blobs/{}", digest(&content));
        let gets = AtomicUsize::new(0);
        let served = Arc::clone(&content);
        let handler = move |conn: &mut Conn| {
            while let Some(request) = conn.read_request() {
                if request.method != "GET" || request.target != path {
                    conn.respond("404 Not Found", &[], b"");
                    continue;
                }
                let number = gets.fetch_add(1, Ordering::SeqCst);
                get(&mut Get {
                    range: request.header("range").and_then(range),
                    conn: &mut *conn,
                    request: &request,
                    content: &served,
                    number,
                });
            }
        };
        let server = match with_tls {
            true => RawServer::start_tls(handler),
            false => RawServer::start(handler),
        };
        BlobServer { server, content }
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = config();
        if let Some(path) = self.server.ca_path() {
            config.add_ca_file(&path).expect("a ca file");
        }
        config
    }

    pub(crate) fn repository(&self) -> Repository {
        repository(&self.server.url(), &self.config())
    }

    pub(crate) fn descriptor(&self) -> Descriptor {
        descriptor(&self.content)
    }

    /// The Range headers of the requests so far.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.server.requests();
        let ranges = requests.iter().map(|request| request.header("range"));
        ranges.map(|range| range.map(str::to_owned)).collect()
    }

    pub(crate) fn to_memory(&self) -> Result<Vec<u8>, Error> {
        let options = Options::default();
        blob_pull::to_memory(
            &self.repository(),
            &self.descriptor(),
            0,
            64 * MIB,
            &options,
        )
    }

    pub(crate) fn to_path(&self, path: &Path, options: &Options) -> Result<(), Error> {
        file_pull::to_path(&self.repository(), &self.descriptor(), path, options)
    }

    /// What a callback receives, and the result.
    pub(crate) fn to_callback(&self, options: &Options) -> (Vec<u8>, Result<(), Error>) {
        let kept = Kept::default();
        let sink = Box::new(kept.clone());
        let result = blob_pull::to_callback(&self.repository(), &self.descriptor(), sink, options);
        (kept.bytes(), result)
    }
}

/// `bytes=FIRST-LAST`, or to the end.
fn range(value: &str) -> Option<(usize, usize)> {
    let (first, last) = value.strip_prefix("bytes=")?.split_once('-')?;
    let last = last.parse().unwrap_or(usize::MAX);
    Some((first.parse().ok()?, last))
}

/// Keeps what a callback receives.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.0.lock().expect("no panic").clone()
    }
}

impl WriteSink for Kept {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.0.lock().expect("no panic").extend_from_slice(piece);
        Ok(())
    }
}

/// Keeps the events of a call.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<Snapshot>>>);

impl Events {
    /// Options that report to it.
    pub(crate) fn options(&self) -> Options {
        self.options_with(|_| {})
    }

    /// Options that report to it, and call `then` with each event.
    pub(crate) fn options_with(&self, then: impl Fn(&Snapshot) + Send + Sync + 'static) -> Options {
        let seen = Arc::clone(&self.0);
        let mut options = Options::default();
        let callback = move |snapshot: &Snapshot| {
            seen.lock().expect("no panic").push(snapshot.clone());
            then(snapshot);
            Ok(())
        };
        options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
        options
    }

    pub(crate) fn all(&self) -> Vec<Snapshot> {
        self.0.lock().expect("no panic").clone()
    }

    /// The events without those that depend on time.
    pub(crate) fn main(&self) -> Vec<Event> {
        let all = self.all();
        let events = all.iter().map(|snapshot| snapshot.event);
        events
            .filter(|event| !matches!(event, Event::Move | Event::Wait))
            .collect()
    }

    pub(crate) fn has_phase(&self, phase: Phase) -> bool {
        self.all().iter().any(|snapshot| snapshot.phase == phase)
    }

    /// The count of bytes never decreases except at a restart.
    pub(crate) fn check_count(&self) {
        let all = self.all();
        for pair in all.windows(2) {
            let is_restart = matches!(pair[1].event, Event::Restart | Event::Begin);
            assert!(is_restart || pair[1].done >= pair[0].done, "{pair:?}");
        }
    }
}
