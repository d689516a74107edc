//! A small registry for uploads, of which a test replaces responses.

use std::sync::{Arc, Mutex};

use reggie::content::options::Options;
use reggie::content::push::Source;
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use super::pushing::{digest, push_ok, repository};
use super::scripted::Reply;

/// What the registry has of its one upload.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) received: Vec<u8>,
    /// The number of uploads that were begun.
    pub(crate) uploads: usize,
    pub(crate) blob: Option<Vec<u8>>,
    /// Counts responses, for tests that need it.
    pub(crate) counter: usize,
}

/// What a request with content is stored as, and its usual response.
pub(crate) fn usual(request: &RawRequest, state: &mut State) -> Reply {
    let location =
        |state: &State| format!("/v2/team/app/blobs/uploads/{}?_state=a%2Fb=", state.uploads);
    let range = |state: &State| format!("0-{}", state.received.len().saturating_sub(1));
    match request.method.as_str() {
        "HEAD" => match &state.blob {
            Some(_) => Reply::new(200, ""),
            None => Reply::new(404, ""),
        },
        "POST" => {
            state.uploads += 1;
            state.received.clear();
            Reply::new(202, "").header("Location", location(state))
        }
        "PATCH" => {
            state.received.extend_from_slice(&request.body);
            Reply::new(202, "")
                .header("Location", location(state))
                .header("Range", range(state))
        }
        "PUT" => {
            state.received.extend_from_slice(&request.body);
            let content = std::mem::take(&mut state.received);
            let (_, wanted) = request.target.split_once("digest=").expect("a digest");
            if digest(&content) != wanted {
                return Reply::error(400, "DIGEST_INVALID");
            }
            state.blob = Some(content);
            Reply::new(201, "")
        }
        "GET" => Reply::new(204, "")
            .header("Location", location(state))
            .header("Range", range(state)),
        _ => Reply::error(405, "UNSUPPORTED"),
    }
}

pub(crate) struct Quirky {
    server: RawServer,
    state: Arc<Mutex<State>>,
}

impl Quirky {
    /// Starts a registry whose responses are those of `quirk`, or the usual ones
    /// where it returns none.
    pub(crate) fn start(
        quirk: impl Fn(&RawRequest, &mut State) -> Option<Reply> + Send + Sync + 'static,
    ) -> Quirky {
        let state: Arc<Mutex<State>> = Arc::default();
        let shared = Arc::clone(&state);
        let server = RawServer::start(move |conn: &mut Conn| {
            while let Some(request) = conn.read_request() {
                if !request.complete {
                    return;
                }
                let reply = {
                    let mut state = shared.lock().expect("no panic");
                    let reply = quirk(&request, &mut state);
                    reply.unwrap_or_else(|| usual(&request, &mut state))
                };
                if !reply.send(conn, &request) {
                    return;
                }
            }
        });
        Quirky { server, state }
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    pub(crate) fn blob(&self) -> Option<Vec<u8>> {
        self.state.lock().expect("no panic").blob.clone()
    }

    /// Forgets the blob.
    pub(crate) fn forget(&self) {
        self.state.lock().expect("no panic").blob = None;
    }

    /// Each request as its method and the length of its body.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.server.requests();
        let short = |one: &RawRequest| match one.body.len() {
            0 => one.method.clone(),
            length => format!("{} {length}", one.method),
        };
        requests.iter().map(short).collect()
    }

    pub(crate) fn heads(&self) -> Vec<RawRequest> {
        self.server.requests()
    }
}

/// Pushes to the registry, which must then have the bytes.
pub(crate) fn push_to(registry: &Quirky, source: Source, bytes: &[u8], options: &Options) {
    push_ok(&repository(&registry.url()), source, bytes, options);
    assert_eq!(registry.blob().as_deref(), Some(bytes));
}
