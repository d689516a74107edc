//! A server that wants authorization, and what it has seen of it.

use reggie::{Client, Config, Error, Response};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

pub(super) const BASIC: &str = "Basic bXl1c2VyOm15cGFzcw==";

pub(super) fn config() -> Config {
    let mut config = Config::new();
    config
        .set_credentials("myuser", "mypass")
        .expect("credentials");
    config
}

pub(super) fn client(server: &RawServer, config: &Config) -> Client {
    Client::new(&server.url(), config).expect("a client")
}

pub(super) fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request)
}

pub(super) fn own_url(request: &RawRequest) -> String {
    format!("http://{}", request.header("host").expect("a host"))
}

/// A server that wants `expected` as Authorization, else gives `challenges`,
/// in which `{url}` is its own address; at `/token` it gives `token`.
pub(super) fn guarded(
    expected: &'static str,
    challenges: &'static [&'static str],
    token: &'static str,
) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], token.as_bytes());
            } else if request.header("authorization") == Some(expected) {
                conn.respond("200 OK", &[], b"welcome");
            } else {
                challenge(conn, &request, challenges);
            }
        }
    })
}

pub(super) fn challenge(conn: &mut Conn, request: &RawRequest, challenges: &[&str]) {
    let url = own_url(request);
    let challenges: Vec<String> = challenges
        .iter()
        .map(|c| c.replace("{url}", &url))
        .collect();
    let headers: Vec<(&str, &str)> = challenges
        .iter()
        .map(|challenge| ("WWW-Authenticate", challenge.as_str()))
        .collect();
    conn.respond(
        "401 Unauthorized",
        &headers,
        b"{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}",
    );
}

pub(super) fn targets(server: &RawServer) -> Vec<String> {
    server.requests().iter().map(|r| r.target.clone()).collect()
}

pub(super) fn authorizations(server: &RawServer) -> Vec<Option<String>> {
    let header = |r: &RawRequest| r.header("authorization").map(str::to_owned);
    server.requests().iter().map(header).collect()
}
