//! What a caller sees and changes of each send, answer and redirect, and what
//! a response tells of the way it came.

mod support;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reggie::{
    Client, Config, Error, Exchange, Kind, Purpose, ReadSource, RedirectChoice, RedirectStep,
    Response, Step,
};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

/// What a hook was told: purpose, method, URL, status.
type Told = (Purpose, String, String, u16);

/// What callbacks write down, in their order.
struct Notes<T>(Arc<Mutex<Vec<T>>>);

impl<T> Clone for Notes<T> {
    fn clone(&self) -> Notes<T> {
        Notes(Arc::clone(&self.0))
    }
}

impl<T: Clone> Notes<T> {
    fn new() -> Notes<T> {
        Notes(Arc::default())
    }

    fn add(&self, note: T) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(note);
    }

    fn all(&self) -> Vec<T> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn told(exchange: &Exchange) -> Told {
    (
        exchange.purpose(),
        exchange.method().to_owned(),
        exchange.url().to_owned(),
        exchange.status(),
    )
}

fn client(server: &RawServer, config: &Config) -> Client {
    Client::new(&server.url(), config).expect("a client")
}

fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request)
}

fn header(request: &RawRequest, name: &str) -> Option<String> {
    request.header(name).map(str::to_owned)
}

/// An error, as a callback may return one.
fn any_error() -> Error {
    Config::new().set_user_agent("").expect_err("an error")
}

fn store() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"blob");
        }
    })
}

/// A registry that wants a token from its own `/token`, and redirects then.
fn registry(to: String) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.header("authorization") == Some("Bearer T") {
                conn.respond("307 Temporary Redirect", &[("Location", &to)], b"");
            } else {
                challenge(conn, &request);
            }
        }
    })
}

fn challenge(conn: &mut Conn, request: &RawRequest) {
    let host = request.header("host").expect("a host");
    let challenge = format!("Bearer realm=\"http://{host}/token\",scope=\"repository:a:pull\"");
    conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
}

#[test]
fn hooks_are_told_which_send_it_is() {
    let store = store();
    let server = registry(format!("{}/blob?sig=1", store.url()));
    let (sends, answers) = (Notes::new(), Notes::new());
    let mut config = Config::new();
    let notes = sends.clone();
    config.set_send_callback(Some(Arc::new(move |exchange| {
        notes.add(told(exchange));
        Ok(())
    })));
    let notes = answers.clone();
    config.set_answer_callback(Some(Arc::new(move |exchange| {
        notes.add(told(exchange));
        Ok(())
    })));
    let response = get(&client(&server, &config), "/v2/a/blobs/b").expect("an answer");
    assert_eq!(response.body(), b"blob");

    let blob = format!("{}/v2/a/blobs/b", server.url());
    let token = format!(
        "{}/token?scope=repository:a:pull&client_id=reggie",
        server.url()
    );
    let end = format!("{}/blob?sig=1", store.url());
    let expected = |with_status: bool| -> Vec<Told> {
        [
            (Purpose::First, &blob, 401),
            (Purpose::Token, &token, 200),
            (Purpose::Challenge, &blob, 307),
            (Purpose::Redirect, &end, 200),
        ]
        .map(|(purpose, url, status)| {
            let status = if with_status { status } else { 0 };
            (purpose, "GET".to_owned(), url.clone(), status)
        })
        .to_vec()
    };
    assert_eq!(sends.all(), expected(false));
    assert_eq!(answers.all(), expected(true));
    assert_eq!(response.sends(), 4);
    assert_eq!(response.url(), end);
}

