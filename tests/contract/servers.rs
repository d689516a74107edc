//! The servers that the programs talk to.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use embedded_registry::Registry;
use socket2::{Domain, Socket, Type};

use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

const ERRORS: &[u8] =
    br#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such name","detail":null}]}"#;

/// A server without TLS and one with it.
pub(super) fn servers() -> [RawServer; 2] {
    [server(false), server(true)]
}

/// The arguments that tell where a server is, and whom to trust.
pub(super) fn whereabouts(server: &RawServer) -> Vec<String> {
    vec![server.url(), ca(server)]
}

/// A server that echoes requests; some targets have answers of their own.
pub(super) fn server(tls: bool) -> RawServer {
    let gate = Gate::default();
    let handler = move |conn: &mut Conn| {
        while let Some(mut request) = conn.read_head() {
            match request.target.split('?').next() {
                Some("/closes") => return conn.close(),
                Some("/resets") => return conn.reset(),
                _ => {}
            }
            if !conn.read_body(&mut request) || !answer(conn, &request, &gate) {
                return;
            }
        }
    };
    match tls {
        true => RawServer::start_tls(handler),
        false => RawServer::start(handler),
    }
}

/// False where the connection is over.
pub(super) fn answer(conn: &mut Conn, request: &RawRequest, gate: &Gate) -> bool {
    let number = conn.number().to_string();
    let headers = [("Connection-Number", number.as_str())];
    let target = request.target.as_str();
    if target.starts_with("/challenge") && request.header("authorization").is_none() {
        let challenge = [("WWW-Authenticate", "Basic realm=\"test\"")];
        return conn.respond("401 Unauthorized", &challenge, b"");
    }
    match target {
        // These repositories have no blobs, and their uploads go to a location of the same
        // behaviour.
        "/v2/closes/blobs/uploads/" => begin_upload(conn, "/closes"),
        "/v2/resets/blobs/uploads/" => begin_upload(conn, "/resets"),
        _ if target.starts_with("/v2/closes/") || target.starts_with("/v2/resets/") => {
            conn.respond("404 Not Found", &[], b"")
        }
        "/errors" => {
            let headers = [
                ("Content-Type", "application/json"),
                ("Location", "/elsewhere"),
            ];
            conn.respond("404 Not Found", &headers, ERRORS)
        }
        "/text" => conn.respond("200 OK", &[], b"text"),
        "/challenge/authorization" => {
            let sent = request.header("authorization").unwrap_or_default();
            conn.respond("200 OK", &[], sent.as_bytes())
        }
        "/redirect" => {
            let headers = [("Location", "/text")];
            conn.respond("307 Temporary Redirect", &headers, b"")
        }
        "/told" => {
            let headers = [
                ("Link", "</told?last=b&n=2>; rel=\"next\""),
                ("Retry-After", "7"),
                ("Range", "0-123"),
                ("RateLimit-Limit", "100;w=21600"),
                ("Warning", "299 - \"first\""),
                ("Warning", "299 - \"the \\\"second\\\"\", 299 - \"first\""),
            ];
            conn.respond("200 OK", &headers, b"")
        }
        "/open" | "/blob" => conn.respond("200 OK", &headers, &vec![b'a'; 1 << 20]),
        "/64MiB" => conn.respond("200 OK", &[], &vec![b'a'; 64 << 20]),
        "/long" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n");
            conn.send(&[b'a'; 1024]);
            false
        }
        "/cut" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n0123456789");
            false
        }
        "/endless" => {
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = [b"10000\r\n".as_slice(), &[b'a'; 1 << 16], b"\r\n"].concat();
            while conn.send(&chunk) {}
            false
        }
        "/slow" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
            gate.pass();
            conn.send(b"half")
        }
        "/go" => {
            gate.open();
            conn.respond("200 OK", &[], b"")
        }
        _ => conn.respond("200 OK", &headers, echo(request).as_bytes()),
    }
}

fn begin_upload(conn: &mut Conn, location: &str) -> bool {
    conn.respond("202 Accepted", &[("Location", location)], b"")
}

pub(super) fn echo(request: &RawRequest) -> String {
    let test = request.header("test");
    format!(
        "{} {}\n{}\n{}",
        request.method,
        request.target,
        test.map_or_else(String::new, |value| format!("Test: {value}\n")),
        String::from_utf8_lossy(&request.body)
    )
}

/// How long a gate stays closed at most.
const MAX_CLOSED: Duration = Duration::from_secs(120);

/// Where one connection waits for a request on another; it closes behind.
#[derive(Default)]
pub(super) struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let closed = self.is_open.lock().expect("no panic elsewhere");
        // A program that has failed never opens it.
        let (mut passed, _) = self
            .opened
            .wait_timeout_while(closed, MAX_CLOSED, |is_open| !*is_open)
            .expect("no panic elsewhere");
        *passed = false;
    }

    fn open(&self) {
        *self.is_open.lock().expect("no panic elsewhere") = true;
        self.opened.notify_all();
    }
}

/// An address that refuses connections: its port is taken, nobody listens.
pub(super) struct Refusing {
    address: SocketAddr,
    _socket: Socket,
}

impl Refusing {
    pub(super) fn new() -> Refusing {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        Refusing {
            address: address.as_socket().expect("an IPv4 address"),
            _socket: socket,
        }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

pub(super) fn ca(server: &RawServer) -> String {
    server
        .ca_path()
        .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}

pub(super) fn registry_ca(registry: &Registry) -> String {
    registry
        .ca_path()
        .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}
