//! TLS: the certificates by which a client names itself, and the folders of
//! certificates for hosts.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::KeyPair;
use reggie::{Client, Config, Error, Kind, Response};
use support::certificates::{Authority, Certificates};
use support::child;
use support::raw_server::RawServer;
use support::temp;

fn get(url: &str, config: &Config) -> Result<Response, Error> {
    let client = Client::new(url, config)?;
    let mut request = client.request("GET", "/v2/")?;
    client.execute(&mut request)
}

/// A server that answers with the certificate that it was shown, if any.
fn server(certificates: Certificates) -> RawServer {
    RawServer::start_tls_with(certificates, |conn| {
        while conn.read_request().is_some() {
            let shown = conn.client_certificate().unwrap_or_default();
            conn.respond("200 OK", &[], &shown);
        }
    })
}

fn trusting(servers: &[&RawServer]) -> Config {
    let mut config = Config::new();
    for server in servers {
        config
            .add_ca_file(&server.ca_path().expect("a ca"))
            .expect("a ca");
    }
    config
}

fn data_path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/tls")
        .join(name)
}

fn data(name: &str) -> String {
    fs::read_to_string(data_path(name)).expect("a text")
}

fn new_key() -> String {
    KeyPair::generate().expect("a key").serialize_pem()
}

#[test]
fn keys_of_each_kind_and_form_are_taken() {
    let authority = Authority::new("clients");
    let folder = temp::folder();
    let (chain, both) = (folder.path().join("chain"), folder.path().join("both"));
    for version in rustls::ALL_VERSIONS {
        let server = server(Certificates::new().asking(&authority).speaking(version));
        let error = get(&server.url(), &trusting(&[&server])).expect_err("no certificate");
        assert_eq!(error.kind(), Kind::Tls, "{error}");
        assert!(error.message().contains("client certificate"), "{error}");

        for (own, form) in [
            ("rsa-pkcs8.key", "rsa-pkcs8.key"),
            ("rsa-pkcs8.key", "rsa-pkcs1.key"),
            ("p256-pkcs8.key", "p256-pkcs8.key"),
            ("p256-pkcs8.key", "p256-sec1.key"),
            ("p384-pkcs8.key", "p384-pkcs8.key"),
            ("p384-pkcs8.key", "p384-sec1.key"),
            ("ed25519-pkcs8.key", "ed25519-pkcs8.key"),
        ] {
            let certificate = authority.client(&data(own));
            let expect = |config: Config| {
                let answer = get(&server.url(), &config)
                    .unwrap_or_else(|error| panic!("{version:?} {form}: {error}"));
                assert_eq!(answer.body(), &certificate.der()[..], "{form}");
            };
            fs::write(&chain, certificate.pem() + &authority.pem()).expect("written");
            fs::write(&both, data(form) + &certificate.pem()).expect("written");

            let mut config = trusting(&[&server]);
            config
                .add_client_certificate_file(None, &chain, Some(&data_path(form)))
                .expect("two files");
            expect(config);
            for key in [None, Some(both.as_path())] {
                let mut config = trusting(&[&server]);
                config
                    .add_client_certificate_file(None, &both, key)
                    .expect("one file");
                expect(config);
            }
            let mut config = trusting(&[&server]);
            let host = server.authority();
            let (pem, key) = (certificate.pem(), data(form));
            config
                .add_client_certificate_memory(Some(&host), pem.as_bytes(), key.as_bytes())
                .expect("memory");
            expect(config);
            let mut config = trusting(&[&server]);
            let key = rustls_key(&key);
            config
                .add_client_certificate_memory(Some(&server.url()), certificate.der(), &key)
                .expect("der");
            expect(config);
        }
    }
}

#[test]
fn the_alert_of_the_server_is_read_even_if_sending_fails() {
    const TRIES: usize = 30;
    let authority = Authority::new("clients");
    let key = new_key();
    let unknown = Authority::new("others").client(&key).pem();
    for version in rustls::ALL_VERSIONS {
        let server = server(Certificates::new().asking(&authority).speaking(version));
        for (certificate, part) in [(None, "requires"), (Some(&unknown), "rejected")] {
            let mut config = trusting(&[&server]);
            if let Some(certificate) = certificate {
                config
                    .add_client_certificate_memory(None, certificate.as_bytes(), key.as_bytes())
                    .expect("a certificate");
            }
            let client = Client::new(&server.url(), &config).expect("a client");
            for length in [0, 1, 100_000, 20_000_000] {
                for _ in 0..TRIES {
                    let mut request = client.request("PUT", "/v2/a").expect("a request");
                    request.set_body(vec![0; length]);
                    let error = client.execute(&mut request).expect_err("rejected");
                    assert_eq!(error.kind(), Kind::Tls, "{version:?} {length}: {error}");
                    let message = error.message();
                    let is_told = message.contains("client certificate") && message.contains(part);
                    assert!(is_told, "{version:?} {length}: {message}");
                }
            }
        }
    }
}

