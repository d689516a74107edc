//! Connections: kept, shared by threads, and the race of one that closes.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use embedded_registry::{Fault, Options, Registry, Rule};
use reggie::{Client, Config, Kind};
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
pub(super) fn closes_on_the_second() -> RawServer {
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

const BODY: usize = 1_000_000;

struct HereSource {
    thread: Here,
    left: usize,
}

impl reggie::ReadSource for HereSource {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, reggie::Error> {
        self.thread.check();
        let amount = self.left.min(buffer.len());
        buffer[..amount].fill(b'x');
        self.left -= amount;
        Ok(amount)
    }

    fn rewind(&mut self) -> Result<(), reggie::Error> {
        self.thread.check();
        self.left = BODY;
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
    let source = HereSource {
        thread: Here(here),
        left: BODY,
    };
    request.set_body_source(Box::new(source), Some(BODY as u64));
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
