//! Errors after the head of a response was received have its status.

use reggie::{Client, Config, Error, Kind, Request, Response, WriteSink};
use support::raw_server::RawServer;
use support::temp;

struct Refuses;

impl WriteSink for Refuses {
    fn write(&mut self, _piece: &[u8]) -> Result<(), Error> {
        Err(full())
    }
}

/// An error without a status.
fn full() -> Error {
    let mut headers = Config::new();
    headers
        .set_credentials("a:b", "")
        .expect_err("not a user name")
}

fn server() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let sent = match request.target.as_str() {
                "/body" => conn.respond("203 x", &[], b"hello"),
                "/part" => conn.respond("206 x", &[("Content-Range", "bytes 0-4/9")], b"hello"),
                "/long" => conn.respond("203 x", &[], &[b'x'; 100_000]),
                "/long-chunks" => conn.respond_chunked("203 x", &[], &[&[b'x'; 100_000]]),
                "/redirect" => conn.respond("307 x", &[("Location", "/redirect")], b""),
                "/elsewhere" => conn.respond("307 x", &[("Location", "ftp://a/")], b""),
                "/cut" => {
                    conn.send(b"HTTP/1.1 203 x\r\nContent-Length: 9\r\n\r\nhello");
                    return;
                }
                "/bad" => conn.send(b"HTTP/1.1 203 x\r\nTransfer-Encoding: chunked\r\n\r\n+5"),
                "/coded" => conn.send(b"HTTP/1.1 203 x\r\nTransfer-Encoding: br\r\n\r\n+5"),
                other => panic!("{other}"),
            };
            if !sent {
                return;
            }
        }
    })
}

type Set = fn(&mut Config, &mut Option<SetRequest>);
type SetRequest = Box<dyn Fn(&mut Request)>;

/// The expected digest of other content.
fn wrong_digest(request: &mut Request) {
    let digest = format!("sha256:{}", "0".repeat(64));
    request
        .set_expected_digest(Some(&digest))
        .expect("a digest");
}

#[test]
fn calls() {
    let server = server();
    let none: Set = |_, _| {};
    let cases: [(&str, Kind, u16, Set); 13] = [
        ("/cut", Kind::Truncated, 203, none),
        ("/bad", Kind::Protocol, 203, none),
        ("/coded", Kind::Protocol, 203, none),
        ("/redirect", Kind::TooManyRedirects, 307, none),
        ("/elsewhere", Kind::RedirectRefused, 307, none),
        ("/long", Kind::BodyTooLarge, 203, |config, _| {
            config.set_max_body_memory(1000)
        }),
        ("/long-chunks", Kind::BodyTooLarge, 203, |config, _| {
            config.set_max_body_memory(1000);
        }),
        ("/body", Kind::DigestMismatch, 203, |_, request| {
            *request = Some(Box::new(wrong_digest));
        }),
        ("/part", Kind::PartialContent, 206, |_, request| {
            *request = Some(Box::new(wrong_digest));
        }),
        ("/body", Kind::File, 203, |_, request| {
            let path = temp::folder().path().join("gone/file");
            *request = Some(Box::new(move |request| {
                request.set_output_path(path.clone())
            }));
        }),
        ("/body", full().kind(), 203, |_, request| {
            *request = Some(Box::new(|request| {
                request.set_output_sink(Box::new(Refuses))
            }));
        }),
        ("/body", full().kind(), 203, |config, _| {
            config.set_response_callback(Some(std::sync::Arc::new(|_| Err(full()))));
        }),
        ("/redirect", full().kind(), 307, |config, _| {
            config.set_redirect_callback(Some(std::sync::Arc::new(|_| Err(full()))));
        }),
    ];
    for (path, kind, status, set) in cases {
        let mut config = Config::new();
        let mut set_request = None;
        set(&mut config, &mut set_request);
        let client = Client::new(&server.url(), &config).expect("a client");
        let mut request = client.request("GET", path).expect("a request");
        if let Some(set_request) = &set_request {
            set_request(&mut request);
        }
        let error = client.execute(&mut request).expect_err(path);
        assert_eq!(
            (error.kind(), error.http_status()),
            (kind, status),
            "{path}: {error}"
        );
        assert_eq!(error.host(), Some(server.authority().as_str()), "{path}");
    }
}

/// Reads a body to its end.
fn read(mut response: Response) -> Result<(), Error> {
    while response.read(&mut [0; 1000])? > 0 {}
    Ok(())
}

#[test]
fn reads() {
    let server = server();
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    for (path, kind) in [
        ("/cut", Kind::Truncated),
        ("/bad", Kind::Protocol),
        ("/body", Kind::DigestMismatch),
    ] {
        let mut request = client.request("GET", path).expect("a request");
        wrong_digest(&mut request);
        let response = client.open(&mut request).expect("a head");
        let error = read(response).expect_err(path);
        assert_eq!(
            (error.kind(), error.http_status()),
            (kind, 203),
            "{path}: {error}"
        );
    }
    let mut request = client.request("GET", "/part").expect("a request");
    wrong_digest(&mut request);
    let error = client.open(&mut request).expect_err("a part");
    assert_eq!(
        (error.kind(), error.http_status()),
        (Kind::PartialContent, 206)
    );
}
