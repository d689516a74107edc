//! Basic, tokens, and TLS.

mod client;

use client::{Client, call, get};
use embedded_registry::{Auth, Options, Registry, TokenAuth, TokenField};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

/// `user:secret`
const BASIC: &str = "Basic dXNlcjpzZWNyZXQ=";

fn authorized(registry: &Registry, method: &str, target: &str, value: &str) -> client::Answer {
    call(registry, method, target, &[("Authorization", value)], b"")
}

/// Asks for a token as the user, or as nobody.
fn token(registry: &Registry, scope: &str, user: bool) -> String {
    let headers = [("Authorization", BASIC)];
    let target = format!("/token?service=embedded-registry&scope={scope}");
    let answer = call(
        registry,
        "GET",
        &target,
        if user { &headers } else { &[] },
        b"",
    );
    assert_eq!(answer.status, 200);
    format!("Bearer {}", answer.json()["token"].as_str().unwrap())
}

#[test]
fn basic() {
    let registry = Registry::start(Options::default().basic("user", "secret"));
    let refused = get(&registry, "/v2/");
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "UNAUTHORIZED")
    );
    assert_eq!(
        refused.header("www-authenticate"),
        "Basic realm=\"embedded registry\""
    );
    assert_eq!(authorized(&registry, "GET", "/v2/", BASIC).status, 200);
    assert_eq!(
        authorized(&registry, "GET", "/v2/", "Basic dXNlcjp4").status,
        401
    );
    assert_eq!(get(&registry, "/token").status, 404);
}

#[test]
fn tokens_allow_what_they_say() {
    let registry = Registry::start(Options::default().token("user", "secret"));
    registry.put_blob("a", b"");
    let target = format!("/v2/a/blobs/{}", client::EMPTY);
    let challenge = get(&registry, &target)
        .header("www-authenticate")
        .to_owned();
    let realm = "Bearer realm=\"http://registry.test/token\",service=\"embedded-registry\"";
    assert_eq!(challenge, format!("{realm},scope=\"repository:a:pull\""));
    assert_eq!(get(&registry, "/v2/").header("www-authenticate"), realm);

    let pull = token(&registry, "repository:a:pull", true);
    assert_eq!(authorized(&registry, "GET", &target, &pull).status, 200);
    assert_eq!(authorized(&registry, "GET", "/v2/", &pull).status, 200);
    let push = authorized(
        &registry,
        "POST",
        "/v2/a/blobs/uploads/?mount=x&from=b",
        &pull,
    );
    let scope = "scope=\"repository:a:pull,push repository:b:pull\",error=\"insufficient_scope\"";
    assert_eq!(
        (push.status, push.header("www-authenticate")),
        (401, format!("{realm},{scope}").as_str())
    );
    let catalog = authorized(&registry, "GET", "/v2/_catalog", &pull);
    assert!(
        catalog
            .header("www-authenticate")
            .contains("registry:catalog:*")
    );

    let injected = get(&registry, "/v2/a%0d%0ax/tags/list");
    assert_eq!(injected.code(), "NAME_INVALID");
    let injected = call(
        &registry,
        "POST",
        "/v2/a/blobs/uploads/?from=x%0d%0aX-Bad:%20y",
        &[],
        b"",
    );
    assert_eq!(injected.header("x-bad"), "");

    registry.revoke_tokens();
    let stale = authorized(&registry, "GET", &target, &pull);
    assert!(
        stale
            .header("www-authenticate")
            .ends_with("error=\"invalid_token\"")
    );
}

