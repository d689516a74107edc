//! The limit of connections to one server: who waits for one, and for how long.

use std::sync::Barrier;
use std::time::Duration;

use embedded_registry::{Options, Registry};
use reggie::{Cancel, Client, Config, Error, Kind, Response, Step};
use support::raw_server::RawServer;

use crate::connections::closes_on_the_second;

/// At most so many connections to each server, and how long to wait for one.
fn limit(most: usize, wait: Duration) -> Config {
    let mut config = Config::new();
    config.set_max_connections(most);
    config.set_connect_timeout(Some(wait));
    config
}

fn limited(url: &str, most: usize, wait: Duration) -> Client {
    Client::new(url, &limit(most, wait)).expect("a client")
}

/// A client with the connections of another one.
fn derived(client: &Client, most: usize, wait: Duration) -> Client {
    client.derive(&limit(most, wait)).expect("a client")
}

fn get(client: &Client, path: &str) -> Result<Response, Error> {
    client.execute(&mut client.request("GET", path).expect("a request"))
}

fn open(client: &Client, path: &str) -> Response {
    let mut request = client.request("GET", path).expect("a request");
    client.open(&mut request).expect("an answer")
}

/// Answers in all ways that end a connection, or do not.
fn answers_in_many_ways() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let close = [("Connection", "close")];
            let goes_on = match request.target.as_str() {
                "/length" => conn.respond("200 OK", &[], b"hello"),
                "/chunked" => conn.respond_chunked("200 OK", &[], &[b"hello"]),
                "/none" => conn.send(b"HTTP/1.1 204 No Content\r\n\r\n"),
                "/closes" => conn.respond("200 OK", &close, b"hello"),
                "/closes-chunked" => conn.respond_chunked("200 OK", &close, &[b"hello"]),
                "/closes-empty" => {
                    conn.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
                }
                "/until-the-end" => {
                    conn.send(b"HTTP/1.1 200 OK\r\n\r\nhello");
                    false
                }
                "/cut" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
                    false
                }
                "/cut-chunked" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello");
                    false
                }
                "/redirect" => {
                    let to = [("Location", "/chunked")];
                    conn.respond("307 Temporary Redirect", &to, b"elsewhere")
                }
                _ => false,
            };
            if !goes_on {
                return;
            }
        }
    })
}

#[test]
fn a_call_waits_for_its_turn_and_no_longer_than_it_may() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    });
    let wait = Duration::from_millis(200);
    let long = Duration::from_secs(600);
    let client = limited(&server.url(), 2, long);
    // It shares the connections, and never has to connect in so little time.
    let hasty = derived(&client, 2, wait);
    let held = [open(&client, "/"), open(&client, "/")];
    let error = get(&hasty, "/").expect_err("both are in use");
    assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Connect));
    let host = server.authority();
    let message = format!("wait for one of the 2 connections to {host}: not done within 200 ms");
    assert_eq!(error.message(), message);
    assert_eq!(error.host(), Some(host.as_str()));
    assert!(error.is_retryable());

    let mut request = client.request("GET", "/").expect("a request");
    request.set_timeout(Some(wait));
    let error = client.execute(&mut request).expect_err("both are in use");
    assert_eq!(
        (error.kind(), error.step()),
        (Kind::Deadline, Step::Connect)
    );
    let message = format!(
        "wait for one of the 2 connections to {host}: the call exceeded its limit of 200 ms"
    );
    assert_eq!(error.message(), message);

    let cancel = Cancel::new().expect("a handle");
    let patient = limited(&server.url(), 1, long);
    let first = open(&patient, "/");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| {
            let mut request = patient.request("GET", "/").expect("a request");
            request.set_cancel(Some(cancel.clone()));
            patient.execute(&mut request)
        });
        cancel.trigger();
        let error = waiting.join().expect("no panic").expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
    });
    // Nobody who gave up has one, and each that was given back is free.
    drop(first);
    assert!(get(&patient, "/").is_ok());
    drop(held);
    let _held = [open(&client, "/"), open(&client, "/")];
}

#[test]
fn who_waits_goes_on_when_one_is_free() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    });
    let client = limited(&server.url(), 1, Duration::from_secs(60));
    for read in [true, false] {
        let mut first = open(&client, "/");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| get(&client, "/"));
            if read {
                // To the end; the response stays.
                while first.read(&mut [0; 3]).expect("a body") > 0 {}
                assert!(waiting.join().expect("no panic").is_ok());
            } else {
                drop(first);
                assert!(waiting.join().expect("no panic").is_ok());
            }
        });
    }
    assert_eq!(server.connections(), 2, "one was closed before its end");
}