#[test]
fn hooks_see_the_headers_that_go_out_and_come_in() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[("X-Twice", "1"), ("X-Twice", "2")], b"");
        }
    });
    let seen = Notes::new();
    let mut config = Config::new();
    let notes = seen.clone();
    config.set_send_callback(Some(Arc::new(move |exchange| {
        for (name, value) in exchange.headers().iter() {
            notes.add((name.to_owned(), value.to_vec()));
        }
        Ok(())
    })));
    let notes = seen.clone();
    config.set_answer_callback(Some(Arc::new(move |exchange| {
        for value in exchange.headers().all("x-twice") {
            notes.add(("came".to_owned(), value.to_vec()));
        }
        Ok(())
    })));
    let client = client(&server, &config);
    let mut request = client.request("PUT", "/x").expect("a request");
    request.set_header("X-Mine", b"m").expect("a header");
    request.set_body(b"four".to_vec());
    client.execute(&mut request).expect("an answer");
    let agent = concat!("reggie/", env!("CARGO_PKG_VERSION"));
    let expected = [
        ("X-Mine", "m"),
        ("User-Agent", agent),
        ("Content-Length", "4"),
        ("came", "1"),
        ("came", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    assert_eq!(seen.all(), expected);
}

#[test]
fn a_header_that_a_hook_sets_arrives_at_that_send_alone() {
    let store = store();
    let server = registry(format!("{}/blob", store.url()));
    let mut config = Config::new();
    config.set_send_callback(Some(Arc::new(|exchange| match exchange.purpose() {
        Purpose::Challenge => exchange.set_header("X-Signed", b"yes"),
        _ => Ok(()),
    })));
    get(&client(&server, &config), "/v2/a/blobs/b").expect("an answer");
    let signed: Vec<_> = server
        .requests()
        .iter()
        .map(|request| header(request, "x-signed"))
        .collect();
    assert_eq!(signed, [None, None, Some("yes".to_owned())]);
    assert_eq!(store.requests()[0].header("x-signed"), None);
}

#[test]
fn a_hook_may_remove_headers_but_not_the_framing() {
    let server = store();
    let mut config = Config::new();
    config.set_send_callback(Some(Arc::new(|exchange| {
        for name in ["USER-agent", "x-mine", "content-length", "x-absent"] {
            exchange.remove_header(name);
        }
        Ok(())
    })));
    let client = client(&server, &config);
    let mut request = client.request("PUT", "/x").expect("a request");
    request.set_header("X-Mine", b"m").expect("a header");
    request.set_body(b"four".to_vec());
    client.execute(&mut request).expect("an answer");
    assert!(request.headers().contains("x-mine"), "the request's own");
    let seen = server.requests().remove(0);
    assert_eq!(seen.header("user-agent"), None);
    assert_eq!(seen.header("x-mine"), None);
    assert_eq!(seen.header_count("content-length"), 1);
    assert_eq!(seen.body, b"four");
}

#[test]
fn a_hook_cannot_split_or_misframe_a_request() {
    let server = store();
    for (name, value, kind) in [
        ("X-A", "b\r\nX-C: d", Kind::InvalidHeader),
        ("Transfer-Encoding", "chunked", Kind::InvalidHeader),
        ("Content-Length", "5", Kind::LengthMismatch),
    ] {
        let mut config = Config::new();
        config.set_send_callback(Some(Arc::new(move |exchange| {
            exchange.set_header(name, value.as_bytes())
        })));
        let client = client(&server, &config);
        let mut request = client.request("PUT", "/x").expect("a request");
        request.set_body(b"four".to_vec());
        let error = client.execute(&mut request).expect_err("refused");
        assert_eq!(error.kind(), kind, "{name}: {error}");
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_hook_may_stop_the_call() {
    let server = store();
    let mut config = Config::new();
    config.set_send_callback(Some(Arc::new(|_| Err(any_error()))));
    let error = get(&client(&server, &config), "/x").expect_err("stopped");
    assert_eq!(error.host(), Some(server.authority().as_str()));
    assert_eq!(server.connections(), 0);

    let mut config = Config::new();
    config.set_answer_callback(Some(Arc::new(|_| Err(any_error()))));
    let error = get(&client(&server, &config), "/x").expect_err("stopped");
    assert_eq!((error.http_status(), error.step()), (200, Step::Receive));
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_hook_may_use_the_client_for_the_very_token_that_is_asked_for() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.header("authorization") == Some("Bearer T") {
                conn.respond("200 OK", &[], b"welcome");
            } else {
                challenge(conn, &request);
            }
        }
    });
    let inner: Arc<Mutex<Option<Arc<Client>>>> = Arc::default();
    let nested = Arc::clone(&inner);
    let mut config = Config::new();
    // A token that never comes ends the test.
    config.set_timeout(Some(Duration::from_secs(10)));
    config.set_send_callback(Some(Arc::new(move |exchange| {
        if exchange.purpose() != Purpose::Token {
            return Ok(());
        }
        let client = nested.lock().expect("no panic").take();
        client.map_or(Ok(()), |client| {
            let response = get(&client, "/v2/a/blobs/b")?;
            assert_eq!(response.body(), b"welcome");
            Ok(())
        })
    })));
    let client = Arc::new(client(&server, &config));
    *inner.lock().expect("no panic") = Some(Arc::clone(&client));
    let response = get(&client, "/v2/a/blobs/b").expect("an answer");
    assert_eq!(response.body(), b"welcome");
    assert!(inner.lock().expect("no panic").is_none(), "it was used");
}

