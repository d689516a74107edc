//! TLS: whom a client trusts, and connections that end without a word.

use embedded_registry::{Options, Registry};
use reggie::{Client, Config, Error, Kind, Response};
use support::certificates::Certificates;
use support::raw_server::RawServer;

fn get(url: &str, config: &Config) -> Result<Response, Error> {
    let client = Client::new(url, config)?;
    let mut request = client.request("GET", "/v2/")?;
    client.execute(&mut request)
}

fn trusting(path: &std::path::Path) -> Config {
    let mut config = Config::new();
    config.add_ca_file(path).expect("a ca file");
    config
}

fn hello(certificates: Certificates) -> RawServer {
    RawServer::start_tls_with(certificates, |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    })
}

#[test]
fn a_private_authority_must_be_named() {
    let registry = Registry::start(Options::default().tls());
    let error = get(registry.url(), &Config::new()).expect_err("unknown");
    assert_eq!(error.kind(), Kind::Certificate, "{error}");
    let config = trusting(registry.ca_path().expect("a ca"));
    assert_eq!(
        get(registry.url(), &config).expect("an answer").status(),
        200
    );
    let by_name = format!("https://localhost:{}", registry.origin_port());
    assert_eq!(get(&by_name, &config).expect("an answer").status(), 200);
}

#[test]
fn a_self_signed_certificate_that_is_trusted_is_accepted() {
    let registry = Registry::start(Options::default().self_signed());
    let error = get(registry.url(), &Config::new()).expect_err("unknown");
    assert_eq!(error.kind(), Kind::Certificate, "{error}");
    let why = "it is a ca certificate, and not among the trusted certificates";
    assert!(error.message().ends_with(why), "{error}");
    let config = trusting(registry.ca_path().expect("its certificate"));
    assert_eq!(
        get(registry.url(), &config).expect("an answer").status(),
        200
    );
    // Its name is still checked.
    let port = registry.origin_port();
    let error = get(&format!("https://127.0.0.2:{port}"), &config).expect_err("another name");
    assert_ne!(error.kind(), Kind::Panic);
}

#[test]
fn verification_can_be_skipped() {
    let registry = Registry::start(Options::default().self_signed());
    let mut config = Config::new();
    config.set_insecure_skip_tls_verify(true);
    assert_eq!(
        get(registry.url(), &config).expect("an answer").status(),
        200
    );
}

#[test]
fn a_wrong_name_or_date_is_refused() {
    let other = hello(Certificates::for_names(&["registry.example"]));
    let error = get(&other.url(), &trusting(&other.ca_path().expect("a ca"))).expect_err("name");
    assert_eq!(error.kind(), Kind::Certificate, "{error}");
    let expired = hello(Certificates::expired());
    let config = trusting(&expired.ca_path().expect("a ca"));
    let error = get(&expired.url(), &config).expect_err("date");
    assert_eq!(error.kind(), Kind::Certificate, "{error}");
    assert!(error.message().contains("expired"), "{error}");
}

#[test]
fn a_file_without_certificates_is_an_error_at_once() {
    let folder = support::temp::folder();
    let path = folder.path().join("ca.pem");
    for content in [
        &b""[..],
        b"not pem",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&path, content).expect("written");
        let error = Config::new()
            .add_ca_file(&path)
            .expect_err("no certificate");
        assert_eq!(error.kind(), Kind::InvalidCertificates);
    }
    let error = Config::new()
        .add_ca_file("/no/such/file".as_ref())
        .expect_err("no file");
    assert_eq!(error.errno(), libc::ENOENT);
}

#[test]
fn https_to_a_plain_port_says_so() {
    let registry = Registry::start(Options::default());
    let url = registry.url().replace("http:", "https:");
    let error = get(&url, &Config::new()).expect_err("no tls");
    assert_eq!(error.kind(), Kind::Tls);
    assert!(error.message().contains("plain http"), "{error}");
}

#[test]
fn a_body_cut_without_a_close_notify_is_cut_short() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n",
    ] {
        let server = RawServer::start_tls(move |conn| {
            conn.read_request();
            conn.send(head.as_bytes());
            conn.send(b"0123456789");
            conn.close();
        });
        let config = trusting(&server.ca_path().expect("a ca"));
        let error = get(&server.url(), &config).expect_err(head);
        assert_eq!(error.kind(), Kind::Truncated, "{head}: {error}");
    }
    let server = RawServer::start_tls(|conn| {
        conn.read_request();
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n0123456789");
        conn.finish();
    });
    let config = trusting(&server.ca_path().expect("a ca"));
    assert_eq!(
        get(&server.url(), &config).expect("whole").body(),
        b"0123456789"
    );
}

#[test]
fn connections_are_kept_and_large_bodies_go_both_ways() {
    let registry = Registry::start(Options::default().tls());
    let config = trusting(registry.ca_path().expect("a ca"));
    let client = Client::new(registry.url(), &config).expect("a client");
    let body: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    for _ in 0..3 {
        let digest = registry.put_blob("a", body.clone());
        let mut get = client
            .request("GET", &format!("/v2/a/blobs/{digest}"))
            .expect("a request");
        assert_eq!(client.execute(&mut get).expect("an answer").body(), body);
        let mut post = client
            .request("POST", "/v2/a/blobs/uploads/")
            .expect("a request");
        post.set_query("digest", &digest).expect("a parameter");
        post.set_header("Content-Type", b"application/octet-stream")
            .expect("a header");
        post.set_body(body.clone());
        assert_eq!(client.execute(&mut post).expect("an answer").status(), 201);
    }
    assert_eq!(registry.connections(), 1);
}
