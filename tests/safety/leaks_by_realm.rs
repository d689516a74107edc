//! An adversary for each leak by the realm of a challenge: to which servers
//! credentials go to get a token, and which are not even connected to. Each
//! test is named after the report.

use reggie::{Client, Config, Credential, Error, Kind, Response};
use support::namespace;
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::spy::{self, LOOPBACKS, PASSWORD, Spy, TOKEN, USER, basic};

// What the tests' namespaces have.
const PUBLIC: &str = "93.184.216.34";
const PUBLIC_2: &str = "93.184.216.35";
const METADATA: &str = "169.254.169.254";
const PRIVATE: &str = "10.0.0.7";
const PRIVATE_2: &str = "10.0.0.8";
/// One of loopback that is not the usual one: another host.
const LOOPBACK_2: &str = "127.0.0.2";

fn config() -> Config {
    let mut config = Config::new();
    config.set_credentials(USER, PASSWORD).expect("credentials");
    config
}

/// Asks for a list of tags, as somebody with credentials.
fn get(url: &str) -> Result<Response, Error> {
    get_by(url, &config())
}

fn get_by(url: &str, config: &Config) -> Result<Response, Error> {
    let client = Client::new(url, config).expect("a client");
    let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
    client.execute(&mut request)
}

/// Asks for a token of this realm.
fn refer(conn: &mut Conn, realm: &str) {
    let challenge = format!("Bearer realm=\"{realm}\",service=\"s\",scope=\"repository:a:pull\"");
    conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
}

/// A registry that lets those in who have the token, and refers all others to
/// this realm.
fn registry_at(address: &str, realm: &str) -> RawServer {
    let realm = realm.to_owned();
    RawServer::start_at(address.parse().expect("an address"), move |conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization") == Some(&format!("Bearer {TOKEN}")) {
                conn.respond("200 OK", &[], b"");
            } else {
                refer(conn, &realm);
            }
        }
    })
}

/// A token server that gives the token to whoever knows the password.
fn token_server_at(address: &str) -> RawServer {
    RawServer::start_at(address.parse().expect("an address"), |conn| {
        while let Some(request) = conn.read_request() {
            assert_eq!(request.header("authorization"), Some(basic().as_str()));
            let body = format!(r#"{{"token":"{TOKEN}"}}"#);
            conn.respond("200 OK", &[], body.as_bytes());
        }
    })
}

/// What comes of it that a public registry of this name refers to `realm`.
fn referred_from(host: &str, realm: &str) -> Result<Response, Error> {
    let server = registry_at(PUBLIC, realm);
    get(&format!("http://{host}:{}", server.address().port()))
}

#[track_caller]
fn is_realm_refused(outcome: Result<Response, Error>) {
    let error = outcome.expect_err("the realm is to be refused");
    assert_eq!(error.kind(), Kind::RealmRefused, "{error}");
    assert!(!error.is_retryable());
    assert!(!error.message().contains(PASSWORD), "{error}");
}

/// As a realm that is refused, or as one that is no URL that is understood.
#[track_caller]
fn is_refused(outcome: Result<Response, Error>, realm: &str) {
    let error = outcome.expect_err(realm);
    let kind = error.kind();
    let refused = kind == Kind::RealmRefused || kind == Kind::TokenRefused;
    assert!(refused, "{realm}: {error}");
    assert!(!error.message().contains(PASSWORD), "{error}");
}

#[test]
fn cve_2026_48978_a_realm_at_another_site_gets_no_password() {
    let spy = Spy::start_at(LOOPBACK_2, spy::ask);
    let server = registry_at("127.0.0.1", &format!("{}/token", spy.url()));
    is_realm_refused(get(&server.url()));
    let client = Client::new(&server.url(), &config()).expect("a client");
    let mut post = client
        .request("POST", "/v2/a/blobs/uploads/")
        .expect("a request");
    is_realm_refused(client.execute(&mut post));
    spy.saw_nobody();
}

#[test]
fn cve_2026_48978_nobody_may_ask_a_realm_at_another_site() {
    // There is nothing to leak; where it may be dialled: see CVE-2026-33990.
    let tokens = RawServer::start_at(LOOPBACK_2.parse().expect("an address"), |conn| {
        while conn.read_request().is_some() {
            let body = format!(r#"{{"token":"{TOKEN}"}}"#);
            conn.respond("200 OK", &[], body.as_bytes());
        }
    });
    let server = registry_at("127.0.0.1", &format!("{}/token", tokens.url()));
    let response = get_by(&server.url(), &Config::new()).expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(tokens.requests()[0].header("authorization"), None);
}

#[test]
fn cve_2026_48978_a_realm_at_another_port_of_the_host_is_asked() {
    let tokens = token_server_at("127.0.0.1");
    let server = registry_at("127.0.0.1", &format!("{}/token", tokens.url()));
    let response = get(&server.url()).expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(tokens.requests().len(), 1);
}

#[test]
fn cve_2026_48978_a_realm_without_tls_gets_no_password_from_a_registry_with_tls() {
    let spy = Spy::asking();
    let realm = format!("{}/token", spy.url());
    let server = RawServer::start_tls(move |conn| {
        while conn.read_request().is_some() {
            refer(conn, &realm);
        }
    });
    let mut config = config();
    config
        .add_ca_file(&server.ca_path().expect("a ca"))
        .expect("a ca file");
    is_realm_refused(get_by(&server.url(), &config));
    spy.saw_nobody();
}

#[test]
fn cve_2026_48978_a_name_that_looks_like_the_registrys_gets_no_password() {
    let hosts = [
        ("registry.example", PUBLIC),
        ("evil.example", PUBLIC_2),
        ("evilregistry.example", PUBLIC_2),
        ("registry.example.evil.example", PUBLIC_2),
        ("registry.example.com", PUBLIC_2),
        ("example", PUBLIC_2),
    ];
    if !namespace::enter(
        cve_2026_48978_a_name_that_looks_like_the_registrys_gets_no_password,
        &[PUBLIC, PUBLIC_2],
        &hosts,
    ) {
        return;
    }
    let spy = Spy::start_at(PUBLIC_2, spy::ask);
    let names = hosts[1..].iter().map(|(host, _)| *host);
    for host in names.chain([PUBLIC_2]) {
        let realm = format!("http://{host}:{}/token", spy.port());
        is_realm_refused(referred_from("registry.example", &realm));
        spy.saw_nobody();
    }
}

/// A registry and a realm of its own that redirects to `spy` with this status.
fn redirecting_realm(spy: &Spy, status: &'static str) -> RawServer {
    let to = format!("{}/token", spy.url());
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond(status, &[("Location", &to)], b"");
            } else {
                let host = request.header("host").expect("a host");
                refer(conn, &format!("http://{host}/token"));
            }
        }
    })
}

