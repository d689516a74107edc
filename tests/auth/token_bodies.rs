//! Bodies of token servers that cannot be read.

use reggie::{Client, Config, Kind};
use support::raw_server::RawServer;

#[test]
fn an_error_in_the_body_has_the_status_of_the_token_server() {
    let long = format!(
        "HTTP/1.1 203 x\r\nContent-Length: 2000000\r\n\r\n{}",
        "x".repeat(2_000_000)
    );
    let chunked =
        |body: &str| format!("HTTP/1.1 203 x\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
    for (response, kind, words) in [
        (long, Kind::TokenRefused, "longer than"),
        (
            chunked(&format!("1e8480\r\n{}", "x".repeat(2_000_000))),
            Kind::TokenRefused,
            "longer than",
        ),
        (
            chunked("5\r\nhello!"),
            Kind::Protocol,
            "a chunk does not end",
        ),
        (chunked("5\r\nhell"), Kind::Truncated, "is truncated"),
        (
            "HTTP/1.1 203 x\r\nTransfer-Encoding: gzip\r\n\r\nhello".to_owned(),
            Kind::Protocol,
            "transfer-encoding \"gzip\"",
        ),
    ] {
        let tokens = RawServer::start(move |conn| {
            conn.read_request();
            conn.send(response.as_bytes());
        });
        let challenge = format!("Bearer realm=\"{}/token\"", tokens.url());
        let registry = RawServer::start(move |conn| {
            while conn.read_request().is_some() {
                conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
            }
        });
        let client = Client::new(&registry.url(), &Config::new()).expect("a client");
        let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
        let error = client.execute(&mut request).expect_err(words);
        assert_eq!((error.kind(), error.http_status()), (kind, 203), "{error}");
        assert_eq!(error.host(), Some(tokens.authority().as_str()));
        assert!(error.message().contains(words), "{error}");
    }
}
