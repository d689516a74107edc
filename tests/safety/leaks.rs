//! An adversary for each leak that clients of registries are known for. Each
//! test is named after the report, and looks through all that the adversary's
//! server got. Those about realms are in `leaks_by_realm.rs`.

use std::sync::OnceLock;

use reggie::{Client, Config, Error, Kind, Response};
use support::raw_conn::Conn;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;
use support::spy::{self, HEADER, LOOPBACKS, PASSWORD, Spy, TOKEN, USER, basic};

/// One of loopback that is not the usual one: another host.
const LOOPBACK_2: &str = "127.0.0.2";

fn config() -> Config {
    let mut config = Config::new();
    config.set_credentials(USER, PASSWORD).expect("credentials");
    config
}

fn client(url: &str) -> Client {
    Client::new(url, &config()).expect("a client")
}

fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path).expect("a request");
    client.execute(&mut request)
}

/// Answers `granted` to those who show the credentials or the token, and asks
/// all others for them: by Basic, or for tokens of its own `/token`.
fn registry(
    by_token: bool,
    granted: impl Fn(&mut Conn, &RawRequest) + Send + Sync + 'static,
) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            guard(conn, &request, by_token, &granted);
        }
    })
}

fn guard(
    conn: &mut Conn,
    request: &RawRequest,
    by_token: bool,
    granted: &impl Fn(&mut Conn, &RawRequest),
) {
    let bearer = format!("Bearer {TOKEN}");
    let expected = if by_token { &bearer } else { &basic() };
    if by_token && request.target.starts_with("/token") {
        assert_eq!(request.header("authorization"), Some(basic().as_str()));
        let body = format!(r#"{{"token":"{TOKEN}","expires_in":300}}"#);
        conn.respond("200 OK", &[], body.as_bytes());
    } else if request.header("authorization") == Some(expected) {
        granted(conn, request);
    } else {
        let host = request.header("host").expect("a host");
        let challenge = match by_token {
            true => format!("Bearer realm=\"http://{host}/token\",service=\"s\""),
            false => "Basic realm=\"r\"".to_owned(),
        };
        conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
    }
}

fn redirect(conn: &mut Conn, to: &str) {
    conn.respond("307 Temporary Redirect", &[("Location", to)], b"");
}

#[test]
fn cve_2020_15157_a_401_behind_a_redirect_gets_no_credentials() {
    for by_token in [false, true] {
        let spy = Spy::asking();
        let to = format!("{}/layer", spy.url());
        let server = registry(by_token, move |conn, _| redirect(conn, &to));
        let client = client(&server.url());
        for _ in 0..2 {
            let response = get(&client, "/v2/a/blobs/b").expect("an answer");
            assert!(response.is_unauthorized());
        }
        spy.saw_no_secret();
        assert!(spy.requests().iter().all(|r| r.target == "/layer"));
        // A URL that a manifest gives for a layer is such a host too.
        let foreign = format!("{}/layer", spy.url());
        assert!(get(&client, &foreign).expect("an answer").is_unauthorized());
        spy.saw_no_secret();
        assert!(spy.requests().iter().all(|r| r.target == "/layer"));
    }
}

#[test]
fn cve_2026_50151_credentials_do_not_follow_an_uploads_location() {
    for by_token in [false, true] {
        let spy = Spy::asking();
        // The scheme is the registry's where a Location names none.
        let scheme = if by_token { "http:" } else { "" };
        let host = spy.server().authority();
        let session = format!("{scheme}//{host}/v2/a/blobs/uploads/1");
        let server = registry(by_token, move |conn, _| {
            conn.respond("202 Accepted", &[("Location", &session)], b"");
        });
        let client = client(&server.url());
        let mut post = client
            .request("POST", "/v2/a/blobs/uploads/")
            .expect("a request");
        let response = client.execute(&mut post).expect("an answer");
        assert_eq!(response.status(), 202);
        let location = response.absolute_location().expect("a location");
        for method in ["PATCH", "PUT", "GET", "DELETE"] {
            let mut next = client.request(method, location).expect("a request");
            next.set_header("Authorization", HEADER.as_bytes())
                .expect("a header");
            if method.starts_with('P') {
                next.set_body(b"blob".to_vec());
            }
            let response = client.execute(&mut next).expect("an answer");
            assert!(response.is_unauthorized());
        }
        spy.saw_no_secret();
        assert_eq!(spy.requests().len(), 4, "no token is asked for");
    }
}

/// Follows a redirect from a registry to `spy` with headers that are secret.
fn redirected_to(spy: &Spy, mut config: Config) {
    let to = format!("{}/blob?signature=x", spy.url());
    let server = registry(false, move |conn, _| redirect(conn, &to));
    if let Some(ca) = spy.server().ca_path() {
        config.add_ca_file(&ca).expect("a ca file");
    }
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/a/blobs/b").expect("a request");
    for name in ["Proxy-Authorization", "Cookie", "X-Registry-Auth"] {
        request
            .set_header(name, HEADER.as_bytes())
            .expect("a header");
    }
    let response = client.execute(&mut request).expect("an answer");
    assert_eq!(response.status(), 200);
    spy.saw_no_secret();

    // And what the caller says for itself.
    let to = format!("{}/blob", spy.url());
    let server = RawServer::start(move |conn| {
        while conn.read_request().is_some() {
            redirect(conn, &to);
        }
    });
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/a/blobs/b").expect("a request");
    request
        .set_header("Authorization", format!("Bearer {HEADER}").as_bytes())
        .expect("a header");
    client.execute(&mut request).expect("an answer");
    let first = server.requests().remove(0);
    assert!(first.head.contains(HEADER), "it went where it was to go");
    spy.saw_no_secret();
}

fn give(conn: &mut Conn, _: &RawRequest) {
    conn.respond("200 OK", &[], b"blob");
}

#[test]
fn ghsa_vh4v_2xq2_g5cg_no_secret_follows_to_another_port() {
    redirected_to(&Spy::start(give), config());
}

#[test]
fn ghsa_vh4v_2xq2_g5cg_no_secret_follows_to_another_scheme() {
    redirected_to(&Spy::start_tls(give), config());
}

#[test]
fn go_resty_1210_no_secret_follows_to_another_host() {
    redirected_to(&Spy::start_at(LOOPBACK_2, give), config());
}

#[test]
fn go_resty_1210_no_secret_comes_back_by_way_of_another_host() {
    // The way back is the adversary's choice, and so is what it leads to.
    static SERVER: OnceLock<String> = OnceLock::new();
    let spy = Spy::start(|conn, _| {
        let server = SERVER.get().expect("the server's address");
        redirect(conn, &format!("{server}/v2/a/blobs/uploads/stolen"));
    });
    let to = format!("{}/there", spy.url());
    let server = registry(false, move |conn, _| redirect(conn, &to));
    SERVER.set(server.url()).expect("one server");
    let response = get(&client(&server.url()), "/v2/a/blobs/b").expect("an answer");
    assert!(response.is_unauthorized());
    spy.saw_no_secret();
    let requests = server.requests();
    let last = requests.last().expect("requests");
    assert_eq!(last.target, "/v2/a/blobs/uploads/stolen");
    assert_eq!(last.header("authorization"), None);
}

/// Follows the Link of a list to `spy`, as a caller does by hand.
fn linked_to(spy: &Spy) {
    for by_token in [false, true] {
        let next = format!("{}/v2/a/tags/list?last=z", spy.url());
        let link = format!("<{next}>; rel=\"next\"");
        let server = registry(by_token, move |conn, _| {
            let body = br#"{"name":"a","tags":["z"]}"#;
            conn.respond("200 OK", &[("Link", &link)], body);
        });
        let client = client(&server.url());
        let response = get(&client, "/v2/a/tags/list").expect("an answer");
        let link = response.headers().get("link").expect("a link");
        let link = std::str::from_utf8(link).expect("text").to_owned();
        let url = link
            .trim_start_matches('<')
            .split('>')
            .next()
            .expect("a url");
        let mut request = client.request("GET", url).expect("a request");
        request
            .set_header("Authorization", HEADER.as_bytes())
            .expect("a header");
        let response = client.execute(&mut request).expect("an answer");
        assert!(response.is_unauthorized());
        spy.saw_no_secret();
        assert!(spy.requests().iter().all(|r| r.target.starts_with("/v2/")));
    }
}

#[test]
fn ghsa_h7vf_4x9w_h99v_no_credentials_follow_a_link_to_another_host() {
    linked_to(&Spy::start_at(LOOPBACK_2, spy::ask));
}

#[test]
fn ghsa_298f_872v_2rcx_no_credentials_follow_a_link_to_another_port() {
    linked_to(&Spy::asking());
}

#[test]
fn ggcr_2425_odd_spellings_of_loopback_are_no_way_to_a_password() {
    for spelling in LOOPBACKS {
        let spy = Spy::asking();
        let to = format!("http://{spelling}:{}/layer", spy.port());
        let server = registry(false, move |conn, _| redirect(conn, &to));
        // The odd spelling of the same address is another origin, whether it
        // is gone to or refused.
        let _ = get(&client(&server.url()), "/v2/a/blobs/b");
        for request in spy.requests() {
            assert_eq!(request.header("authorization"), None, "{spelling}");
        }
    }
}

/// What is put where a digest stands reaches no server in a path.
#[track_caller]
fn is_no_digest(text: &str) {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let client = client(&server.url());
    let mut request = client
        .request("GET", "/v2/a/blobs/<digest>")
        .expect("a request");
    let outcome = request
        .set_digest(text)
        .and_then(|()| client.execute(&mut request).map(|_| ()));
    let error = outcome.expect_err(text);
    assert_eq!(error.kind(), Kind::InvalidDigest, "{text}: {error}");
    assert_eq!(server.connections(), 0, "{text}");
}

#[test]
fn cve_2024_3727_a_digest_cannot_lead_out_of_its_path() {
    for text in [
        "",
        ".",
        "..",
        "../../../../token",
        "sha256:a/../../../b",
        "sha256:e3b0c442?x=y",
        "sha256:e3b0c442#x",
        "sha256:e3b0c442%2f..",
        "sha256:e3b0c442\\..",
        "sha256:e3b0c442\r\nHost: x",
    ] {
        is_no_digest(text);
    }
}
