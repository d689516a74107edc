//! The servers of `hang.h`, which leave calls hanging in each of their steps.

use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::temp;
use tempfile::TempDir;

/// Within this time a connection on loopback comes about, if it does.
const TIME_TO_CONNECT: Duration = Duration::from_millis(500);

/// What the server's connections know of each other.
#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Held, and not asked for by `/held` yet.
    held: usize,
    /// How often `/over` was asked for.
    over: usize,
    /// The test is over.
    closed: bool,
}

impl Gate {
    /// Holds a connection until the next `/over`.
    fn hold(&self) {
        let mut state = self.state.lock().expect("no panic elsewhere");
        state.held += 1;
        self.changed.notify_all();
        let over = state.over;
        let waits = |state: &mut State| state.over == over && !state.closed;
        drop(self.changed.wait_while(state, waits));
    }

    /// Tells of a call that hangs elsewhere.
    fn note(&self) {
        self.state.lock().expect("no panic elsewhere").held += 1;
        self.changed.notify_all();
    }

    /// Waits until another connection is held.
    fn held(&self) {
        let state = self.state.lock().expect("no panic elsewhere");
        let waits = |state: &mut State| state.held == 0 && !state.closed;
        let mut state = self
            .changed
            .wait_while(state, waits)
            .expect("no panic elsewhere");
        state.held = state.held.saturating_sub(1);
    }

    fn over(&self) {
        self.state.lock().expect("no panic elsewhere").over += 1;
        self.changed.notify_all();
    }

    fn close(&self) {
        self.state.lock().expect("no panic elsewhere").closed = true;
        self.changed.notify_all();
    }
}

/// The servers of `hang.h`.
pub(super) struct Places {
    gate: Arc<Gate>,
    pub(super) server: RawServer,
    silent: RawServer,
    half: RawServer,
    proxy: RawServer,
    full: Full,
    socket: FullSocket,
    pub(super) folder: TempDir,
}

impl Places {
    pub(super) fn new(tls: bool) -> Places {
        let gate = Arc::new(Gate::default());
        let [of_server, of_silent, of_half, of_proxy] = [0; 4].map(|_| Arc::clone(&gate));
        let folder = temp::folder();
        let full = Full::new();
        let silent = RawServer::start(move |_| of_silent.hold());
        let half = RawServer::start(move |conn| {
            // The first 11 of 126 bytes, up to the version.
            conn.send(&[22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3]);
            of_half.hold();
        });
        let realms = Realms {
            full: full.address,
            silent: silent.address(),
            half: half.address(),
        };
        let handler = move |conn: &mut Conn| while serve(conn, &of_server, &realms) {};
        Places {
            server: match tls {
                true => RawServer::start_tls(handler),
                false => RawServer::start(handler),
            },
            proxy: RawServer::start(move |conn| half_a_proxy(conn, &of_proxy)),
            socket: FullSocket::new(folder.path()),
            silent,
            half,
            full,
            folder,
            gate,
        }
    }

    pub(super) fn arguments(&self) -> Vec<String> {
        let ca = self.server.ca_path();
        let with_tls = |server: &RawServer| format!("https://{}", server.authority());
        vec![
            self.server.url(),
            ca.map_or_else(|| "-".to_owned(), |path| path.display().to_string()),
            self.full.url(),
            with_tls(&self.silent),
            with_tls(&self.half),
            self.proxy.url(),
            format!("unix://{}", self.socket.path.display()),
            self.folder.path().display().to_string(),
        ]
    }
}

impl Drop for Places {
    /// Lets the servers go, which wait for their connections.
    fn drop(&mut self) {
        self.gate.close();
    }
}

/// Where token servers hang that are not the server itself.
struct Realms {
    full: SocketAddr,
    silent: SocketAddr,
    half: SocketAddr,
}

impl Realms {
    /// The token server that a path of the server's wants to be asked.
    fn find(&self, name: &str, own: &str) -> String {
        match name {
            "blocked" => "https://blocked.example".to_owned(),
            "full" => format!("https://{}", self.full),
            "tls-silent" => format!("https://{}", self.silent),
            "tls-half" => format!("https://{}", self.half),
            "noted" => format!("{own}/silent"),
            path => format!("{own}/{path}"),
        }
    }
}