/// The DER of a key in PEM.
fn rustls_key(pem: &str) -> Vec<u8> {
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).expect("a key");
    key.secret_der().to_vec()
}

#[test]
fn certificates_and_keys_that_do_not_fit_are_errors_at_once() {
    let authority = Authority::new("clients");
    let rsa = authority.client(&data("rsa-pkcs8.key")).pem();
    let p256 = authority.client(&data("p256-pkcs8.key")).pem();
    let junk = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
    let junk_key = "-----BEGIN PRIVATE KEY-----\nMAAA\n-----END PRIVATE KEY-----\n";
    let no_base64 = "-----BEGIN PRIVATE KEY-----\n!!!\n-----END PRIVATE KEY-----\n";
    let reversed = authority.pem() + &p256;
    let p256_key = data("p256-pkcs8.key");
    let damaged = p256_key.replacen("MIGH", "MIGG", 1);
    let damaged_p521 = data("p521.key")
        .replacen("AwEHBIHW", "AwEHBIHX", 1)
        .replacen("BIHW", "BIHX", 1);
    for (certificate, key, part) in [
        (rsa.as_str(), p256_key.as_str(), "is not that of"),
        (&p256, &data("rsa-pkcs8.key"), "is not that of"),
        (&rsa, &data("rsa-other.key"), "is not that of"),
        (&p256, &data("p256-other.key"), "is not that of"),
        (&p256, &data("p384-sec1.key"), "is not that of"),
        (&p256, &data("ed25519-pkcs8.key"), "is not that of"),
        (&reversed, &p256_key, "is not that of"),
        (&data("p521.pem"), &p256_key, "is not that of"),
        (&p256, &data("p521.key"), "is not that of"),
        (&data("p521.pem"), &damaged_p521, "cannot be used"),
        (&p256, &data("p256-encrypted-pkcs8.key"), "encrypted"),
        (&rsa, &data("rsa-encrypted-pkcs1.key"), "encrypted"),
        (&p256, &p256, "contains no private key"),
        (&p256, "", "contains no private key"),
        (&p256, "junk", "contains no private key"),
        (&p256, junk_key, "cannot be used"),
        (&p256, no_base64, "not valid pem"),
        (&p256, &damaged, "cannot be used"),
        (&p256, "0junk", "cannot be parsed"),
        ("", &p256_key, "no certificate"),
        ("junk", &p256_key, "no certificate"),
        (&p256_key, &p256_key, "no certificate"),
        (junk, &p256_key, "cannot be parsed"),
        (&(p256.clone() + junk), &p256_key, "cannot be parsed"),
    ] {
        let error = Config::new()
            .add_client_certificate_memory(None, certificate.as_bytes(), key.as_bytes())
            .expect_err(part);
        assert_eq!(error.kind(), Kind::InvalidClientCertificate, "{error}");
        assert!(error.message().contains(part), "{part}: {error}");
        assert!(!error.message().contains("MIG"), "{error}");

        let folder = temp::folder();
        let paths = ["cert.pem", "key.pem"].map(|name| folder.path().join(name));
        fs::write(&paths[0], certificate).expect("written");
        fs::write(&paths[1], key).expect("written");
        let error = Config::new()
            .add_client_certificate_file(None, &paths[0], Some(&paths[1]))
            .expect_err(part);
        let named = paths
            .iter()
            .any(|path| error.message().contains(&path.display().to_string()));
        assert!(named, "{error}");
    }
    let missing = Path::new("/no/such/file");
    let error = Config::new()
        .add_client_certificate_file(None, missing, None)
        .expect_err("missing");
    assert_eq!(error.kind(), Kind::InvalidClientCertificate);
    assert_eq!(error.errno(), libc::ENOENT);

    // What openssl signs without further words is of version 1.
    let mut config = Config::new();
    config
        .add_client_certificate_memory(None, data("p256-v1.pem").as_bytes(), p256_key.as_bytes())
        .expect("version 1");
    let other = data("p256-other.key");
    config
        .add_client_certificate_memory(None, data("p256-v1.pem").as_bytes(), other.as_bytes())
        .expect_err("another key");
}

