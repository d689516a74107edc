//! What a response tells: headers, Location, the registry's errors.

use reggie::{Client, Config, Kind, Response};
use support::raw_server::RawServer;

/// The answer to a GET of `path` below `prefix`, where every answer has the
/// status line and headers of `head`, in which `{url}` is the server's own.
fn answer(prefix: &str, path: &str, head: &'static str, body: &'static [u8]) -> (Response, String) {
    let server = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let url = format!("http://{}", request.header("host").expect("a host"));
            let head = head.replace("{url}", &url);
            conn.send(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            conn.send(body);
        }
    });
    let address = format!("{}{prefix}", server.url());
    let client = Client::new(&address, &Config::new()).expect("a client");
    let mut request = client.request("GET", path).expect("a request");
    (
        client.execute(&mut request).expect("an answer"),
        server.url(),
    )
}

#[test]
fn headers_are_found_by_name_and_index() {
    let head = "HTTP/1.1 200 OK\r\nX-One: a\r\nx-two: \u{e9}\r\nX-ONE: b\r\nEmpty:\r\n";
    let (response, _) = answer("", "/", head, b"");
    let headers = response.headers();
    assert_eq!(headers.all("x-one").collect::<Vec<_>>(), [&b"a"[..], b"b"]);
    assert_eq!(headers.get("X-Two"), Some("\u{e9}".as_bytes()));
    assert_eq!(headers.get("empty"), Some(&b""[..]));
    assert_eq!(headers.get("none"), None);
    assert_eq!(headers.len(), 5);
    assert!((0..5).all(|index| headers.at(index).is_some()));
    assert!(headers.at(5).is_none());
    assert_eq!(response.version(), "HTTP/1.1");
}

#[test]
fn locations_are_resolved_against_the_url_that_answered() {
    for (prefix, location, relative, absolute) in [
        (
            "",
            "/v2/a/up/1?_state=a%2Fb+=",
            Some("/v2/a/up/1?_state=a%2Fb+="),
            None,
        ),
        ("", "{url}/v2/a/up/1", Some("/v2/a/up/1"), None),
        ("", "up/1", Some("/v2/a/up/1"), None),
        ("", "?x=y", Some("/v2/a/x?x=y"), None),
        (
            "/p",
            "/p/v2/a/up/1?q",
            Some("/v2/a/up/1?q"),
            Some("{url}/p/v2/a/up/1?q"),
        ),
        ("/p", "up", Some("/v2/a/up"), Some("{url}/p/v2/a/up")),
        ("/p", "/pq/v2/", None, Some("{url}/pq/v2/")),
        (
            "",
            "https://store.example/x?sig=a",
            None,
            Some("https://store.example/x?sig=a"),
        ),
        (
            "",
            "//store.example/x",
            None,
            Some("http://store.example/x"),
        ),
        ("", "ftp://store.example/x", None, Some("")),
    ] {
        let head = format!("HTTP/1.1 202 Accepted\r\nLocation: {location}\r\n");
        let head: &'static str = Box::leak(head.into_boxed_str());
        let (response, url) = answer(prefix, "/v2/a/x", head, b"");
        assert_eq!(response.relative_location(), relative, "{location}");
        let expected = match (absolute, relative) {
            (Some(""), _) => None,
            (Some(absolute), _) => Some(absolute.replace("{url}", &url)),
            (None, Some(relative)) => Some(format!("{url}{relative}")),
            (None, None) => None,
        };
        assert_eq!(
            response.absolute_location(),
            expected.as_deref(),
            "{location}"
        );
    }
    let (response, _) = answer("", "/", "HTTP/1.1 202 Accepted\r\n", b"");
    assert_eq!(
        (response.relative_location(), response.absolute_location()),
        (None, None)
    );
}

#[test]
fn a_relative_location_can_be_sent_as_it_is() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let location = "/p/v2/a/b%20c/1?_state=x%2Fy==&z";
            assert!(request.target == "/p/v2/" || request.target == location);
            conn.respond("202 Accepted", &[("Location", location)], b"");
        }
    });
    let address = format!("{}/p", server.url());
    let client = Client::new(&address, &Config::new()).expect("a client");
    let mut request = client.request("POST", "/v2/").expect("a request");
    let response = client.execute(&mut request).expect("an answer");
    for path in [response.relative_location(), response.absolute_location()] {
        request.set_path(path.expect("a location")).expect("a path");
        assert_eq!(
            client.execute(&mut request).expect("an answer").status(),
            202
        );
    }
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn the_registrys_errors_are_read_and_what_is_none_stays_readable() {
    let body = br#"{"errors":[{"code":"A","message":"one","detail":[1,"x"]},{"code":"B"}]}"#;
    let (response, _) = answer("", "/", "HTTP/1.1 400 Bad Request\r\n", body);
    let errors = response.errors().expect("errors");
    let shown: Vec<_> = errors
        .iter()
        .map(|e| (e.code(), e.message(), e.detail()))
        .collect();
    assert_eq!(shown, [("A", "one", "[1,\"x\"]"), ("B", "", "")]);

    for body in [
        &b""[..],
        b"<html>no</html>",
        b"{}",
        b"{\"errors\":[]}",
        b"[1]",
    ] {
        let (response, _) = answer("", "/", "HTTP/1.1 502 Bad Gateway\r\n", body);
        let error = response.errors().expect_err("no errors");
        assert_eq!((error.kind(), error.http_status()), (Kind::NoErrors, 502));
        assert_eq!(response.body(), body);
    }
}

