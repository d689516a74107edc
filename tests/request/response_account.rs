//! What a response tells of the way it came: times, sizes, and the error that it
//! stands for.

use std::time::Duration;

use reggie::{Config, Kind};
use support::raw_server::RawServer;

use crate::notes::*;

#[test]
fn a_response_tells_how_long_each_step_took() {
    // The client may begin to count a moment after the server got the request.
    const SLOW: Duration = Duration::from_millis(500);
    const AT_LEAST: Duration = Duration::from_millis(250);
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
        first.first_byte_time() >= AT_LEAST,
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
    assert!(second.first_byte_time() >= AT_LEAST);
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
    let wait = Some(Duration::from_secs(7));
    assert_eq!((error.http_status(), error.retry_after()), (404, wait));
    assert_eq!(error.host(), Some(host.as_str()));
    assert!(!error.is_retryable());

    let error = get(&client, "/page").expect("an answer").check();
    let error = error.expect_err("not a 2xx");
    assert_eq!(error.message(), format!("{host}: status 503"));
    assert_eq!(error.registry_code(), None);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(60)), "a date");
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