#[test]
fn a_certificate_is_for_a_host_and_a_port_with_https() {
    let key = new_key();
    let certificate = Authority::new("clients").client(&key).pem();
    let add = |registry| {
        let mut config = Config::new();
        config.add_client_certificate_memory(Some(registry), certificate.as_bytes(), key.as_bytes())
    };
    for registry in [
        "registry.example",
        "registry.example:5000",
        "https://registry.example",
        "[::1]:5000",
    ] {
        add(registry).expect(registry);
    }
    for registry in [
        "",
        "http://registry.example",
        "registry.example/team",
        "registry.example:port",
        "user@registry.example",
        "a b",
        "https://",
    ] {
        let error = add(registry).expect_err(registry);
        assert_eq!(error.kind(), Kind::InvalidArgument, "{registry}: {error}");
    }
}

#[test]
fn a_certificate_does_not_leave_its_origin() {
    let authority = Authority::new("clients");
    let key = new_key();
    let certificate = authority.client(&key);
    let optional = || Certificates::new().asking(&authority).but_optional();
    let elsewhere = RawServer::start_tls_with(optional(), |conn| {
        while conn.read_request().is_some() {
            let shown = conn.client_certificate().is_some().to_string();
            let body = format!("{{\"token\":\"t\",\"shown\":\"{shown}\"}}");
            let headers = [("Shown", shown.as_str())];
            conn.respond("200 OK", &headers, body.as_bytes());
        }
    });
    let other = elsewhere.url();
    let own = RawServer::start_tls_with(Certificates::new().asking(&authority), move |conn| {
        while let Some(request) = conn.read_request() {
            let shown = conn.client_certificate().is_some().to_string();
            let realm = format!("Bearer realm=\"{other}/token\",service=\"s\"");
            let headers = match request.target.as_str() {
                "/v2/moved" => vec![("Location", format!("{other}/v2/"))],
                "/v2/same" => vec![("Location", "/v2/".to_owned())],
                "/v2/token" if request.header("authorization").is_none() => {
                    vec![("WWW-Authenticate", realm)]
                }
                _ => vec![("Shown", shown)],
            };
            let headers: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            match headers[0].0 {
                "Location" => conn.respond("307 Temporary Redirect", &headers, b""),
                "WWW-Authenticate" => conn.respond("401 Unauthorized", &headers, b""),
                _ => conn.respond("200 OK", &headers, b""),
            };
        }
    });
    let shown = |config: &Config, path: &str| {
        let client = Client::new(&own.url(), config).expect("a client");
        let mut request = client.request("GET", path).expect("a request");
        let answer = client.execute(&mut request).expect("an answer");
        assert_eq!(answer.status(), 200);
        let shown = answer.headers().get("shown");
        shown.map(|value| String::from_utf8_lossy(value).into_owned())
    };
    let mut config = trusting(&[&own, &elsewhere]);
    let (pem, key) = (certificate.pem(), key.as_bytes());
    config
        .add_client_certificate_memory(None, pem.as_bytes(), key)
        .expect("a certificate");
    for (path, expected) in [
        ("/v2/", "true"),
        ("/v2/same", "true"),
        ("/v2/moved", "false"),
    ] {
        assert_eq!(shown(&config, path).as_deref(), Some(expected), "{path}");
    }
    // The token server is asked without it, and the registry then with it.
    assert_eq!(shown(&config, "/v2/token").as_deref(), Some("true"));
    let tokens = elsewhere.requests();
    assert!(
        tokens
            .iter()
            .any(|request| request.target.starts_with("/token"))
    );

    // Unless it was set for that place as well.
    config
        .add_client_certificate_memory(Some(&elsewhere.authority()), pem.as_bytes(), key)
        .expect("a certificate");
    assert_eq!(shown(&config, "/v2/moved").as_deref(), Some("true"));
}

#[test]
fn the_token_server_sees_no_certificate() {
    let authority = Authority::new("clients");
    let key = new_key();
    let certificate = authority.client(&key);
    // It ends the handshake with all who show none.
    let tokens = server(Certificates::new().asking(&authority));
    let realm = format!("Bearer realm=\"{}/token\",service=\"s\"", tokens.url());
    let own = RawServer::start_tls_with(Certificates::new().asking(&authority), move |conn| {
        while conn.read_request().is_some() {
            conn.respond("401 Unauthorized", &[("WWW-Authenticate", &realm)], b"");
        }
    });
    let mut config = trusting(&[&own, &tokens]);
    config
        .add_client_certificate_memory(None, certificate.pem().as_bytes(), key.as_bytes())
        .expect("a certificate");
    let error = get(&own.url(), &config).expect_err("no certificate for it");
    assert_eq!(error.kind(), Kind::Tls, "{error}");
    assert!(error.message().contains("client certificate"), "{error}");
    assert!(tokens.requests().is_empty());
}

