//! Where bodies of answers go, and what is left when something fails.

use std::fs;
use std::io::{Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::{Arc, Mutex};

use reggie::{Client, Config, Error, Kind, Step, WriteSink};
use support::raw_server::RawServer;

const ERRORS: &[u8] = br#"{"errors":[{"code":"BLOB_UNKNOWN","message":"no","detail":{"a":1}}]}"#;

/// `/blob` is a blob, `/cut` one that ends early, `/reset` one that is reset,
/// `/chunked` one in chunks, `/none` a 404, `/close` one that ends with the
/// connection, `/broken` such a one that is reset.
fn server() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match request.target.as_str() {
                "/blob" => conn.respond("200 OK", &[], b"0123456789"),
                "/none" => conn.respond("404 Not Found", &[], ERRORS),
                "/chunked" => conn.respond_chunked("200 OK", &[], &[b"01234", b"56789"]),
                "/cut" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789");
                    return conn.finish();
                }
                "/cutchunks" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n0123");
                    return conn.finish();
                }
                "/reset" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789");
                    return conn.reset();
                }
                "/close" => {
                    conn.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789");
                    return conn.finish();
                }
                "/broken" => {
                    conn.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789");
                    return conn.reset();
                }
                other => panic!("no such target: {other}"),
            };
        }
    })
}

fn client(server: &RawServer) -> Client {
    Client::new(&server.url(), &Config::new()).expect("a client")
}

struct Collect(Arc<Mutex<Vec<u8>>>);

impl WriteSink for Collect {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        self.0.lock().expect("a buffer").extend_from_slice(piece);
        Ok(())
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("a folder");
    names
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect()
}

#[test]
fn memory_path_descriptor_and_callback_get_the_same() {
    let server = server();
    let client = client(&server);
    let folder = support::temp::folder();
    for target in ["/blob", "/chunked", "/close"] {
        let mut request = client.request("GET", target).expect("a request");
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.body(), b"0123456789", "{target}");

        let path = folder.path().join("blob");
        request.set_output_path(path.clone());
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.body(), b"");
        assert_eq!(fs::read(&path).expect("the file"), b"0123456789");

        let mut file = tempfile::tempfile().expect("a file");
        request.set_output_descriptor(file.as_raw_fd());
        client.execute(&mut request).expect("an answer");
        file.rewind().expect("rewound");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("read");
        assert_eq!(text, "0123456789");

        let collected = Arc::new(Mutex::new(Vec::new()));
        request.set_output_sink(Box::new(Collect(Arc::clone(&collected))));
        client.execute(&mut request).expect("an answer");
        assert_eq!(*collected.lock().expect("a buffer"), b"0123456789");

        let mut request = client.request("GET", target).expect("a request");
        let mut response = client.open(&mut request).expect("an answer");
        assert_eq!(response.status(), 200);
        let mut buffer = [0; 4];
        let mut all = Vec::new();
        loop {
            let amount = response.read(&mut buffer).expect("read");
            if amount == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..amount]);
        }
        assert_eq!(all, b"0123456789");
    }
    assert_eq!(entries(folder.path()), ["blob"]);
}

#[test]
fn the_body_of_another_answer_than_2xx_is_kept_and_the_sink_left_alone() {
    let server = server();
    let client = client(&server);
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    fs::write(&path, b"old").expect("written");
    let collected = Arc::new(Mutex::new(Vec::new()));
    let mut request = client.request("GET", "/none").expect("a request");
    for sink in 0..2 {
        match sink {
            0 => request.set_output_path(path.clone()),
            _ => request.set_output_sink(Box::new(Collect(Arc::clone(&collected)))),
        }
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.status(), 404);
        let errors = response.errors().expect("errors");
        assert_eq!(errors[0].code(), "BLOB_UNKNOWN");
        assert_eq!(errors[0].detail(), r#"{"a":1}"#);
    }
    assert_eq!(fs::read(&path).expect("the file"), b"old");
    assert!(collected.lock().expect("a buffer").is_empty());
    assert_eq!(entries(folder.path()), ["blob"]);
}

#[test]
fn a_body_that_is_cut_short_is_an_error_and_leaves_nothing() {
    let server = server();
    let client = client(&server);
    let folder = support::temp::folder();
    for target in ["/cut", "/reset", "/cutchunks", "/broken"] {
        let mut request = client.request("GET", target).expect("a request");
        let error = client.execute(&mut request).expect_err(target);
        assert!(
            matches!(error.kind(), Kind::Truncated | Kind::Receive),
            "{target}: {error:?}"
        );
        assert_eq!(error.http_status(), 200, "{target}");
        assert_eq!(error.host(), Some(server.authority().as_str()), "{target}");

        request.set_output_path(folder.path().join("blob"));
        client.execute(&mut request).expect_err(target);
        assert!(entries(folder.path()).is_empty(), "{target}");
    }
}

