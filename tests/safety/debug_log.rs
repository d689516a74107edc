//! The debug log shows requests and answers, and never a secret.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reggie::{Client, Config, Level};
use support::raw_server::RawServer;

fn logged(config: &mut Config, level: Level) -> Arc<Mutex<String>> {
    let lines = Arc::new(Mutex::new(String::new()));
    let log = Arc::clone(&lines);
    config.set_log_callback(
        level,
        Some(Arc::new(move |_, text| {
            let mut lines = log.lock().expect("a log");
            lines.push_str(text);
            lines.push('\n');
        })),
    );
    lines
}

#[test]
fn debug_shows_what_happens_and_no_secret() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let url = format!("http://{}", request.header("host").expect("a host"));
            if request.target.starts_with("/token") {
                conn.respond(
                    "200 OK",
                    &[],
                    br#"{"token":"t0ps3cret-token","expires_in":90}"#,
                );
            } else if request.header("authorization") == Some("Bearer t0ps3cret-token") {
                let echo = "{\"you sent\":\"Bearer t0ps3cret-token\",\"password\":\"pa55word\",\
                     \"access_token\":\"another-one\",\"tags\":[\"v1\"]}"
                    .to_string();
                conn.respond(
                    "200 OK",
                    &[
                        ("Content-Type", "application/json"),
                        ("Set-Cookie", "session=c00kie"),
                        ("Location", "/v2/a/up/1?_state=s1gnature&digest=sha256:aa"),
                    ],
                    echo.as_bytes(),
                );
            } else {
                let challenge = format!("Bearer realm=\"{url}/token?key=r3almkey\",service=\"s\"");
                conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
            }
        }
    });
    let mut config = Config::new();
    config
        .set_credentials("myuser", "pa55word")
        .expect("credentials");
    let lines = logged(&mut config, Level::Debug);
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client
        .request(
            "POST",
            "/v2/a/blobs/uploads/?X-Amz-Signature=s1gnature&mount=sha256:bb",
        )
        .expect("a request");
    request
        .set_header("X-Custom", b"visible")
        .expect("a header");
    request
        .set_header("Cookie", b"session=c00kie")
        .expect("a header");
    request
        .set_header("Content-Type", b"text/plain")
        .expect("a header");
    request.set_body(b"a text body with pa55word in it".to_vec());
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );

    let text = lines.lock().expect("a log").clone();
    for shown in [
        "POST",
        "/v2/a/blobs/uploads/",
        "mount=sha256:bb",
        "X-Custom: visible",
        "401",
        "200",
        "a text body with",
        "v1",
        "GET",
        "/token",
    ] {
        assert!(text.contains(shown), "{shown} is missing in:\n{text}");
    }
    for secret in [
        "pa55word",
        "t0ps3cret",
        "another-one",
        "c00kie",
        "s1gnature",
        "bXl1c2VyOnBhNTV3b3Jk",
    ] {
        assert!(!text.contains(secret), "{secret} shows in:\n{text}");
    }
}

#[test]
fn binary_bodies_are_not_shown_and_text_is_bounded() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            let headers = [("Content-Type", "text/plain")];
            conn.respond("200 OK", &headers, "long text ".repeat(100_000).as_bytes());
        }
    });
    let mut config = Config::new();
    let lines = logged(&mut config, Level::Debug);
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("PUT", "/").expect("a request");
    request.set_body(vec![0xff, 0, 1, 2]);
    client.execute(&mut request).expect("an answer");
    let text = lines.lock().expect("a log").clone();
    assert!(text.contains("[4 bytes]"), "{text}");
    assert!(
        text.contains("long text") && text.len() < 4_000,
        "{} bytes",
        text.len()
    );
}

#[test]
fn without_debug_the_log_has_what_its_level_lets_through() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let mut config = Config::new();
    let lines = logged(&mut config, Level::Info);
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    client.execute(&mut request).expect("an answer");
    assert_eq!(*lines.lock().expect("a log"), "");
    // Debug goes to the callback, whatever its level.
    config.set_debug(true);
    let client = Client::new(&server.url(), &config).expect("a client");
    client.execute(&mut request).expect("an answer");
    assert!(lines.lock().expect("a log").contains("> GET"));
}

#[test]
fn the_log_says_why_a_request_is_sent_again() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("503 Service Unavailable", &[], b"");
        }
    });
    for (url, reason) in [
        (server.url(), Some("HTTP status 503")),
        ("http://127.0.0.1:1".to_owned(), None),
    ] {
        let mut config = Config::new();
        let lines = logged(&mut config, Level::Info);
        config.set_retries(1).expect("valid");
        config.set_retry_delays(Duration::ZERO, Duration::ZERO, Duration::ZERO);
        let client = Client::new(&url, &config).expect("a client");
        let mut request = client.request("GET", "/").expect("a request");
        let ended = client.execute(&mut request);
        let reason = reason.map_or_else(|| ended.expect_err("refused").to_string(), str::to_owned);
        let host = url.trim_start_matches("http://");
        assert_eq!(
            *lines.lock().expect("a log"),
            format!("{host}: retry 1 in 0 ms: {reason}\n")
        );
    }
}