#[test]
fn of_several_the_one_that_the_server_knows_is_shown() {
    let authorities = ["first", "second", "third"].map(Authority::new);
    let certificates = authorities.each_ref().map(|authority| {
        let key = new_key();
        (authority.client(&key), key)
    });
    for (authority, (expected, _)) in authorities.iter().zip(&certificates) {
        for version in rustls::ALL_VERSIONS {
            let server = server(Certificates::new().asking(authority).speaking(version));
            let mut config = trusting(&[&server]);
            for (certificate, key) in &certificates {
                config
                    .add_client_certificate_memory(
                        None,
                        certificate.pem().as_bytes(),
                        key.as_bytes(),
                    )
                    .expect("a certificate");
            }
            let answer = get(&server.url(), &config).expect("an answer");
            assert_eq!(answer.body(), &expected.der()[..]);
        }
    }
}

/// Puts what a client needs for a server into a folder named `host`.
fn fill(base: &Path, host: &str, server: &RawServer, authority: &Authority) -> PathBuf {
    let folder = base.join(host);
    fs::create_dir_all(&folder).expect("made");
    let key = new_key();
    fs::copy(server.ca_path().expect("a ca"), folder.join("ca.crt")).expect("copied");
    fs::write(folder.join("me.cert"), authority.client(&key).pem()).expect("written");
    fs::write(folder.join("me.key"), key).expect("written");
    folder
}

#[test]
fn the_folder_of_a_host_is_for_that_host() {
    let authority = Authority::new("clients");
    let with = server(Certificates::new().asking(&authority));
    let without = server(Certificates::new());
    let folder = temp::folder();
    let host = fill(folder.path(), &with.authority(), &with, &authority);
    let ca = without.ca_path().expect("a ca");

    let mut config = Config::new();
    config.add_certs_folder(folder.path()).expect("a folder");
    assert!(
        !get(&with.url(), &config)
            .expect("an answer")
            .body()
            .is_empty()
    );
    // Nobody else is trusted for it.
    fs::copy(&ca, host.join("another.crt")).expect("copied");
    let error = get(&without.url(), &config).expect_err("no folder");
    assert_eq!(error.kind(), Kind::Certificate, "{error}");
    config.add_ca_file(&ca).expect("a ca");
    assert!(get(&without.url(), &config).is_ok());
    // The host without the port is another one.
    fs::rename(&host, folder.path().join("127.0.0.1")).expect("renamed");
    assert!(get(&with.url(), &config).is_err());
    fs::rename(folder.path().join("127.0.0.1"), &host).expect("renamed");

    // A certificate without its key stops the client from being made.
    fs::remove_file(host.join("me.key")).expect("removed");
    let error = Client::new(&with.url(), &config).err().expect("no key");
    assert_eq!(error.kind(), Kind::InvalidClientCertificate);
    let missing = host.join("me.key").display().to_string();
    assert!(error.message().contains(&missing), "{error}");
    fs::remove_file(host.join("me.cert")).expect("removed");
    fs::write(host.join("junk.crt"), b"junk").expect("written");
    let error = Client::new(&with.url(), &config).err().expect("junk");
    assert_eq!(error.kind(), Kind::InvalidCertificates);
    assert!(error.message().contains("junk.crt"), "{error}");

    // A client of another host meets it when it gets there.
    let client = Client::new(&without.url(), &config).expect("a client");
    let url = format!("{}/v2/", with.url());
    let mut request = client.request("GET", &url).expect("a request");
    let error = client.execute(&mut request).expect_err("junk");
    assert_eq!(error.kind(), Kind::InvalidCertificates, "{error}");
    assert_eq!(error.host(), Some(with.authority().as_str()));
}

#[test]
fn the_usual_folders_are_read_where_that_is_asked_for() {
    let authority = Authority::new("clients");
    let server = server(Certificates::new().asking(&authority));
    for name in ["containers", "docker"] {
        let home = temp::folder();
        let base = home.path().join(".config").join(name).join("certs.d");
        fill(&base, &server.authority(), &server, &authority);
        let mut command = child::command(child_uses_folders);
        command
            .env("TEST_URL", server.url())
            .env("HOME", home.path());
        child::run(command);
    }
    assert_eq!(server.requests().len(), 2);
}

#[test]
#[ignore = "run by another test"]
fn child_uses_folders() {
    let Ok(url) = std::env::var("TEST_URL") else {
        return;
    };
    let error = get(&url, &Config::new()).expect_err("not asked for");
    assert_eq!(error.kind(), Kind::Certificate);
    let mut config = Config::new();
    config.use_default_certs_folders(true);
    get(&url, &config).expect("an answer");
}