/// Serves one request on its first connection, and closes when another comes.
fn closing() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if conn.number() == 0 && request.target == "/second" {
                return conn.close();
            }
            conn.respond("200 OK", &[], b"");
        }
    })
}

#[test]
fn a_hook_sees_the_send_after_a_closed_connection_too() {
    let server = closing();
    let notes = Notes::new();
    let mut config = Config::new();
    let written = notes.clone();
    config.set_send_callback(Some(Arc::new(move |exchange| {
        let already = exchange.headers().contains("X-Purpose");
        written.add((exchange.purpose(), already));
        let value = format!("{:?}", exchange.purpose());
        exchange.set_header("X-Purpose", value.as_bytes())
    })));
    let client = client(&server, &config);
    get(&client, "/first").expect("an answer");
    let response = get(&client, "/second").expect("an answer");
    assert_eq!(response.sends(), 2);
    assert!(!response.is_reused());
    // What was set for the send that failed is not in the one after.
    assert_eq!(
        notes.all(),
        [
            (Purpose::First, false),
            (Purpose::First, false),
            (Purpose::Retry, false)
        ]
    );
    let last = server.requests().pop().expect("a request");
    assert_eq!(last.header("x-purpose"), Some("Retry"));
}

#[test]
fn a_response_tells_how_long_each_step_took() {
    const SLOW: Duration = Duration::from_millis(80);
    let server = RawServer::start_tls(|conn| {
        while conn.read_request().is_some() {
            std::thread::sleep(SLOW);
            conn.respond("200 OK", &[], b"12345");
        }
    });
    let mut config = Config::new();
    config
        .add_ca_file(&server.ca_path().expect("a ca"))
        .expect("a ca file");
    let client = client(&server, &config);
    let first = get(&client, "/x").expect("an answer");
    assert!(!first.is_reused());
    assert_eq!(first.remote_address(), Some(server.address()));
    assert!(first.connect_time() > Duration::ZERO);
    assert!(first.tls_time() > Duration::ZERO);
    assert!(
        first.first_byte_time() >= SLOW,
        "{:?}",
        first.first_byte_time()
    );
    let steps = first.resolve_time() + first.connect_time() + first.tls_time();
    assert!(first.total_time() >= steps + first.first_byte_time());

    let second = get(&client, "/x").expect("an answer");
    assert!(second.is_reused());
    assert_eq!(second.remote_address(), Some(server.address()));
    assert_eq!(second.resolve_time(), Duration::ZERO);
    assert_eq!(second.connect_time(), Duration::ZERO);
    assert_eq!(second.tls_time(), Duration::ZERO);
    assert!(second.first_byte_time() >= SLOW);
    assert!(second.total_time() >= second.first_byte_time());
    assert_eq!(second.url(), format!("{}/x", server.url()));
    assert_eq!(second.sends(), 1);
}

