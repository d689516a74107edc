//! Request bodies from files, which the kernel sends: what arrives, and what
//! ends the upload before its end.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use embedded_registry::{Options, Registry};
use reggie::digest::{Algorithm, of_bytes};
use reggie::{Cancel, Client, Config, Error, Kind, Request, Step};
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::temp;
use tempfile::NamedTempFile;

const SIZES: [usize; 5] = [0, 1, 64 * 1024, 1024 * 1024 + 1, 5_000_001];
/// More than all buffers between a client and a server that does not read.
const LONG: u64 = 200 * 1000 * 1000;

/// Bytes of no short period, so that a piece out of place shows.
fn content(size: usize) -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(|_| next()).collect()
}

fn file(content: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(content).expect("written");
    file
}

/// A file without blocks of its own, of zeros.
fn long_file() -> NamedTempFile {
    let file = NamedTempFile::new().expect("a file");
    file.as_file().set_len(LONG).expect("a length");
    file
}

fn put(client: &Client, set: impl FnOnce(&mut Request)) -> Result<u16, Error> {
    let mut request = client.request("PUT", "/upload").expect("a request");
    set(&mut request);
    Ok(client.execute(&mut request)?.status())
}

/// Checks what arrives of files by `client`; `arrived` gets each body.
fn files_arrive(client: &Client, arrived: &mpsc::Receiver<Vec<u8>>) {
    for size in SIZES {
        let content = content(size);
        let mut file = file(&content);
        let path = file.path().to_owned();
        let status = put(client, |request| request.set_body_path(path)).expect("a response");
        assert_eq!(status, 201);
        assert!(arrived.recv().expect("a body") == content, "{size} by path");

        for (offset, length) in [(0, size), (size / 3, size / 3), (size, 0)] {
            file.seek(SeekFrom::Start(offset as u64))
                .expect("an offset");
            let status = put(client, |request| {
                request
                    .set_body_descriptor(file.as_raw_fd(), Some(length as u64))
                    .expect("a descriptor");
            });
            assert_eq!(status.expect("a response"), 201);
            let body = arrived.recv().expect("a body");
            assert!(
                body == content[offset..offset + length],
                "{length} of {size} from {offset} on"
            );
            let position = file.stream_position().expect("a position");
            assert_eq!(position, offset as u64);
        }
    }
}

/// A server that gives the bodies of its requests to the receiver.
fn server(tls: bool) -> (RawServer, mpsc::Receiver<Vec<u8>>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let handler = move |conn: &mut Conn| {
        while let Some(request) = conn.read_request() {
            conn.respond("201 Created", &[], b"");
            let sender = sender.lock().expect("no panic elsewhere");
            sender.send(request.body).expect("a receiver");
        }
    };
    let server = if tls {
        RawServer::start_tls(handler)
    } else {
        RawServer::start(handler)
    };
    (server, receiver)
}

type SetBody<'a> = Box<dyn Fn(&mut Request) + 'a>;

/// Files in /proc, whose size is 0.
fn sizeless_files_arrive(client: &Client, arrived: &mpsc::Receiver<Vec<u8>>) {
    for path in ["/proc/version", "/proc/self/environ", "/proc/filesystems"] {
        let content = std::fs::read(path).expect(path);
        let file = File::open(path).expect(path);
        let size = content.len() as u64;
        let sets: [(&str, std::ops::Range<u64>, SetBody); 5] = [
            ("path", 0..size, Box::new(|r| r.set_body_path(path.into()))),
            (
                "section",
                3..7,
                Box::new(|r| {
                    r.set_body_path_section(path.into(), 3, Some(4))
                        .expect("a section");
                }),
            ),
            (
                "rest",
                3..size,
                Box::new(|r| {
                    r.set_body_path_section(path.into(), 3, None)
                        .expect("a section");
                }),
            ),
            (
                "descriptor",
                0..5,
                Box::new(|r| {
                    r.set_body_descriptor(file.as_raw_fd(), Some(5))
                        .expect("a descriptor");
                }),
            ),
            (
                "section of a descriptor",
                2..size,
                Box::new(|r| {
                    r.set_body_descriptor_section(file.as_raw_fd(), 2, None)
                        .expect("a section");
                }),
            ),
        ];
        for (name, range, set) in sets {
            let mut request = client.request("PUT", "/upload").expect("a request");
            set(&mut request);
            for _ in 0..2 {
                let response = client.execute(&mut request).expect(name);
                assert_eq!(response.status(), 201, "{path} {name}");
                let [start, end] = [range.start, range.end].map(|at| at as usize);
                let body = arrived.recv().expect("a body");
                assert_eq!(body, content[start..end], "{path} by {name}");
            }
        }
        let mut request = client.request("PUT", "/upload").expect("a request");
        request
            .set_body_path_section(path.into(), 0, Some(size + 1))
            .expect("a section");
        let error = client.execute(&mut request).expect_err("too long");
        assert_eq!(
            (error.kind(), error.step()),
            (Kind::BodyLength, Step::Prepare)
        );
    }
}

