//! Requests that are sent again, against servers that fail in each way.

use std::io::Write;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reggie::{Cancel, Client, Config, Error, Kind, Request, Response, Step};
use support::cutter::{Cut, Cutter};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

/// Tries again at once.
fn config(tries: u32) -> Config {
    let mut config = Config::new();
    config.set_retries(tries).expect("in range");
    config.set_retry_delays(Duration::ZERO, Duration::ZERO, Duration::from_secs(60));
    config
}

/// Fails so many requests, and answers those that follow.
fn failing(
    times: usize,
    fail: impl Fn(&mut Conn) + Send + Sync + 'static,
) -> (RawServer, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    let server = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            if seen.fetch_add(1, Ordering::SeqCst) < times {
                fail(conn);
            } else {
                conn.respond("200 OK", &[], b"whole");
            }
        }
    });
    (server, count)
}

fn send(
    server: &RawServer,
    config: &Config,
    method: &str,
    change: impl FnOnce(&mut Request),
) -> Result<Response, Error> {
    let client = Client::new(&server.url(), config).expect("a client");
    let mut request = client.request(method, "/v2/a/manifests/b").expect("valid");
    change(&mut request);
    client.execute(&mut request)
}

/// Nothing of the request was sent, so that every method is retried.
#[test]
fn a_connection_that_is_closed_in_the_tls_handshake() {
    let server = RawServer::start_tls(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let cutter = Cutter::start(server.address());
    let url = format!("https://{}", cutter.authority());
    for cut in [Cut::Up(1), Cut::Up(100), Cut::Down(1), Cut::Down(500)] {
        for method in ["GET", "POST", "PATCH"] {
            let mut config = config(1);
            config
                .add_ca_file(&server.ca_path().expect("a ca"))
                .expect("a ca");
            let client = Client::new(&url, &config).expect("a client");
            cutter.set_cuts([cut]);
            let mut request = client.request(method, "/v2/").expect("valid");
            let response = client.execute(&mut request).expect("a response");
            assert_eq!(response.sends(), 2, "{method} {cut:?}");
            cutter.set_cuts([cut, cut]);
            let client = Client::new(&url, &config).expect("a client");
            let error = client.execute(&mut request).expect_err("closed twice");
            assert_eq!((error.kind(), error.step()), (Kind::Connect, Step::Tls));
            assert!(error.is_retryable());
        }
    }
}

#[test]
fn each_status_with_each_method_and_body() {
    let passing = [
        408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524,
    ];
    for status in [400, 403, 404, 409, 413, 416, 501, 505]
        .into_iter()
        .chain(passing)
    {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            for body in ["none", "memory", "pipe"] {
                let (server, count) = failing(1, move |conn| {
                    conn.respond(&format!("{status} Status"), &[], b"");
                });
                let mut open = None;
                let response = send(&server, &config(1), method, |request| match body {
                    "memory" => request.set_body(b"again".to_vec()),
                    "pipe" => {
                        let (reader, mut writer) = std::io::pipe().expect("a pipe");
                        writer.write_all(b"once").expect("room");
                        drop(writer);
                        let fd = reader.as_raw_fd();
                        request.set_body_descriptor(fd, Some(4)).expect("a pipe");
                        open = Some(reader);
                    }
                    _ => {}
                });
                let again = passing.contains(&status) && method != "PATCH" && body != "pipe";
                let case = format!("{status} {method} {body}");
                let expected = if again { (2, 200) } else { (1, status) };
                let status = response.expect("an answer").status();
                assert_eq!((count.load(Ordering::SeqCst), status), expected, "{case}");
                drop(open);
            }
        }
    }
}

#[test]
fn connections_that_fail_are_no_failure_of_the_call() {
    type Fail = fn(&mut Conn);
    let ways: [(&str, Fail); 5] = [
        ("reset", Conn::reset),
        ("closed", Conn::close),
        ("half a header", |conn| {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Le");
            conn.close();
        }),
        ("half a body", |conn| {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh");
            conn.close();
        }),
        ("a reset in a body", |conn| {
            conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh");
            conn.reset();
        }),
    ];
    for (way, fail) in ways {
        let (server, count) = failing(2, fail);
        let response = send(&server, &config(2), "GET", |_| ()).expect(way);
        assert_eq!(response.body(), b"whole", "{way}");
        assert_eq!(count.load(Ordering::SeqCst), 3, "{way}");

        let (server, count) = failing(2, fail);
        let error = send(&server, &config(0), "GET", |_| ()).expect_err(way);
        assert!(error.is_retryable(), "{way}: {error}");
        assert_eq!(count.load(Ordering::SeqCst), 1, "{way}");
    }
}