#[test]
fn a_response_counts_its_body_wherever_it_goes() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match request.target.as_str() {
                "/chunked" => conn.respond_chunked("200 OK", &[], &[b"12", b"345"]),
                _ => conn.respond("200 OK", &[], b"12345"),
            };
        }
    });
    let client = client(&server, &Config::new());
    let folder = support::temp::folder();
    for path in ["/plain", "/chunked"] {
        assert_eq!(get(&client, path).expect("an answer").body_size(), 5);
        let mut request = client.request("GET", path).expect("a request");
        request.set_output_path(folder.path().join("body"));
        let response = client.execute(&mut request).expect("an answer");
        assert_eq!((response.body().len(), response.body_size()), (0, 5));

        let mut response = client.open(&mut request).expect("an answer");
        assert_eq!(response.body_size(), 0);
        let mut one = [0];
        assert_eq!(response.read(&mut one).expect("a byte"), 1);
        assert_eq!(response.body_size(), 1);
        let mut rest = [0; 16];
        while response.read(&mut rest).expect("bytes") > 0 {}
        assert_eq!(response.body_size(), 5);
    }
}

#[test]
fn a_check_gives_the_registrys_first_error() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let (status, body) = match request.target.as_str() {
                "/ok" => ("204 No Content", ""),
                "/errors" => (
                    "404 Not Found",
                    r#"{"errors":[{"code":"NAME_UNKNOWN","message":"no\nsuch"},{"code":"X"}]}"#,
                ),
                "/page" => ("503 Service Unavailable", "<html>"),
                "/unknown-method" => ("501 Not Implemented", ""),
                _ => ("304 Not Modified", ""),
            };
            let date = ("Date", "Sun, 06 Nov 1994 08:49:37 GMT");
            let later = match request.target.as_str() {
                "/page" => ("Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT"),
                _ => ("Retry-After", " 7"),
            };
            conn.respond(status, &[date, later], body.as_bytes());
        }
    });
    let client = client(&server, &Config::new());
    let host = server.authority();
    get(&client, "/ok")
        .expect("an answer")
        .check()
        .expect("2xx");

    let error = get(&client, "/errors").expect("an answer").check();
    let error = error.expect_err("not a 2xx");
    assert_eq!(error.kind(), Kind::HttpStatus);
    assert_eq!(
        error.message(),
        format!("{host}: status 404: NAME_UNKNOWN no\\nsuch")
    );
    assert_eq!(error.registry_code(), Some("NAME_UNKNOWN"));
    assert_eq!((error.http_status(), error.retry_after()), (404, Some(7)));
    assert_eq!(error.host(), Some(host.as_str()));
    assert!(!error.is_retryable());

    let error = get(&client, "/page").expect("an answer").check();
    let error = error.expect_err("not a 2xx");
    assert_eq!(error.message(), format!("{host}: status 503"));
    assert_eq!(error.registry_code(), None);
    assert_eq!(error.retry_after(), Some(60), "a date");
    assert!(error.is_retryable());

    let error = get(&client, "/unknown-method").expect("an answer").check();
    assert!(!error.expect_err("not a 2xx").is_retryable());

    // An unread body is ignored.
    let mut request = client.request("GET", "/errors").expect("a request");
    let mut open = client.open(&mut request).expect("an answer");
    let error = open.check().expect_err("not a 2xx");
    assert_eq!(error.message(), format!("{host}: status 404"));
    let mut buffer = [0; 8];
    assert_eq!(open.read(&mut buffer).expect("bytes"), 8);
    assert!(open.errors().is_err());

    // One that the caller has read can be given back.
    open.set_body(br#"{"errors":[{"code":"DENIED"}]}"#.to_vec());
    let error = open.check().expect_err("not a 2xx");
    assert_eq!(error.registry_code(), Some("DENIED"));
    assert_eq!(open.errors().expect("a list")[0].code(), "DENIED");
    assert_eq!(open.read(&mut buffer).expect("bytes"), 8);
    assert_eq!(&buffer, b"{\"errors");

    let error = get(&client, "/cached").expect("an answer").check();
    assert_eq!(error.expect_err("not a 2xx").http_status(), 304);
}

// Redirects.

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
            true => RedirectChoice::Answer,
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