#[test]
fn sizeless_files_arrive_over_http() {
    let (server, arrived) = server(false);
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    sizeless_files_arrive(&client, &arrived);
    let lengths = server.requests();
    let mut lengths = lengths
        .iter()
        .map(|request| request.header("content-length"));
    assert!(lengths.all(|length| length.is_some()));
}

#[test]
fn sizeless_files_arrive_over_https() {
    let (server, arrived) = server(true);
    let mut config = Config::new();
    let ca = server.ca_path().expect("a certificate");
    config.add_ca_file(&ca).expect("a ca file");
    let client = Client::new(&server.url(), &config).expect("a client");
    sizeless_files_arrive(&client, &arrived);
}

#[test]
fn what_is_appended_to_a_file_while_it_is_sent_is_not_sent() {
    for tls in [false, true] {
        let size = 20_000_000;
        let file = file(&vec![b'a'; size]);
        let path = file.path().to_owned();
        let (sender, arrived) = mpsc::channel();
        let sender = Mutex::new(sender);
        let growing = path.clone();
        let handler = move |conn: &mut Conn| {
            let mut request = conn.read_head().expect("a head");
            // The rest of the file does not fit into the buffers of the sockets.
            let mut file = File::options().append(true).open(&growing).expect("a file");
            file.write_all(b"more").expect("written");
            assert!(conn.read_body(&mut request));
            conn.respond("201 Created", &[], b"");
            let sender = sender.lock().expect("no panic elsewhere");
            sender.send(request.body).expect("a receiver");
        };
        let (server, mut config) = match tls {
            true => (RawServer::start_tls(handler), Config::new()),
            false => (RawServer::start(handler), Config::new()),
        };
        if let Some(ca) = server.ca_path() {
            config.add_ca_file(&ca).expect("a ca file");
        }
        let client = Client::new(&server.url(), &config).expect("a client");
        let status = put(&client, |request| request.set_body_path(path)).expect("a response");
        assert_eq!(status, 201);
        let body = arrived.recv().expect("a body");
        assert!(body == vec![b'a'; size], "{} bytes arrived", body.len());
        assert_eq!(
            file.as_file().metadata().expect("a file").len(),
            size as u64 + 4
        );
    }
}

#[test]
fn files_arrive_over_http() {
    let (server, arrived) = server(false);
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    files_arrive(&client, &arrived);
    assert_eq!(server.connections(), 1);
}

#[test]
fn files_arrive_over_https() {
    let (server, arrived) = server(true);
    let mut config = Config::new();
    let ca = server.ca_path().expect("a certificate");
    config.add_ca_file(&ca).expect("a ca file");
    let client = Client::new(&server.url(), &config).expect("a client");
    files_arrive(&client, &arrived);
}

#[test]
fn files_arrive_through_a_proxy() {
    let (proxy, arrived) = server(false);
    let mut config = Config::new();
    config.set_proxy(None, Some(&proxy.url())).expect("a proxy");
    let client = Client::new("http://registry.example", &config).expect("a client");
    files_arrive(&client, &arrived);
    let target = &proxy.requests()[0].target;
    assert_eq!(target, "http://registry.example/upload");
}

