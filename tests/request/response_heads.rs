//! Heads and chunks as servers send them: what is accepted, and what is refused
//! because the body could be misread.

use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;

use reggie::{Client, Config, Error, Kind, Level, Response, WriteSink};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

/// The size that a head, and the trailers of a body, may have.
const MAX_HEAD: usize = 64 * 1024;

/// How a server sends its response.
#[derive(Clone, Copy, PartialEq)]
enum Pace {
    AtOnce,
    ByteByByte,
}

fn server(tls: bool, pace: Pace, responses: Vec<Vec<u8>>) -> RawServer {
    let handler = move |conn: &mut Conn| {
        while let Some(request) = conn.read_request() {
            let index: usize = request.target[1..].parse().expect("an index");
            let response = &responses[index];
            let pieces = match pace {
                Pace::AtOnce => response.len().max(1),
                Pace::ByteByByte => 1,
            };
            for piece in response.chunks(pieces) {
                if !conn.send(piece) {
                    return;
                }
                if pace == Pace::ByteByByte {
                    thread::yield_now();
                }
            }
        }
    };
    match tls {
        true => RawServer::start_tls(handler),
        false => RawServer::start(handler),
    }
}

fn client(server: &RawServer) -> Client {
    let mut config = Config::new();
    if let Some(path) = server.ca_path() {
        config.add_ca_file(&path).expect("a ca file");
    }
    Client::new(&server.url(), &config).expect("a client")
}

fn get(client: &Client, index: usize) -> Result<Response, Error> {
    let mut request = client.request("GET", &format!("/{index}"))?;
    client.execute(&mut request)
}

/// Responses with the body `hello`, as RFC 9112 requires clients to accept them.
fn accepted() -> Vec<Vec<u8>> {
    let with = |fields: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}");
    let whole = |fields: &str| with(&format!("{fields}Content-Length: 5\r\n"), "hello");
    let chunked = |body: &str| with("Transfer-Encoding: chunked\r\n", body);
    let many: String = (0..300).map(|i| format!("X-{i}: v\r\n")).collect();
    let long = "e".repeat(60_000);
    let texts = [
        whole("X-F: a\r\n b\r\n"),
        whole("X-F:\r\n\t \r\n  a  \r\n\tb\r\n"),
        whole("X-F : a\r\n"),
        whole(&many),
        whole(&"a:\r\n".repeat(10_000)),
        "HTTP/1.1 200 OK\r\nContent-Length\t: 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n 5\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello".to_owned(),
        "HTTP/1.1 200\r\nContent-Length: 5, 5\r\n\r\nhello".to_owned(),
        format!("HTTP/1.1 100 Continue\r\nDate: x\r\n\r\n{}", whole("")),
        format!(
            "HTTP/1.1 100\n\nHTTP/1.1 103 Early\r\n{many}Link : a\r\n b\r\n\r\n{}",
            whole("")
        ),
        format!("{}{}", "HTTP/1.1 102 x\r\n\r\n".repeat(1000), whole("")),
        chunked("5\r\nhello\r\n0\r\n\r\n"),
        chunked(&format!(
            "5;chunk-signature={}\r\nhello\r\n0;x=\"y z\"\r\n\r\n",
            "a".repeat(64)
        )),
        chunked(&format!(
            "2;{long}\r\nhe\r\n3;{long}\r\nllo\r\n0;{long}\r\n\r\n"
        )),
        chunked(&format!("{}5\r\nhello\r\n{0}\r\n\r\n", "0".repeat(20))),
        chunked("1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n"),
        chunked("5 \r\nhello\r\n0\r\nDigest: a\r\nX : b\r\n c\r\n\r\n"),
        chunked(&format!(
            "5\r\nhello\r\n0\r\n{}\r\n",
            "X-T: a\r\n".repeat(8000)
        )),
        with(
            "Transfer-Encoding:\r\n Chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
        ),
    ];
    texts.map(String::into_bytes).to_vec()
}

