//! TLS: the ways to trust somebody, and what is said of those whom nobody
//! trusts.

use std::fs;
use std::path::Path;

use reggie::{Client, Config, Error, Kind, Response, TlsVersion};
use support::certificates::{Authority, Certificates};
use support::child;
use support::raw_server::RawServer;
use support::temp;

fn get(url: &str, config: &Config) -> Result<Response, Error> {
    let client = Client::new(url, config)?;
    let mut request = client.request("GET", "/v2/")?;
    client.execute(&mut request)
}

fn hello(certificates: Certificates) -> RawServer {
    RawServer::start_tls_with(certificates, |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    })
}

fn ca_text(server: &RawServer) -> String {
    fs::read_to_string(server.ca_path().expect("a ca")).expect("a text")
}

fn der(pem: &str) -> Vec<u8> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes());
    certificate.expect("a certificate").to_vec()
}

fn data(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    fs::read_to_string(folder.join(name)).expect("a text")
}

/// Runs one of the ignored tests below in a process with this environment.
fn in_a_child(test: impl Fn(), url: &str, variables: &[(&str, &Path)]) {
    let mut command = child::command(test);
    command.env("TEST_URL", url);
    command.envs(variables.iter().copied());
    child::run(command);
}

/// The server of the test that runs this one; `None` where nobody does.
fn child_url() -> Option<String> {
    std::env::var("TEST_URL").ok()
}

#[test]
fn an_authority_is_trusted_in_each_way_that_it_is_given() {
    let server = hello(Certificates::new());
    let pem = ca_text(&server);
    let expect = |config: Config, way: &str| {
        let answer = get(&server.url(), &config).unwrap_or_else(|error| panic!("{way}: {error}"));
        assert_eq!(answer.body(), b"hello", "{way}");
    };
    let mut config = Config::new();
    config.add_ca_memory(pem.as_bytes()).expect("pem");
    expect(config, "pem in memory");

    let mut config = Config::new();
    let several = format!("a comment\n{}{pem}", Authority::new("other").pem());
    config.add_ca_memory(several.as_bytes()).expect("pem");
    config.set_system_trust(false);
    expect(config, "several in memory, and nobody else");

    let mut config = Config::new();
    config.add_ca_memory(&der(&pem)).expect("der");
    expect(config, "der in memory");

    let folder = temp::folder();
    let file = folder.path().join("one.der");
    fs::write(&file, der(&pem)).expect("written");
    let mut config = Config::new();
    config.add_ca_file(&file).expect("der");
    expect(config, "a file of der");

    fs::write(folder.path().join("a.crt"), Authority::new("other").pem()).expect("written");
    fs::write(folder.path().join("b.cert"), Authority::new("other").pem()).expect("written");
    fs::write(folder.path().join("c.pem"), &pem).expect("written");
    fs::write(folder.path().join("readme.txt"), "junk").expect("written");
    fs::create_dir(folder.path().join("d.crt")).expect("made");
    let mut config = Config::new();
    config.add_ca_folder(folder.path()).expect("a folder");
    // What was read is kept.
    fs::remove_file(folder.path().join("c.pem")).expect("removed");
    expect(config, "a folder");

    let mut config = Config::new();
    config.add_ca_folder(folder.path()).expect("a folder");
    let error = get(&server.url(), &config).expect_err("no longer there");
    assert_eq!(error.kind(), Kind::Certificate);

    in_a_child(
        child_is_answered,
        &server.url(),
        &[("SSL_CERT_FILE", &server.ca_path().expect("a ca"))],
    );
    // A folder whose files are called as openssl's rehash calls them.
    let hashed = temp::folder();
    fs::write(hashed.path().join("01234567.0"), &pem).expect("written");
    in_a_child(
        child_is_answered,
        &server.url(),
        &[("SSL_CERT_DIR", hashed.path())],
    );
}

