//! The contract with C, as programs of `tests/c` see it.
//!
//! They run in their main thread, in a thread with a stack of 128 KiB and in a
//! child, and under valgrind, some also linked with the static library.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex};

use embedded_registry::{Options, Registry};
use socket2::{Domain, Socket, Type};
use support::c::{BuildOptions, Compiler, Output, Program};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;
use support::{programs, temp};

/// Where the body of a program runs: its main thread, one with a small stack,
/// a child.
const WAYS: [&str; 3] = ["main", "thread", "child"];

/// How large a large blob is: 1 GiB; with TLS a quarter of it.
const LARGE: u64 = 1 << 30;

const ERRORS: &[u8] =
    br#"{"errors":[{"code":"NAME_UNKNOWN","message":"no such name","detail":null}]}"#;

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c")
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn build(name: &str, options: &BuildOptions) -> Program {
    Program::build(sources().join(format!("{name}.c")), options)
        .unwrap_or_else(|words| panic!("{name}.c\n{words}"))
}

fn build_linked(name: &str, static_library: bool) -> Program {
    let options = BuildOptions {
        static_library,
        ..BuildOptions::default()
    };
    build(name, &options)
}

/// What a program said before "done", after it ended well and in silence.
fn said(output: &Output) -> String {
    output.expect_success();
    assert_eq!(output.stderr, "", "the library prints nothing");
    let said = output.stdout.strip_suffix("done\n");
    said.expect("a program says that it is done").to_owned()
}

fn run(program: &Program, way: &str, arguments: &[&str]) -> String {
    said(&program.run(&[&[way], arguments].concat(), &[]))
}

fn run_in_valgrind(program: &Program, way: &str, arguments: &[&str]) -> Option<String> {
    let output = program.valgrind(&[&[way], arguments].concat(), &[])?;
    Some(said(&output))
}

/// Runs a program in all ways, and under valgrind, for each of the arguments.
fn everywhere<A: AsRef<str>>(name: &str, arguments: &[Vec<A>]) {
    run_linked(name, arguments, false);
}

/// As [`everywhere`], and then linked with the static library.
fn everywhere_and_linked_statically<A: AsRef<str>>(name: &str, arguments: &[Vec<A>]) {
    run_linked(name, arguments, false);
    run_linked(name, arguments, true);
}

fn run_linked<A: AsRef<str>>(name: &str, arguments: &[Vec<A>], static_library: bool) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked(name, static_library);
    for arguments in arguments {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        for way in WAYS {
            run(&program, way, &arguments);
        }
        if !static_library {
            run_in_valgrind(&program, "main", &arguments);
        }
    }
}

/// A server without TLS and one with it.
fn servers() -> [RawServer; 2] {
    [server(false), server(true)]
}

/// The arguments that tell where a server is, and whom to trust.
fn whereabouts(server: &RawServer) -> Vec<String> {
    vec![server.url(), ca(server)]
}

