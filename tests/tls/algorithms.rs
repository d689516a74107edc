//! TLS: keys and signatures that private authorities use. OpenSSL makes the
//! certificates and is the server.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use reggie::{Client, Config, Error, Kind, Response};
use support::programs;
use support::server_process::ServerProcess;
use support::temp;

/// A folder of certificates, and the program that makes them.
struct Openssl {
    program: PathBuf,
    folder: tempfile::TempDir,
}

impl Openssl {
    fn find() -> Option<Openssl> {
        let program = programs::find("openssl");
        if program.is_none() {
            programs::missing("its tests of algorithms are skipped", "openssl");
        }
        Some(Openssl {
            program: program?,
            folder: temp::folder(),
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &str) {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path());
        let output = command.args(arguments.split(' ')).output();
        let output = output.expect("it can be run");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments}: {words}");
    }

    /// Makes `name.key` and `name.pem`, self-signed or by an authority.
    fn make(&self, name: &str, key: &str, hash: &str, authority: Option<&str>) {
        let ca = authority.is_none();
        let constraint = format!("basicConstraints=critical,CA:{ca}");
        let by = match authority {
            Some(ca) => format!(" -CA {ca}.pem -CAkey {ca}.key"),
            None => String::new(),
        };
        let hash = match hash {
            "" => String::new(),
            hash => format!(" -{hash}"),
        };
        let kind = match key.split_once(':') {
            Some(("ec", curve)) => format!("ec -pkeyopt ec_paramgen_curve:{curve}"),
            Some(("rsa", bits)) => format!("rsa -pkeyopt rsa_keygen_bits:{bits}"),
            _ => key.to_owned(),
        };
        self.run(&format!(
            "req -x509 -newkey {kind} -noenc -keyout {name}.key -out {name}.pem -days 20 \
             -subj /CN={name} -addext {constraint} -addext subjectAltName=IP:127.0.0.1{hash}{by}"
        ));
    }

    /// Starts a server with `name.pem`.
    fn serve(&self, name: &str, more: &[&str]) -> (ServerProcess, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        drop(listener);
        let paths = [
            self.path(&format!("{name}.pem")),
            self.path(&format!("{name}.key")),
        ];
        let mut arguments: Vec<&OsStr> = ["s_server", "-www", "-accept", &address, "-cert"]
            .map(OsStr::new)
            .to_vec();
        arguments.extend([
            paths[0].as_os_str(),
            OsStr::new("-key"),
            paths[1].as_os_str(),
        ]);
        arguments.extend(more.iter().map(OsStr::new));
        let server = ServerProcess::spawn(&self.program, &arguments).expect("it starts");
        let deadline = Instant::now() + Duration::from_secs(60);
        let ready = server.wait_for_line(deadline, |line| line.contains("ACCEPT").then_some(()));
        assert!(ready.is_some(), "{}", server.log());
        (server, format!("https://{address}"))
    }
}

fn get(url: &str, ca: &Path, identity: Option<(&Path, &Path)>) -> Result<Response, Error> {
    let mut config = Config::new();
    config.add_ca_file(ca)?;
    if let Some((certificate, key)) = identity {
        config.add_client_certificate_file(None, certificate, Some(key))?;
    }
    let client = Client::new(url, &config)?;
    let mut request = client.request("GET", "/")?;
    client.execute(&mut request)
}

#[test]
fn signatures_of_authorities() {
    let Some(openssl) = Openssl::find() else {
        return;
    };
    for (number, (authority, hash, key)) in [
        ("ec:P-256", "sha512", "ec:P-256"),
        ("ec:P-384", "sha512", "ec:P-256"),
        ("ec:P-521", "sha256", "ec:P-256"),
        ("ec:P-521", "sha384", "ec:P-384"),
        ("ec:P-521", "sha512", "rsa:2048"),
        ("rsa:3072", "sha512", "ec:P-521"),
        ("ec:P-521", "sha512", "ec:P-521"),
        ("ed25519", "", "ec:P-521"),
    ]
    .into_iter()
    .enumerate()
    {
        let (ca, leaf) = (format!("ca{number}"), format!("leaf{number}"));
        openssl.make(&ca, authority, hash, None);
        openssl.make(&leaf, key, hash, Some(&ca));
        // Another authority of the same name signs nothing for this one.
        let other = format!("other{number}");
        openssl.make(&other, authority, hash, None);
        for version in ["-tls1_2", "-tls1_3"] {
            let (_server, url) = openssl.serve(&leaf, &[version]);
            let case = format!("{authority} {hash} {key} {version}");
            let response = get(&url, &openssl.path(&format!("{ca}.pem")), None);
            let response = response.unwrap_or_else(|error| panic!("{case}: {error}"));
            assert_eq!(response.status(), 200, "{case}");
            let error = get(&url, &openssl.path(&format!("{other}.pem")), None);
            assert_eq!(error.expect_err(&case).kind(), Kind::Certificate);
        }
    }
}

