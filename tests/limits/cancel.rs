//! Calls that hang are ended: by a cancel handle and by time limits, in each of
//! their steps, as a program in C sees it.
//!
//! How soon calls end after a trigger is measured by hand, on an idle machine,
//! with 100 tries for each step and way:
//!
//! ```text
//! REGGIE_TRIES=100 cargo test --test limits each_step -- --nocapture --test-threads 1
//! ```
//!
//! That takes ten minutes and more; `REGGIE_STEP` names one of the steps of
//! `hang.h`, or how several of them begin.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use socket2::{Domain, SockAddr, Socket, Type};
use support::c::{BuildOptions, Compiler, Output, Program};
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::temp;
use tempfile::TempDir;

/// Long enough for all steps in all ways, on a busy machine too.
const TIME: Duration = Duration::from_secs(300);

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
struct Places {
    gate: Arc<Gate>,
    server: RawServer,
    silent: RawServer,
    half: RawServer,
    proxy: RawServer,
    full: Full,
    socket: FullSocket,
    folder: TempDir,
}

impl Places {
    fn new(tls: bool) -> Places {
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

    fn arguments(&self) -> Vec<String> {
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

/// Runs a program in which look-ups of names hang until it makes a file.
fn run_slow_names(
    program: &Program,
    time: Duration,
    places: &Places,
    arguments: &[String],
    environment: &[(&str, &str)],
) -> Output {
    let slow = build("preload_getaddrinfo.c", &["-shared", "-fPIC"]);
    let preload = slow.path().display().to_string();
    let end = places.folder.path().join("end of look-ups");
    let end = end.display().to_string();
    let hang = [
        ("LD_PRELOAD", preload.as_str()),
        ("REGGIE_TEST_LOOKUPS_END", end.as_str()),
    ];
    program.run_for(time, arguments, &[&hang, environment].concat())
}

/// Ends calls that hang, in a main thread or one with a small stack.
fn end_calls(way: &str, tls: bool, what: &str) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let places = Places::new(tls);
    let tries = std::env::var("REGGIE_TRIES").unwrap_or_else(|_| "1".to_owned());
    let arguments = [
        vec![way.to_owned()],
        places.arguments(),
        vec![tries, what.to_owned()],
    ]
    .concat();
    let program = build("cancel.c", &[]);
    let time = TIME * std::env::var("REGGIE_TRIES").map_or(1, |_| 20);
    expect_done(&run_slow_names(&program, time, &places, &arguments, &[]));
}

/// Those that are measured by hand, or all.
fn steps() -> String {
    std::env::var("REGGIE_STEP").unwrap_or_else(|_| "all".to_owned())
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step() {
    end_calls("main", false, &steps());
}

#[test]
fn a_call_that_hangs_is_ended_in_each_step_over_tls() {
    end_calls("main", true, &steps());
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

#[test]
fn one_handle_ends_many_calls() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("cancel_shared.c", &[]);
    for tls in [false, true] {
        let places = Places::new(tls);
        let arguments = |calls: &str| {
            let how = vec!["main".to_owned()];
            [how, places.arguments(), vec![calls.to_owned()]].concat()
        };
        expect_done(&run_slow_names(
            &program,
            TIME,
            &places,
            &arguments("28"),
            &[],
        ));
        // The first kinds, for which no name is looked up.
        if !tls && let Some(output) = program.valgrind(&arguments("6"), &[]) {
            expect_done(&output);
        }
    }
}

#[test]
fn progress_is_reported_in_each_step() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build("progress.c", &[]);
    for tls in [false, true] {
        let places = Places::new(tls);
        let arguments = [vec!["main".to_owned()], places.arguments()].concat();
        expect_done(&run_slow_names(&program, TIME, &places, &arguments, &[]));
    }
}

#[test]
fn no_descriptor_is_that_of_stdin_stdout_or_stderr() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let places = Places::new(true);
    let socket = places.folder.path().join("registry.sock");
    let listener = UnixListener::bind(&socket).expect("a short path");
    let registry = thread::spawn(move || {
        let (socket, _) = listener.accept()?;
        let mut reader = BufReader::new(&socket);
        // Two requests, each with a body in chunks or of a length; the second
        // ends the connection.
        for ends in [b"0\r\n\r\n".as_slice(), b""] {
            read_message(&mut reader, ends)?;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            (&socket).write_all(answer)?;
        }
        io::Result::Ok(())
    });
    let ca = places.server.ca_path().expect("with tls there is one");
    let folder = ca.parent().expect("it is a file").display().to_string();
    let arguments = [
        vec!["child".to_owned()],
        places.arguments(),
        vec![format!("unix://{}", socket.display()), folder],
    ]
    .concat();
    let program = build("standard.c", &[]);
    let log = places.folder.path().join("keys").display().to_string();
    let environment = [("SSLKEYLOGFILE", log.as_str())];
    expect_done(&run_slow_names(
        &program,
        TIME,
        &places,
        &arguments,
        &environment,
    ));
    let answered = registry.join().expect("no panic");
    answered.expect("both requests came");
}

/// Reads a request whose body ends so, or has the length that its head tells.
fn read_message(reader: &mut impl BufRead, ends: &[u8]) -> io::Result<()> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if let Some(text) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().expect("a number");
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length + ends.len()];
    reader.read_exact(&mut body)?;
    assert!(body.ends_with(ends));
    Ok(())
}
