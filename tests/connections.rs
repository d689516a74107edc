//! Connections: kept, shared by threads, and the race of one that closes.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use std::time::Duration;

use embedded_registry::{Fault, Options, Registry, Rule};
use reggie::{Cancel, Client, Config, Error, Kind, Response, Step};
use support::raw_server::RawServer;

#[test]
fn requests_in_turn_share_one_connection() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_blob("a/b", b"blob".to_vec());
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    for path in [
        format!("/v2/a/b/blobs/{digest}"),
        "/v2/a/b/blobs/none".to_owned(),
        "/v2/".to_owned(),
        "/v2/a/b/manifests/none".to_owned(),
    ] {
        for method in ["GET", "HEAD"] {
            let mut request = client.request(method, &path).expect("a request");
            client.execute(&mut request).expect("an answer");
        }
    }
    assert_eq!(registry.connections(), 1);
}

/// A server that closes each connection when its second request arrives.
fn closes_on_the_second() -> RawServer {
    RawServer::start(|conn| {
        if conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"first");
        }
        conn.read_request();
        conn.reset();
    })
}

#[test]
fn the_race_of_a_kept_connection_is_run_once_more() {
    for method in ["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS"] {
        let server = closes_on_the_second();
        let client = Client::new(&server.url(), &Config::new()).expect("a client");
        for _ in 0..2 {
            let mut request = client.request(method, "/").expect("a request");
            if method == "PUT" || method == "POST" {
                request.set_body(b"body".to_vec());
            }
            let response = client.execute(&mut request).expect(method);
            assert_eq!(response.status(), 200, "{method}");
        }
        assert_eq!(server.connections(), 2, "{method}");
    }
}

#[test]
fn a_patch_that_may_have_arrived_is_not_sent_again() {
    let server = closes_on_the_second();
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("PATCH", "/").expect("a request");
    request.set_body(b"body".to_vec());
    client.execute(&mut request).expect("the first");
    let error = client.execute(&mut request).expect_err("the second");
    assert_eq!(error.kind(), Kind::Closed, "{error}");
    assert!(error.is_retryable());
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_new_connection_that_closes_is_no_race() {
    let server = RawServer::start(|conn| {
        conn.read_request();
        conn.finish();
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    let error = client.execute(&mut request).expect_err("closed");
    assert_eq!(error.kind(), Kind::Closed);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_connection_that_was_closed_while_idle_is_not_used() {
    let registry = Registry::start(Options::default());
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    let mut request = client.request("PATCH", "/v2/").expect("a request");
    for _ in 0..3 {
        client.execute(&mut request).expect("an answer");
        registry.close_connections();
    }
    assert_eq!(registry.connections(), 3);
}

#[test]
fn two_hundred_threads_share_one_client() {
    const THREADS: usize = 200;
    const EACH: usize = 50;
    for token in [false, true] {
        let options = if token {
            Options::default().token("user", "pass")
        } else {
            Options::default()
        };
        let registry = Registry::start(options);
        let digest = Arc::new(registry.put_blob("a/b", b"the blob".to_vec()));
        let mut config = Config::new();
        config.set_credentials("user", "pass").expect("credentials");
        let client = Arc::new(Client::new(registry.url(), &config).expect("a client"));
        let right = Arc::new(AtomicUsize::new(0));
        let begin = Arc::new(Barrier::new(THREADS));
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let (client, right) = (Arc::clone(&client), Arc::clone(&right));
                let (digest, begin) = (Arc::clone(&digest), Arc::clone(&begin));
                std::thread::spawn(move || {
                    begin.wait();
                    for _ in 0..EACH {
                        let mut request = client
                            .request("GET", "/v2/a/b/blobs/<digest>")
                            .expect("a request");
                        request.set_digest(&digest).expect("a digest");
                        let response = client.execute(&mut request).expect("an answer");
                        if response.status() == 200 && response.body() == b"the blob" {
                            right.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("joined");
        }
        assert_eq!(right.load(Ordering::Relaxed), THREADS * EACH);
        let connections = registry.connections();
        assert!(connections <= THREADS, "{connections} connections");
    }
}

#[test]
fn a_challenge_and_its_token_cost_no_second_connection() {
    let registry = Registry::start(Options::default().token("user", "pass"));
    let digest = registry.put_blob("a/b", b"the blob".to_vec());
    let mut config = Config::new();
    config.set_credentials("user", "pass").expect("credentials");
    let client = Client::new(registry.url(), &config).expect("a client");
    let path = format!("/v2/a/b/blobs/{digest}");
    let mut request = client.request("GET", &path).expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    assert_eq!(registry.requests().len(), 3);
    assert_eq!(registry.connections(), 1);
}

#[test]
fn an_answer_that_says_close_is_believed() {
    let registry = Registry::start(Options::default());
    registry.add_rule(Rule::new(Fault::serve().close_after()).path("/v2/"));
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    for _ in 0..3 {
        let mut request = client.request("GET", "/v2/").expect("a request");
        assert_eq!(
            client.execute(&mut request).expect("an answer").status(),
            200
        );
    }
    assert_eq!(registry.connections(), 3);
}

#[test]
fn an_address_that_refuses_gives_its_errno() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.local_addr().expect("its address").port()
    };
    let address = format!("http://127.0.0.1:{port}");
    let client = Client::new(&address, &Config::new()).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    let error = client.execute(&mut request).expect_err("refused");
    assert_eq!(
        (error.kind(), error.errno()),
        (Kind::Connect, libc::ECONNREFUSED)
    );
    let shown = format!("connect to 127.0.0.1:{port}: connection refused");
    assert_eq!(error.message(), shown);
}

#[test]
fn names_and_both_families_are_connected_to() {
    let registry = Registry::start(Options::default());
    let address = format!("http://localhost:{}", registry.origin_port());
    let client = Client::new(&address, &Config::new()).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );

    let Some(server) = RawServer::start_v6(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    }) else {
        return;
    };
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    let host = server.authority();
    assert_eq!(server.requests()[0].header("host"), Some(host.as_str()));
}

struct Here(std::thread::ThreadId);

impl Here {
    fn check(&self) {
        assert_eq!(std::thread::current().id(), self.0);
    }
}

impl reggie::ReadSource for Here {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, reggie::Error> {
        self.check();
        buffer.fill(b'x');
        Ok(buffer.len())
    }

    fn rewind(&mut self) -> Result<(), reggie::Error> {
        self.check();
        Ok(())
    }
}

impl reggie::WriteSink for Here {
    fn write(&mut self, _piece: &[u8]) -> Result<(), reggie::Error> {
        self.check();
        Ok(())
    }
}

#[test]
fn everything_of_a_call_runs_on_the_calling_thread() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization").is_none() {
                let challenge = [("WWW-Authenticate", "Basic realm=\"r\"")];
                conn.respond("401 Unauthorized", &challenge, b"");
            } else {
                conn.respond_chunked("200 OK", &[], &[b"some", b"body"]);
            }
        }
    });
    let here = std::thread::current().id();
    let mut config = Config::new();
    config.set_credentials("user", "pass").expect("credentials");
    config.set_log_callback(
        reggie::Level::Debug,
        Some(Arc::new(move |_, _| Here(here).check())),
    );
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("PUT", "/v2/").expect("a request");
    request.set_body_source(Box::new(Here(here)), Some(1_000_000));
    request.set_output_sink(Box::new(Here(here)));
    request.set_challenge_callback(Some(Arc::new(move |_: &mut reggie::Request| {
        Here(here).check();
        Ok(())
    })));
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
}

