//! Calls that hang are ended: by a cancel handle and by time limits, in each of
//! their steps, as a program in C sees it.

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use support::c::{BuildOptions, Compiler, Output, Program};
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::temp;
use tempfile::TempDir;

/// Long enough for all steps in all ways.
const TIME: Duration = Duration::from_secs(60);

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
struct Places {
    gate: Arc<Gate>,
    server: RawServer,
    silent: RawServer,
    half: RawServer,
    full: Full,
    folder: TempDir,
}

impl Places {
    fn new(tls: bool) -> Places {
        let gate = Arc::new(Gate::default());
        let [of_server, of_silent, of_half] = [0; 3].map(|_| Arc::clone(&gate));
        let handler = move |conn: &mut Conn| while serve(conn, &of_server) {};
        Places {
            server: match tls {
                true => RawServer::start_tls(handler),
                false => RawServer::start(handler),
            },
            silent: RawServer::start(move |_| of_silent.hold()),
            half: RawServer::start(move |conn| {
                // The first 11 of 126 bytes, up to the version.
                conn.send(&[22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3]);
                of_half.hold();
            }),
            full: Full::new(),
            folder: temp::folder(),
            gate,
        }
    }

    fn arguments(&self) -> Vec<String> {
        let ca = self.server.ca_path();
        let with_tls = |server: &RawServer| format!("https://{}", server.authority());
        vec![
            self.server.url(),
            ca.map_or_else(|| "-".to_owned(), |path| path.display().to_string()),
            self.full.url(),
            with_tls(&self.silent),
            with_tls(&self.half),
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

/// Answers a request; false where the connection is over.
fn serve(conn: &mut Conn, gate: &Gate) -> bool {
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
        "/wants-token" => {
            let address = conn.socket().map(|socket| socket.local_addr());
            let address = address.expect("it is open").expect("it is bound");
            let scheme = if conn.is_tls() { "https" } else { "http" };
            let challenge = format!("Bearer realm=\"{scheme}://{address}/silent\",service=\"s\"");
            let headers = [("WWW-Authenticate", challenge.as_str())];
            return conn.respond("401 Unauthorized", &headers, b"");
        }
        "/held" => {
            gate.held();
            return conn.respond("200 OK", &[], b"");
        }
        "/over" => {
            gate.over();
            return conn.respond("200 OK", &[], b"");
        }
        _ => return conn.read_body(&mut request) && conn.respond("200 OK", &[], b""),
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
            let connected = waiting.connect_timeout(&address, Duration::from_millis(200));
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

fn build(name: &str, arguments: &[&str]) -> Program {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c");
    let options = BuildOptions {
        arguments: arguments.iter().map(|&text| text.to_owned()).collect(),
        ..BuildOptions::default()
    };
    Program::build(source.join(name), &options).unwrap_or_else(|words| panic!("{name}\n{words}"))
}

/// What a program did that ended well and in silence.
fn expect_done(output: &Output) {
    output.expect_success();
    assert_eq!(output.stderr, "", "the library prints nothing");
    assert!(output.stdout.ends_with("done\n"), "{}", output.stdout);
    eprint!("{}", output.stdout);
}

/// Ends calls that hang, in a main thread or one with a small stack.
fn end_calls(way: &str, tls: bool, what: &str) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let places = Places::new(tls);
    let slow = build("preload_getaddrinfo.c", &["-shared", "-fPIC"]);
    let tries = std::env::var("REGGIE_TRIES").unwrap_or_else(|_| "1".to_owned());
    let arguments = [
        vec![way.to_owned()],
        places.arguments(),
        vec![tries, what.to_owned()],
    ]
    .concat();
    let preload = slow.path().display().to_string();
    let program = build("cancel.c", &[]);
    let time = TIME * std::env::var("REGGIE_TRIES").map_or(1, |_| 20);
    expect_done(&program.run_for(time, &arguments, &[("LD_PRELOAD", &preload)]));
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step() {
    end_calls("main", false, "all");
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step_over_tls() {
    end_calls("main", true, "all");
}

#[test]
fn a_call_that_hangs_is_ended_in_a_thread_with_a_small_stack() {
    end_calls("thread", true, "half-body");
    end_calls("thread", false, "connect");
}

#[test]
fn ending_calls_leaves_memory_in_order() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("cancel.c", &[]);
    for (tls, what) in [
        (false, "send-memory"),
        (false, "to-reader"),
        (true, "tls-half"),
        (true, "half-chunk"),
    ] {
        let places = Places::new(tls);
        let arguments = [
            vec!["main".to_owned()],
            places.arguments(),
            vec!["1".to_owned(), what.to_owned()],
        ]
        .concat();
        if let Some(output) = program.valgrind(&arguments, &[]) {
            expect_done(&output);
        }
    }
}
