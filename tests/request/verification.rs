//! Bodies of responses that are verified, files that they replace, and bodies
//! of requests from sections and borrowed memory.

use std::fs;
use std::fs::Permissions;
use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Arc, Mutex};

use reggie::digest::{Algorithm, of_bytes};
use reggie::{BorrowedBytes, Cancel, Client, Config, Error, Kind, Request, WriteSink};
use support::raw_server::RawServer;

const WITHHELD: usize = 64 * 1024;
const LARGE: usize = 3 * 1024 * 1024 + 77;

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index % 251) as u8).collect()
}

/// Each target is a framing and a length: `/length/10`.
fn server() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let mut parts = request.target.split('/').skip(1);
            let framing = parts.next().expect("a framing").to_owned();
            let content = body(parts.next().map_or(0, |n| n.parse().expect("a length")));
            let range = [("Content-Range", "bytes 0-9/20")];
            match framing.as_str() {
                "length" => conn.respond("200 OK", &[], &content),
                "chunked" => {
                    let chunks: Vec<&[u8]> = content.chunks(10_000).collect();
                    conn.respond_chunked("200 OK", &[], &chunks)
                }
                "close" => {
                    conn.send(b"HTTP/1.1 200 OK\r\n\r\n");
                    conn.send(&content);
                    return conn.finish();
                }
                "cut" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
                    conn.send(&content);
                    return conn.finish();
                }
                "part" => conn.respond("206 Partial Content", &range, &content),
                "nothing" => conn.send(b"HTTP/1.1 204 No Content\r\n\r\n"),
                "reset" => conn.respond("205 Reset Content", &[], b""),
                "missing" => conn.respond("404 Not Found", &[], &content),
                "head" => conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
                "echo" => conn.respond("200 OK", &[], &request.body),
                other => panic!("no such framing: {other}"),
            };
        }
    })
}

/// One connection at a time: a call waits forever for one that is leaked.
fn client(server: &RawServer) -> Client {
    let mut config = Config::new();
    config.set_max_connections(1);
    config.set_retries(3).expect("a count");
    Client::new(&server.url(), &config).expect("a client")
}

struct Collect(Arc<Mutex<Vec<u8>>>);

impl WriteSink for Collect {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        assert!(!piece.is_empty());
        self.0.lock().expect("a buffer").extend_from_slice(piece);
        Ok(())
    }
}

/// What was delivered, and how the call ended.
type Delivery = (Vec<u8>, Result<(), Error>);