/// A client with at most so many connections to each server.
fn limited(url: &str, most: usize, wait: Duration) -> Client {
    let mut config = Config::new();
    config.set_max_connections(most);
    config.set_connect_timeout(Some(wait));
    Client::new(url, &config).expect("a client")
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
    let client = limited(&server.url(), 2, wait);
    let held = [open(&client, "/"), open(&client, "/")];
    let error = get(&client, "/").expect_err("both are in use");
    assert_eq!((error.kind(), error.step()), (Kind::Timeout, Step::Connect));
    let host = server.authority();
    let message = format!("wait for one of the 2 connections to {host}: not done within 200 ms");
    assert_eq!(error.message(), message);
    assert_eq!(error.host(), Some(host.as_str()));
    assert!(error.is_retryable());

    let mut config = Config::new();
    config.set_max_connections(1);
    config.set_timeout(Some(wait));
    let hasty = Client::new(&server.url(), &config).expect("a client");
    let first = open(&hasty, "/");
    let error = get(&hasty, "/").expect_err("it is in use");
    assert_eq!(
        (error.kind(), error.step()),
        (Kind::Deadline, Step::Connect)
    );
    drop(first);

    let cancel = Cancel::new().expect("a handle");
    let patient = limited(&server.url(), 1, Duration::from_secs(600));
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
    assert!(get(&hasty, "/").is_ok());
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
    let client = limited(&server.url(), 1, Duration::from_secs(20));
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
    let client = limited(&address, 1, Duration::from_secs(20));
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
    let client = limited(&server.url(), 2, Duration::from_secs(20));
    let opened = [open(&client, "/"), open(&client, "/")];
    for mut response in opened {
        while response.read(&mut [0; 64]).expect("a body") > 0 {}
    }
    get(&client, "/").expect("once more over a new one");
    assert_eq!(server.connections(), 3);
    // The one that was still kept gave way.
    let closed = told.recv_timeout(Duration::from_secs(20));
    closed.expect("it was closed while two others were there");

    let server = closes_on_the_second();
    let client = limited(&server.url(), 1, Duration::from_secs(20));
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
    let client = limited(&server.url(), 1, Duration::from_secs(20));
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
