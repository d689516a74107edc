//! TLS: the callback that decides on the certificates of servers.

use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use reggie::{Client, Config, Error, Kind, Response, Step};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use support::certificates::Certificates;
use support::raw_server::RawServer;

/// What the callback was told.
#[derive(Clone, Debug)]
struct Asked {
    host: String,
    chain: Vec<Vec<u8>>,
    refusal: Option<String>,
    thread: ThreadId,
}

/// Sets a callback that returns `value`; what it was told is kept.
fn ask(config: &mut Config, value: i32) -> Arc<Mutex<Vec<Asked>>> {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let asked = Arc::clone(&kept);
    config.set_certificate_callback(Some(Arc::new(move |host, chain, refusal| {
        asked.lock().expect("no panic elsewhere").push(Asked {
            host: host.to_owned(),
            chain: chain.iter().map(|der| der.to_vec()).collect(),
            refusal: refusal.map(str::to_owned),
            thread: thread::current().id(),
        });
        value
    })));
    kept
}

/// A server that closes after each answer, with a chain of two.
fn closing(mut certificates: Certificates) -> RawServer {
    certificates.add_authority_to_chain();
    RawServer::start_tls_with(certificates, |conn| {
        if conn.read_request().is_some() {
            conn.respond("200 OK", &[("Connection", "close")], b"hello");
        }
    })
}

fn get(client: &Client) -> Result<Response, Error> {
    let mut request = client.request("GET", "/v2/")?;
    client.execute(&mut request)
}

#[test]
fn it_is_asked_for_each_connection_and_its_word_counts() {
    for version in rustls::ALL_VERSIONS {
        let server = closing(Certificates::new().speaking(version));
        let ca = server.ca_path().expect("a ca");
        let mut config = Config::new();
        config.add_ca_file(&ca).expect("a ca");
        let asked = ask(&mut config, 0);
        let client = Client::new(&server.url(), &config).expect("a client");
        for _ in 0..3 {
            assert_eq!(get(&client).expect("an answer").body(), b"hello");
        }
        let asked = asked.lock().expect("no panic elsewhere").clone();
        assert_eq!(asked.len(), 3, "no session is resumed");
        for asked in asked {
            assert_eq!(asked.host, server.authority());
            assert_eq!(asked.refusal, None);
            assert_eq!(asked.thread, thread::current().id());
            assert_eq!(asked.chain.len(), 2);
            let authority = CertificateDer::from_pem_file(&ca).expect("a certificate");
            assert_ne!(asked.chain[0], authority.to_vec());
            assert_eq!(asked.chain[1], authority.to_vec());
        }
    }
}

#[test]
fn it_accepts_what_the_client_would_refuse_and_is_told_why() {
    for (certificates, part) in [
        (Certificates::new(), "issuer"),
        (Certificates::expired(), "expired"),
        (
            Certificates::for_names(&["registry.example"]),
            "registry.example",
        ),
    ] {
        let server = closing(certificates);
        let mut config = Config::new();
        if part != "issuer" {
            let ca = server.ca_path().expect("a ca");
            config.add_ca_file(&ca).expect("a ca");
        }
        let asked = ask(&mut config, 0);
        let client = Client::new(&server.url(), &config).expect("a client");
        assert_eq!(get(&client).expect("an answer").body(), b"hello");
        let refusal = asked.lock().expect("no panic elsewhere")[0].refusal.clone();
        let refusal = refusal.expect("the client would refuse");
        assert!(refusal.contains(part), "{refusal}");
    }
}

#[test]
fn it_refuses_what_the_client_would_accept_with_its_value() {
    for skip in [false, true] {
        let server = closing(Certificates::new());
        let mut config = Config::new();
        let ca = server.ca_path().expect("a ca");
        config.add_ca_file(&ca).expect("a ca");
        config.set_insecure_skip_tls_verify(skip);
        let asked = ask(&mut config, -42);
        let client = Client::new(&server.url(), &config).expect("a client");
        let error = get(&client).expect_err("refused");
        assert_eq!(error.kind(), Kind::CertificateCallback, "{error}");
        assert_eq!(error.step(), Step::Tls);
        assert_eq!(error.callback_value(), -42);
        assert_eq!(error.host(), Some(server.authority().as_str()));
        assert!(!error.is_retryable());
        let asked = asked.lock().expect("no panic elsewhere");
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].refusal, None);
        assert!(server.requests().is_empty());
    }
}

#[test]
fn connections_that_are_kept_ask_once_and_without_it_nobody_is_asked() {
    let server = RawServer::start_tls(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    });
    let mut config = Config::new();
    let asked = ask(&mut config, 0);
    let client = Client::new(&server.url(), &config).expect("a client");
    assert!(config.set_certificate_callback(None).is_some());
    let other = Client::new(&server.url(), &config).expect("a client");
    for _ in 0..3 {
        get(&client).expect("an answer");
    }
    let error = get(&other).expect_err("nobody trusts it");
    assert_eq!(error.kind(), Kind::Certificate);
    assert_eq!(asked.lock().expect("no panic elsewhere").len(), 1);
}