/// Whether the redirect is followed or not: no secret goes along.
#[track_caller]
fn no_secret_went_along(server: &RawServer, spy: &Spy) {
    let asked = server.requests();
    assert!(asked.iter().any(|r| r.target.starts_with("/token")));
    if !spy.requests().is_empty() {
        spy.saw_no_secret();
    }
}

const REDIRECTS: [&str; 5] = [
    "301 Moved Permanently",
    "302 Found",
    "303 See Other",
    "307 Temporary Redirect",
    "308 Permanent Redirect",
];

#[test]
fn ghsa_28r5_37g7_p6mp_a_realm_that_redirects_takes_no_password_along() {
    for status in REDIRECTS {
        let spy = Spy::start_at(LOOPBACK_2, spy::ask);
        let server = redirecting_realm(&spy, status);
        let _ = get(&server.url());
        no_secret_went_along(&server, &spy);
    }
}

#[test]
fn ggcr_2284_odd_spellings_of_loopback_are_no_way_to_a_realm() {
    for spelling in LOOPBACKS {
        let spy = Spy::asking();
        let realm = format!("http://{spelling}:{}/token", spy.port());
        let server = registry_at(LOOPBACK_2, &realm);
        is_refused(get(&server.url()), &realm);
        spy.saw_nobody();
    }
}

#[test]
fn ggcr_2440_a_public_registry_has_no_realm_on_loopback() {
    if !namespace::enter(
        ggcr_2440_a_public_registry_has_no_realm_on_loopback,
        &[PUBLIC],
        &[("registry.example", PUBLIC)],
    ) {
        return;
    }
    for host in [PUBLIC, "registry.example"] {
        for spelling in LOOPBACKS.into_iter().chain(["127.0.0.1", "[::1]"]) {
            let spy = match spelling {
                "[::1]" => Spy::start_at("::1", spy::ask),
                _ => Spy::asking(),
            };
            let realm = format!("http://{spelling}:{}/token", spy.port());
            is_refused(referred_from(host, &realm), &realm);
            spy.saw_nobody();
        }
    }
}