#[test]
fn a_signature_with_sha_512_in_the_handshake() {
    let Some(openssl) = Openssl::find() else {
        return;
    };
    for curve in ["P-256", "P-384"] {
        openssl.make(curve, &format!("ec:{curve}"), "sha256", None);
        let more = ["-tls1_2", "-sigalgs", "ECDSA+SHA512"];
        let (_server, url) = openssl.serve(curve, &more);
        let ca = openssl.path(&format!("{curve}.pem"));
        let response = get(&url, &ca, None).unwrap_or_else(|error| panic!("{curve}: {error}"));
        assert_eq!(response.status(), 200);
    }
}

#[test]
fn a_key_exchange_with_p_521() {
    let Some(openssl) = Openssl::find() else {
        return;
    };
    openssl.make("server", "ec:P-256", "sha256", None);
    for version in ["-tls1_2", "-tls1_3"] {
        let more = [version, "-groups", "P-521:P-256"];
        let (_server, url) = openssl.serve("server", &more);
        let response = get(&url, &openssl.path("server.pem"), None);
        let response = response.unwrap_or_else(|error| panic!("{version}: {error}"));
        assert_eq!(response.status(), 200);
    }
}

#[test]
fn client_certificates_with_p_521() {
    let Some(openssl) = Openssl::find() else {
        return;
    };
    openssl.make("clients", "ec:P-521", "sha512", None);
    openssl.make("me", "ec:P-521", "sha512", Some("clients"));
    openssl.make("server", "ec:P-521", "sha512", None);
    openssl.run("ec -in me.key -out sec1.key");
    let clients = openssl.path("clients.pem");
    let clients = clients.to_str().expect("a text");
    let (certificate, ca) = (openssl.path("me.pem"), openssl.path("server.pem"));
    for version in ["-tls1_2", "-tls1_3"] {
        let more = [
            version,
            "-Verify",
            "3",
            "-verify_return_error",
            "-CAfile",
            clients,
        ];
        let (server, url) = openssl.serve("server", &more);
        for key in ["me.key", "sec1.key"] {
            let response = get(&url, &ca, Some((&certificate, &openssl.path(key))));
            let response = response.unwrap_or_else(|error| panic!("{version} {key}: {error}"));
            assert_eq!(response.status(), 200, "{}", server.log());
        }
        let error = get(&url, &ca, None).expect_err("no certificate");
        assert_eq!(error.kind(), Kind::Tls, "{error}");
    }
    let error = get(
        "https://127.0.0.1:1",
        &ca,
        Some((&ca, &openssl.path("me.key"))),
    );
    let error = error.expect_err("another key");
    assert_eq!(error.kind(), Kind::InvalidClientCertificate);
    assert!(error.message().contains("is not that of"), "{error}");
}

#[test]
fn an_algorithm_that_is_not_supported_is_named() {
    let Some(openssl) = Openssl::find() else {
        return;
    };
    for (number, (key, hash, part)) in [
        (
            "rsa:2048",
            "sha1",
            "signed with sha1WithRSAEncryption, which",
        ),
        (
            "ec:secp256k1",
            "sha256",
            "ecPublicKey with secp256k1, which",
        ),
        ("ec:P-256", "sha224", "signed with ecdsa-with-SHA224, which"),
    ]
    .into_iter()
    .enumerate()
    {
        let (ca, leaf) = (format!("ca{number}"), format!("leaf{number}"));
        openssl.make(&ca, key, hash, None);
        openssl.make(&leaf, "ec:P-256", hash, Some(&ca));
        let weak = ["-cipher", "DEFAULT@SECLEVEL=0"];
        let (_server, url) = openssl.serve(&leaf, &weak);
        let error = get(&url, &openssl.path(&format!("{ca}.pem")), None).expect_err(hash);
        assert_eq!(error.kind(), Kind::Certificate, "{error}");
        assert!(error.message().contains(part), "{error}");
        assert!(!error.message().contains(['[', '{']), "{error}");
    }
}