fn to_memory(client: &Client, request: &mut Request) -> Delivery {
    request.set_output_memory();
    match client.execute(request) {
        Ok(response) => (response.body().to_vec(), Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    }
}

/// Nothing but the file may be in its directory, on failure not even that.
fn to_path(client: &Client, request: &mut Request) -> Delivery {
    let directory = support::temp::folder();
    let path = directory.path().join("blob");
    request.set_output_path(path.clone());
    let outcome = client.execute(request).map(|_| ());
    let count = fs::read_dir(directory.path()).expect("a directory").count();
    assert_eq!(count, usize::from(path.exists()));
    (fs::read(&path).unwrap_or_default(), outcome)
}

fn to_descriptor(client: &Client, request: &mut Request) -> Delivery {
    let mut file = tempfile::tempfile().expect("a file");
    request.set_output_descriptor(file.as_raw_fd());
    let outcome = client.execute(request).map(|_| ());
    file.rewind().expect("rewound");
    let mut content = Vec::new();
    file.read_to_end(&mut content).expect("read");
    (content, outcome)
}

fn to_callback(client: &Client, request: &mut Request) -> Delivery {
    let content = Arc::new(Mutex::new(Vec::new()));
    request.set_output_sink(Box::new(Collect(Arc::clone(&content))));
    let outcome = client.execute(request).map(|_| ());
    let content = content.lock().expect("a buffer").clone();
    (content, outcome)
}

fn to_reader(client: &Client, request: &mut Request) -> Delivery {
    let mut content = Vec::new();
    let mut response = match client.open(request) {
        Ok(response) => response,
        Err(error) => return (content, Err(error)),
    };
    let mut buffer = vec![0; 50_000];
    loop {
        match response.read(&mut buffer) {
            Ok(0) => {
                assert_eq!(response.read(&mut buffer).expect("the end"), 0);
                return (content, Ok(()));
            }
            Ok(count) => {
                content.extend_from_slice(&buffer[..count]);
                assert_eq!(response.body_size(), content.len() as u64);
            }
            Err(error) => {
                let again = response.read(&mut buffer).expect_err("no end");
                assert!([error.kind(), Kind::Receive].contains(&again.kind()));
                return (content, Err(error));
            }
        }
    }
}

type Output = fn(&Client, &mut Request) -> Delivery;
const ATOMIC: [(&str, Output); 2] = [("memory", to_memory), ("path", to_path)];
const STREAMING: [(&str, Output); 3] = [
    ("descriptor", to_descriptor),
    ("callback", to_callback),
    ("reader", to_reader),
];

fn outputs() -> impl Iterator<Item = (&'static str, Output)> {
    ATOMIC.into_iter().chain(STREAMING)
}

#[test]
fn a_wrong_body_is_an_error_and_no_output_has_all_of_it() {
    let server = server();
    let client = client(&server);
    for framing in ["length", "chunked", "close"] {
        for size in [0, 1, 10, WITHHELD, WITHHELD + 1, LARGE] {
            let target = format!("/{framing}/{size}");
            let content = body(size);
            let right = of_bytes(Algorithm::Sha256, &content);
            let wrong = of_bytes(Algorithm::Sha256, b"another body");
            let mut request = client.request("GET", &target).expect("a request");
            for (name, output) in outputs() {
                request.set_expected_digest(Some(&right)).expect("a digest");
                let (delivered, outcome) = output(&client, &mut request);
                outcome.expect(name);
                assert!(delivered == content, "{name} {target}");

                request.set_expected_digest(Some(&wrong)).expect("a digest");
                let (delivered, outcome) = output(&client, &mut request);
                let error = outcome.expect_err(name);
                assert_eq!(error.kind(), Kind::DigestMismatch, "{name} {target}");
                assert!(error.message().contains(&right), "{error}");
                assert!(error.message().contains(&wrong), "{error}");
                assert_eq!(error.http_status(), 200, "{name} {target}");
                assert_eq!(error.host(), Some(server.authority().as_str()));
                let is_atomic = ATOMIC.iter().any(|(atomic, _)| *atomic == name);
                let early = if is_atomic {
                    0
                } else {
                    size.saturating_sub(WITHHELD)
                };
                assert!(delivered == content[..early], "{name} {target}");
            }
        }
    }
    // No mismatch is retried, and the connection serves the next request: only
    // bodies that end with the connection need another one.
    assert_eq!(server.requests().len(), 3 * 6 * 10);
    assert_eq!(server.connections(), 6 * 10);
}

#[test]
fn other_algorithms_are_verified_and_no_digest_verifies_nothing() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/length/10").expect("a request");
    for algorithm in [Algorithm::Sha384, Algorithm::Sha512] {
        let right = of_bytes(algorithm, &body(10));
        request.set_expected_digest(Some(&right)).expect("a digest");
        to_path(&client, &mut request).1.expect("right");
        let wrong = of_bytes(algorithm, b"");
        request.set_expected_digest(Some(&wrong)).expect("a digest");
        let error = to_path(&client, &mut request).1.expect_err("wrong");
        assert_eq!(error.kind(), Kind::DigestMismatch);
        // What cannot be set leaves what was set.
        for text in ["", "latest", "sha256:00"] {
            let error = request.set_expected_digest(Some(text)).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidDigest);
        }
        to_path(&client, &mut request).1.expect_err("still wrong");
    }
    request.set_expected_digest(None).expect("removed");
    for (name, output) in outputs() {
        let (delivered, outcome) = output(&client, &mut request);
        outcome.expect(name);
        assert_eq!(delivered, body(10));
    }
}