#[test]
fn cve_2026_33990_a_public_registry_has_no_realm_at_a_private_address() {
    let addresses = [PUBLIC, METADATA, PRIVATE];
    if !namespace::enter(
        cve_2026_33990_a_public_registry_has_no_realm_at_a_private_address,
        &addresses,
        &[("registry.example", PUBLIC)],
    ) {
        return;
    }
    for host in [PUBLIC, "registry.example"] {
        for address in [METADATA, PRIVATE] {
            let spy = Spy::start_at(address, spy::ask);
            let realm = format!("{}/latest/meta-data/", spy.url());
            is_realm_refused(referred_from(host, &realm));
            spy.saw_nobody();
        }
    }
}

#[test]
fn cve_2026_33990_a_name_of_the_registrys_site_is_no_way_to_a_private_address() {
    let hosts = [
        ("registry.example", PUBLIC),
        ("meta.registry.example", METADATA),
        ("inner.registry.example", PRIVATE),
        ("self.registry.example", "127.0.0.1"),
    ];
    if !namespace::enter(
        cve_2026_33990_a_name_of_the_registrys_site_is_no_way_to_a_private_address,
        &[PUBLIC, METADATA, PRIVATE],
        &hosts,
    ) {
        return;
    }
    for (host, address) in &hosts[1..] {
        let spy = Spy::start_at(address, spy::ask);
        let realm = format!("http://{host}:{}/", spy.port());
        let outcome = referred_from("registry.example", &realm);
        // It is for the connector to see, so a connection may have been made.
        spy.was_asked_nothing();
        assert!(outcome.is_err(), "{realm}");
    }
}

#[test]
fn model_runner_1050_a_realm_of_the_registrys_site_is_asked() {
    let hosts = [
        ("registry.example", PUBLIC),
        ("auth.registry.example", PUBLIC_2),
        ("registry.internal.example", PRIVATE),
        ("auth.internal.example", PRIVATE_2),
    ];
    let addresses = [PUBLIC, PUBLIC_2, PRIVATE, PRIVATE_2];
    if !namespace::enter(
        model_runner_1050_a_realm_of_the_registrys_site_is_asked,
        &addresses,
        &hosts,
    ) {
        return;
    }
    for pair in hosts.chunks(2) {
        let ((host, address), (realm, realm_address)) = (pair[0], pair[1]);
        let tokens = token_server_at(realm_address);
        let realm = format!("http://{realm}:{}/token", tokens.address().port());
        let server = registry_at(address, &realm);
        let url = format!("http://{host}:{}", server.address().port());
        let response = get(&url).expect("an answer");
        assert_eq!(response.status(), 200, "{host}");
        assert_eq!(tokens.requests().len(), 1, "{host}");
    }
}

#[test]
fn cve_2026_48978_a_realm_that_is_allowed_is_asked() {
    let tokens = token_server_at(LOOPBACK_2);
    let server = registry_at("127.0.0.1", &format!("{}/token", tokens.url()));
    let mut allowed = config();
    allowed.add_allowed_realm(LOOPBACK_2).expect("a host");
    let response = get_by(&server.url(), &allowed).expect("an answer");
    assert_eq!(response.status(), 200);

    // Another one is not allowed with it.
    let mut other = config();
    other.add_allowed_realm("auth.example").expect("a host");
    is_realm_refused(get_by(&server.url(), &other));
    assert_eq!(tokens.requests().len(), 1);
}

fn with_identity_token(server: &RawServer) -> Config {
    let mut config = Config::new();
    let token = Credential::identity_token("", TOKEN).expect("a token");
    config
        .add_credential(&server.authority(), token)
        .expect("a place");
    config
}

#[test]
fn cve_2026_48978_a_realm_at_another_site_gets_no_identity_token() {
    let spy = Spy::start_at(LOOPBACK_2, spy::ask);
    let server = registry_at("127.0.0.1", &format!("{}/token", spy.url()));
    is_realm_refused(get_by(&server.url(), &with_identity_token(&server)));
    spy.saw_nobody();
}

#[test]
fn ghsa_28r5_37g7_p6mp_a_realm_that_redirects_takes_no_identity_token_along() {
    // It is in the body, which a 307 and a 308 would send on.
    for status in REDIRECTS {
        let spy = Spy::start_at(LOOPBACK_2, spy::ask);
        let server = redirecting_realm(&spy, status);
        let _ = get_by(&server.url(), &with_identity_token(&server));
        no_secret_went_along(&server, &spy);
    }
}
