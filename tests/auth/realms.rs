//! Which token servers get credentials, and what becomes of a refusal.

use std::sync::{Arc, Mutex, PoisonError};

use reggie::{Client, Config, Error, Kind, Level, Response, Step};
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

const BASIC: &str = "Basic bXl1c2VyOm15cGFzcw==";

fn config() -> Config {
    let mut config = Config::new();
    config
        .set_credentials("myuser", "mypass")
        .expect("credentials");
    config
}

fn client(server: &RawServer, config: &Config) -> Client {
    Client::new(&server.url(), config).expect("a client")
}

fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request)
}

fn authorizations(server: &RawServer) -> Vec<Option<String>> {
    let header = |request: &RawRequest| request.header("authorization").map(str::to_owned);
    server.requests().iter().map(header).collect()
}

/// A token server.
fn granting() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], br#"{"token":"T"}"#);
        }
    })
}

/// A registry that wants a token from `realm`, for what its scope says.
fn registry(realm: String, scope: &'static str) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization") == Some("Bearer T") {
                conn.respond("200 OK", &[], b"welcome");
            } else {
                let challenge = format!("Bearer realm=\"{realm}\",scope=\"{scope}\"");
                conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
            }
        }
    })
}

/// The same server by an address that, unlike 127.0.0.1, is no loopback
/// address by its text: another site.
fn elsewhere(server: &RawServer) -> String {
    format!("0.0.0.0:{}", server.address().port())
}

const PULL: &str = "repository:a:pull";

#[test]
fn another_site_gets_no_credentials_unless_that_is_allowed() {
    let tokens = granting();
    let realm = elsewhere(&tokens);
    let server = registry(format!("http://{realm}/token"), PULL);
    let error = get(&client(&server, &config()), "/v2/a/tags/list").expect_err("refused");
    assert_eq!(error.kind(), Kind::RealmRefused);
    assert_eq!(error.step(), Step::Token);
    assert_eq!(error.host(), Some(realm.as_str()));
    assert!(error.message().contains(&server.authority()), "{error}");
    assert!(error.message().contains(&realm), "{error}");
    assert_eq!(tokens.connections(), 0);

    let mut config = config();
    config.add_allowed_realm("other.example").expect("a host");
    get(&client(&server, &config), "/v2/a/tags/list").expect_err("another one is allowed");
    assert_eq!(tokens.connections(), 0);
    config.add_allowed_realm(&realm).expect("a host");
    let response = get(&client(&server, &config), "/v2/a/tags/list").expect("an answer");
    assert_eq!(response.body(), b"welcome");
    assert_eq!(authorizations(&tokens), [Some(BASIC.to_owned())]);
}

#[test]
fn without_credentials_every_site_is_asked() {
    let tokens = granting();
    let server = registry(format!("http://{}/token", elsewhere(&tokens)), PULL);
    let client = client(&server, &Config::new());
    let response = get(&client, "/v2/a/tags/list").expect("an answer");
    assert_eq!(response.body(), b"welcome");
    assert_eq!(authorizations(&tokens), [None]);
}

#[test]
fn a_callback_decides_about_another_site() {
    let tokens = granting();
    let realm = elsewhere(&tokens);
    let server = registry(format!("http://{realm}/token"), PULL);
    for allow in [false, true] {
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let notes = Arc::clone(&asked);
        let mut config = config();
        config.set_realm_callback(Some(Arc::new(move |registry, realm| {
            let pair = (registry.to_owned(), realm.to_owned());
            notes.lock().expect("no panic").push(pair);
            Ok(allow)
        })));
        let outcome = get(&client(&server, &config), "/v2/a/tags/list");
        if allow {
            assert_eq!(outcome.expect("an answer").body(), b"welcome");
        } else {
            assert_eq!(outcome.expect_err("refused").kind(), Kind::RealmRefused);
        }
        let pair = (server.authority(), realm.clone());
        assert_eq!(*asked.lock().expect("no panic"), [pair]);
        assert_eq!(tokens.requests().len(), usize::from(allow));
    }

    // One that fails ends the call, at that step and about that host.
    let mut config = config();
    config.set_realm_callback(Some(Arc::new(|_, _| {
        Config::new().set_user_agent("").map(|()| true)
    })));
    let error = get(&client(&server, &config), "/v2/a/tags/list").expect_err("stopped");
    assert_eq!(error.step(), Step::Token);
    assert_eq!(error.host(), Some(realm.as_str()));
}

