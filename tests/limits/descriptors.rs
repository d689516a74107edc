//! Calls of a program that has no descriptor left. Each failure says so, and
//! that the call may succeed later; then it does.

use std::fs::File;
use std::process::Command;
use std::time::Duration;

use reggie::{Client, Config, Error, Kind};
use support::certificates::Certificates;
use support::child;
use support::raw_server::RawServer;
use support::temp;

#[test]
fn no_descriptor_left() {
    let plain = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let certificates = Certificates::new();
    let ca = certificates.ca_path();
    let tls = RawServer::start_tls_with(certificates, |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let folder = temp::folder();
    let file = folder.path().join("file");
    std::fs::write(&file, b"body").expect("written");
    let credentials = folder.path().join("config.json");
    std::fs::write(&credentials, b"{}").expect("written");
    let mut command = Command::new("sh");
    command
        .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("a path"))
        .args(child::arguments(child_without_descriptors))
        .env("TEST_PLAIN", plain.url())
        .env("TEST_TLS", tls.url())
        .env("TEST_FILE", file)
        .env("TEST_CREDENTIALS", credentials)
        .env("SSL_CERT_FILE", ca);
    child::run(command);
}

/// Opens files until none is left; dropping them frees the descriptors.
fn take_all() -> Vec<File> {
    std::iter::from_fn(|| File::open("/dev/null").ok()).collect()
}

/// A call fails while there is no descriptor, and then succeeds.
fn fails_for_now<T>(what: &str, kind: Kind, call: impl Fn() -> Result<T, Error>) {
    fails_with(0, what, kind, call);
}

/// A call fails while there are `left` descriptors, and then succeeds.
fn fails_with<T>(left: usize, what: &str, kind: Kind, call: impl Fn() -> Result<T, Error>) {
    let mut taken = take_all();
    taken.truncate(taken.len() - left);
    let outcome = call();
    drop(taken);
    let error = outcome.err().unwrap_or_else(|| panic!("{what}: no error"));
    assert_eq!(error.kind(), kind, "{what}: {error}");
    assert!(error.is_retryable(), "{what}: {error}");
    assert_eq!(error.errno(), libc::EMFILE, "{what}: {error}");
    assert!(error.message().contains("too many open files"), "{error}");
    if let Err(error) = call() {
        panic!("{what}, again: {error}");
    }
}

#[test]
#[ignore = "run by another test"]
fn child_without_descriptors() {
    let Ok(plain) = std::env::var("TEST_PLAIN") else {
        return;
    };
    let of = |name| std::env::var(name).expect("set");
    let (tls, file, credentials) = (of("TEST_TLS"), of("TEST_FILE"), of("TEST_CREDENTIALS"));
    let mut config = Config::new();
    config.set_retries(0).expect("no retries");
    config.set_max_idle_connections(0, Duration::ZERO);
    let client = Client::new(&plain, &config).expect("a client");
    let send = |client: &Client, method: &str, body: bool| {
        let mut request = client.request(method, "/")?;
        if body {
            request.set_body_path((&file).into());
        }
        client.execute(&mut request)
    };
    fails_for_now("connect", Kind::Connect, || send(&client, "GET", false));
    fails_for_now("body", Kind::File, || send(&client, "PUT", true));
    let by_name = plain.replace("127.0.0.1", "localhost");
    let named = Client::new(&by_name, &config).expect("a client");
    fails_for_now("resolve", Kind::Resolve, || send(&named, "GET", false));
    // getaddrinfo itself finds none left, and reports an unknown name.
    fails_with(2, "resolver", Kind::Resolve, || send(&named, "GET", false));
    fails_for_now("trust", Kind::InvalidCertificates, || {
        let client = Client::new(&tls, &config)?;
        send(&client, "GET", false)
    });
    fails_for_now("credentials", Kind::InvalidCredentialsFile, || {
        let mut config = Config::new();
        config.add_credentials_file(credentials.as_ref())?;
        let client = Client::new(&plain, &config)?;
        send(&client, "GET", false)
    });
    fails_for_now("cancel", Kind::NoMemory, reggie::Cancel::new);
}