#[test]
fn a_connection_is_free_again_however_its_use_ended() {
    let server = answers_in_many_ways();
    let client = limited(&server.url(), 1, Duration::from_secs(60));
    let mut responses = Vec::new();
    for path in [
        "/length",
        "/chunked",
        "/none",
        "/closes",
        "/closes-chunked",
        "/closes-empty",
        "/until-the-end",
        "/cut",
        "/cut-chunked",
        "/redirect",
        "/hangs-up",
    ] {
        match get(&client, path) {
            // Whoever keeps the response keeps no connection.
            Ok(response) => responses.push(response),
            Err(error) => assert_ne!(error.kind(), Kind::Timeout, "{path}"),
        }
        let mut response = open(&client, "/length");
        while response.read(&mut [0; 3]).expect(path) > 0 {}
        responses.push(response);
        if path.contains("cut") {
            // One that failed within the body, and is still there.
            let mut response = open(&client, path);
            while response.read(&mut [0; 64]).is_ok_and(|amount| amount > 0) {}
            responses.push(response);
        }
        get(&client, "/length").expect(path);
    }
    let mut request = client.request("HEAD", "/length").expect("a request");
    client.execute(&mut request).expect("an answer");
    get(&client, "/length").expect("an answer");

    let refusing = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", refusing.local_addr().expect("an address"));
    drop(refusing);
    let client = limited(&address, 1, Duration::from_secs(60));
    for _ in 0..3 {
        let error = get(&client, "/").expect_err("refused");
        assert_eq!(error.kind(), Kind::Connect, "{error}");
    }
}

#[test]
fn a_limit_holds_for_many_threads_and_each_server_has_its_own() {
    const THREADS: usize = 24;
    let registry = Registry::start(Options::default().token("user", "pass"));
    let digest = registry.put_blob("a/b", b"the blob".to_vec());
    let mut config = Config::new();
    config.set_credentials("user", "pass").expect("credentials");
    config.set_max_connections(2);
    let client = Client::new(registry.url(), &config).expect("a client");
    let path = format!("/v2/a/b/blobs/{digest}");
    let begin = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                begin.wait();
                for _ in 0..20 {
                    let response = get(&client, &path).expect("an answer");
                    assert_eq!(response.body(), b"the blob");
                }
            });
        }
    });
    assert!(registry.connections() <= 2, "{}", registry.connections());

    let [one, other] = [(); 2].map(|()| answers_in_many_ways());
    let client = limited(&one.url(), 1, Duration::from_secs(60));
    let _held = open(&client, "/length");
    get(&client, &format!("{}/length", other.url())).expect("another server");
}

#[test]
fn a_kept_connection_that_closed_is_replaced_within_the_limit() {
    let (tell, told) = std::sync::mpsc::channel();
    let server = RawServer::start(move |conn| {
        conn.read_request();
        conn.respond("200 OK", &[], b"hello");
        if conn.read_request().is_some() {
            return conn.reset();
        }
        // Whether the test still listens does not matter here.
        let _ = tell.send(conn.number());
    });
    let client = limited(&server.url(), 2, Duration::from_secs(60));
    let opened = [open(&client, "/"), open(&client, "/")];
    for mut response in opened {
        while response.read(&mut [0; 64]).expect("a body") > 0 {}
    }
    get(&client, "/").expect("once more over a new one");
    assert_eq!(server.connections(), 3);
    // The one that was still kept gave way.
    let closed = told.recv_timeout(Duration::from_secs(60));
    closed.expect("it was closed while two others were there");

    let server = closes_on_the_second();
    let client = limited(&server.url(), 1, Duration::from_secs(60));
    for connections in 1..4 {
        get(&client, "/").expect("an answer");
        assert_eq!(server.connections(), connections);
    }
}

#[test]
fn a_turn_that_comes_along_with_a_cancel_is_not_lost() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    });
    let client = limited(&server.url(), 1, Duration::from_secs(60));
    for round in 0..300 {
        let first = open(&client, "/");
        let cancel = Cancel::new().expect("a handle");
        let both = Barrier::new(3);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut request = client.request("GET", "/").expect("a request");
                request.set_cancel(Some(cancel.clone()));
                both.wait();
                match client.execute(&mut request) {
                    Ok(response) => assert_eq!(response.status(), 200),
                    Err(error) => assert_eq!(error.kind(), Kind::Cancelled),
                }
            });
            scope.spawn(|| {
                both.wait();
                cancel.trigger();
            });
            both.wait();
            drop(first);
        });
        get(&client, "/").unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
}