#[test]
fn files_arrive_over_a_socket_of_this_host() {
    let folder = temp::folder();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).expect("a socket");
    let (sender, arrived) = mpsc::channel();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a connection");
        let (mut head, mut byte) = (String::new(), [0]);
        while socket.read(&mut byte).expect("bytes") == 1 {
            head.push(byte[0].into());
            if !head.ends_with("\r\n\r\n") {
                continue;
            }
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("Content-Length: "));
            let length = length.expect("a length").parse().expect("a number");
            let mut body = vec![0; length];
            socket.read_exact(&mut body).expect("a body");
            let response = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
            socket.write_all(response).expect("it is read");
            sender.send(body).expect("a receiver");
            head.clear();
        }
    });
    let url = format!("unix://{}", path.display());
    let client = Client::new(&url, &Config::new()).expect("a client");
    files_arrive(&client, &arrived);
    drop(client);
    server.join().expect("no panic");
}

/// Bytes that this thread has written, not by send(2), but by sendfile(2).
fn written() -> u64 {
    let counts = std::fs::read_to_string("/proc/thread-self/io").expect("counts");
    let count = counts.lines().find_map(|line| line.strip_prefix("wchar: "));
    count.expect("a count").parse().expect("a number")
}

#[test]
fn over_http_the_kernel_sends_files() {
    let (server, arrived) = server(false);
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let file = file(&content(3_000_000));
    let before = written();
    put(&client, |request| request.set_body(content(3_000_000))).expect("a response");
    assert!(written() - before < 100_000);
    arrived.recv().expect("a body");
    let path = file.path().to_owned();
    put(&client, |request| request.set_body_path(path)).expect("a response");
    arrived.recv().expect("a body");
    let sent = written() - before;
    assert!((3_000_000..3_100_000).contains(&sent), "{sent} bytes");
}

#[test]
fn what_the_kernel_cannot_send_is_read() {
    let (server, arrived) = server(false);
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    // No file with pages to send, but one that can be read at an offset.
    let path = "/proc/self/auxv";
    let content = std::fs::read(path).expect("it can be read");
    let file = File::open(path).expect("it can be read");
    let status = put(&client, |request| {
        let length = Some(content.len() as u64);
        request
            .set_body_descriptor(file.as_raw_fd(), length)
            .expect("a descriptor");
    });
    assert_eq!(status.expect("a response"), 201);
    assert_eq!(arrived.recv().expect("a body"), content);
}

#[test]
fn a_blob_pushed_from_a_file_has_its_digest() {
    let registry = Registry::start(Options::default());
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    let content = content(5_000_001);
    let digest = of_bytes(Algorithm::from_name("sha256").expect("known"), &content);
    let mut request = client
        .request("POST", "/v2/team/app/blobs/uploads/")
        .expect("a request");
    let response = client.execute(&mut request).expect("a response");
    let location = response.relative_location().expect("a location").to_owned();
    let file = file(&content);
    let mut request = client.request("PUT", &location).expect("a request");
    request.set_query("digest", &digest).expect("a query");
    request.set_body_path(file.path().to_owned());
    let response = client.execute(&mut request).expect("a response");
    assert_eq!(response.status(), 201);
}

/// What a server does with the body after its response.
#[derive(Clone, Copy, Debug)]
enum After {
    Close,
    Reset,
    Ignore,
}

fn respond(conn: &mut Conn, after: After, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    conn.respond(status, headers, body);
    match after {
        After::Close => conn.finish(),
        After::Reset => conn.reset(),
        After::Ignore => conn.hold(),
    }
}

#[test]
fn a_response_that_comes_early_is_read() {
    for after in [After::Close, After::Reset, After::Ignore] {
        let server = RawServer::start(move |conn| {
            if conn.read_head().is_some() {
                let body = br#"{"errors":[{"code":"SIZE_INVALID"}]}"#;
                respond(conn, after, "413 Content Too Large", &[], body);
            }
        });
        let client = Client::new(&server.url(), &Config::new()).expect("a client");
        let file = long_file();
        for _ in 0..50 {
            let mut request = client.request("PUT", "/upload").expect("a request");
            request.set_body_path(file.path().to_owned());
            let response = client.execute(&mut request).expect("a response");
            assert_eq!(response.status(), 413, "{after:?}");
            let errors = response.errors().expect("errors");
            assert_eq!(errors[0].code(), "SIZE_INVALID");
        }
    }
}