#[test]
#[ignore = "run by other tests"]
fn child_is_answered() {
    let Some(url) = child_url() else {
        return;
    };
    let answer = get(&url, &Config::new()).expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut config = Config::new();
    config.set_system_trust(false);
    let error = get(&url, &config).expect_err("nobody is trusted");
    assert_eq!(error.kind(), Kind::Certificate);
    assert!(
        error.message().contains("no certificates are trusted"),
        "{error}"
    );
}

/// The same text as other programs save it.
fn as_saved_elsewhere(text: &str) -> Vec<Vec<u8>> {
    let marked = format!("\u{feff}{text}");
    let indented: String = text
        .lines()
        .map(|line| format!("    {line} \r\n"))
        .collect();
    vec![
        marked.as_bytes().to_vec(),
        marked.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        marked.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        text.replace('\n', "\r\n").into_bytes(),
        text.replace('\n', "\r").into_bytes(),
        indented.into_bytes(),
        format!("Bag Attributes: 0\n\n{text}\nkey: value\n{text}").into_bytes(),
    ]
}

#[test]
fn pem_is_read_as_other_programs_save_it() {
    let server = hello(Certificates::new());
    let pem = ca_text(&server);
    for bytes in as_saved_elsewhere(&pem) {
        let mut config = Config::new();
        config.add_ca_memory(&bytes).expect("pem");
        config.set_system_trust(false);
        let answer = get(&server.url(), &config).expect("trusted");
        assert_eq!(answer.body(), b"hello");
    }
    let certificate = data("p256-v1.pem");
    for name in ["p256-pkcs8.key", "p256-sec1.key"] {
        for bytes in as_saved_elsewhere(&data(name)) {
            Config::new()
                .add_client_certificate_memory(None, certificate.as_bytes(), &bytes)
                .expect(name);
        }
    }
    let trusted = pem.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
    for (bytes, expected) in [
        (
            trusted.as_bytes(),
            "TRUSTED CERTIFICATE is a format of OpenSSL",
        ),
        (b"-\0\0\0-\0\0\0", "is UTF-32, save it as UTF-8"),
        (b"\xff\xfe-", "is UTF-16, but damaged"),
    ] {
        let error = Config::new().add_ca_memory(bytes).expect_err(expected);
        assert_eq!(error.kind(), Kind::InvalidCertificates);
        assert!(error.message().contains(expected), "{error}");
    }
}

#[test]
fn no_verification_is_for_the_clients_own_host_alone() {
    let other = hello(Certificates::new());
    let same_host = format!("https://localhost:{}/there", other.address().port());
    let elsewhere = other.url();
    let targets = [same_host.clone(), elsewhere.clone()];
    let registry = RawServer::start_tls(move |conn| {
        while let Some(request) = conn.read_request() {
            let to = match request.target.as_str() {
                "/same-host" => &targets[0],
                "/elsewhere" => &targets[1],
                _ => {
                    conn.respond("200 OK", &[], b"hello");
                    continue;
                }
            };
            conn.respond("307 Temporary Redirect", &[("Location", to)], b"");
        }
    });
    let mut config = Config::new();
    config.set_insecure_skip_tls_verify(true);
    let address = format!("https://localhost:{}", registry.address().port());
    let client = Client::new(&address, &config).expect("a client");
    let get = |path: &str| client.execute(&mut client.request("GET", path).expect("a request"));
    for path in ["/", "/same-host", &same_host] {
        assert_eq!(get(path).expect(path).body(), b"hello");
    }
    for path in ["/elsewhere", &elsewhere] {
        let error = get(path).expect_err(path);
        assert_eq!(error.kind(), Kind::Certificate, "{error}");
        assert_eq!(error.host(), Some(other.authority().as_str()));
    }
    // What decides by the host can say otherwise.
    config.set_certificate_callback(Some(std::sync::Arc::new(|_, _, _| 0)));
    let client = Client::new(&address, &config).expect("a client");
    let mut request = client.request("GET", "/elsewhere").expect("a request");
    assert_eq!(client.execute(&mut request).expect("trusted").status(), 200);
}