/// Half of an answer to CONNECT, or of SOCKS 5.
fn half_a_proxy(conn: &mut Conn, gate: &Gate) {
    let mut first = [0];
    if conn.read_exact(&mut first).is_err() {
        return;
    }
    if first == [5] {
        let mut greeting = [0; 2];
        let mut request = [0; 4 + 1 + "registry.example".len() + 2];
        let _ = conn.read_exact(&mut greeting);
        conn.send(&[5, 0]);
        let _ = conn.read_exact(&mut request);
        conn.send(&[5, 0, 0, 1, 127]);
    } else {
        let _ = conn.read_head();
        conn.send(b"HTTP/1.1 200 Connec");
    }
    gate.hold();
}

/// Answers a request; false where the connection is over.
fn serve(conn: &mut Conn, gate: &Gate, realms: &Realms) -> bool {
    let Some(mut request) = conn.read_head() else {
        return false;
    };
    let path = request.target.split('?').next().unwrap_or_default();
    match path {
        "/unread" | "/silent" => {}
        "/half-head" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Le");
        }
        "/half-body" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf");
        }
        "/half-chunk" => {
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf");
        }
        "/endless" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
            // More than a pipe holds, and no more than this socket holds too.
            conn.send(&vec![0; 100_000]);
        }
        "/flood" => {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
            let piece = vec![0; 1 << 20];
            while conn.send(&piece) {}
            return false;
        }
        "/busy" => {
            let headers = [("Retry-After", "100")];
            let goes_on = conn.respond("503 Service Unavailable", &headers, b"");
            gate.note();
            return goes_on;
        }
        "/held" => {
            gate.held();
            return conn.respond("200 OK", &[], b"");
        }
        "/over" => {
            gate.over();
            return conn.respond("200 OK", &[], b"");
        }
        _ => {
            let Some(name) = path.strip_prefix("/wants-token/") else {
                return conn.read_body(&mut request) && conn.respond("200 OK", &[], b"");
            };
            let address = conn.socket().map(|socket| socket.local_addr());
            let address = address.expect("it is open").expect("it is bound");
            let scheme = if conn.is_tls() { "https" } else { "http" };
            let realm = realms.find(name, &format!("{scheme}://{address}"));
            let challenge = format!("Bearer realm=\"{realm}\",service=\"s\"");
            let headers = [("WWW-Authenticate", challenge.as_str())];
            let goes_on = conn.respond("401 Unauthorized", &headers, b"");
            // Of those the servers here get to see no more.
            if matches!(name, "blocked" | "full" | "noted") {
                gate.note();
            }
            return goes_on;
        }
    }
    gate.hold();
    false
}

/// An address where connections do not come about: so many wait to be accepted
/// that the system answers no more.
struct Full {
    address: SocketAddr,
    _sockets: Vec<Socket>,
}

impl Full {
    fn new() -> Full {
        let socket = || Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let listener = socket();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any.into()).expect("loopback has free ports");
        listener.listen(0).expect("it is bound");
        let address = listener.local_addr().expect("it is bound");
        let mut sockets = vec![listener];
        loop {
            let waiting = socket();
            let connected = waiting.connect_timeout(&address, TIME_TO_CONNECT);
            sockets.push(waiting);
            if connected.is_err() {
                break;
            }
        }
        Full {
            address: address.as_socket().expect("an IPv4 address"),
            _sockets: sockets,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// The same as a socket of this host.
struct FullSocket {
    path: PathBuf,
    _sockets: Vec<Socket>,
}

impl FullSocket {
    fn new(folder: &Path) -> FullSocket {
        let path = folder.join("full.sock");
        let address = SockAddr::unix(&path).expect("a short path");
        let socket = || Socket::new(Domain::UNIX, Type::STREAM, None).expect("a socket");
        let listener = socket();
        listener.bind(&address).expect("the folder is new");
        listener.listen(0).expect("it is bound");
        let mut sockets = vec![listener];
        loop {
            let waiting = socket();
            waiting.set_nonblocking(true).expect("it is open");
            let connected = waiting.connect(&address);
            sockets.push(waiting);
            if connected.is_err() {
                break;
            }
        }
        FullSocket {
            path,
            _sockets: sockets,
        }
    }
}
