//! The progress callback: what it is told, when, and how it stops a call.

use std::sync::{Arc, Mutex, mpsc};

use reggie::digest::{Algorithm, of_bytes};
use reggie::{Client, Config, Error, Kind, Request, Step, Transfer};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

const SIZE: usize = 3_000_000;

fn client(server: &RawServer) -> Client {
    let mut config = Config::new();
    config.set_credentials("user", "pass").expect("credentials");
    Client::new(&server.url(), &config).expect("a client")
}

/// Keeps the reports on a request.
fn watch(request: &mut Request) -> Arc<Mutex<Vec<Transfer>>> {
    let seen: Arc<Mutex<Vec<Transfer>>> = Arc::default();
    let reports = Arc::clone(&seen);
    request.set_progress_callback(Some(Arc::new(move |transfer| {
        reports.lock().expect("no panic").push(*transfer);
        Ok(())
    })));
    seen
}

fn last(seen: &Mutex<Vec<Transfer>>) -> Transfer {
    *seen.lock().expect("no panic").last().expect("a report")
}

/// Some error, to stop a call with.
fn stop() -> Error {
    Client::new("", &Config::new()).err().expect("no address")
}

/// Responds to all requests, with `body`.
fn server(body: &'static [u8]) -> RawServer {
    RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], body);
        }
    })
}

#[test]
fn the_last_report_has_all_bytes() {
    let server = server(b"hello");
    let client = client(&server);
    for total in [Some(SIZE as u64), None] {
        let mut request = client.request("PUT", "/upload").expect("a request");
        let source = std::io::Cursor::new(vec![b'x'; SIZE]);
        request.set_body_source(Box::new(Source(source)), total);
        let seen = watch(&mut request);
        client.execute(&mut request).expect("a response");
        let expected = Transfer {
            sent: SIZE as u64,
            send_total: total,
            received: 5,
            receive_total: Some(5),
        };
        assert_eq!(last(&seen), expected);
    }
    let mut request = client.request("HEAD", "/").expect("a request");
    let seen = watch(&mut request);
    client.execute(&mut request).expect("a response");
    let nothing = Transfer {
        send_total: Some(0),
        receive_total: Some(0),
        ..Transfer::default()
    };
    assert_eq!(*seen.lock().expect("no panic"), [nothing]);
}

struct Source(std::io::Cursor<Vec<u8>>);

impl reggie::ReadSource for Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        Ok(std::io::Read::read(&mut self.0, buffer).expect("memory"))
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.0.set_position(0);
        Ok(())
    }
}

#[test]
fn files_are_counted_as_the_kernel_sends_them() {
    let server = server(b"");
    let client = client(&server);
    let file = tempfile::NamedTempFile::new().expect("a file");
    file.as_file().set_len(SIZE as u64).expect("a length");
    let mut request = client.request("PUT", "/upload").expect("a request");
    request.set_body_path(file.path().to_owned());
    let seen = watch(&mut request);
    client.execute(&mut request).expect("a response");
    let expected = (SIZE as u64, Some(SIZE as u64));
    let found = last(&seen);
    assert_eq!((found.sent, found.send_total), expected);
}