/// A server that echoes requests; some targets have answers of their own.
fn server(tls: bool) -> RawServer {
    let gate = Gate::default();
    let handler = move |conn: &mut Conn| {
        while let Some(mut request) = conn.read_head() {
            match request.target.as_str() {
                "/closes" => return conn.close(),
                "/resets" => return conn.reset(),
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
fn answer(conn: &mut Conn, request: &RawRequest, gate: &Gate) -> bool {
    let number = conn.number().to_string();
    let headers = [("Connection-Number", number.as_str())];
    let target = request.target.as_str();
    if target.starts_with("/challenge") && request.header("authorization").is_none() {
        let challenge = [("WWW-Authenticate", "Basic realm=\"test\"")];
        return conn.respond("401 Unauthorized", &challenge, b"");
    }
    match target {
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

fn echo(request: &RawRequest) -> String {
    let test = request.header("test");
    format!(
        "{} {}\n{}\n{}",
        request.method,
        request.target,
        test.map_or_else(String::new, |value| format!("Test: {value}\n")),
        String::from_utf8_lossy(&request.body)
    )
}

/// Where one connection waits for a request on another; it closes behind.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let closed = self.is_open.lock().expect("no panic elsewhere");
        let mut passed = self
            .opened
            .wait_while(closed, |is_open| !*is_open)
            .expect("no panic elsewhere");
        *passed = false;
    }

    fn open(&self) {
        *self.is_open.lock().expect("no panic elsewhere") = true;
        self.opened.notify_all();
    }
}

/// An address that refuses connections: its port is taken, nobody listens.
struct Refusing {
    address: SocketAddr,
    _socket: Socket,
}

impl Refusing {
    fn new() -> Refusing {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        socket.bind(&any.into()).expect("loopback has free ports");
        let address = socket.local_addr().expect("it is bound");
        Refusing {
            address: address.as_socket().expect("an IPv4 address"),
            _socket: socket,
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn ca(server: &RawServer) -> String {
    server
        .ca_path()
        .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}

fn registry_ca(registry: &Registry) -> String {
    registry
        .ca_path()
        .map_or_else(|| "-".to_owned(), |path| path.display().to_string())
}

// What every function does with arguments of no use.

/// The functions of the header, each with its parameters.
fn declarations() -> BTreeMap<String, Vec<String>> {
    let header = read("include/reggie.h");
    let code: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with(['/', '#']) && !line.starts_with(" *"))
        .collect();
    code.join(" ")
        .split(';')
        .filter(|declaration| !declaration.contains("typedef"))
        .filter_map(|declaration| {
            let (before, parameters) = declaration.split_once('(')?;
            let name = before.rsplit([' ', '*']).next()?;
            let parameters = parameters.trim_end().strip_suffix(')')?;
            let parameters = match parameters {
                "void" => Vec::new(),
                _ => parameters
                    .split(',')
                    .map(|parameter| parameter.trim().to_owned())
                    .collect(),
            };
            name.starts_with("reggie_")
                .then(|| (name.to_owned(), parameters))
        })
        .collect()
}

/// The calls that programs told of: functions with the arguments as written.
fn calls(said: &str) -> BTreeMap<String, Vec<Vec<String>>> {
    let mut calls: BTreeMap<String, Vec<Vec<String>>> = BTreeMap::new();
    for line in said.lines() {
        let call = line.strip_prefix("called ").expect("a line about a call");
        let (function, arguments) = call.split_once('(').expect("a call");
        let arguments = arguments.strip_suffix(')').expect("a call");
        calls
            .entry(function.to_owned())
            .or_default()
            .push(split(arguments));
    }
    calls
}

/// Splits arguments at the commas outside of parentheses.
fn split(arguments: &str) -> Vec<String> {
    let mut depth = 0;
    let parts = arguments.split(|character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

/// The arguments that have to stand for a parameter, any of each list.
fn wanted(parameter: &str) -> Vec<&'static [&'static str]> {
    let is_text = parameter.starts_with("const char *");
    match parameter.rsplit([' ', '*']).next() {
        Some("userdata") => vec![],
        Some("index") => vec![&["index"]],
        _ if is_text => vec![&["NULL", "text"], &["text"]],
        _ if parameter.contains('*') || parameter.contains("_callback ") => vec![&["NULL"]],
        _ if parameter.starts_with("size_t") => vec![&["(size_t)-1"]],
        _ if parameter.starts_with("uint64_t") => vec![&["REGGIE_UNKNOWN_SIZE", "UINT64_MAX"]],
        _ if parameter.starts_with("int64_t") => vec![&["INT64_MIN"], &["INT64_MAX"]],
        _ => vec![&["INT_MIN", "INT_MAX"]],
    }
}

#[test]
fn every_argument_of_every_function_is_checked() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let refusing = Refusing::new();
    let mut all = String::new();
    for (name, address) in [
        ("arguments_client", refusing.url()),
        ("arguments_network", refusing.url()),
        ("arguments_tls", refusing.url()),
        ("arguments_request", server.url()),
        ("arguments_response", server.url()),
        ("arguments_engine", server.url()),
        ("arguments_credentials", server.url()),
        ("arguments_retry", server.url()),
        ("arguments_times", server.url()),
    ] {
        let program = build_linked(name, false);
        all += &run(&program, "main", &[&address, "1048576"]);
        run(&program, "thread", &[&address, "1048576"]);
        // Above all limits, and a tenth of the time.
        run_in_valgrind(&program, "main", &[&address, "150000"]);
    }

    let declared = declarations();
    let symbols = read("symbols.txt");
    let listed: BTreeSet<&str> = symbols.lines().collect();
    let functions: BTreeSet<&str> = declared.keys().map(String::as_str).collect();
    assert_eq!(functions, listed);
    let called = calls(&all);
    let covered: BTreeSet<&str> = called.keys().map(String::as_str).collect();
    assert_eq!(covered, functions, "tests/c/arguments_*.c");
    for (function, parameters) in &declared {
        for (place, parameter) in parameters.iter().enumerate() {
            for any_of in wanted(parameter) {
                let stands = |call: &Vec<String>| any_of.contains(&call[place].as_str());
                assert!(
                    called[function].iter().any(stands),
                    "{function}: no call with {any_of:?} as {parameter}"
                );
            }
        }
    }
}

#[test]
fn a_request_inside_its_own_callbacks_is_busy() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let program = build_linked("busy", false);
    let told = run(&program, "main", &[&server.url()]);
    run(&program, "thread", &[&server.url()]);
    run_in_valgrind(&program, "main", &[&server.url()]);
    let called = calls(&told);
    for (function, parameters) in declarations() {
        let takes_request = parameters
            .iter()
            .any(|parameter| parameter.ends_with("reggie_request *request"));
        assert!(
            !takes_request || called.contains_key(&function),
            "{function}"
        );
    }
}

// What handles, userdata and callbacks do.

#[test]
fn handles_are_freed_in_any_order() {
    everywhere("ownership", &[vec![server(false).url()]]);
}

#[test]
fn userdata_is_freed_exactly_once() {
    everywhere("userdata", &[vec![server(false).url()]]);
}

#[test]
fn callbacks_decide_what_a_call_does() {
    let servers = servers();
    everywhere("callbacks", &servers.each_ref().map(whereabouts));
}

#[test]
fn warnings_are_told_once() {
    let servers = servers();
    everywhere("warnings", &servers.each_ref().map(whereabouts));
}

#[test]
fn callbacks_may_use_the_same_client() {
    let servers = servers();
    everywhere("nested", &servers.each_ref().map(whereabouts));
}

#[test]
fn a_callback_decides_on_certificates() {
    everywhere("certificates", &[whereabouts(&server(true))]);
}

#[test]
fn connections_to_a_server_can_be_limited() {
    let servers = servers();
    everywhere("connections", &servers.each_ref().map(whereabouts));
}

#[test]
fn the_environment_is_read_when_a_client_is_made_if_at_all() {
    let server = server(true);
    let home = temp::folder();
    let folder = home.path().join(".config/containers/certs.d");
    let folder = folder.join(server.address().to_string());
    fs::create_dir_all(&folder).expect("made");
    fs::copy(ca(&server), folder.join("ca.crt")).expect("copied");
    fs::copy(ca(&server), home.path().join("01234567.0")).expect("copied");
    let mut arguments = whereabouts(&server);
    arguments.push(home.path().display().to_string());
    arguments.push(home.path().join("keys").display().to_string());
    arguments.push(Refusing::new().url());
    everywhere("environment", &[arguments]);
}

#[test]
fn constants_and_functions_say_the_same() {
    let header = read("include/reggie.h");
    let statuses = header.lines().filter_map(|line| {
        let (name, number) = line.strip_prefix("#define REGGIE_")?.split_once(' ')?;
        let other = [
            "IP_",
            "LOG_",
            "PURPOSE_",
            "REDIRECT_ANSWER",
            "REDIRECT_FOLLOW",
            "TIME_",
            "TLS_",
            "VERSION",
        ];
        let is_status = !other.iter().any(|prefix| name.starts_with(prefix));
        (is_status && number.parse::<i32>().is_ok()).then_some(number)
    });
    let arguments: Vec<&str> = [env!("CARGO_PKG_VERSION")]
        .into_iter()
        .chain(statuses)
        .collect();
    everywhere_and_linked_statically("constants", &[arguments]);
}

// What the process around the library notices.

#[test]
fn peers_and_readers_that_go_raise_no_sigpipe() {
    let servers = servers();
    everywhere_and_linked_statically("sigpipe", &servers.each_ref().map(whereabouts));
}

#[test]
fn signals_do_no_harm_and_get_none() {
    let servers = servers();
    let folder = temp::folder();
    let arguments = servers.each_ref().map(|server| {
        let mut arguments = whereabouts(server);
        arguments.push(folder.path().display().to_string());
        arguments
    });
    everywhere("signals", &arguments);
}

#[test]
fn a_child_leaves_the_parents_connections_alone() {
    let servers = servers();
    everywhere_and_linked_statically("fork", &servers.each_ref().map(whereabouts));
    for server in &servers {
        let requests = server.requests();
        let connections = |target: &str| -> BTreeSet<usize> {
            requests
                .iter()
                .filter(|request| request.target == target)
                .map(|request| request.connection)
                .collect()
        };
        let (parents, children) = (connections("/parent"), connections("/child"));
        assert!(!parents.is_empty() && !children.is_empty());
        assert!(parents.is_disjoint(&children), "{parents:?} {children:?}");
    }
}

#[test]
fn nothing_is_left_behind_and_nothing_inherited() {
    let servers = servers();
    let refusing = Refusing::new();
    let folder = temp::folder();
    let arguments = servers.each_ref().map(|server| {
        // A name, so that it has to be resolved.
        let url = server.url().replace("127.0.0.1", "localhost");
        let folder = folder.path().display().to_string();
        vec![url, ca(server), folder, refusing.url()]
    });
    everywhere_and_linked_statically("guest", &arguments);
}

#[test]
fn debug_goes_to_stderr_without_secrets() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    let url = server.url();
    let program = build_linked("debug", false);
    for way in WAYS {
        let output = program.run(&[way, &url], &[]);
        output.expect_success();
        assert_eq!(output.stdout, "done\n");
        for part in ["GET /challenge", "401", "200", "uthorization"] {
            assert!(output.stderr.contains(part), "{part}\n{}", output.stderr);
        }
        // The password, and user and password in Base64.
        for part in ["secret", "dXNlcjpzZWNyZXQ"] {
            assert!(!output.stderr.contains(part), "{part}\n{}", output.stderr);
        }
    }
    if let Some(output) = program.valgrind(&["main", &url], &[]) {
        output.expect_success();
    }
}

#[test]
fn handles_move_from_thread_to_thread() {
    let servers = servers();
    everywhere("moves", &servers.each_ref().map(whereabouts));
    // Two connections each time: the one of the body that was given up, and
    // the one after it.
    let valgrind = usize::from(programs::find("valgrind").is_some());
    for server in &servers {
        assert_eq!(server.connections(), 2 * (WAYS.len() + valgrind));
    }
}

/// Runs the threads, and counts their requests and connections.
fn run_threads(registry: &Registry, threads: usize, requests: usize, valgrind: bool) {
    let names = ["a/b", "c/d"];
    let digest = names.map(|name| registry.put_blob(name, b"the blob".to_vec()))[0].clone();
    let ca = registry_ca(registry);
    let program = build_linked("threads", false);
    let (threads_text, requests_text) = (threads.to_string(), requests.to_string());
    let arguments = [
        registry.url(),
        &ca,
        names[0],
        names[1],
        &digest,
        &threads_text,
        &requests_text,
    ];
    registry.clear_requests();
    let before = registry.connections();
    if valgrind {
        if run_in_valgrind(&program, "main", &arguments).is_none() {
            return;
        }
    } else {
        run(&program, "main", &arguments);
    }
    let right = registry
        .requests()
        .iter()
        .filter(|request| request.status == Some(200) && request.path().starts_with("/v2/"))
        .count();
    assert_eq!(right, threads * requests);
    let connections = registry.connections() - before;
    assert!(connections <= threads, "{connections} connections");
}

#[test]
fn a_client_is_shared_by_two_hundred_threads() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    run_threads(&Registry::start(Options::default()), 200, 50, false);
    let token = Registry::start(Options::default().token("user", "pass"));
    run_threads(&token, 200, 50, false);
    run_threads(&token, 200, 50, true);
    let tls = Registry::start(Options::default().tls().basic("user", "pass"));
    run_threads(&tls, 32, 10, false);
}

#[test]
fn what_a_server_sends_does_not_decide_about_memory() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let server = server(false);
    for static_library in [false, true] {
        let program = build_linked("limits", static_library);
        for way in WAYS {
            run(&program, way, &[&server.url(), "measured"]);
        }
        if !static_library {
            run_in_valgrind(&program, "main", &[&server.url(), "not"]);
        }
    }
}

/// Streams blobs of this size, down and up.
fn stream(program: &Program, options: Options, size: u64) {
    let most = (12 * 1024).to_string();
    let registry = Registry::start(options.forget_blobs_over(1 << 20));
    let digest = registry.put_synthetic_blob("a/b", size, 7);
    let folder = temp::folder();
    let path = folder.path().join("sparse");
    let file = fs::File::create(&path).expect("the folder is writable");
    file.set_len(size).expect("files may have holes");
    let (path, size) = (path.display().to_string(), size.to_string());
    let place = [registry.url(), &registry_ca(&registry), &most];
    for what in [
        ["pull", &size, &digest].as_slice(),
        &["down", "/dev/null", &digest],
        &["up", &path],
    ] {
        run(program, "main", &[&place, what].concat());
    }
    let last = registry.requests().pop().expect("requests");
    assert_eq!((last.method.as_str(), last.status), ("PUT", Some(201)));
    assert_eq!(last.body_length.to_string(), size);
}

#[test]
fn large_blobs_take_constant_memory() {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked("stream", false);
    stream(&program, Options::default(), LARGE);
    stream(&program, Options::default().tls(), LARGE / 4);
}

#[test]
fn credentials_come_from_a_callback_files_and_helpers() {
    let server = server(false);
    let folder = temp::folder();
    let entry = format!(
        r#"{{"auths":{{"{}":{{"auth":"ZW50cnk6cGFzcw=="}}}}}}"#,
        server.authority()
    );
    for (name, text) in [
        ("helper.json", r#"{"credsStore":"desktop"}"#),
        ("hangs.json", r#"{"credsStore":"hangs"}"#),
        ("entry.json", &entry),
    ] {
        fs::write(folder.path().join(name), text).expect("the folder is writable");
    }
    let helpers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/credentials/bin");
    everywhere(
        "credentials",
        &[vec![
            server.url(),
            folder.path().display().to_string(),
            helpers.display().to_string(),
        ]],
    );
}

// What compilers say.

#[test]
fn every_compiler_takes_the_programs() {
    let mut names: Vec<PathBuf> = fs::read_dir(sources())
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "c"))
        .collect();
    names.sort();
    for (compiler, standard) in [
        (Compiler::Gcc, "c99"),
        (Compiler::Clang, "c99"),
        (Compiler::SystemCxx, "c++11"),
    ] {
        if !compiler.is_at_hand() {
            continue;
        }
        let options = BuildOptions {
            compiler,
            standard,
            arguments: vec![
                "-fsyntax-only".to_owned(),
                "-Wno-unused-command-line-argument".to_owned(),
            ],
            ..BuildOptions::default()
        };
        for name in &names {
            if let Err(words) = Program::build(name, &options) {
                panic!("{compiler:?} {}\n{words}", name.display());
            }
        }
    }
}

#[test]
fn programs_in_cxx_do_the_same() {
    if !Compiler::SystemCxx.is_at_hand() {
        return;
    }
    let server = server(false);
    for name in ["userdata", "ownership"] {
        let options = BuildOptions {
            compiler: Compiler::SystemCxx,
            standard: "c++11",
            ..BuildOptions::default()
        };
        let program = build(name, &options);
        run(&program, "main", &[&server.url()]);
        run_in_valgrind(&program, "main", &[&server.url()]);
    }
}