#[test]
fn what_the_server_says_is_in_the_message() {
    for (kind, body, words) in [
        (
            "application/json",
            &br#"{"message":"quota of 5 GiB"}"#[..],
            ": quota of 5 GiB",
        ),
        (
            "application/json",
            br#"{"error":"quarantined"}"#,
            ": quarantined",
        ),
        (
            "application/json",
            br#"{"errors":["one"],"limit":1e400}"#,
            ": one",
        ),
        (
            "application/problem+json",
            br#"{"title":"No","detail":"x"}"#,
            ": No: x",
        ),
        (
            "text/html",
            b"<html><title>502 Bad\nGateway</title>",
            ": 502 Bad Gateway",
        ),
        (
            "text/plain",
            b"two\r\nlines\x1b[2J",
            ": two lines\\u{1b}[2J",
        ),
        (
            "text/plain; charset=iso-8859-1",
            b"d\xe9sol\xe9",
            ": d\u{e9}sol\u{e9}",
        ),
        ("application/octet-stream", b"\x1f\x8b\x08\0\0\0\0\0", ""),
        ("application/json", b"", ""),
    ] {
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                let length = body.len();
                let head = format!(
                    "HTTP/1.1 418 I'm a teapot\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
                );
                conn.send(head.as_bytes());
                if request.method != "HEAD" {
                    conn.send(body);
                }
            }
        });
        let client = Client::new(&server.url(), &Config::new()).expect("a client");
        for (method, words) in [("GET", words), ("HEAD", "")] {
            let mut request = client.request(method, "/").expect("a request");
            let response = client.execute(&mut request).expect("an answer");
            let error = response.check().expect_err("no 2xx");
            let expected = format!("{}: status 418{words}", server.authority());
            assert_eq!(error.message(), expected);
            assert_eq!((error.kind(), error.http_status()), (Kind::HttpStatus, 418));
        }
    }
}

#[test]
fn a_response_that_is_too_large_has_its_status_in_the_error() {
    let body = vec![b'x'; 70_000];
    for status in ["200 OK", "403 Forbidden", "503 Service Unavailable"] {
        let server = RawServer::start({
            let body = body.clone();
            move |conn| {
                while conn.read_request().is_some() {
                    conn.respond(status, &[], &body);
                }
            }
        });
        let mut config = Config::new();
        config.set_max_body_memory(65_536);
        let client = Client::new(&server.url(), &config).expect("a client");
        let mut request = client.request("GET", "/").expect("a request");
        let error = client.execute(&mut request).expect_err("too large");
        assert_eq!(error.kind(), Kind::BodyTooLarge);
        assert_eq!(error.http_status().to_string(), status[..3]);
    }
}

#[test]
fn what_is_not_http_is_a_protocol_error() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nBroken\r\n\r\n",
    ] {
        let server = RawServer::start(move |conn| {
            conn.read_request();
            conn.send(bytes);
            conn.finish();
        });
        let client = Client::new(&server.url(), &Config::new()).expect("a client");
        let mut request = client.request("GET", "/").expect("a request");
        let error = client.execute(&mut request).expect_err("not http");
        let shown = String::from_utf8_lossy(bytes);
        assert_eq!(error.kind(), Kind::Protocol, "{shown}: {error}");
        assert_eq!(error.host(), Some(server.authority().as_str()));
    }
}

#[test]
fn a_header_block_has_a_limit() {
    let server = RawServer::start(|conn| {
        conn.read_request();
        conn.send(b"HTTP/1.1 200 OK\r\n");
        while conn.send(&[b'a'; 1000]) {}
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    let error = client.execute(&mut request).expect_err("endless");
    assert_eq!(error.kind(), Kind::Protocol);
    assert!(error.message().contains("header"), "{error}");
}

#[test]
fn interim_answers_are_passed_over() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
            conn.respond("200 OK", &[], &[b'x'; 100_000]);
        }
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    for _ in 0..3 {
        let mut request = client.request("GET", "/").expect("a request");
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!((response.status(), response.body().len()), (200, 100_000));
    }
}