#[test]
fn material_that_is_none_is_an_error_that_names_it() {
    let folder = temp::folder();
    let error = Config::new()
        .add_ca_folder(folder.path())
        .expect_err("empty");
    assert_eq!(error.kind(), Kind::InvalidCertificates);
    let error = Config::new()
        .add_ca_folder(&folder.path().join("missing"))
        .expect_err("missing");
    assert_eq!(error.errno(), libc::ENOENT, "{error}");
    fs::write(folder.path().join("good.crt"), Authority::new("a").pem()).expect("written");
    fs::write(folder.path().join("wrong.pem"), data("rsa-pkcs8.key")).expect("written");
    let error = Config::new()
        .add_ca_folder(folder.path())
        .expect_err("a key");
    assert!(
        error
            .message()
            .contains("wrong.pem: it contains no certificate"),
        "{error}"
    );

    let whole = der(&Authority::new("a").pem());
    let mut longer = whole.clone();
    longer.push(0);
    for bytes in [
        &b""[..],
        b"junk",
        b"\x30",
        &whole[..whole.len() - 1],
        &longer,
    ] {
        let error = Config::new().add_ca_memory(bytes).expect_err("junk");
        assert_eq!(error.kind(), Kind::InvalidCertificates, "{error}");
    }
    let error = Config::new()
        .add_certs_folder(&folder.path().join("good.crt"))
        .expect_err("no folder");
    assert_eq!(error.errno(), libc::ENOTDIR, "{error}");
}

#[test]
fn a_refusal_says_what_is_wrong_with_whose_certificate() {
    let v1 = data("p256-v1.pem");
    for (certificates, host, part) in [
        (
            Certificates::for_names(&["registry.example", "*.registry.example", "10.0.0.1"]),
            "127.0.0.1",
            "it is for registry.example, *.registry.example, 10.0.0.1",
        ),
        (
            Certificates::expired(),
            "localhost",
            "it expired on 2002-01-01",
        ),
        (
            Certificates::not_yet_valid(),
            "localhost",
            "it is not valid before 2101-01-01",
        ),
        (
            Certificates::with_common_name_only(),
            "localhost",
            "no subject alternative name",
        ),
        (
            Certificates::of_texts(&v1, &v1, &data("p256-pkcs8.key")),
            "localhost",
            "version 1",
        ),
    ] {
        let server = hello(certificates);
        let mut config = Config::new();
        config
            .add_ca_file(&server.ca_path().expect("a ca"))
            .expect("a ca");
        let url = format!("https://{host}:{}", server.address().port());
        let error = get(&url, &config).expect_err(part);
        assert_eq!(error.kind(), Kind::Certificate, "{error}");
        let port = server.address().port();
        let expected = format!("certificate of {host}:{port} is not trusted: ");
        assert!(error.message().starts_with(&expected), "{error}");
        assert!(error.message().contains(part), "{error}");
        let authority = format!("{host}:{}", server.address().port());
        assert_eq!(error.host(), Some(authority.as_str()));

        let error = get(&url, &Config::new()).expect_err("nobody knows it");
        assert_eq!(error.kind(), Kind::Certificate, "{error}");
    }
    let server = hello(Certificates::new());
    let error = get(&server.url(), &Config::new()).expect_err("nobody knows it");
    let expected = format!(
        "certificate of {} is not trusted: its issuer \"reggie test authority\" \
         is not among the trusted certificates",
        server.authority()
    );
    assert_eq!(error.message(), expected);
    let server = hello(Certificates::self_signed());
    let error = get(&server.url(), &Config::new()).expect_err("not trusted");
    let why = ": it is self-signed, and not among the trusted certificates";
    assert!(error.message().ends_with(why), "{error}");
}