#[test]
fn a_body_that_has_begun_to_arrive_is_not_asked_for_again() {
    let half = |conn: &mut Conn| {
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwh");
        conn.close();
    };
    let folder = support::temp::folder();
    let path = folder.path().join("blob");
    let (server, count) = failing(1, half);
    let to = path.clone();
    send(&server, &config(1), "GET", |request| {
        request.set_output_path(to)
    })
    .expect("whole");
    assert_eq!(std::fs::read(&path).expect("a file"), b"whole");
    assert_eq!(count.load(Ordering::SeqCst), 2);

    let (server, count) = failing(1, half);
    let (_reader, writer) = std::io::pipe().expect("a pipe");
    let fd = writer.as_raw_fd();
    let error = send(&server, &config(1), "GET", |request| {
        request.set_output_descriptor(fd);
    });
    assert_eq!(error.expect_err("cut").kind(), Kind::Truncated);
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn a_server_is_given_the_time_it_asks_for_but_not_more_than_is_set() {
    let (server, count) = failing(1, |conn| {
        conn.respond("503 Busy", &[("Retry-After", "1")], b"");
    });
    let begun = Instant::now();
    let response = send(&server, &config(1), "GET", |_| ()).expect("an answer");
    assert_eq!(response.status(), 200);
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(count.load(Ordering::SeqCst), 2);

    for wait in ["21600", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let (server, count) = failing(1, move |conn| {
            conn.respond("429 Too Many", &[("Retry-After", wait)], b"");
        });
        let error = send(&server, &config(1), "GET", |_| ()).expect_err("too long");
        assert_eq!((error.kind(), error.http_status()), (Kind::RetryLater, 429));
        assert!(
            error
                .retry_after()
                .is_some_and(|wait| wait.as_secs() >= 21600)
        );
        assert_eq!(error.host(), Some(server.authority().as_str()));
        assert_eq!(count.load(Ordering::SeqCst), 1);

        // Without retries the answer is the answer.
        let (server, _) = failing(1, move |conn| {
            conn.respond("429 Too Many", &[("Retry-After", wait)], b"");
        });
        let response = send(&server, &config(0), "GET", |_| ()).expect("an answer");
        assert_eq!(response.status(), 429);
        let wait = response.retry_after().expect("a time");
        assert!(wait >= Duration::from_secs(21600));
    }
}

#[test]
fn a_wait_beyond_the_calls_end_is_not_begun_and_a_cancel_ends_one() {
    let slow = || {
        let mut config = config(1);
        config.set_retry_delays(Duration::ZERO, Duration::ZERO, Duration::from_secs(600));
        config
    };
    let busy = |conn: &mut Conn| {
        conn.respond("503 Busy", &[("Retry-After", "300")], b"");
    };
    let (server, _) = failing(1, busy);
    let response = send(&server, &slow(), "GET", |request| {
        request.set_timeout(Some(Duration::from_secs(100)));
    });
    assert_eq!(response.expect("an answer").status(), 503);

    let (server, _) = failing(1, busy);
    let cancel = Cancel::new().expect("a handle");
    let given = cancel.clone();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            send(&server, &slow(), "GET", |request| {
                request.set_cancel(Some(given));
            })
        });
        assert!(server.wait_for_requests(1, Duration::from_secs(60)));
        cancel.trigger();
        let error = call.join().expect("no panic").expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
        assert!(
            matches!(error.step(), Step::Wait | Step::Receive),
            "{error:?}"
        );
    });
}

#[test]
fn a_storm_costs_ten_retries_and_no_more() {
    let (server, count) = failing(usize::MAX, |conn| {
        conn.respond("429 Too Many", &[], b"");
    });
    let client = Client::new(&server.url(), &config(5)).expect("a client");
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                let mut request = client.request("GET", "/v2/a/tags/list").expect("valid");
                let response = client.execute(&mut request).expect("an answer");
                assert_eq!(response.status(), 429);
            });
        }
    });
    assert_eq!(count.load(Ordering::SeqCst), 20 + 10);
}
