//! A relay in front of a server that does not count its requests itself.

use std::io::{self, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, OnceLock};
use std::thread;

use super::raw_conn::Conn;
use super::raw_request::RawRequest;
use super::raw_server::RawServer;

/// A running relay, stopped on drop: what comes goes on byte for byte, and
/// each request is kept.
pub struct Relay {
    server: RawServer,
    target: Arc<OnceLock<SocketAddr>>,
}

impl Relay {
    /// Starts one that has no target yet, so that its address can be told to
    /// the server that becomes the target.
    pub fn start() -> Self {
        let target = Arc::new(OnceLock::new());
        let known = Arc::clone(&target);
        let server = RawServer::start(move |conn| {
            let target = *known.get().expect("the target comes before requests");
            pass_on(conn, target);
        });
        Self { server, target }
    }

    /// Where to pass on to.
    pub fn set_target(&self, target: SocketAddr) {
        self.target.set(target).expect("one target");
    }

    /// Its own address with its scheme.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The requests so far, in order of arrival.
    pub fn requests(&self) -> Vec<RawRequest> {
        self.server.requests()
    }
}

fn pass_on(conn: &mut Conn, target: SocketAddr) {
    let mut up = TcpStream::connect(target).expect("the target listens");
    let mut from_target = up.try_clone().expect("a second handle");
    let mut to_client = conn
        .socket()
        .and_then(|socket| socket.try_clone().ok())
        .expect("a second handle");
    thread::scope(|scope| {
        scope.spawn(move || {
            // Ends with the target's side, or where the client is gone.
            let _ = io::copy(&mut from_target, &mut to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        while let Some(request) = conn.read_request() {
            if up.write_all(&request.raw).is_err() {
                break;
            }
        }
        let _ = up.shutdown(Shutdown::Both);
    });
}