/// Sends half of a body, and the rest once that is noted.
fn in_halves(conn: &mut Conn, head: &str, halves: [&str; 2], noted: &mpsc::Receiver<()>) {
    conn.read_request();
    conn.send(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{}", halves[0]).as_bytes());
    if noted.recv().is_ok() {
        conn.send(halves[1].as_bytes());
    }
    conn.hold();
}

#[test]
fn what_has_moved_is_reported_while_more_is_awaited() {
    for (head, halves, total) in [
        ("Content-Length: 8", ["half", "half"], Some(8)),
        (
            "Transfer-Encoding: chunked",
            ["4\r\nhalf\r\n", "4\r\nhalf\r\n0\r\n\r\n"],
            None,
        ),
    ] {
        for reads in [false, true] {
            let (note, noted) = mpsc::channel();
            let noted = Mutex::new(noted);
            let server = RawServer::start(move |conn| {
                in_halves(conn, head, halves, &noted.lock().expect("no panic"));
            });
            let client = client(&server);
            let mut request = client.request("GET", "/").expect("a request");
            let seen: Arc<Mutex<Vec<Transfer>>> = Arc::default();
            let reports = Arc::clone(&seen);
            request.set_progress_callback(Some(Arc::new(move |transfer| {
                reports.lock().expect("no panic").push(*transfer);
                if transfer.received == 4 {
                    // The second time nobody waits for it any more.
                    let _ = note.send(());
                }
                Ok(())
            })));
            if reads {
                let mut response = client.open(&mut request).expect("a response");
                while response.read(&mut [0; 3]).expect("bytes") > 0 {}
                let count = seen.lock().expect("no panic").len();
                assert_eq!(response.read(&mut [0; 3]).expect("the end"), 0);
                assert_eq!(seen.lock().expect("no panic").len(), count);
            } else {
                client.execute(&mut request).expect("a response");
            }
            let found = last(&seen);
            assert_eq!((found.received, found.receive_total), (8, total));
        }
    }
}

#[test]
fn a_stopped_call_writes_no_file() {
    let server = server(b"hello");
    let client = client(&server);
    let folder = support::temp::folder();
    let path = folder.path().join("file");
    let mut request = client.request("GET", "/").expect("a request");
    request.set_output_path(path.clone());
    request.set_progress_callback(Some(Arc::new(|_| Err(stop()))));
    let error = client.execute(&mut request).expect_err("stopped");
    let found = (error.kind(), error.step());
    assert_eq!(found, (Kind::InvalidAddress, Step::Receive));
    assert!(!path.exists());
    // Without the callback the request goes through.
    request.set_progress_callback(None);
    client.execute(&mut request).expect("a response");
    assert!(path.exists());
}

#[test]
fn the_bytes_of_token_requests_are_not_counted() {
    let server = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let host = request.header("host").expect("a host").to_owned();
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"a-token-of-some-length"}"#);
            } else if request.header("authorization").is_none() {
                let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
                let headers = [("WWW-Authenticate", challenge.as_str())];
                conn.respond("401 Unauthorized", &headers, b"a long text");
            } else {
                conn.respond("200 OK", &[], b"ok");
            }
        }
    });
    let client = client(&server);
    let mut request = client.request("GET", "/").expect("a request");
    let seen = watch(&mut request);
    let response = client.execute(&mut request).expect("a response");
    assert_eq!(response.sends(), 3);
    let whole = Transfer {
        send_total: Some(0),
        received: 2,
        receive_total: Some(2),
        ..Transfer::default()
    };
    assert_eq!(last(&seen), whole);
}

#[test]
fn a_read_that_was_stopped_at_the_end_returns_no_more() {
    let server = server(b"hello");
    let client = client(&server);
    let right = of_bytes(Algorithm::Sha256, b"hello");
    for digest in [Some(right.as_str()), None] {
        let mut request = client.request("GET", "/").expect("a request");
        request.set_expected_digest(digest).expect("a digest");
        request.set_progress_callback(Some(Arc::new(|_| Err(stop()))));
        let mut response = client.open(&mut request).expect("a response");
        let mut buffer = [0; 10];
        let mut received = 0;
        let error = loop {
            match response.read(&mut buffer) {
                Ok(0) => panic!("not stopped"),
                Ok(count) => received += count,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), Kind::InvalidAddress);
        let withheld = if digest.is_some() { 5 } else { 0 };
        assert_eq!(received, 5 - withheld);
        assert_eq!(response.body_size(), received as u64);
        response.read(&mut buffer).expect_err("no end");
        response.read(&mut buffer).expect_err("no end");
    }
}
