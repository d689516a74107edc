//! Callbacks that see, and may change, each send and each answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::{Client, Config, Exchange, Kind, Purpose, Step};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use crate::notes::*;

/// What a hook was told: purpose, method, URL, status.
type Told = (Purpose, String, String, u16);

fn told(exchange: &Exchange) -> Told {
    (
        exchange.purpose(),
        exchange.method().to_owned(),
        exchange.url().to_owned(),
        exchange.status(),
    )
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
    config.set_response_callback(Some(Arc::new(move |exchange| {
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
    config.set_response_callback(Some(Arc::new(move |exchange| {
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
    config.set_response_callback(Some(Arc::new(|_| Err(any_error()))));
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
    config.set_timeout(Some(Duration::from_secs(60)));
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