fn accepts(tls: bool, pace: Pace) {
    let responses = accepted();
    let server = server(tls, pace, responses.clone());
    let client = client(&server);
    for (index, sent) in responses.iter().enumerate() {
        if pace == Pace::ByteByByte && sent.len() > 10_000 {
            continue;
        }
        let shown = String::from_utf8_lossy(&sent[..sent.len().min(100)]);
        let response = get(&client, index).unwrap_or_else(|e| panic!("{shown}: {e}"));
        assert_eq!(
            (response.status(), response.body()),
            (200, &b"hello"[..]),
            "{shown}"
        );
    }
    // All were read to their end, and nothing more.
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_clients_must_accept() {
    accepts(false, Pace::AtOnce);
}

#[test]
fn what_clients_must_accept_over_tls() {
    accepts(true, Pace::AtOnce);
}

#[test]
fn what_clients_must_accept_byte_by_byte() {
    accepts(false, Pace::ByteByByte);
    accepts(true, Pace::ByteByByte);
}

#[test]
fn folded_and_spaced_fields_have_their_values() {
    let head = "HTTP/1.1 202 Accepted\r\nX-Device: a=1;\r\n  b=2\r\nX-Cache : x\r\n\
                Location:\r\n /v2/a/blobs/uploads/1\r\nContent-Length: 0\r\n\r\n";
    let server = server(false, Pace::AtOnce, vec![head.into()]);
    let response = get(&client(&server), 0).expect("a response");
    let value = |name| response.headers().get(name).map(String::from_utf8_lossy);
    assert_eq!(value("x-device").as_deref(), Some("a=1; b=2"));
    assert_eq!(value("X-CACHE").as_deref(), Some("x"));
    assert_eq!(response.relative_location(), Some("/v2/a/blobs/uploads/1"));
}

#[test]
fn names_are_spelled_as_the_server_did_wherever_they_are_shown() {
    let redirect = "HTTP/1.1 307 Temporary Redirect\r\nX-CamelCase: 1\r\nlOCATION: /1\r\n\
                    Content-Length: 0\r\n\r\n";
    let last = "HTTP/1.1 200 OK\r\nX-CamelCase: 1\r\nx-b: 2\r\nX-camelcase: 3\r\nSET-cookie: a=b\r\n\
                WARNING: 299 - \"w\"\r\nCONTENT-Length: 0\r\n\r\n";
    let server = server(false, Pace::AtOnce, vec![redirect.into(), last.into()]);
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let note = |kind: &'static str| {
        let seen = Arc::clone(&seen);
        move |headers: &reggie::Headers| {
            let (name, _) = headers.at(0).expect("a field");
            seen.lock()
                .expect("no panic")
                .push(format!("{kind} {name}"));
        }
    };
    let (of_response, of_redirect) = (note("response"), note("redirect"));
    let log: Arc<Mutex<String>> = Arc::default();
    let lines = Arc::clone(&log);
    let mut config = Config::new();
    config.set_response_callback(Some(Arc::new(move |exchange| {
        of_response(exchange.headers());
        Ok(())
    })));
    config.set_redirect_callback(Some(Arc::new(move |step| {
        of_redirect(step.headers());
        Ok(reggie::RedirectChoice::Follow)
    })));
    config.set_log_callback(
        Level::Debug,
        Some(Arc::new(move |_, line: &str| {
            lines.lock().expect("no panic").push_str(line);
        })),
    );
    let client = Client::new(&server.url(), &config).expect("a client");
    let response = get(&client, 0).expect("a response");
    let names: Vec<_> = response.headers().iter().map(|(name, _)| name).collect();
    let expected = [
        "X-CamelCase",
        "x-b",
        "X-camelcase",
        "SET-cookie",
        "WARNING",
        "CONTENT-Length",
    ];
    assert_eq!(names, expected);
    assert_eq!(response.headers().all("x-CAMELcase").count(), 2);
    assert_eq!(response.warnings(), ["w"]);
    let seen = seen.lock().expect("no panic");
    let expected = [
        "response X-CamelCase",
        "redirect X-CamelCase",
        "response X-CamelCase",
    ];
    assert_eq!(*seen, expected);
    let log = log.lock().expect("no panic");
    assert!(
        log.contains("< X-CamelCase: 1") && log.contains("< lOCATION: "),
        "{log}"
    );
}

