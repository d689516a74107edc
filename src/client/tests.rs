//! Calls with several requests and threads, as the layers above make them.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::thread::ThreadId;

use super::*;
use crate::config::Credential;
use crate::error::{Kind, Step};
use crate::http::redirect::RedirectChoice;
use crate::os::cancel::Cancel;
use crate::os::deadline::CallLimits;
use crate::os::event::Event;
use crate::transport::{AddressClass, Director};

/// What a test server does with a request.
enum Answer {
    Send(String),
    Silence,
}

/// A server on its own thread. Returns its host and port, and the heads of the
/// requests as they arrive.
fn server(answer: impl Fn(&str, u32) -> Answer + Send + 'static) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (heads, received) = channel();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for (count, stream) in (1..).zip(listener.incoming()) {
            let mut stream = stream.expect("a connection");
            let head = read_head(&mut stream);
            let answer = answer(&head, count);
            // The test may have ended.
            let _ = heads.send(head);
            match answer {
                Answer::Send(text) => {
                    let _ = stream.write_all(text.as_bytes());
                }
                Answer::Silence => silent.push(stream),
            }
        }
    });
    (port, received)
}

fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    String::from_utf8(head).expect("text")
}

/// A response without a body, after which the connection closes.
fn status(status: &str, fields: &str) -> Answer {
    Answer::Send(format!(
        "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n{fields}\r\n"
    ))
}

fn client(port: u16, change: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::new();
    config.set_use_environment(false);
    config.set_retry_delays(Duration::ZERO, Duration::ZERO, Duration::ZERO);
    change(&mut config);
    Client::new(&format!("http://127.0.0.1:{port}"), &config).expect("a client")
}

fn get(client: &Client) -> Request {
    client.request("GET", "/v2/a/manifests/b").expect("valid")
}

#[test]
fn the_deadline_of_a_call_ends_all_its_requests() {
    let (port, heads) = server(|_, _| status("200 OK", ""));
    let client = client(port, |_| ());
    let mut call = Call::new(CallLimits::default());
    let mut request = get(&client);
    request.set_timeout(Some(Duration::from_secs(3600)));
    for _ in 0..2 {
        let response = client.execute_in(&call, &mut request).expect("in time");
        assert_eq!(response.status(), 200);
    }
    call.limits.deadline = Some((Instant::now(), Duration::from_secs(5)));
    for outcome in [
        client.execute_in(&call, &mut request),
        client.open_in(&call, &mut request),
    ] {
        let error = outcome.expect_err("the deadline has passed");
        assert_eq!(error.kind(), Kind::Deadline);
        assert!(error.message().contains("5000 ms"), "{error}");
    }
    assert_eq!(heads.try_iter().count(), 2, "nothing was sent after it");
}

#[test]
fn either_cancel_handle_ends_all_requests_of_a_call() {
    for is_internal in [false, true] {
        let (port, heads) = server(|_, _| Answer::Silence);
        let client = client(port, |_| ());
        let cancel = Cancel::new().expect("a handle");
        let mut call = Call::new(CallLimits {
            cancel: Some(cancel.clone()),
            ..CallLimits::default()
        });
        let stop = call.limits.allow_workers().expect("events");
        thread::scope(|scope| {
            let workers: Vec<_> = (0..2)
                .map(|_| scope.spawn(|| client.execute_in(&call, &mut get(&client))))
                .collect();
            for _ in 0..2 {
                heads.recv().expect("a request");
            }
            match is_internal {
                true => stop.trigger(),
                false => cancel.trigger(),
            }
            for worker in workers {
                let error = worker.join().expect("no panic").expect_err("cancelled");
                assert_eq!(error.kind(), Kind::Cancelled);
            }
        });
        let error = client.execute_in(&call, &mut get(&client));
        assert_eq!(error.expect_err("cancelled").kind(), Kind::Cancelled);
        assert_eq!(heads.try_iter().count(), 0);
    }
}

