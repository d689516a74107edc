//! The registry misbehaves exactly as it is told to.

mod client;

use client::{Client, call, get};
use embedded_registry::{After, Ending, Fault, Options, Registry, Rule};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

fn registry() -> (Registry, String) {
    let registry = Registry::start(Options::default());
    let digest = registry.put_blob("a", b"hello world");
    (registry, format!("/v2/a/blobs/{digest}"))
}

#[test]
fn rules_choose_their_requests() {
    let (registry, target) = registry();
    registry.add_rule(
        Rule::new(
            Fault::status(503)
                .error("UNAVAILABLE", "later")
                .set_header("Retry-After", "1"),
        )
        .method("GET")
        .path("/blobs/")
        .skip(1)
        .times(2),
    );
    let mut client = Client::connect(&registry);
    assert_eq!(client.call("HEAD", &target, &[], b"").status, 200);
    assert_eq!(client.get(&target).status, 200);
    let failed = client.get(&target);
    assert_eq!((failed.status, failed.header("retry-after")), (503, "1"));
    assert_eq!(failed.code(), "UNAVAILABLE");
    assert_eq!(client.get("/v2/").status, 200);
    assert_eq!(client.get(&target).status, 503);
    assert_eq!(client.get(&target).status, 200);
    assert_eq!(registry.connections(), 1);

    registry.add_rule(Rule::new(Fault::status(500)).header("Range"));
    assert_eq!(
        client
            .call("GET", &target, &[("range", "bytes=0-1")], b"")
            .status,
        500
    );
    assert_eq!(client.get(&target).status, 200);
    registry.clear_rules();
    registry.add_rule(Rule::new(Fault::status(404)).path_end("/v2/"));
    assert_eq!(client.get(&target).status, 200);
    assert_eq!(client.get("/v2/").status, 404);
    assert_eq!(registry.requests().len(), 10);
    registry.clear_requests();
    assert!(registry.requests().is_empty());
}

