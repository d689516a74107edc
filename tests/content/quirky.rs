//! A small registry for uploads, of which a test replaces responses.

use std::sync::{Arc, Mutex};

use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use super::pushing::digest;

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

/// A response.
pub(crate) struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    closes: bool,
}

impl Reply {
    pub(crate) fn new(status: &'static str) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: String::new(),
            closes: false,
        }
    }

    /// No response: the connection is closed.
    pub(crate) fn none() -> Reply {
        Reply {
            closes: true,
            ..Reply::new("")
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn error(mut self, code: &str) -> Reply {
        self.body = format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#);
        self.header("Content-Type", "application/json")
    }
}

/// What a request with content is stored as, and its usual response.
pub(crate) fn usual(request: &RawRequest, state: &mut State) -> Reply {
    let location =
        |state: &State| format!("/v2/team/app/blobs/uploads/{}?_state=a%2Fb=", state.uploads);
    let range = |state: &State| format!("0-{}", state.received.len().saturating_sub(1));
    match request.method.as_str() {
        "HEAD" => match &state.blob {
            Some(_) => Reply::new("200 OK"),
            None => Reply::new("404 Not Found"),
        },
        "POST" => {
            state.uploads += 1;
            state.received.clear();
            Reply::new("202 Accepted").header("Location", location(state))
        }
        "PATCH" => {
            state.received.extend_from_slice(&request.body);
            Reply::new("202 Accepted")
                .header("Location", location(state))
                .header("Range", range(state))
        }
        "PUT" => {
            state.received.extend_from_slice(&request.body);
            let content = std::mem::take(&mut state.received);
            let (_, wanted) = request.target.split_once("digest=").expect("a digest");
            if digest(&content) != wanted {
                return Reply::new("400 Bad Request").error("DIGEST_INVALID");
            }
            state.blob = Some(content);
            Reply::new("201 Created")
        }
        "GET" => Reply::new("204 No Content")
            .header("Location", location(state))
            .header("Range", range(state)),
        _ => Reply::new("405 Method Not Allowed").error("UNSUPPORTED"),
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
                if reply.closes {
                    return conn.close();
                }
                let headers: Vec<(&str, &str)> = reply
                    .headers
                    .iter()
                    .map(|(name, value)| (*name, value.as_str()))
                    .collect();
                if !conn.respond(reply.status, &headers, reply.body.as_bytes()) {
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