/// Remembers that anything was delivered.
struct Untouched;

impl WriteSink for Untouched {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        panic!("{piece:?} was delivered");
    }
}

#[test]
fn bodies_that_could_be_misread_are_refused() {
    let coded = |coding: &str| format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n");
    let cases = [
        (coded("gzip"), "transfer-encoding \"gzip\" is not supported"),
        (
            coded("gzip, chunked"),
            "transfer-encoding \"gzip, chunked\"",
        ),
        (
            coded("chunked, gzip"),
            "transfer-encoding \"chunked, gzip\"",
        ),
        (coded("xchunked"), "transfer-encoding \"xchunked\""),
        (coded("chunked;q=1"), "transfer-encoding \"chunked;q=1\""),
        (
            format!("{}Transfer-Encoding: gzip\r\n", coded("chunked")),
            "transfer-encoding \"chunked, gzip\"",
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n".to_owned(),
            "transfer-encoding in an HTTP/1.0 response",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 15\r\n".to_owned(),
            "content-length is both 5 and 15",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5, 15\r\n".to_owned(),
            "content-length is both 5 and 15",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n".to_owned(),
            "content-length \"5x\" is not valid",
        ),
    ];
    let body = "\r\n5\r\nhello\r\n0\r\n\r\n";
    let responses = cases
        .iter()
        .map(|(head, _)| format!("{head}{body}").into_bytes());
    let server = server(false, Pace::AtOnce, responses.collect());
    let client = client(&server);
    for (index, (head, words)) in cases.iter().enumerate() {
        let mut request = client
            .request("GET", &format!("/{index}"))
            .expect("a request");
        request.set_output_sink(Box::new(Untouched));
        let error = client.execute(&mut request).expect_err(head);
        assert_eq!(error.kind(), Kind::Protocol, "{head}: {error}");
        let status: u16 = head[9..12].parse().expect("a status");
        assert_eq!(error.http_status(), status, "{head}");
        let start = format!("response of {}: ", server.authority());
        assert!(error.message().starts_with(&start), "{error}");
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn a_length_beside_chunks_is_ignored_and_the_connection_closed() {
    let response = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n\
                    5\r\nhello\r\n0\r\n\r\n";
    let server = server(false, Pace::AtOnce, vec![response.into()]);
    let client = client(&server);
    for connections in 1..3 {
        let response = get(&client, 0).expect("a response");
        assert_eq!(response.body(), b"hello");
        assert_eq!(response.content_length(), None);
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn limits_are_in_bytes() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5";
    let too_long = "is longer than 65536 bytes";
    let cases = [
        (
            format!(
                "HTTP/1.1 200 OK\r\n{}\r\n",
                "X-A: a\r\n".repeat(MAX_HEAD / 8)
            ),
            0,
            too_long,
        ),
        (
            format!("HTTP/1.1 100 x\r\nA: {}\r\n\r\n", "a".repeat(MAX_HEAD)),
            0,
            too_long,
        ),
        (
            "HTTP/1.1 100 x\r\nDate: x\r\n\r\n".repeat(MAX_HEAD / 25),
            0,
            "more than 65536 bytes of interim responses",
        ),
        (format!("{chunked};{}", "e".repeat(MAX_HEAD)), 200, too_long),
        (
            format!(
                "{chunked}\r\nhello\r\n0\r\n{}",
                "T: a\r\n".repeat(MAX_HEAD / 6 + 1)
            ),
            200,
            "the trailers are longer than 65536 bytes",
        ),
    ];
    let responses = cases
        .iter()
        .map(|(response, ..)| response.clone().into_bytes());
    for tls in [false, true] {
        let server = server(tls, Pace::AtOnce, responses.clone().collect());
        let client = client(&server);
        for (index, (_, status, words)) in cases.iter().enumerate() {
            let error = get(&client, index).expect_err(words);
            assert_eq!(
                (error.kind(), error.http_status()),
                (Kind::Protocol, *status)
            );
            assert!(error.message().contains(words), "{error}");
        }
    }
}

#[test]
fn a_cut_at_any_byte_is_no_response() {
    let whole = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: a\r\n b\r\n\r\n\
                  3;x\r\nhel\r\n2\r\nlo\r\n0\r\nT: a\r\n\r\n";
    let server = RawServer::start(move |conn| {
        let Some(request) = conn.read_request() else {
            return;
        };
        let size: usize = request.target[1..].parse().expect("a size");
        conn.send(&whole[..size]);
    });
    let client = client(&server);
    let head = whole.windows(4).position(|four| four == b"\r\n\r\n");
    let head = head.expect("a head") + 4;
    let last = whole.windows(3).position(|three| three == b"0\r\n");
    let complete = last.expect("a last chunk") + 3;
    for size in 0..complete {
        let error = get(&client, size).expect_err("a cut");
        let kind = match size {
            0 => Kind::Closed,
            _ if size < head => Kind::Receive,
            _ => Kind::Truncated,
        };
        assert_eq!(error.kind(), kind, "{size}: {error}");
        let status = if size < head { 0 } else { 200 };
        assert_eq!(error.http_status(), status, "{size}: {error}");
    }
    // Trailers may be missing (RFC 9112, section 8).
    for size in complete..=whole.len() {
        let response = get(&client, size).expect("whole");
        assert_eq!(response.body(), b"hello", "{size}");
    }
}

#[test]
fn what_follows_a_101_is_no_body() {
    let response = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0";
    let server = server(false, Pace::AtOnce, vec![response.into()]);
    let client = client(&server);
    for connections in 1..3 {
        let response = get(&client, 0).expect("a response");
        assert_eq!((response.status(), response.body()), (101, &b""[..]));
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn what_is_no_chunk_is_an_error_with_the_status() {
    let bodies = [
        "x\r\n",
        "+5\r\nhello",
        "5\nhello",
        "5\r\nhello!\r\n",
        "5;\rx",
    ];
    let responses = bodies.map(|body| {
        format!("HTTP/1.1 203 x\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
    });
    let server = server(false, Pace::AtOnce, responses.to_vec());
    let client = client(&server);
    for (index, body) in bodies.iter().enumerate() {
        let error = get(&client, index).expect_err(body);
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::Protocol, 203),
            "{body}"
        );
        assert!(error.message().contains("chunk"), "{error}");
        assert_eq!(error.host(), Some(server.authority().as_str()));
    }
}

#[test]
fn servers_that_do_not_speak_http_are_detected_at_once() {
    for greeting in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "220 mail.example ESMTP\r\n",
        "HTTP/2.0 200\r\n",
    ] {
        let server = RawServer::start(move |conn| {
            conn.read_request();
            conn.send(greeting.as_bytes());
            conn.hold();
        });
        let error = get(&client(&server), 0).expect_err(greeting);
        assert_eq!(error.kind(), Kind::Protocol, "{greeting}");
        let message = format!("response of {} is not http", server.authority());
        assert_eq!(error.message(), message);
    }
}

/// As from servers that send files separately: what is received with the head ends
/// after the size of the first chunk.
#[test]
fn a_large_chunk_that_follows_its_size_later() {
    let (go, may_go) = channel();
    let may_go = Mutex::new(may_go);
    let body = vec![b'x'; 100_000];
    let sent = body.clone();
    let server = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n");
            // The client has the head. The test may have failed.
            let _ = may_go.lock().expect("no panic").recv();
            conn.send(&[&sent[..], b"\r\n0\r\n\r\n"].concat());
        }
    });
    let mut config = Config::new();
    config.set_response_callback(Some(Arc::new(move |_| {
        let _ = go.send(());
        Ok(())
    })));
    let client = Client::new(&server.url(), &config).expect("a client");
    let response = get(&client, 0).expect("a response");
    assert!(response.body() == body);
}