#[test]
fn what_cannot_be_written_is_an_error_of_that_step() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/blob").expect("a request");
    request.set_output_path("/no/such/folder/blob".into());
    let error = client.execute(&mut request).expect_err("no folder");
    assert_eq!((error.kind(), error.step()), (Kind::File, Step::Deliver));
    assert_eq!(error.errno(), libc::ENOENT);

    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    request.set_output_descriptor(writer.as_raw_fd());
    let error = client.execute(&mut request).expect_err("no reader");
    assert_eq!((error.kind(), error.errno()), (Kind::File, libc::EPIPE));
    assert_eq!(error.http_status(), 200);

    request.set_output_descriptor(-1);
    let error = client.execute(&mut request).expect_err("no descriptor");
    assert_eq!(error.errno(), libc::EBADF);
}

#[test]
fn a_body_above_the_cap_is_an_error_that_names_the_setting() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match request.target.as_str() {
                "/told" => conn.respond("200 OK", &[], &[b'x'; 1001]),
                "/lie" => conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999\r\n\r\nx"),
                "/error" => conn.respond("500 Oops", &[], &[b'x'; 1001]),
                "/fits" => conn.respond_chunked("200 OK", &[], &[&[b'x'; 600], &[b'y'; 400]]),
                _ => conn.respond_chunked("200 OK", &[], &[&[b'x'; 600], &[b'y'; 401]]),
            };
        }
    });
    let mut config = Config::new();
    config.set_max_body_memory(1000);
    let client = Client::new(&server.url(), &config).expect("a client");
    for target in ["/told", "/chunks", "/lie", "/error"] {
        let mut request = client.request("GET", target).expect("a request");
        let error = client.execute(&mut request).expect_err(target);
        assert_eq!(error.kind(), Kind::BodyTooLarge, "{target}");
        assert!(error.message().contains("max_body_memory"), "{error}");
    }
    let mut request = client.request("GET", "/fits").expect("a request");
    assert_eq!(
        client
            .execute(&mut request)
            .expect("an answer")
            .body()
            .len(),
        1000
    );
    // What is read bit by bit has no cap.
    let mut request = client.request("GET", "/told").expect("a request");
    let mut response = client.open(&mut request).expect("an answer");
    let mut buffer = [0; 2000];
    let mut total = 0;
    loop {
        match response.read(&mut buffer).expect("read") {
            0 => break,
            amount => total += amount,
        }
    }
    assert_eq!(total, 1001);
}

#[test]
fn an_opened_body_can_be_read_on_another_thread_and_dropped_half_way() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            let body = vec![7u8; 4 * 1024 * 1024];
            if !conn.respond("200 OK", &[], &body) {
                return;
            }
        }
    });
    let client = client(&server);
    let mut request = client.request("GET", "/").expect("a request");
    let mut response = client.open(&mut request).expect("an answer");
    assert_eq!(response.content_length(), Some(4 * 1024 * 1024));
    let reader = std::thread::spawn(move || {
        let mut buffer = vec![0; 100_000];
        let mut total = 0;
        loop {
            match response.read(&mut buffer).expect("read") {
                0 => return total,
                amount => total += amount,
            }
        }
    });
    assert_eq!(reader.join().expect("joined"), 4 * 1024 * 1024);

    let mut response = client.open(&mut request).expect("an answer");
    assert!(response.read(&mut [0; 10]).expect("read") > 0);
    drop(response);
    // The connection of the dropped one is gone; the client goes on.
    let response = client.execute(&mut request).expect("an answer");
    assert_eq!(response.body().len(), 4 * 1024 * 1024);
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_head_has_no_body_whatever_its_length_says() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            assert_eq!(request.method, "HEAD");
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
        }
    });
    let client = client(&server);
    let folder = support::temp::folder();
    for _ in 0..2 {
        let mut request = client.request("HEAD", "/").expect("a request");
        request.set_output_path(folder.path().join("blob"));
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(
            response.headers().get("content-length"),
            Some(&b"12345"[..])
        );
    }
    assert!(entries(folder.path()).is_empty());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_descriptor_that_does_not_block_is_waited_for() {
    let body = vec![b'z'; 2 * 1024 * 1024];
    let served = body.clone();
    let server = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], &served);
        }
    });
    let client = client(&server);
    let (mut near, mut far) = std::os::unix::net::UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("set");
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        far.read_to_end(&mut all).expect("read");
        all
    });
    let mut request = client.request("GET", "/").expect("a request");
    request.set_output_descriptor(near.as_raw_fd());
    client.execute(&mut request).expect("an answer");
    near.flush().expect("flushed");
    drop(near);
    assert_eq!(reader.join().expect("joined"), body);
}