#[test]
fn the_token_server() {
    let auth = TokenAuth::new("user", "secret")
        .lifetime(Duration::ZERO)
        .field(TokenField::AccessToken);
    let registry = Registry::start(Options::default().auth(Auth::Token(auth.expires_in(None))));
    assert_eq!(get(&registry, "/token?scope=repository:a:pull").status, 401);
    assert_eq!(
        authorized(&registry, "GET", "/token", "Basic dXNlcjp4").status,
        401
    );

    let form = |body: &str| call(&registry, "POST", "/token", &[], body.as_bytes());
    let answer = form(
        "grant_type=password&username=user&password=secret&access_type=offline&scope=repository:a:pull",
    );
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert!(answer.get("token").is_none() && answer.get("expires_in").is_none());
    let expired = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    assert_eq!(authorized(&registry, "GET", "/v2/", &expired).status, 401);

    let refresh = answer["refresh_token"].as_str().unwrap();
    for (token, status) in [(refresh, 200), (&registry.refresh_token(), 200), ("x", 401)] {
        let answer = form(&format!(
            "grant_type=refresh_token&refresh_token={token}&scope=a+b"
        ));
        assert_eq!(answer.status, status);
    }
    assert_eq!(
        form("grant_type=magic").json()["error"],
        "unsupported_grant_type"
    );
}

#[test]
fn anonymous_pull() {
    let auth = TokenAuth::new("user", "secret").anonymous_pull(true);
    let registry = Registry::start(Options::default().auth(Auth::Token(auth)));
    registry.put_blob("a", b"");
    let target = format!("/v2/a/blobs/{}", client::EMPTY);
    let anonymous = token(&registry, "repository:a:pull,push", false);
    assert_eq!(
        authorized(&registry, "GET", &target, &anonymous).status,
        200
    );
    let push = authorized(&registry, "POST", "/v2/a/blobs/uploads/", &anonymous);
    assert!(
        push.header("www-authenticate")
            .contains("insufficient_scope")
    );
    let user = token(&registry, "repository:a:pull,push", true);
    assert_eq!(
        authorized(&registry, "POST", "/v2/a/blobs/uploads/", &user).status,
        202
    );
}

#[test]
fn tls() {
    let registry = Registry::start(Options::default().tls());
    assert!(registry.url().starts_with("https://127.0.0.1:"));
    let pem = registry.ca_pem().unwrap();
    assert_eq!(
        std::fs::read_to_string(registry.ca_path().unwrap()).unwrap(),
        pem
    );
    for host in ["localhost", "127.0.0.1", "::1"] {
        let answer = over_tls(&registry, &pem, host).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert!(over_tls(&registry, &pem, "example.com").is_err());
    let other = Registry::start(Options::default().tls()).ca_pem().unwrap();
    assert!(over_tls(&registry, &other, "localhost").is_err());
    let path = registry.ca_path().unwrap().to_owned();
    drop(registry);
    assert!(!path.exists());
}

#[test]
fn a_self_signed_certificate_is_an_authority() {
    let registry = Registry::start(Options::default().self_signed());
    let error = over_tls(&registry, &registry.ca_pem().unwrap(), "localhost").unwrap_err();
    assert!(error.to_string().contains("CaUsedAsEndEntity"), "{error}");
}

fn over_tls(registry: &Registry, pem: &str, host: &str) -> std::io::Result<String> {
    use rustls::pki_types::pem::PemObject;
    let mut roots = rustls::RootCertStore::empty();
    let certificate = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
    roots.add(certificate).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = host.to_owned().try_into().unwrap();
    let connection = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(("127.0.0.1", registry.origin_port()))?;
    let mut stream = rustls::StreamOwned::new(connection, socket);
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

#[test]
fn a_refused_long_body_is_answered_at_once() {
    let registry = Registry::start(Options::default().basic("user", "secret"));
    let mut client = Client::connect(&registry);
    client.send_head(
        "PUT",
        "/v2/a/blobs/uploads/x",
        &[("Content-Length", "1000000")],
    );
    let answer = client.answer(false).unwrap();
    assert_eq!((answer.status, answer.header("connection")), (401, "close"));
    // Whoever goes on sending is not cut off.
    client.send(&[0; 1_000_000]).unwrap();
    assert_eq!(client.end().unwrap(), 0);

    let mut client = Client::connect(&registry);
    assert_eq!(
        client
            .call("PUT", "/v2/a/blobs/uploads/x", &[], &[0; 1000])
            .status,
        401
    );
    assert_eq!(client.get("/v2/").status, 401);
    assert_eq!(registry.connections(), 2);
}
