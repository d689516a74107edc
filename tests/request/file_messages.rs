//! The messages about files that cannot be opened, read or written: what, path
//! and the text of the errno, in one format.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::process::{self, Command};

use reggie::digest::Algorithm;
use reggie::{Client, Config, Error, Kind, Response};
use support::child;
use support::raw_server::RawServer;

fn server() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"body");
        }
    })
}

fn send(config: &Config, change: impl FnOnce(&mut reggie::Request)) -> Result<Response, Error> {
    let server = server();
    let client = Client::new(&server.url(), config)?;
    let mut request = client.request("PUT", "/v2/")?;
    change(&mut request);
    client.execute(&mut request)
}

fn put(change: impl FnOnce(&mut reggie::Request)) -> Error {
    send(&Config::new(), change).expect_err("a failure")
}

fn create(set: impl FnOnce(&mut Config) -> Result<(), Error>) -> Error {
    let mut config = Config::new();
    match set(&mut config) {
        Err(error) => error,
        Ok(()) => send(&config, |_| ()).expect_err("a failure"),
    }
}

#[test]
fn every_message_has_what_and_path_and_errno() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().to_str().expect("a name").to_owned();
    let none = format!("{folder}/none\n/x");
    let shown = format!("{folder}/none\\n/x");
    let (no_file, is_folder) = ("no such file or directory", "is a directory");
    let full = File::options()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let path = Path::new(&none);
    for (error, step, expected, errno) in [
        (
            put(|request| request.set_output_path(path.into())),
            "deliver",
            format!("output {shown}: {no_file}"),
            libc::ENOENT,
        ),
        (
            put(|request| request.set_output_descriptor(full.as_raw_fd())),
            "deliver",
            format!(
                "output descriptor {}: no space left on device",
                full.as_raw_fd()
            ),
            libc::ENOSPC,
        ),
        (
            put(|request| {
                let set = request.set_body_descriptor(full.as_raw_fd(), None);
                set.expect("it is open");
            }),
            "send",
            format!("body descriptor {}: bad file descriptor", full.as_raw_fd()),
            libc::EBADF,
        ),
        (
            put(|request| request.set_body_path(path.into())),
            "send",
            format!("body {shown}: {no_file}"),
            libc::ENOENT,
        ),
        (
            put(|request| request.set_body_path(folder.clone().into())),
            "send",
            format!("body {folder}: {is_folder}"),
            libc::EISDIR,
        ),
        (
            create(|config| config.add_ca_file(path)),
            "prepare",
            format!("certificates {shown}: {no_file}"),
            libc::ENOENT,
        ),
        (
            create(|config| config.add_ca_folder(path)),
            "prepare",
            format!("certificates {shown}: {no_file}"),
            libc::ENOENT,
        ),
        (
            create(|config| config.add_client_certificate_file(None, path, None)),
            "prepare",
            format!("client certificate {shown}: {no_file}"),
            libc::ENOENT,
        ),
        (
            reggie::digest::of_file(Algorithm::Sha256, path).expect_err("no file"),
            "prepare",
            format!("digest of {shown}: {no_file}"),
            libc::ENOENT,
        ),
    ] {
        assert_eq!(error.message(), expected);
        assert_eq!(error.step().name(), step, "{error}");
        assert_eq!(error.errno(), errno, "{error}");
        assert!(!error.is_retryable(), "{error}");
    }
}

#[test]
fn a_lack_of_descriptors_is_said_everywhere() {
    if !child::enter(a_lack_of_descriptors_is_said_everywhere) {
        return;
    }
    let server = server();
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let limited = Command::new("prlimit")
        .args(["--nofile=64:64", "--pid", &process::id().to_string()])
        .status();
    if !limited.is_ok_and(|status| status.success()) {
        eprintln!("prlimit is missing: not tested");
        return;
    }
    let mut held = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        held.push(file);
    }
    let mut request = client.request("GET", "/v2/").expect("a request");
    let connect = client.execute(&mut request).expect_err("no descriptor");
    let mut config = Config::new();
    let file = Path::new("/etc/hosts");
    let certificates = match config.add_ca_file(file) {
        Err(error) => error,
        Ok(()) => Client::new(&server.url(), &config)
            .err()
            .expect("no descriptor"),
    };
    drop(held);
    assert_eq!(connect.kind(), Kind::Connect);
    assert_eq!(
        connect.message(),
        format!("connect to {}: too many open files", server.authority())
    );
    assert_eq!(
        certificates.message(),
        "certificates /etc/hosts: too many open files"
    );
    for error in [connect, certificates] {
        assert_eq!(error.errno(), libc::EMFILE, "{error}");
        assert!(error.is_retryable(), "{error}");
    }
}