#[test]
fn the_requests_of_a_call_share_its_retries() {
    let (port, _heads) = server(|_, _| status("503 Service Unavailable", ""));
    let client = client(port, |config| config.set_retries(2).expect("valid"));
    let call = Call::new(CallLimits::default());
    let sends = |call: &Call| {
        let response = client.execute_in(call, &mut get(&client));
        response.expect("a response").sends()
    };
    assert_eq!(sends(&call), 3);
    assert_eq!(sends(&call), 1, "no retry is left");
    call.note_progress(1024 * 1024);
    assert_eq!(sends(&call), 3, "after progress");
    let other = Call::new(CallLimits::default());
    assert_eq!(sends(&other), 3);
    // Ten for the host, of which six are used up; those after progress are free.
    for expected in [3, 3, 2, 1] {
        let other = Call::new(CallLimits::default());
        assert_eq!(sends(&other), expected, "the host's budget is shared");
    }
}

#[test]
fn a_first_attempt_waits_for_the_host_unless_it_may_not_be_retried() {
    let (port, heads) = server(|_, count| match count {
        1 => status("429 Too Many Requests", "Retry-After: 1\r\n"),
        _ => status("200 OK", ""),
    });
    let zero = Duration::ZERO;
    let client = client(port, |config| {
        config.set_retry_delays(zero, zero, Duration::from_secs(60));
    });
    let begun = Instant::now();
    for (tries, expected) in [(0, 429), (1, 200)] {
        let mut request = get(&client);
        request.set_retries(Some(tries)).expect("in range");
        let response = client.execute(&mut request).expect("a response");
        assert_eq!((response.status(), response.sends()), (expected, 1));
    }
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(heads.try_iter().count(), 2);
}

#[test]
fn callbacks_for_a_worker_run_on_the_calling_thread() {
    let (port, _heads) = server(|head, count| match count {
        1 => status("503 Service Unavailable", ""),
        _ if head.contains("Basic dTpwYXNz") => status("200 OK", "Warning: 299 - \"old\"\r\n"),
        _ if head.starts_with("GET /v2/b/") => status(
            "401 Unauthorized",
            "WWW-Authenticate: Basic realm=\"r\"\r\n",
        ),
        _ => status("307 Temporary Redirect", "Location: /v2/b/manifests/b\r\n"),
    });
    type Calls = Arc<Mutex<Vec<(&'static str, ThreadId)>>>;
    let calls = Calls::default();
    let note = |name| {
        let calls = Arc::clone(&calls);
        move || {
            let entry = (name, thread::current().id());
            calls.lock().expect("no panic").push(entry);
        }
    };
    let client = client(port, |config| {
        config.set_retries(1).expect("valid");
        let (log, credential) = (note("log"), note("credential"));
        config.set_log_callback(Level::Debug, Some(Arc::new(move |_, _| log())));
        config.set_credential_callback(Some(Arc::new(move |_, _| {
            credential();
            Credential::password("u", "pass").map(Some)
        })));
        let (send, answer) = (note("send"), note("response"));
        config.set_send_callback(Some(Arc::new(move |hook| {
            send();
            hook.set_header("X-Hook", b"seen")
        })));
        config.set_response_callback(Some(Arc::new(move |_| {
            answer();
            Ok(())
        })));
        let (redirect, warning) = (note("redirect"), note("warning"));
        config.set_redirect_callback(Some(Arc::new(move |_| {
            redirect();
            Ok(RedirectChoice::Follow)
        })));
        config.set_warning_callback(Some(Arc::new(move |_, _| warning())));
        let retry = note("retry");
        config.set_retry_condition(Some(Arc::new(move |question| {
            retry();
            Ok(question.would_retry)
        })));
    });
    let mut call = Call::new(CallLimits::default());
    call.limits.allow_workers().expect("events");
    let done = Event::new().expect("an event");
    let outcome = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let outcome = client.execute_in(&call, &mut get(&client));
            done.happen();
            outcome
        });
        let served = call.limits.serve_callbacks(&done, Step::Receive);
        served.expect("nothing ends the call");
        worker.join().expect("no panic")
    });
    assert_eq!(outcome.expect("a response").status(), 200);
    let calls = calls.lock().expect("no panic");
    for name in [
        "log",
        "credential",
        "send",
        "response",
        "redirect",
        "warning",
        "retry",
    ] {
        assert!(calls.iter().any(|call| call.0 == name), "{name}");
    }
    let here = thread::current().id();
    assert!(calls.iter().all(|call| call.1 == here));
}

