//! Whether a blob exists and how long it is; its deletion; odd registries.

use std::sync::Arc;

use embedded_registry::{Fault, Options as RegistryOptions, Registry, Rule};
use reggie::Kind;
use reggie::content::blob_stat::{delete, stat};
use reggie::content::options::Options;
use support::raw_conn::Conn;
use support::raw_server::RawServer;

use crate::blob_server::{config, content, digest, repository};

const NAME: &str = "team/app";

fn size_at(url: &str, content: &[u8]) -> Result<Option<u64>, reggie::Error> {
    stat(
        &repository(url, &config()),
        &digest(content),
        &Options::default(),
    )
}

#[test]
fn a_blob_exists_or_not() {
    let registry = Registry::start(RegistryOptions::default());
    let blob = content(1000);
    let error = size_at(registry.url(), &blob).expect_err("missing");
    assert_eq!((error.kind(), error.http_status()), (Kind::NotFound, 404));
    assert_eq!(error.digest(), Some(digest(&blob).as_str()));
    registry.put_blob(NAME, blob.clone());
    registry.clear_requests();
    assert_eq!(size_at(registry.url(), &blob).expect("exists"), Some(1000));
    assert_eq!(registry.requests().len(), 1);
    registry.put_blob(NAME, "");
    assert_eq!(size_at(registry.url(), b"").expect("exists"), Some(0));
    let error = stat(
        &repository(registry.url(), &config()),
        "sha256:12",
        &Options::default(),
    );
    assert_eq!(error.expect_err("invalid").kind(), Kind::InvalidDigest);
}

#[test]
fn a_blob_is_deleted() {
    let registry = Registry::start(RegistryOptions::default().delete(true));
    let digest = registry.put_blob(NAME, "blob");
    let repository = repository(registry.url(), &config());
    delete(&repository, &digest, &Options::default()).expect("deleted");
    assert!(!registry.has_blob(NAME, &digest));
    let error = delete(&repository, &digest, &Options::default()).expect_err("gone");
    assert_eq!(error.kind(), Kind::NotFound);
    registry.add_rule(Rule::new(Fault::status(405)).method("DELETE"));
    let error = delete(&repository, &digest, &Options::default()).expect_err("refused");
    assert_eq!(error.kind(), Kind::Unsupported);
}

/// A registry whose responses to HEAD are odd.
fn odd(head: impl Fn(&mut Conn) + Send + Sync + 'static) -> RawServer {
    let blob = content(1000);
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            match request.method.as_str() {
                "HEAD" => head(conn),
                _ if !request.target.contains("/blobs/") => {
                    conn.respond("404 Not Found", &[], b"");
                }
                _ => {
                    assert_eq!(request.header("range"), Some("bytes=0-0"));
                    let range = [("Content-Range", "bytes 0-0/1000")];
                    conn.respond("206 Part", &range, &blob[..1]);
                }
            }
        }
    })
}

#[test]
fn s3_refuses_head_at_a_url_that_was_signed_for_get() {
    // distribution#2055
    for status in ["403 Forbidden", "400 Bad Request", "404 Not Found"] {
        let blob = content(1000);
        let store = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                match request.method.as_str() {
                    "HEAD" => conn.respond(status, &[("Content-Length", "0")], b""),
                    _ => conn.respond(
                        "206 Part",
                        &[("Content-Range", "bytes 0-0/1000")],
                        &blob[..1],
                    ),
                };
            }
        });
        let location = format!("{}/signed", store.url());
        let registry = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                let _ = request;
                let headers = [("Location", location.as_str()), ("Content-Length", "0")];
                conn.respond("307 Elsewhere", &headers, b"");
            }
        });
        let size = size_at(&registry.url(), &content(1000)).expect("exists");
        assert_eq!(size, Some(1000), "{status}");
    }
}

#[test]
fn a_registry_without_head() {
    for status in ["405 No", "501 No", "400 No", "403 No", "401 No"] {
        let server = odd(move |conn| {
            conn.respond(status, &[("Content-Length", "0")], b"");
        });
        let size = size_at(&server.url(), &content(1000)).expect("exists");
        assert_eq!(size, Some(1000), "{status}");
    }
}

#[test]
fn a_size_that_head_does_not_tell_is_unknown() {
    // go-containerregistry#1061, godoxy#169
    for headers in [&[("Content-Length", "0")][..], &[]] {
        let headers: Arc<Vec<(&str, &str)>> = Arc::new(headers.to_vec());
        let server = odd(move |conn| {
            let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
            for (name, value) in headers.iter() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            conn.send(format!("{head}\r\n").as_bytes());
        });
        assert_eq!(
            size_at(&server.url(), &content(1000)).expect("exists"),
            None
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_store_that_is_overloaded_is_no_answer() {
    let server = odd(|conn| {
        conn.respond("503 Busy", &[("Content-Length", "0")], b"");
    });
    let error = size_at(&server.url(), &content(1000)).expect_err("busy");
    assert_eq!((error.kind(), error.http_status()), (Kind::HttpStatus, 503));
}
