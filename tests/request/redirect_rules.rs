//! Which redirects are followed, with which method and body, and the callback
//! that decides about each.

use std::sync::Arc;

use reggie::{Config, Error, Kind, ReadSource, RedirectChoice, RedirectStep};
use support::raw_server::RawServer;

use crate::notes::*;

/// Redirects from `/N` to `/N-1`, and answers 200 at `/0`.
fn stairs() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let left: u32 = request.target[1..].parse().expect("a number");
            if left == 0 {
                conn.respond("200 OK", &[], b"end");
            } else {
                let next = format!("/{}", left - 1);
                let headers = [("Location", next.as_str()), ("X-Left", &request.target)];
                conn.respond("302 Found", &headers, b"moved");
            }
        }
    })
}

#[test]
fn the_caller_sets_how_many_redirects_are_followed() {
    let server = stairs();
    let mut config = Config::new();
    config.set_max_redirects(3);
    let some = client(&server, &config);
    assert_eq!(get(&some, "/3").expect("an answer").body(), b"end");
    let error = get(&some, "/4").expect_err("one too many");
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    assert_eq!(error.http_status(), 302);
    assert_eq!(error.host(), Some(server.authority().as_str()));

    config.set_max_redirects(0);
    let none = client(&server, &config);
    let response = get(&none, "/1").expect("an answer");
    assert_eq!((response.status(), response.body()), (302, &b"moved"[..]));
    assert_eq!(response.relative_location(), Some("/0"));
    assert_eq!(response.url(), format!("{}/1", server.url()));
}

/// What a redirect callback was told.
type Hop = (u32, String, String, String, u16, Option<String>);

fn hop(step: &RedirectStep) -> Hop {
    let left = step.headers().get("x-left");
    (
        step.hop(),
        step.from().to_owned(),
        step.to().to_owned(),
        step.method().to_owned(),
        step.status(),
        left.map(|value| String::from_utf8_lossy(value).into_owned()),
    )
}

#[test]
fn a_callback_decides_about_each_redirect() {
    let server = stairs();
    let url = server.url();
    let notes = Notes::new();
    let written = notes.clone();
    let mut config = Config::new();
    config.set_max_redirects(3);
    config.set_redirect_callback(Some(Arc::new(move |step| {
        written.add(hop(step));
        Ok(match step.to().ends_with("/1") {
            true => RedirectChoice::Return,
            false => RedirectChoice::Follow,
        })
    })));
    let client = client(&server, &config);
    let response = get(&client, "/3").expect("an answer");
    assert_eq!((response.status(), response.body()), (302, &b"moved"[..]));
    assert_eq!(response.url(), format!("{url}/2"));
    let step = |number: u32, from: u32| -> Hop {
        (
            number,
            format!("{url}/{from}"),
            format!("{url}/{}", from - 1),
            "GET".to_owned(),
            302,
            Some(format!("/{from}")),
        )
    };
    assert_eq!(notes.all(), [step(1, 3), step(2, 2)]);

    // Not asked about one too many.
    get(&client, "/9").expect_err("too many");
    assert_eq!(notes.all().len(), 2 + 3);
}

#[test]
fn a_redirect_callback_may_stop_the_call() {
    let server = stairs();
    let mut config = Config::new();
    config.set_redirect_callback(Some(Arc::new(|_| Err(any_error()))));
    let error = get(&client(&server, &config), "/1").expect_err("stopped");
    assert_eq!(error.http_status(), 302);
    assert_eq!(error.host(), Some(server.authority().as_str()));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_303_tells_the_callback_its_new_method() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match request.target.as_str() {
                "/end" => conn.respond("200 OK", &[], b""),
                _ => conn.respond("303 See Other", &[("Location", "/end")], b""),
            };
        }
    });
    let notes = Notes::new();
    let written = notes.clone();
    let mut config = Config::new();
    config.set_redirect_callback(Some(Arc::new(move |step| {
        written.add(step.method().to_owned());
        Ok(RedirectChoice::Follow)
    })));
    let client = client(&server, &config);
    let mut request = client.request("POST", "/start").expect("a request");
    client.execute(&mut request).expect("an answer");
    assert_eq!(notes.all(), ["GET"]);
}

/// A body that cannot be read again.
struct Once(bool);

impl ReadSource for Once {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        if std::mem::replace(&mut self.0, true) {
            return Ok(0);
        }
        buffer[..4].copy_from_slice(b"four");
        Ok(4)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        Err(any_error())
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Sent {
    Nothing,
    Memory,
    Once,
}

/// What comes of a redirect, by status and method: the method that is sent on
/// with what body, or why none is.
fn comes_of(status: u16, method: &str, sent: Sent) -> Result<(&str, Sent), Kind> {
    let is_upload = matches!(method, "POST" | "PUT" | "PATCH");
    match (status, sent) {
        (303, _) if method == "HEAD" => Ok(("HEAD", Sent::Nothing)),
        (303, _) => Ok(("GET", Sent::Nothing)),
        (301 | 302, _) if is_upload => Err(Kind::RedirectRefused),
        // The error is that of the source.
        (_, Sent::Once) => Err(any_error().kind()),
        _ => Ok((method, sent)),
    }
}

#[test]
fn each_redirect_has_its_rule_for_each_method_and_body() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let status = match &request.target[1..] {
                "301" => "301 Moved Permanently",
                "302" => "302 Found",
                "303" => "303 See Other",
                "307" => "307 Temporary Redirect",
                "308" => "308 Permanent Redirect",
                _ => "200 OK",
            };
            conn.respond(status, &[("Location", "/end?x=%2F")], b"");
        }
    });
    let client = client(&server, &Config::new());
    let mut seen = 0;
    for status in [301, 302, 303, 307, 308] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            for sent in [Sent::Nothing, Sent::Memory, Sent::Once] {
                let case = format!("{status} {method} {sent:?}");
                let mut request = client
                    .request(method, &format!("/{status}"))
                    .expect("a request");
                match sent {
                    Sent::Nothing => {}
                    Sent::Memory => request.set_body(b"four".to_vec()),
                    Sent::Once => request.set_body_source(Box::new(Once(false)), Some(4)),
                }
                let outcome = client.execute(&mut request);
                let requests = server.requests().split_off(seen);
                seen += requests.len();
                match comes_of(status, method, sent) {
                    Err(kind) => {
                        let error = outcome.expect_err(&case);
                        assert_eq!(error.kind(), kind, "{case}");
                        assert_eq!(requests.len(), 1, "{case}");
                    }
                    Ok((method, sent)) => {
                        assert_eq!(outcome.expect(&case).status(), 200, "{case}");
                        let [_, last] = &requests[..] else {
                            panic!("{case}: {requests:?}");
                        };
                        assert_eq!(last.method, method, "{case}");
                        assert_eq!(last.target, "/end?x=%2F", "{case}");
                        let body: &[u8] = match sent {
                            Sent::Nothing => b"",
                            Sent::Memory | Sent::Once => b"four",
                        };
                        assert_eq!(last.body, body, "{case}");
                        let is_told =
                            !body.is_empty() || matches!(method, "POST" | "PUT" | "PATCH");
                        let length = is_told.then(|| body.len().to_string());
                        assert_eq!(header(last, "content-length"), length, "{case}");
                    }
                }
            }
        }
    }
}
