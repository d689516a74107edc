//! A client that is derived from another one, and what both share.

use reggie::{Client, Config};
use support::raw_server::RawServer;

/// A registry that asks for a token, and gives each the same one.
fn registry() -> RawServer {
    RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else if request.header("authorization") == Some("Bearer T") {
                conn.respond("200 OK", &[("Set-Cookie", "a=b")], b"");
            } else {
                let address = conn.socket().and_then(|socket| socket.local_addr().ok());
                let address = address.expect("its own address");
                let challenge = format!("Bearer realm=\"http://{address}/token\"");
                let headers = [("WWW-Authenticate", challenge.as_str())];
                conn.respond("401 Unauthorized", &headers, b"");
            }
        }
    })
}

fn get(client: &Client) {
    let mut request = client
        .request("GET", "/v2/a/manifests/b")
        .expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
}

fn config(password: &str) -> Config {
    let mut config = Config::new();
    config.set_credentials("user", password).expect("valid");
    config.set_cookies(true);
    config
}

#[test]
fn connections_tokens_and_cookies_are_shared() {
    let server = registry();
    let first = Client::new(&server.url(), &config("secret")).expect("a client");
    get(&first);
    assert_eq!(server.requests().len(), 3);

    let mut other = config("secret");
    other.set_user_agent("another").expect("valid");
    let second = first.derive(&other).expect("a client");
    drop(first);
    get(&second);
    let requests = server.requests();
    assert_eq!(requests.len(), 4, "the token is known");
    assert_eq!(server.connections(), 1);
    assert_eq!(requests[3].header("user-agent"), Some("another"));
    assert_eq!(requests[3].header("cookie"), Some("a=b"));
}

#[test]
fn what_the_settings_forbid_is_not_shared() {
    let server = registry();
    let first = Client::new(&server.url(), &config("secret")).expect("a client");
    get(&first);

    // Somebody else is granted tokens of their own.
    let second = first.derive(&config("other")).expect("a client");
    get(&second);
    assert_eq!(server.requests().len(), 6);
    assert_eq!(server.connections(), 1);

    // Connections of another trust are others.
    let mut skips = config("secret");
    skips.set_insecure_skip_tls_verify(true);
    skips.set_cookies(false);
    let third = first.derive(&skips).expect("a client");
    get(&third);
    assert_eq!(server.requests().len(), 7);
    assert_eq!(server.connections(), 2);
    assert_eq!(server.requests()[6].header("cookie"), None);
}