#[test]
fn a_body_that_is_cut_short_is_no_mismatch() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/cut/90000").expect("a request");
    request.set_retries(Some(0)).expect("a count");
    let digest = of_bytes(Algorithm::Sha256, &body(100_000));
    request
        .set_expected_digest(Some(&digest))
        .expect("a digest");
    for (name, output) in outputs() {
        let (delivered, outcome) = output(&client, &mut request);
        assert_eq!(outcome.expect_err(name).kind(), Kind::Truncated, "{name}");
        assert!(delivered.len() <= 100_000 - WITHHELD, "{name}");
    }
}

#[test]
fn a_part_of_the_content_is_not_taken_for_all_of_it() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/part/10").expect("a request");

    // A file is not replaced by a part of it.
    let directory = support::temp::folder();
    let path = directory.path().join("blob");
    fs::write(&path, b"old content").expect("written");
    request.set_output_path(path.clone());
    let error = client.execute(&mut request).expect_err("a part");
    assert_eq!(error.kind(), Kind::PartialContent);
    assert_eq!(error.http_status(), 206);
    assert!(error.message().contains("use a descriptor"), "{error}");
    assert_eq!(fs::read(&path).expect("the file"), b"old content");
    for (name, output) in [("memory", to_memory as Output)]
        .into_iter()
        .chain(STREAMING)
    {
        let (delivered, outcome) = output(&client, &mut request);
        outcome.expect(name);
        assert_eq!(delivered, body(10), "{name}");
    }

    // Even if the digest is that of the part.
    let digest = of_bytes(Algorithm::Sha256, &body(10));
    request
        .set_expected_digest(Some(&digest))
        .expect("a digest");
    for (name, output) in outputs() {
        let (delivered, outcome) = output(&client, &mut request);
        let error = outcome.expect_err(name);
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::PartialContent, 206),
            "{name}"
        );
        assert_eq!(error.host(), Some(server.authority().as_str()), "{name}");
        assert!(delivered.is_empty(), "{name}");
    }
}

#[test]
fn responses_without_a_complete_body_are_not_verified_and_make_no_file() {
    let server = server();
    let client = client(&server);
    let digest = of_bytes(Algorithm::Sha256, b"another body");
    let directory = support::temp::folder();
    let path = directory.path().join("blob");
    for (method, target) in [
        ("GET", "/nothing"),
        ("GET", "/reset"),
        ("HEAD", "/head"),
        ("GET", "/missing/10"),
    ] {
        let mut request = client.request(method, target).expect("a request");
        request
            .set_expected_digest(Some(&digest))
            .expect("a digest");
        request.set_output_path(path.clone());
        let response = client.execute(&mut request).expect(target);
        let content = if target == "/missing/10" {
            body(10)
        } else {
            Vec::new()
        };
        assert_eq!(response.body(), content, "{target}");
        assert!(!path.exists(), "{target}");
        let (delivered, outcome) = to_reader(&client, &mut request);
        outcome.expect(target);
        assert_eq!(delivered, content, "{target}");
    }
    assert_eq!(server.connections(), 1);
}

/// Cancels the call that delivers to it.
struct CancelAt(usize, Cancel);

impl WriteSink for CancelAt {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.0 = self.0.saturating_sub(piece.len());
        if self.0 == 0 {
            self.1.trigger();
        }
        Ok(())
    }
}

#[test]
fn a_call_cancelled_by_its_output_fails_even_at_the_last_piece() {
    let server = server();
    let client = client(&server);
    for framing in ["length", "chunked", "close"] {
        for size in [10, LARGE] {
            let target = format!("/{framing}/{size}");
            let mut request = client.request("GET", &target).expect("a request");
            let cancel = Cancel::new().expect("a handle");
            request.set_cancel(Some(cancel.clone()));
            request.set_output_sink(Box::new(CancelAt(size, cancel)));
            let error = client.execute(&mut request).expect_err("cancelled");
            assert_eq!(error.kind(), Kind::Cancelled, "{target}");
            assert_eq!(error.http_status(), 200, "{target}");
        }
    }
}

