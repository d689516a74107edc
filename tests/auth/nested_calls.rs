//! Calls made inside callbacks do not wait for the calls that call back.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, Weak};
use std::thread;
use std::time::Duration;

use reggie::{Client, Config, Credential, Kind, Level, Purpose};
use support::raw_server::RawServer;

use crate::guarded::{config, get, own_url};

/// Never reached, unless calls wait for each other.
const LONG: Duration = Duration::from_secs(60);

/// A registry whose tokens are good for one repository.
fn registry() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let url = own_url(&request);
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.header("authorization").is_some() {
                conn.respond("200 OK", &[], b"in");
            } else {
                let challenge = format!("Bearer realm=\"{url}/token\"");
                let headers = [("WWW-Authenticate", challenge.as_str())];
                conn.respond("401 Unauthorized", &headers, b"{}");
            }
        }
    })
}

/// A client that callbacks can use.
type Shared = Arc<Mutex<Weak<Client>>>;

fn share(slot: &Shared, client: Client) -> Arc<Client> {
    let client = Arc::new(client);
    *slot.lock().expect("no panic") = Arc::downgrade(&client);
    client
}

fn shared(slot: &Shared) -> Arc<Client> {
    let client = slot.lock().expect("no panic").upgrade();
    client.expect("the client is in use")
}

thread_local! {
    /// What the callback of this thread requests, once.
    static NEXT: Cell<Option<&'static str>> = const { Cell::new(None) };
}

#[test]
fn threads_that_need_each_others_tokens_in_callbacks_do_not_wait() {
    const NAMES: [&str; 3] = ["/v2/a/tags/list", "/v2/b/tags/list", "/v2/c/tags/list"];
    let server = registry();
    let slot = Shared::default();
    let barrier = Arc::new(Barrier::new(NAMES.len()));
    let mut config = config();
    config.set_first_byte_timeout(None);
    config.set_timeout(Some(LONG));
    let (from_callback, meet) = (Arc::clone(&slot), Arc::clone(&barrier));
    config.set_send_callback(Some(Arc::new(move |exchange| {
        if exchange.purpose() != Purpose::Token {
            return Ok(());
        }
        if let Some(path) = NEXT.take() {
            // Each thread is in the callback of its own token request.
            meet.wait();
            let response = get(&shared(&from_callback), path)?;
            assert_eq!(response.status(), 200);
        }
        Ok(())
    })));
    let client = share(
        &slot,
        Client::new(&server.url(), &config).expect("a client"),
    );
    thread::scope(|scope| {
        for at in 0..NAMES.len() {
            let client = &client;
            scope.spawn(move || {
                NEXT.set(Some(NAMES[(at + 1) % NAMES.len()]));
                let response = get(client, NAMES[at]).expect("a response");
                assert_eq!(response.status(), 200);
            });
        }
    });
}

#[test]
fn a_callback_may_need_the_token_that_its_own_call_requests() {
    let server = registry();
    let slot = Shared::default();
    let from_log = Arc::clone(&slot);
    let calls = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&calls);
    let mut config = config();
    config.set_log_callback(
        Level::Info,
        Some(Arc::new(move |_, text| {
            let is_request = text.starts_with("token from");
            if is_request && count.fetch_add(1, Ordering::Relaxed) == 0 {
                let response = get(&shared(&from_log), "/v2/a/tags/list").expect("a response");
                assert_eq!(response.status(), 200);
            }
        })),
    );
    let client = share(
        &slot,
        Client::new(&server.url(), &config).expect("a client"),
    );
    assert_eq!(
        get(&client, "/v2/a/tags/list")
            .expect("a response")
            .status(),
        200
    );
    assert!(calls.load(Ordering::Relaxed) >= 2);
}

#[test]
fn a_call_in_a_credential_callback_may_need_the_same_credential() {
    let server = registry();
    let slot = Shared::default();
    let from_callback = Arc::clone(&slot);
    let depth = Arc::new(AtomicUsize::new(0));
    let mut config = Config::new();
    config.set_credential_callback(Some(Arc::new(move |_, _| {
        if depth.fetch_add(1, Ordering::Relaxed) == 0 {
            let response = get(&shared(&from_callback), "/v2/a/tags/list")?;
            assert_eq!(response.status(), 200);
        }
        Credential::password("me", "pass").map(Some)
    })));
    let client = share(
        &slot,
        Client::new(&server.url(), &config).expect("a client"),
    );
    assert_eq!(
        get(&client, "/v2/a/tags/list")
            .expect("a response")
            .status(),
        200
    );
}

#[test]
fn a_call_in_a_callback_may_exceed_the_connection_limit() {
    let server = registry();
    let slot = Shared::default();
    let (from_send, from_response) = (Arc::clone(&slot), Arc::clone(&slot));
    let mut config = config();
    config.set_max_connections(1);
    config.set_connect_timeout(None);
    config.set_timeout(Some(LONG));
    config.set_send_callback(Some(Arc::new(move |_| {
        if let Some(path) = NEXT.take() {
            get(&shared(&from_send), path)?;
            NEXT.set(Some(path));
        }
        Ok(())
    })));
    config.set_response_callback(Some(Arc::new(move |_| {
        if let Some(path) = NEXT.take() {
            // The connection of the response is in use.
            get(&shared(&from_response), path)?;
            NEXT.set(Some(path));
        }
        Ok(())
    })));
    let client = share(
        &slot,
        Client::new(&server.url(), &config).expect("a client"),
    );
    thread::scope(|scope| {
        for path in ["/v2/a/tags/list", "/v2/b/tags/list"] {
            let client = &client;
            scope.spawn(move || {
                NEXT.set(Some(path));
                assert_eq!(get(client, path).expect("a response").status(), 200);
            });
        }
    });
    // The limit holds again.
    let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
    let open = client.open(&mut request).expect("a response");
    let mut impatient = self::config();
    impatient.set_max_connections(1);
    impatient.set_connect_timeout(Some(Duration::from_millis(50)));
    let derived = client.derive(&impatient).expect("a client");
    let error = get(&derived, "/v2/a/tags/list").expect_err("no connection");
    assert_eq!(error.kind(), Kind::Timeout, "{error}");
    drop(open);
}

#[test]
fn a_fetch_whose_callback_does_not_return_is_waited_for_within_the_limit() {
    let server = registry();
    let entered = Arc::new(Barrier::new(2));
    let (leave, left) = std::sync::mpsc::channel::<()>();
    let left = Mutex::new(left);
    let is_first = AtomicUsize::new(0);
    let at_entry = Arc::clone(&entered);
    let mut config = config();
    config.set_first_byte_timeout(Some(Duration::from_millis(300)));
    config.set_send_callback(Some(Arc::new(move |exchange| {
        let is_token = exchange.purpose() == Purpose::Token;
        if is_token && is_first.fetch_add(1, Ordering::Relaxed) == 0 {
            at_entry.wait();
            let _ = left.lock().expect("no panic").recv();
        }
        Ok(())
    })));
    let client = Client::new(&server.url(), &config).expect("a client");
    thread::scope(|scope| {
        let stuck = scope.spawn(|| get(&client, "/v2/a/tags/list"));
        entered.wait();
        let response = get(&client, "/v2/a/tags/list").expect("a response");
        assert_eq!(response.status(), 200);
        drop(leave);
        let response = stuck.join().expect("no panic").expect("a response");
        assert_eq!(response.status(), 200);
    });
}