#[test]
fn a_server_directed_request_must_not_go_to_a_more_private_network() {
    let (port, heads) = server(|_, _| status("200 OK", ""));
    let mut config = Config::new();
    config.set_use_environment(false);
    let client = Client::new("http://registry.example", &config).expect("a client");
    let url = format!("http://127.0.0.1:{port}/v2/");
    let mut request = client.request("GET", &url).expect("valid");
    let response = client.execute(&mut request).expect("the caller wrote it");
    assert_eq!(response.status(), 200);
    request.director = Director::Server(AddressClass::Public);
    let error = client.execute(&mut request).expect_err("it is private");
    assert_eq!(error.kind(), Kind::AddressRefused);
    assert_eq!(heads.try_iter().count(), 1);
}

#[test]
fn a_request_can_be_sent_without_following_redirects() {
    let (port, heads) = server(|head, _| match head.starts_with("GET /there ") {
        true => status("200 OK", ""),
        false => status("307 Temporary Redirect", "Location: /there\r\n"),
    });
    let client = client(port, |_| ());
    let mut request = get(&client);
    let response = client.execute(&mut request).expect("a response");
    assert_eq!(response.status(), 200);
    request.follow_redirects = false;
    let response = client.execute(&mut request).expect("a response");
    assert_eq!(response.status(), 307);
    assert_eq!(response.relative_location(), Some("/there"));
    assert_eq!(heads.try_iter().count(), 3);
}

#[test]
fn an_authorization_is_obtained_without_a_request_and_can_be_forgotten() {
    let (port, heads) = server(move |head, count| {
        if head.starts_with("GET /token?") {
            let body = format!("{{\"token\":\"token-{count}\"}}");
            let length = body.len();
            return Answer::Send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            ));
        }
        let lower = head.to_ascii_lowercase();
        let host = lower.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.expect("a host");
        status(
            "401 Unauthorized",
            &format!("WWW-Authenticate: Bearer realm=\"http://{host}/token\"\r\n"),
        )
    });
    let client = client(port, |_| ());
    let call = Call::new(CallLimits::default());
    let obtain = || {
        let authorization = client.authorization(&call, "a/b", "pull");
        authorization.expect("no error").expect("one is required")
    };
    let first = obtain();
    assert_eq!(first.as_str(), "Bearer token-2");
    assert_eq!(obtain(), first, "it is cached");
    client.forget_authorization(&first);
    assert_eq!(obtain().as_str(), "Bearer token-3");
    let requests: Vec<String> = heads
        .try_iter()
        .filter_map(|head| head.lines().next().map(str::to_owned))
        .collect();
    assert_eq!(
        requests,
        [
            "GET /v2/ HTTP/1.1",
            "GET /token?scope=repository:a/b:pull&client_id=reggie HTTP/1.1",
            "GET /token?scope=repository:a/b:pull&client_id=reggie HTTP/1.1",
        ]
    );
}

#[test]
fn a_call_that_has_reserved_connections_does_not_wait_for_them() {
    let (port, heads) = server(|_, count| match count {
        // The body does not come.
        1 => Answer::Send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".to_owned()),
        _ => status("200 OK", ""),
    });
    let refusing = client(port, |config| config.set_max_connections(1));
    let limits = CallLimits::default();
    let error = Client::reserve(&[&refusing, &refusing], &limits).expect_err("one is allowed");
    assert_eq!(error.kind(), Kind::InvalidArgument);
    let reserving = client(port, |config| {
        config.set_max_connections(2);
        config.set_connect_timeout(Some(Duration::from_millis(50)));
    });
    let mut call = Call::new(CallLimits::default());
    let all = [&reserving, &reserving];
    call.limits.reserved = Client::reserve(&all, &call.limits).expect("both are free");
    // Others wait for them.
    let error = reserving.execute(&mut get(&reserving));
    assert_eq!(error.expect_err("none is left").kind(), Kind::Timeout);
    let first = reserving
        .open_in(&call, &mut get(&reserving))
        .expect("a response");
    let second = reserving.execute_in(&call, &mut get(&reserving));
    assert_eq!(second.expect("a response").status(), 200);
    let third = reserving.execute_in(&call, &mut get(&reserving));
    assert_eq!(third.expect("a response").status(), 200);
    drop((first, call));
    let after = reserving.execute(&mut get(&reserving));
    assert_eq!(after.expect("a response").status(), 200);
    assert_eq!(heads.try_iter().count(), 4);
    let unlimited = client(port, |_| ());
    let reserved = Client::reserve(&[&unlimited, &unlimited], &limits);
    assert!(reserved.expect("nothing to take").is_none());
}