#[test]
fn cut_bodies() {
    let (registry, target) = registry();
    registry.fail_next(Fault::serve().cut_body(5, Ending::Close));
    let cut = get(&registry, &target);
    assert_eq!((cut.status, cut.body.as_slice()), (200, &b"hello"[..]));
    assert_eq!(cut.broken, Some(ErrorKind::UnexpectedEof));

    registry.fail_next(Fault::serve().cut_body(5, Ending::Reset));
    let mut client = Client::connect(&registry);
    client.send_head("GET", &target, &[]);
    // The reset may overtake the head.
    match client.answer(false) {
        Ok(answer) => assert_eq!(answer.broken, Some(ErrorKind::ConnectionReset)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }

    registry.fail_next(Fault::serve().cut_body(5, Ending::Stall));
    let mut client = Client::connect(&registry);
    // Time enough for what comes before it stalls.
    let timeout = Some(Duration::from_secs(1));
    client.stream.get_ref().set_read_timeout(timeout).unwrap();
    let stalled = client.call("GET", &target, &[], b"");
    assert!(matches!(
        stalled.broken,
        Some(ErrorKind::WouldBlock | ErrorKind::TimedOut)
    ));
    // And yet the registry stops at once.
    drop(registry);
    assert_eq!(client.end().unwrap(), 0);
}

#[test]
fn connections_that_end_without_an_answer() {
    let (registry, target) = registry();
    let mut client = Client::connect(&registry);
    assert_eq!(client.get(&target).status, 200);
    registry.fail_next(Fault::hang_up(Ending::Close));
    client.send_head("GET", &target, &[]);
    assert_eq!(
        client.answer(false).unwrap_err().kind(),
        ErrorKind::UnexpectedEof
    );
    assert_eq!(registry.requests()[1].status, None);

    registry.fail_next(Fault::hang_up(Ending::Reset));
    let mut client = Client::connect(&registry);
    client.send_head("GET", &target, &[]);
    assert_eq!(
        client.answer(false).unwrap_err().kind(),
        ErrorKind::ConnectionReset
    );

    registry.fail_next(Fault::serve().close_after());
    let mut client = Client::connect(&registry);
    let answer = client.get(&target);
    assert_eq!((answer.status, answer.header("connection")), (200, ""));
    assert_eq!(client.end().unwrap(), 0);

    let mut client = Client::connect(&registry);
    assert_eq!(client.get(&target).status, 200);
    registry.close_connections();
    assert_eq!(client.end().unwrap(), 0);
    assert_eq!(get(&registry, &target).status, 200);
}

#[test]
fn redirects() {
    let (registry, target) = registry();
    let (other, _) = self::registry();
    registry.add_rule(
        Rule::new(Fault::redirect(307, &format!("{}{{target}}", other.url()))).path("/blobs/"),
    );
    let moved = get(&registry, &target);
    assert_eq!((moved.status, moved.header("content-length")), (307, "0"));
    assert_eq!(moved.header("location"), format!("{}{target}", other.url()));
    assert_eq!(get(&other, &client::path(&moved)).body, b"hello world");

    registry.clear_rules();
    registry.fail_next(Fault::serve().set_header("Location", "x{value}"));
    let begun = call(&registry, "POST", "/v2/a/blobs/uploads/", &[], b"");
    assert!(
        begun
            .header("location")
            .starts_with("xhttp://registry.test/v2/a/blobs/uploads/")
    );
}

#[test]
fn wrong_headers_and_bodies() {
    let (registry, target) = registry();
    let mut client = Client::connect(&registry);
    registry.fail_next(
        Fault::serve()
            .set_header("docker-content-digest", client::EMPTY)
            .remove_header("ETag")
            .add_header("Warning", "299 - \"x\""),
    );
    let answer = client.get(&target);
    assert_eq!(answer.header("docker-content-digest"), client::EMPTY);
    assert_eq!(
        (answer.header("etag"), answer.header("warning")),
        ("", "299 - \"x\"")
    );

    registry.fail_next(Fault::serve().corrupt_body(4));
    let corrupt = client.get(&target).body;
    assert_eq!(
        (corrupt.len(), &corrupt[..4], corrupt[4] == b'o'),
        (11, &b"hell"[..], false)
    );

    registry.fail_next(Fault::serve().chunked());
    let chunked = client.get(&target);
    assert_eq!(
        (chunked.header("content-length"), chunked.body.as_slice()),
        ("", &b"hello world"[..])
    );
    registry.fail_next(Fault::serve().chunked().cut_body(3, Ending::Close));
    let chunked = client.get(&target);
    assert_eq!(
        (chunked.body.as_slice(), chunked.broken.is_some()),
        (&b"hel"[..], true)
    );

    registry.fail_next(Fault::serve().set_header("Content-Length", "20"));
    assert_eq!(
        get(&registry, &target).broken,
        Some(ErrorKind::UnexpectedEof)
    );
    registry.fail_next(Fault::raw("HTTP/1.1 2xx\r\n\r\n"));
    let mut client = Client::connect(&registry);
    client.send_head("GET", &target, &[]);
    assert!(client.answer(false).is_err());
}

#[test]
fn delays() {
    let (registry, target) = registry();
    registry.fail_next(Fault::serve().delay(Duration::from_millis(60)));
    let start = Instant::now();
    assert_eq!(get(&registry, &target).status, 200);
    assert!(start.elapsed() >= Duration::from_millis(60));
    // A delay without end does not keep the registry from stopping.
    registry.fail_next(Fault::serve().delay(Duration::MAX));
    let mut client = Client::connect(&registry);
    client.send_head("GET", &target, &[]);
    while registry.requests().len() < 2 {
        std::thread::yield_now();
    }
    drop(registry);
    assert!(client.answer(false).is_err());
}

#[test]
fn early_answers() {
    let (registry, _) = registry();
    let early = |after: After| {
        registry.fail_next(
            Fault::early(401, after).set_header("WWW-Authenticate", "Basic realm=\"x\""),
        );
        let mut client = Client::connect(&registry);
        client.send_head(
            "PUT",
            "/v2/a/blobs/uploads/x",
            &[("Content-Length", "3000000")],
        );
        client
    };
    let mut client = early(After::Drain);
    assert_eq!(client.answer(false).unwrap().status, 401);
    client.send(&[0; 3_000_000]).unwrap();
    assert_eq!(client.get("/v2/").status, 200);

    let mut client = early(After::Close);
    assert_eq!(client.answer(false).unwrap().status, 401);
    assert_eq!(client.end().unwrap(), 0);
    while client.send(&[0; 100_000]).is_ok() {}

    let mut client = early(After::Reset);
    match client.answer(false) {
        Ok(answer) => assert_eq!(answer.status, 401),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }

    let mut client = early(After::Stall);
    assert_eq!(client.answer(false).unwrap().status, 401);
    let timeout = Some(Duration::from_millis(50));
    client.stream.get_ref().set_write_timeout(timeout).unwrap();
    let stuck = loop {
        match client.send(&[0; 1_000_000]) {
            Ok(()) => {}
            Err(error) => break error.kind(),
        }
    };
    assert!(matches!(stuck, ErrorKind::WouldBlock | ErrorKind::TimedOut));
    let drained = &registry.requests()[0];
    assert_eq!(
        (drained.body_length, drained.body.is_none()),
        (3_000_000, true)
    );
}

#[test]
fn strange_input() {
    let (registry, target) = registry();
    let head = |lines: &str| format!("PATCH /v2/a/blobs/uploads/x HTTP/1.1\r\n{lines}\r\n\r\n");
    let chunked = "Transfer-Encoding: chunked\r\n\r\nzz\r\n";
    for (input, status) in [
        ("\0\0\0\r\n\r\n".to_owned(), 400),
        (head("Content-Length: +1"), 400),
        (head("Content-Length: 1\r\nContent-Length: 2"), 400),
        (head("Transfer-Encoding: gzip"), 400),
        (head(chunked), 404),
        (
            "GET /v2/%ff%2e%zz/\u{e9}?%=&=& HTTP/1.1\r\nA: \u{e9}\r\n\r\n".to_owned(),
            404,
        ),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70_000)), 431),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(200)),
            431,
        ),
        (
            format!("GET http://else.where{target} HTTP/1.0\r\n\r\n"),
            200,
        ),
    ] {
        let mut client = Client::connect(&registry);
        client.send(input.as_bytes()).unwrap();
        let answer = client.answer(false).unwrap();
        assert_eq!(answer.status, status, "{input:.60}");
    }
    assert_eq!(get(&registry, &target).status, 200);
}