#[test]
fn a_realm_of_the_same_site_needs_no_leave() {
    let tokens = granting();
    let server = registry(format!("{}/token", tokens.url()), PULL);
    let mut config = config();
    config.set_realm_callback(Some(Arc::new(|_, _| Ok(false))));
    let client = client(&server, &config);
    assert_eq!(
        get(&client, "/v2/a/tags/list").expect("an answer").body(),
        b"welcome"
    );
}

#[test]
fn a_registry_with_tls_has_no_token_server_without() {
    let tokens = granting();
    let to = format!("{}/token", tokens.url());
    let server = RawServer::start_tls(move |conn| {
        while conn.read_request().is_some() {
            let challenge = format!("Bearer realm=\"{to}\",scope=\"{PULL}\"");
            conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
        }
    });
    for mut config in [config(), Config::new()] {
        config
            .add_ca_file(&server.ca_path().expect("a ca"))
            .expect("a ca file");
        // Whatever is allowed.
        config.add_allowed_realm("127.0.0.1").expect("a host");
        config.set_realm_callback(Some(Arc::new(|_, _| Ok(true))));
        let error = get(&client(&server, &config), "/v2/a/tags/list").expect_err("refused");
        assert_eq!(error.kind(), Kind::RealmRefused);
    }
    assert_eq!(tokens.connections(), 0);
}

#[test]
fn what_is_no_host_cannot_be_allowed() {
    let mut config = Config::new();
    for host in [
        "",
        ".",
        "https://auth.example",
        "auth.example/t",
        "a b",
        "ä",
    ] {
        let error = config.add_allowed_realm(host).expect_err(host);
        assert_eq!(error.kind(), Kind::InvalidArgument, "{host}");
    }
    for host in [
        "auth.example",
        "auth.example:8443",
        ".example",
        "[::1]:5000",
    ] {
        config.add_allowed_realm(host).expect(host);
    }
}

/// Collects the warnings of a client.
fn warnings(config: &mut Config) -> Arc<Mutex<Vec<String>>> {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = Arc::clone(&lines);
    let callback = move |level: Level, text: &str| {
        if level == Level::Warning {
            let mut lines = written.lock().unwrap_or_else(PoisonError::into_inner);
            lines.push(text.to_owned());
        }
    };
    config.set_log_callback(Level::Warning, Some(Arc::new(callback)));
    lines
}

#[test]
fn credentials_in_the_clear_are_warned_of_once_for_each_server() {
    let tokens = granting();
    let realm = elsewhere(&tokens);
    let server = registry(format!("http://{realm}/token"), PULL);
    let mut config = config();
    config.add_allowed_realm("0.0.0.0").expect("a host");
    let lines = warnings(&mut config);
    // 127.0.0.1 is this machine, and nobody is on the way.
    let near = client(&server, &config);
    get(&near, "/v2/a/tags/list").expect("an answer");
    let found = lines.lock().expect("no panic").clone();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains(&realm), "{found:?}");

    let far = format!("http://{}", elsewhere(&server));
    let far = Client::new(&far, &config).expect("a client");
    for _ in 0..3 {
        get(&far, "/v2/a/tags/list").expect("an answer");
    }
    let found = lines.lock().expect("no panic").split_off(1);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[1].contains(&elsewhere(&server)), "{found:?}");

    // Nothing to warn of without credentials.
    let mut config = Config::new();
    let lines = warnings(&mut config);
    let far = Client::new(&format!("http://{}", elsewhere(&tokens)), &config).expect("a client");
    get(&far, "/v2/a/tags/list").expect("an answer");
    assert_eq!(lines.lock().expect("no panic").len(), 0);
}

/// A token server that speaks only POST, and the form that came is answered
/// by `status` and `location`.
fn only_post(status: &'static str, location: String) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.method == "GET" {
                conn.respond("405 Method Not Allowed", &[], b"");
            } else if location.is_empty() {
                conn.respond(status, &[], br#"{"token":"T"}"#);
            } else {
                conn.respond(status, &[("Location", &location)], b"");
            }
        }
    })
}

#[test]
fn a_form_with_credentials_is_warned_of_too() {
    let tokens = only_post("200 OK", String::new());
    let server = registry(format!("http://{}/token", elsewhere(&tokens)), PULL);
    let mut config = config();
    config.add_allowed_realm("0.0.0.0").expect("a host");
    // Of the GET, which comes first and has credentials too, nothing is left to
    // tell: the warning is once for the server.
    let lines = warnings(&mut config);
    get(&client(&server, &config), "/v2/a/tags/list").expect("an answer");
    assert_eq!(lines.lock().expect("no panic").len(), 1);
    let last = tokens.requests().pop().expect("a request");
    assert!(String::from_utf8_lossy(&last.body).contains("password=mypass"));
}

