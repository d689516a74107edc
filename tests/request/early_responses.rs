//! Answers that come while the body is still going out.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reggie::{Client, Config, Error, Kind, ReadSource};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

const LENGTH: u64 = 100 * 1000 * 1000;
const MOST_IN_VAIN: u64 = 8 * 1024 * 1024;
const TRIES: usize = 200;

/// What a server does with the body after its answer.
#[derive(Clone, Copy, Debug)]
enum After {
    Close,
    Reset,
    Ignore,
}

/// A source of zeros that counts what was taken.
struct Zeros {
    left: u64,
    taken: Arc<AtomicU64>,
}

impl ReadSource for Zeros {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let amount = self.left.min(buffer.len() as u64);
        self.left -= amount;
        self.taken.fetch_add(amount, Ordering::Relaxed);
        Ok(amount as usize)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        self.left = LENGTH;
        Ok(())
    }
}

fn answer(conn: &mut Conn, after: After, status: &str, headers: &[(&str, &str)], body: &[u8]) {
    conn.respond(status, headers, body);
    match after {
        After::Close => conn.finish(),
        After::Reset => conn.reset(),
        After::Ignore => conn.hold(),
    }
}

fn server(tls: bool, handler: impl Fn(&mut Conn) + Send + Sync + 'static) -> RawServer {
    if tls {
        RawServer::start_tls(handler)
    } else {
        RawServer::start(handler)
    }
}

fn client(server: &RawServer) -> Client {
    let mut config = Config::new();
    config.set_credentials("user", "pass").expect("credentials");
    if let Some(path) = server.ca_path() {
        config.add_ca_file(&path).expect("a ca file");
    }
    Client::new(&server.url(), &config).expect("a client")
}

/// A 404 is read, each time, with little sent in vain.
fn a_404_is_read(tls: bool, after: After) {
    let server = server(tls, move |conn| {
        if conn.read_head().is_some() {
            let body = br#"{"errors":[{"code":"BLOB_UPLOAD_UNKNOWN"}]}"#;
            answer(conn, after, "404 Not Found", &[], body);
        }
    });
    let client = client(&server);
    for chunked in [false, true] {
        for _ in 0..TRIES / 2 {
            let taken = Arc::new(AtomicU64::new(0));
            let zeros = Zeros {
                left: LENGTH,
                taken: Arc::clone(&taken),
            };
            let mut request = client
                .request("PATCH", "/v2/a/blobs/uploads/1")
                .expect("a request");
            request.set_body_source(Box::new(zeros), (!chunked).then_some(LENGTH));
            let response = client.execute(&mut request).expect("an answer");
            assert_eq!(response.status(), 404, "{after:?}");
            assert_eq!(
                response.errors().expect("errors")[0].code(),
                "BLOB_UPLOAD_UNKNOWN"
            );
            let taken = taken.load(Ordering::Relaxed);
            assert!(
                taken <= MOST_IN_VAIN,
                "{taken} bytes sent in vain, {after:?}"
            );
        }
    }
}

/// A 401 is followed, and the whole body arrives.
fn a_401_is_followed(tls: bool, after: After) {
    let server = server(tls, move |conn| {
        let Some(request) = conn.read_head() else {
            return;
        };
        if request.header("authorization").is_none() {
            let challenge = [("WWW-Authenticate", "Basic realm=\"r\"")];
            return answer(conn, after, "401 Unauthorized", &challenge, b"{}");
        }
        let mut left = LENGTH as usize;
        let mut buffer = vec![0; 256 * 1024];
        while left > 0 {
            let most = left.min(buffer.len());
            match std::io::Read::read(conn, &mut buffer[..most]) {
                Ok(0) | Err(_) => return,
                Ok(amount) => left -= amount,
            }
        }
        conn.respond("201 Created", &[], b"");
    });
    for _ in 0..5 {
        let client = client(&server);
        let taken = Arc::new(AtomicU64::new(0));
        let zeros = Zeros {
            left: LENGTH,
            taken: Arc::clone(&taken),
        };
        let mut request = client.request("PUT", "/upload").expect("a request");
        request.set_body_source(Box::new(zeros), Some(LENGTH));
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!(response.status(), 201, "{after:?}");
        let vain = taken.load(Ordering::Relaxed) - LENGTH;
        assert!(vain <= MOST_IN_VAIN, "{vain} bytes sent in vain, {after:?}");
    }
}

#[test]
fn http_then_close() {
    a_404_is_read(false, After::Close);
    a_401_is_followed(false, After::Close);
}

#[test]
fn http_then_reset() {
    a_404_is_read(false, After::Reset);
    a_401_is_followed(false, After::Reset);
}

#[test]
fn http_then_no_more_reading() {
    a_404_is_read(false, After::Ignore);
    a_401_is_followed(false, After::Ignore);
}

#[test]
fn https_then_close() {
    a_404_is_read(true, After::Close);
    a_401_is_followed(true, After::Close);
}

#[test]
fn https_then_reset() {
    a_404_is_read(true, After::Reset);
    a_401_is_followed(true, After::Reset);
}

#[test]
fn https_then_no_more_reading() {
    a_404_is_read(true, After::Ignore);
    a_401_is_followed(true, After::Ignore);
}

#[test]
fn an_early_success_does_not_stop_the_body() {
    let (whole, arrived) = std::sync::mpsc::channel();
    let whole = std::sync::Mutex::new(whole);
    let server = RawServer::start(move |conn| {
        while let Some(mut request) = conn.read_head() {
            conn.respond("201 Created", &[], b"");
            let is_whole = conn.read_body(&mut request) && request.body.len() == 5_000_000;
            whole
                .lock()
                .expect("a sender")
                .send(is_whole)
                .expect("a receiver");
        }
    });
    let client = client(&server);
    for _ in 0..3 {
        let mut request = client.request("PUT", "/upload").expect("a request");
        request.set_body(vec![b'x'; 5_000_000]);
        assert_eq!(
            client.execute(&mut request).expect("an answer").status(),
            201
        );
        assert!(arrived.recv().expect("a word of the server"));
    }
}

#[test]
fn a_peer_that_goes_without_an_answer_is_an_error() {
    let server = RawServer::start(|conn| {
        conn.read_head();
        conn.reset();
    });
    let client = client(&server);
    let mut request = client.request("PUT", "/upload").expect("a request");
    request.set_body(vec![b'x'; 50_000_000]);
    let error = client.execute(&mut request).expect_err("no answer");
    assert!(
        matches!(error.kind(), Kind::Send | Kind::Closed),
        "{error:?}"
    );
    assert!(error.is_retryable());
}
