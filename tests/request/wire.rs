//! What goes out on the wire, to the letter.

use std::io::{Seek, SeekFrom, Write};
use std::os::fd::AsRawFd;

use reggie::{Client, Config, Error, Kind, ReadSource, Request};
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

/// A server that takes everything with an empty 200.
fn server() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    })
}

fn client(server: &RawServer) -> Client {
    Client::new(&server.url(), &Config::new()).expect("a client")
}

/// Sends one request and gives it as it arrived.
fn sent(method: &str, path: &str, change: impl FnOnce(&mut Request)) -> RawRequest {
    let server = server();
    let client = client(&server);
    let mut request = client.request(method, path).expect("a request");
    change(&mut request);
    let response = client.execute(&mut request).expect("an answer");
    assert_eq!(response.status(), 200);
    server.requests().remove(0)
}

fn names(request: &RawRequest) -> Vec<&str> {
    let mut names: Vec<&str> = request
        .headers
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn an_address_is_an_http_url_with_a_host() {
    for address in [
        "",
        "registry.example",
        "ftp://registry.example",
        "http://",
        "http://user:secret@registry.example",
        "http://registry.example/?x=1",
        "http://registry.example/#x",
        "http://registry.example:0",
        "http://registry.example:99999",
        "http://regis try.example",
        "http://registry.example/\r\n",
    ] {
        let error = Client::new(address, &Config::new()).err().expect(address);
        assert_eq!(error.kind(), Kind::InvalidAddress, "{address}");
        assert!(!error.message().contains("secret"), "{error}");
    }
}

#[test]
fn an_address_may_have_a_prefix() {
    let server = server();
    for prefix in ["/some/prefix", "/some/prefix/"] {
        let client =
            Client::new(&format!("{}{prefix}", server.url()), &Config::new()).expect("a client");
        let mut request = client.request("GET", "/v2/").expect("a request");
        client.execute(&mut request).expect("an answer");
    }
    for request in server.requests() {
        assert_eq!(request.target, "/some/prefix/v2/");
    }
}

#[test]
fn the_default_name_serves_requests_without_one() {
    let server = server();
    let mut config = Config::new();
    config.set_default_name("first/name").expect("a name");
    let client = Client::new(&server.url(), &config).expect("a client");
    let path = "/v2/<name>/tags/list";
    let before = client.request("GET", path).expect("a request");
    client.set_default_name("second/name").expect("a name");
    let after = client.request("GET", path).expect("a request");
    let mut own = client.request("GET", path).expect("a request");
    own.set_name("own/name").expect("a name");
    let url = |request: &Request| request.url().expect("a url");
    assert_eq!(
        url(&before),
        format!("{}/v2/first/name/tags/list", server.url())
    );
    assert_eq!(
        url(&after),
        format!("{}/v2/second/name/tags/list", server.url())
    );
    assert_eq!(url(&own), format!("{}/v2/own/name/tags/list", server.url()));
}

#[test]
fn a_placeholder_that_is_left_is_an_error_and_nothing_is_sent() {
    let server = server();
    let client = client(&server);
    for path in [
        "/v2/<name>/tags/list",
        "/v2/a/manifests/<reference>",
        "/v2/a/blobs/<digest>",
        "/v2/a/blobs/uploads/<session_id>",
    ] {
        let mut request = client.request("GET", path).expect("a request");
        let error = client.execute(&mut request).expect_err(path);
        assert_eq!(error.kind(), Kind::MissingValue, "{path}");
    }
    let mut request = client
        .request("GET", "/v2/<name>//tags")
        .expect("a request");
    request.set_name("a").expect("a name");
    let error = client.execute(&mut request).expect_err("two slashes");
    assert_eq!(error.kind(), Kind::InvalidPath);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_path_without_placeholders_is_taken_as_it_is() {
    let request = sent("GET", "/v2//a/../b/%2e%2E/%zz?x=%zz&y=a+b", |_| {});
    assert_eq!(request.target, "/v2//a/../b/%2e%2E/%zz?x=%zz&y=a+b");
}

#[test]
fn values_that_would_change_the_path_are_refused() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/v2/<name>/x").expect("a request");
    for value in [
        "", " ", "a b", "a?b", "a#b", "a%2fb", ".", "..", "a/../b", "./a", "a/.", "a\nb", "a\0b",
        "a\u{a0}b",
    ] {
        for (result, kind) in [
            (request.set_name(value), Kind::InvalidName),
            (request.set_reference(value), Kind::InvalidReference),
            (request.set_digest(value), Kind::InvalidDigest),
            (request.set_session_id(value), Kind::InvalidSessionId),
            (client.set_default_name(value), Kind::InvalidName),
        ] {
            assert_eq!(result.expect_err(value).kind(), kind, "{value:?}");
        }
    }
    // What a test needs to send goes out, grammar or not.
    request.set_name("UPPER/case.~_:@").expect("a name");
    let url = request.url().expect("a url");
    assert_eq!(url, format!("{}/v2/UPPER/case.~_:@/x", server.url()));
}

#[test]
fn a_query_stays_byte_for_byte_and_parameters_are_appended() {
    let request = sent(
        "PUT",
        "/v2/a/blobs/uploads/1?_state=Ab%2F+/=~%zz",
        |request| {
            request
                .set_query("digest", "sha256:aa")
                .expect("a parameter");
            request
                .set_query("odd name", "a&b=c d+ü")
                .expect("a parameter");
        },
    );
    assert_eq!(
        request.target,
        "/v2/a/blobs/uploads/1?_state=Ab%2F+/=~%zz&digest=sha256:aa\
         &odd%20name=a%26b%3Dc%20d%2B%C3%BC"
    );
    let request = sent("GET", "/v2/?", |request| {
        request.add_query("a", "1").expect("a parameter");
        request.add_query("a", "2").expect("a parameter");
    });
    assert_eq!(request.target, "/v2/?a=1&a=2");
}

#[test]
fn an_absolute_url_is_taken_as_it_is() {
    let other = server();
    let server = server();
    let client = client(&server);
    let url = format!("{}/somewhere/else?sig=a%2Fb", other.url());
    let mut request = client.request("GET", &url).expect("a request");
    client.execute(&mut request).expect("an answer");
    assert_eq!(other.requests()[0].target, "/somewhere/else?sig=a%2Fb");
    assert_eq!(server.connections(), 0);
}

#[test]
fn no_header_goes_out_that_was_not_asked_for() {
    let version = concat!("reggie/", env!("CARGO_PKG_VERSION"));
    for method in ["GET", "HEAD", "DELETE", "OPTIONS", "propfind"] {
        let request = sent(method, "/v2/", |_| {});
        assert_eq!(request.method, method);
        assert_eq!(names(&request), ["Host", "User-Agent"], "{method}");
        assert_eq!(request.header("user-agent"), Some(version));
    }
    for method in ["POST", "PUT", "PATCH"] {
        let request = sent(method, "/v2/", |_| {});
        assert_eq!(names(&request), ["Content-Length", "Host", "User-Agent"]);
        assert_eq!(request.header("content-length"), Some("0"));
    }
}

#[test]
fn headers_go_out_as_given() {
    let request = sent("GET", "/v2/", |request| {
        let mut set = |name, value: &[u8]| request.add_header(name, value).expect("a header");
        set("accept", b"one");
        set("ACCEPT", b"two");
        set("X-cUsToM", b"\xff \t x");
        set("Host", b"another.example");
        set("User-Agent", b"mine/1");
    });
    assert_eq!(
        names(&request),
        ["ACCEPT", "Host", "User-Agent", "X-cUsToM", "accept"]
    );
    assert_eq!(request.header("host"), Some("another.example"));
    assert_eq!(request.header("user-agent"), Some("mine/1"));
    let raw = request.raw.windows(5).any(|bytes| bytes == b"\xff \t x");
    assert!(raw, "{}", request.head);
}

#[test]
fn there_is_one_host_header() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/v2/").expect("a request");
    for host in [b"one.example", b"two.example"] {
        request.add_header("Host", host).expect("a header");
    }
    let error = client.execute(&mut request).expect_err("two");
    assert_eq!(error.kind(), Kind::InvalidHeader);
    assert_eq!(error.message(), "header host: set more than once");
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_long_header_arrives_and_one_too_long_is_an_error() {
    let long = vec![b'x'; 100_000];
    let request = sent("GET", "/v2/", |request| {
        request.set_header("X-Long", &long).expect("a header");
    });
    assert_eq!(request.header("x-long").map(str::len), Some(100_000));

    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/v2/").expect("a request");
    request
        .set_header("X-Long", &[b'x'; 200_000])
        .expect("a header");
    let error = client.execute(&mut request).expect_err("too long");
    assert_eq!(error.kind(), Kind::InvalidHeader);
    assert_eq!(server.connections(), 0);
}

#[test]
fn the_user_agent_of_the_config_is_used() {
    let server = server();
    let mut config = Config::new();
    config.set_user_agent("tool/2 (linux)").expect("an agent");
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    client.execute(&mut request).expect("an answer");
    assert_eq!(
        server.requests()[0].header("user-agent"),
        Some("tool/2 (linux)")
    );
}

#[test]
fn a_content_length_that_does_not_fit_is_an_error_and_nothing_is_sent() {
    let server = server();
    let client = client(&server);
    for (body, length) in [
        (&b"abc"[..], "4"),
        (b"abc", "2"),
        (b"abc", "+3"),
        (b"", "1"),
        (b"abc", "99999999999999999999"),
    ] {
        let mut request = client.request("PUT", "/v2/").expect("a request");
        request.set_body(body.to_vec());
        request
            .set_header("Content-Length", length.as_bytes())
            .expect("a header");
        let error = client.execute(&mut request).expect_err(length);
        assert_eq!(error.kind(), Kind::LengthMismatch, "{length}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn connection_close_is_honoured() {
    let server = server();
    let client = client(&server);
    for close in [true, false, false] {
        let mut request = client.request("GET", "/v2/").expect("a request");
        if close {
            request
                .set_header("Connection", b"close")
                .expect("a header");
        }
        client.execute(&mut request).expect("an answer");
    }
    let connections: Vec<usize> = server.requests().iter().map(|r| r.connection).collect();
    assert_eq!(connections, [0, 1, 1]);
}

struct Pieces(Vec<&'static [u8]>);

impl ReadSource for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let piece = self.0.remove(0);
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }

    fn rewind(&mut self) -> Result<(), Error> {
        panic!("nothing is sent twice here");
    }
}

#[test]
fn bodies_of_known_length_are_never_chunked() {
    let folder = support::temp::folder();
    let path = folder.path().join("body");
    std::fs::write(&path, b"0123456789").expect("written");
    let mut file = std::fs::File::open(&path).expect("a file");
    file.seek(SeekFrom::Start(4)).expect("moved");
    let (reader, mut writer) = std::io::pipe().expect("a pipe");
    writer.write_all(b"from a pipe").expect("written");
    // Who reads past the length meets the end, not a wait.
    drop(writer);
    let fd = file.as_raw_fd();
    for (expected, request) in [
        (
            &b"memory"[..],
            sent("PATCH", "/", |r| r.set_body(b"memory".to_vec())),
        ),
        (
            b"0123456789",
            sent("PATCH", "/", |r| r.set_body_path(path.clone())),
        ),
        (
            b"45678",
            sent("PATCH", "/", |r| {
                r.set_body_descriptor(fd, Some(5)).expect("a file")
            }),
        ),
        (
            b"from a pipe",
            sent("PATCH", "/", |r| {
                r.set_body_descriptor(reader.as_raw_fd(), Some(11))
                    .expect("a pipe");
            }),
        ),
        (
            b"abcde",
            sent("PATCH", "/", |r| {
                r.set_body_source(Box::new(Pieces(vec![b"ab", b"c", b"de"])), Some(5));
            }),
        ),
    ] {
        assert_eq!(request.body, expected);
        let length = expected.len().to_string();
        assert_eq!(request.header("content-length"), Some(length.as_str()));
        assert_eq!(request.header("transfer-encoding"), None);
    }
    assert_eq!(file.stream_position().expect("a position"), 4);
}

#[test]
fn a_body_of_open_length_is_chunked_by_wish() {
    let request = sent("PATCH", "/", |request| {
        request.set_body_source(Box::new(Pieces(vec![b"ab", b"c", b"de"])), None);
    });
    let chunks = b"\r\n\r\n2\r\nab\r\n1\r\nc\r\n2\r\nde\r\n0\r\n\r\n";
    assert!(request.raw.ends_with(chunks), "{}", request.head);
    assert_eq!(request.header("content-length"), None);
    assert_eq!(request.header("transfer-encoding"), Some("chunked"));
}

#[test]
fn any_method_can_have_a_body() {
    for method in ["GET", "DELETE", "OPTIONS", "REPORT"] {
        let request = sent(method, "/", |request| request.set_body(b"body".to_vec()));
        assert_eq!(request.body, b"body", "{method}");
        assert_eq!(request.header("content-length"), Some("4"), "{method}");
    }
}

#[test]
fn a_body_that_ends_early_is_an_error_and_not_a_short_body() {
    let server = RawServer::start(|conn| while conn.read_request().is_some() {});
    let client = client(&server);
    let mut request = client.request("PUT", "/v2/").expect("a request");
    request.set_body_source(Box::new(Pieces(vec![b"abc"])), Some(4));
    let error = client.execute(&mut request).expect_err("an error");
    assert_eq!(error.kind(), Kind::BodyLength, "{error}");
}

/// Delivers its bytes in pieces, and more of them if it is read on.
struct TooLong {
    left: usize,
    piece: usize,
}

impl ReadSource for TooLong {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let amount = self.left.min(self.piece).min(buffer.len());
        buffer[..amount].fill(b'x');
        self.left -= amount;
        Ok(amount)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

#[test]
fn a_body_that_is_longer_is_an_error_and_not_cut() {
    for (size, piece) in [
        (6, 5),
        (6, 6),
        (6, 1),
        (1_100_000, 4096),
        (5_000_000, 1_000_000),
    ] {
        for length in [0, size - 1] {
            let server = RawServer::start(|conn| {
                while conn.read_request().is_some() {
                    conn.respond("201 Created", &[], b"");
                }
            });
            let client = client(&server);
            let mut request = client.request("PUT", "/v2/").expect("a request");
            let source = TooLong { left: size, piece };
            request.set_body_source(Box::new(source), Some(length as u64));
            let error = client.execute(&mut request).expect_err("too long");
            assert_eq!(
                (error.kind(), error.step()),
                (Kind::BodyLength, reggie::Step::Send)
            );
            let message = format!("the body is longer than its length of {length} bytes");
            assert_eq!(error.message(), message);
            let complete = server.requests().iter().any(|r| r.body.len() == length);
            assert!(!complete, "{size} in pieces of {piece}");
        }
    }
}

#[test]
fn methods_and_headers_that_would_split_a_request_are_refused() {
    let server = server();
    let client = client(&server);
    for method in ["", "GE T", "GET\r\n", "G\u{e9}T", "CONNECT"] {
        let error = client.request(method, "/").err().expect(method);
        assert_eq!(error.kind(), Kind::InvalidMethod, "{method}");
    }
    for path in ["", "v2/", "/v2/\r\nx: y", "ftp://x/", "/\0"] {
        let error = client.request("GET", path).err().expect(path);
        assert_eq!(error.kind(), Kind::InvalidPath, "{path}");
    }
}

#[test]
fn what_was_set_can_be_read_back_and_removed() {
    let server = server();
    let client = client(&server);
    let mut request = client.request("GET", "/v2/<name>").expect("a request");
    request.set_method("PUT").expect("a method");
    request.set_path("/v2/<name>/x").expect("a path");
    request.set_name("n").expect("a name");
    request.add_header("A", b"1").expect("a header");
    request.add_header("a", b"2").expect("a header");
    request.set_header("B", b"3").expect("a header");
    request.add_query("q", "1").expect("a parameter");
    request.set_query("r", "2").expect("a parameter");
    assert_eq!((request.method(), request.path()), ("PUT", "/v2/<name>/x"));
    assert_eq!(request.name(), Some("n"));
    assert_eq!(request.headers().all("A").count(), 2);
    request.remove_header("A");
    request.remove_query("q");
    assert_eq!(request.headers().len(), 1);
    assert_eq!(request.query(), [("r".to_owned(), "2".to_owned())]);
}