#[test]
fn after_a_challenge_the_whole_file_is_sent() {
    for after in [After::Close, After::Reset, After::Ignore] {
        let (sender, arrived) = mpsc::channel();
        let sender = Mutex::new(sender);
        let server = RawServer::start(move |conn| {
            let Some(mut request) = conn.read_head() else {
                return;
            };
            if request.header("authorization").is_none() {
                let challenge = [("WWW-Authenticate", "Basic realm=\"r\"")];
                return respond(conn, after, "401 Unauthorized", &challenge, b"{}");
            }
            conn.read_body(&mut request);
            let sender = sender.lock().expect("no panic elsewhere");
            sender.send(request.body).expect("a receiver");
            conn.respond("201 Created", &[], b"");
        });
        let mut config = Config::new();
        config.set_credentials("user", "pass").expect("credentials");
        let client = Client::new(&server.url(), &config).expect("a client");
        let content = content(20_000_000);
        let file = file(&content);
        let path = file.path().to_owned();
        let status = put(&client, |request| request.set_body_path(path));
        assert_eq!(status.expect("a response"), 201, "{after:?}");
        assert!(arrived.recv().expect("a body") == content, "{after:?}");
    }
}

/// A server that reads the head of a request, tells of it, and no more.
fn deaf() -> (RawServer, mpsc::Receiver<()>) {
    let (sender, receiver) = mpsc::channel();
    let sender = Mutex::new(sender);
    let server = RawServer::start(move |conn| {
        conn.read_head();
        // Who only waits for a limit may be gone.
        let _ = sender.lock().expect("no panic elsewhere").send(());
        conn.hold();
    });
    (server, receiver)
}

fn put_in_vain(server: &RawServer, set: impl FnOnce(&mut Request)) -> Error {
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let file = long_file();
    let path = file.path().to_owned();
    let result = put(&client, |request| {
        request.set_body_path(path);
        set(request);
    });
    result.expect_err("nobody reads")
}

#[test]
fn an_upload_that_nobody_reads_can_be_cancelled() {
    let (server, begun) = deaf();
    let cancel = Arc::new(Cancel::new().expect("a handle"));
    let error = thread::scope(|scope| {
        let trigger = cancel.clone();
        scope.spawn(move || {
            begun.recv().expect("an upload");
            trigger.trigger();
        });
        put_in_vain(&server, |request| {
            request.set_cancel(Some((*cancel).clone()));
        })
    });
    assert_eq!((error.kind(), error.step()), (Kind::Cancelled, Step::Send));
}

#[test]
fn an_upload_that_nobody_reads_has_its_limits() {
    let (server, _begun) = deaf();
    let error = put_in_vain(&server, |request| {
        // Longer than a busy machine takes to begin with the body.
        request.set_timeout(Some(Duration::from_secs(2)));
    });
    assert_eq!((error.kind(), error.step()), (Kind::Deadline, Step::Send));
    let error = put_in_vain(&server, |request| {
        request.set_stall_limit(1, Duration::from_millis(300));
    });
    assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Send));
}

#[test]
fn a_file_that_is_cut_during_the_upload_is_an_error() {
    let file = Arc::new(long_file());
    let cut = Arc::clone(&file);
    let server = RawServer::start(move |conn| {
        let Some(mut request) = conn.read_head() else {
            return;
        };
        cut.as_file().set_len(1000).expect("it is cut");
        assert!(!conn.read_body(&mut request), "all of the body came");
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let path = file.path().to_owned();
    let error = put(&client, |request| request.set_body_path(path)).expect_err("a short body");
    assert_eq!(error.kind(), Kind::BodyLength, "{error:?}");
    let message = error.message();
    assert!(message.starts_with("the body ended "), "{message}");
    assert!(message.ends_with(" bytes before its length"), "{message}");
}