#[test]
fn old_versions_of_tls_are_refused_with_a_word() {
    // An alert, and a server's hello of TLS 1.1.
    let alert = [0x15, 3, 1, 0, 2, 2, 70].to_vec();
    let mut hello_11 = vec![0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello_11.extend([7; 32]);
    hello_11.extend([0, 0xc0, 0x13, 0]);
    for words in [alert, hello_11] {
        let server = RawServer::start(move |conn| {
            conn.send(&words);
            conn.wait_for_close();
        });
        let url = server.url().replace("http:", "https:");
        let error = get(&url, &Config::new()).expect_err("too old");
        assert_eq!(error.kind(), Kind::Tls, "{error}");
        assert!(error.message().contains("no version of tls"), "{error}");
        assert!(error.message().contains("127.0.0.1"), "{error}");
    }
}

#[test]
fn the_oldest_version_can_be_set() {
    for (version, answers) in [
        (&rustls::version::TLS12, false),
        (&rustls::version::TLS13, true),
    ] {
        let server = hello(Certificates::new().speaking(version));
        let mut config = Config::new();
        config
            .add_ca_file(&server.ca_path().expect("a ca"))
            .expect("a ca");
        assert!(get(&server.url(), &config).is_ok());
        config.set_min_tls_version(TlsVersion::Tls13);
        match get(&server.url(), &config) {
            Ok(_) => assert!(answers),
            Err(error) => {
                assert!(!answers, "{error}");
                assert_eq!(error.kind(), Kind::Tls);
                assert!(error.message().contains("no version of tls"), "{error}");
            }
        }
        config.set_min_tls_version(TlsVersion::Tls12);
        assert!(get(&server.url(), &config).is_ok());
    }
}

#[test]
fn http_to_a_tls_port_says_so() {
    let server = hello(Certificates::new());
    let url = server.url().replace("https:", "http:");
    let error = get(&url, &Config::new()).expect_err("tls");
    assert_eq!(error.kind(), Kind::Protocol, "{error}");
    assert!(
        error.message().contains("does the server use https?"),
        "{error}"
    );
    // Some close right behind the alert, or say more.
    for words in [
        &b"\x15\x03\x01\x00\x02\x02\x46"[..],
        b"\x15\x03",
        b"\x16\x03\x01\x00\x02\x02\x46",
    ] {
        let server = RawServer::start(move |conn| {
            conn.read_request();
            conn.send(words);
        });
        let error = get(&server.url(), &Config::new()).expect_err("tls");
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
        assert!(error.message().contains("use https?"), "{error}");
    }
}

#[test]
fn keys_are_logged_where_that_is_set() {
    let server = hello(Certificates::new());
    let folder = temp::folder();
    let file = folder.path().join("keys");
    in_a_child(
        child_logs_no_keys,
        &server.url(),
        &[("SSLKEYLOGFILE", &file)],
    );
    assert!(!file.exists());
    in_a_child(child_logs_keys, &server.url(), &[("SSLKEYLOGFILE", &file)]);
    let keys = fs::read_to_string(&file).expect("a file");
    assert!(keys.contains("SERVER_TRAFFIC_SECRET_0 "), "{keys}");
    let missing = folder.path().join("no/such/folder");
    in_a_child(
        child_cannot_log_keys,
        &server.url(),
        &[("SSLKEYLOGFILE", &missing)],
    );
}

fn gets(key_log: bool) {
    let Some(url) = child_url() else {
        return;
    };
    let mut config = Config::new();
    config.set_insecure_skip_tls_verify(true);
    config.set_key_log(key_log);
    get(&url, &config).expect("an answer");
}

#[test]
#[ignore = "run by other tests"]
fn child_logs_no_keys() {
    gets(false);
}

#[test]
#[ignore = "run by other tests"]
fn child_logs_keys() {
    gets(true);
}

#[test]
#[ignore = "run by other tests"]
fn child_cannot_log_keys() {
    if child_url().is_none() {
        return;
    }
    let mut config = Config::new();
    config.set_key_log(true);
    let error = Client::new("http://registry.example", &config)
        .err()
        .expect("no file");
    assert_eq!((error.kind(), error.errno()), (Kind::File, libc::ENOENT));
    assert!(error.message().contains("no/such/folder"), "{error}");
}