#[test]
fn a_form_with_credentials_does_not_follow_to_another_server() {
    let stranger = granting();
    for status in ["307 Temporary Redirect", "308 Permanent Redirect"] {
        let tokens = only_post(status, format!("{}/token", stranger.url()));
        let server = registry(format!("{}/token", tokens.url()), PULL);
        let error = get(&client(&server, &config()), "/v2/a/tags/list").expect_err("refused");
        assert_eq!(error.kind(), Kind::RedirectRefused, "{error}");
        assert_eq!(error.step(), Step::Token);
        assert!(!error.message().contains("mypass"), "{error}");
    }
    assert_eq!(stranger.connections(), 0);

    // At the same origin it does.
    let tokens = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            match (request.method.as_str(), request.target.as_str()) {
                ("POST", "/moved") => conn.respond("200 OK", &[], br#"{"token":"T"}"#),
                ("POST", _) => {
                    conn.respond("308 Permanent Redirect", &[("Location", "/moved")], b"")
                }
                _ => conn.respond("405 Method Not Allowed", &[], b""),
            };
        }
    });
    let server = registry(format!("{}/token", tokens.url()), PULL);
    let response = get(&client(&server, &config()), "/v2/a/tags/list").expect("an answer");
    assert_eq!(response.body(), b"welcome");
}

/// A token server that refuses credentials, and answers without by `status`.
fn refusing(status: &'static str) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization").is_some() {
                let body = br#"{"errors":[{"code":"DENIED","message":"wrong password"}]}"#;
                conn.respond("403 Forbidden", &[], body);
            } else {
                conn.respond(status, &[], br#"{"token":"T"}"#);
            }
        }
    })
}

fn fallback() -> Config {
    let mut config = config();
    config.set_anonymous_fallback(true);
    config
}

#[test]
fn a_refusal_names_where_the_credentials_are_from() {
    let tokens = refusing("200 OK");
    let server = registry(format!("{}/token", tokens.url()), PULL);
    let error = get(&client(&server, &config()), "/v2/a/tags/list").expect_err("refused");
    assert_eq!(error.kind(), Kind::TokenRefused);
    assert_eq!(error.http_status(), 403);
    assert_eq!(error.registry_code(), Some("DENIED"));
    assert!(error.message().contains("wrong password"), "{error}");
    assert!(
        error
            .message()
            .ends_with("(credentials: the client's settings)"),
        "{error}"
    );
    assert!(!error.message().contains("mypass"), "{error}");
    assert_eq!(authorizations(&tokens), [Some(BASIC.to_owned())]);
}

#[test]
fn a_pull_goes_on_without_credentials_where_that_is_wished() {
    let tokens = refusing("200 OK");
    let server = registry(format!("{}/token", tokens.url()), PULL);
    let response = get(&client(&server, &fallback()), "/v2/a/tags/list").expect("an answer");
    assert_eq!(response.body(), b"welcome");
    assert_eq!(authorizations(&tokens), [Some(BASIC.to_owned()), None]);
}

#[test]
fn a_push_does_not() {
    let tokens = refusing("200 OK");
    let server = registry(format!("{}/token", tokens.url()), "repository:a:pull,push");
    let client = client(&server, &fallback());
    let mut request = client
        .request("POST", "/v2/a/blobs/uploads/")
        .expect("a request");
    let error = client.execute(&mut request).expect_err("refused");
    assert_eq!(error.kind(), Kind::TokenRefused);
    assert_eq!(authorizations(&tokens), [Some(BASIC.to_owned())]);
}

#[test]
fn what_is_wrong_with_the_credentials_counts_where_nobody_is_let_in() {
    for (status, expected) in [
        ("401 Unauthorized", "wrong password"),
        ("500 Internal Server Error", "500"),
    ] {
        let tokens = refusing(status);
        let server = registry(format!("{}/token", tokens.url()), PULL);
        let error = get(&client(&server, &fallback()), "/v2/a/tags/list").expect_err("refused");
        assert_eq!(error.kind(), Kind::TokenRefused);
        assert!(error.message().contains(expected), "{error}");
        assert_eq!(authorizations(&tokens).len(), 2);
    }
}