#[test]
fn a_link_is_not_replaced_and_a_file_keeps_its_mode() {
    let server = server();
    let client = client(&server);
    let directory = support::temp::folder();
    let path = directory.path().join("blob");
    let link = directory.path().join("link");
    fs::write(&path, b"old").expect("written");
    fs::set_permissions(&path, Permissions::from_mode(0o640)).expect("set");
    symlink(&path, &link).expect("linked");
    let mut request = client.request("GET", "/length/10").expect("a request");
    request.set_output_path(link.clone());
    let error = client.execute(&mut request).expect_err("a link");
    assert_eq!(error.kind(), Kind::File);
    assert!(error.message().contains("symbolic link"), "{error}");
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    assert_eq!(fs::read(&path).expect("the file"), b"old");

    let wrong = of_bytes(Algorithm::Sha256, b"");
    request.set_output_path(path.clone());
    request.set_expected_digest(Some(&wrong)).expect("a digest");
    client.execute(&mut request).expect_err("wrong");
    assert_eq!(fs::read(&path).expect("the file"), b"old");
    request.set_expected_digest(None).expect("removed");
    client.execute(&mut request).expect("a response");
    assert_eq!(fs::read(&path).expect("the file"), body(10));
    let mode = fs::metadata(&path).expect("a file").permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(
        fs::read_dir(directory.path()).expect("a directory").count(),
        2
    );
}

#[test]
fn a_section_of_a_file_is_sent_and_one_beyond_its_end_is_not() {
    let server = server();
    let client = client(&server);
    let directory = support::temp::folder();
    let path = directory.path().join("large");
    let content = body(LARGE);
    fs::write(&path, &content).expect("written");
    let file = fs::File::open(&path).expect("the file");
    let mut request = client.request("POST", "/echo").expect("a request");
    for (offset, length) in [(0, Some(LARGE)), (1, Some(1_000_000)), (2_000_000, None)] {
        let end = length.map_or(LARGE, |length| offset + length);
        let (first, length) = (offset as u64, length.map(|length| length as u64));
        request
            .set_body_path_section(path.clone(), first, length)
            .expect("set");
        let response = client.execute(&mut request).expect("a response");
        assert!(response.body() == &content[offset..end]);
        request
            .set_body_descriptor_section(file.as_raw_fd(), first, length)
            .expect("set");
        let response = client.execute(&mut request).expect("a response");
        assert!(response.body() == &content[offset..end]);
    }
    let sent = server.requests().len();
    request
        .set_body_path_section(path, LARGE as u64, Some(1))
        .expect("set");
    let error = client.execute(&mut request).expect_err("too long");
    assert_eq!(error.kind(), Kind::BodyLength);
    request
        .set_body_descriptor_section(file.as_raw_fd(), LARGE as u64 + 1, None)
        .expect("set");
    let error = client.execute(&mut request).expect_err("too long");
    assert_eq!(error.kind(), Kind::BodyLength);
    assert_eq!(server.requests().len(), sent);
}

#[test]
fn borrowed_bytes_are_sent_and_sent_again() {
    struct Lent(Arc<Vec<u8>>);
    impl BorrowedBytes for Lent {
        fn bytes(&self) -> &[u8] {
            &self.0
        }
    }
    let server = server();
    let client = client(&server);
    let bytes = Arc::new(body(LARGE));
    let mut request = client.request("PUT", "/echo").expect("a request");
    request.set_body_borrowed(Box::new(Lent(Arc::clone(&bytes))));
    for _ in 0..2 {
        let response = client.execute(&mut request).expect("a response");
        assert!(response.body() == &bytes[..]);
    }
    assert_eq!(Arc::strong_count(&bytes), 2);
    drop(request);
    assert_eq!(Arc::strong_count(&bytes), 1);
}
