//! Pulls of whole blobs, from the embedded registry and from odd ones.

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::Duration;

use embedded_registry::{About, Fault, Options as RegistryOptions, Registry, Rule, TokenAuth};
use reggie::content::blob_pull::{to_callback, to_descriptor, to_memory};
use reggie::content::descriptor::Descriptor;
use reggie::content::file_pull::to_path;
use reggie::content::json::Json;
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::{Config, Kind, Step};
use support::raw_server::RawServer;

use crate::blob_server::{
    BlobServer, Events, Kept, MIB, config, content, descriptor, digest, repository, sizeless,
};

const NAME: &str = "team/app";

/// By every way, with and without a size in the descriptor.
fn pull_all_ways(registry: &Registry, content: &[u8]) {
    registry.put_blob(NAME, content);
    let repository = repository(registry.url(), &config());
    let options = Options::default();
    for blob in [descriptor(content), sizeless(content)] {
        let size = content.len();
        let bytes = to_memory(&repository, &blob, 0, size, &options).expect("pulled");
        assert!(bytes == content, "{size}");

        let kept = Kept::default();
        to_callback(&repository, &blob, Box::new(kept.clone()), &options).expect("pulled");
        assert!(kept.bytes() == content, "{size}");

        let mut file = tempfile::tempfile().expect("a file");
        to_descriptor(&repository, &blob, file.as_raw_fd(), &options).expect("pulled");
        let mut bytes = Vec::new();
        std::io::Seek::rewind(&mut file).expect("rewound");
        file.read_to_end(&mut bytes).expect("read");
        assert!(bytes == content, "{size}");

        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("blob");
        to_path(&repository, &blob, &path, &options).expect("pulled");
        assert!(std::fs::read(&path).expect("a file") == content, "{size}");
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .expect("a folder")
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }
}

#[test]
fn blobs_of_all_sizes_come_by_all_ways() {
    let registry = Registry::start(RegistryOptions::default());
    let withheld = 64 * 1024;
    for size in [0, 1, withheld - 1, withheld, withheld + 1, 3 * MIB + 7] {
        pull_all_ways(&registry, &content(size));
    }
}

#[test]
fn what_is_missing_or_forbidden_has_its_status() {
    for (status, kind) in [
        (404, Kind::NotFound),
        (401, Kind::Unauthorized),
        (403, Kind::Denied),
        (405, Kind::Unsupported),
        (418, Kind::HttpStatus),
    ] {
        let registry = Registry::start(RegistryOptions::default());
        let blob = content(100);
        registry.put_blob(NAME, blob.clone());
        let fault = Fault::status(status).error("CODE", "as the test says");
        registry.add_rule(Rule::new(fault).path("/blobs/"));
        let repository = repository(registry.url(), &config());
        let blob = descriptor(&blob);
        let error = to_memory(&repository, &blob, 0, MIB, &Options::default());
        let error = error.expect_err("refused");
        assert_eq!((error.kind(), error.http_status()), (kind, status));
        assert_eq!(error.registry_code(), Some("CODE"));
        assert_eq!(error.digest(), Some(blob.digest().as_str()));
        assert!(error.message().contains("as the test says"), "{error}");
    }
}

#[test]
fn no_body_of_an_error_reaches_an_output() {
    let server = BlobServer::start(content(100), |get| {
        get.status(
            "404 Not Found",
            &[("Content-Type", "text/html")],
            &[b'x'; 100],
        );
    });
    let folder = tempfile::tempdir().expect("a folder");
    let error = server.to_path(&folder.path().join("blob"), &Options::default());
    assert_eq!(error.expect_err("missing").kind(), Kind::NotFound);
    assert_eq!(
        std::fs::read_dir(folder.path()).expect("a folder").count(),
        0
    );
    let (bytes, result) = server.to_callback(&Options::default());
    assert!(bytes.is_empty() && result.is_err());
}

#[test]
fn errors_tell_how_long_to_wait() {
    // containerd#14066
    let server = BlobServer::start(content(100), |get| {
        get.status("429 Too Many", &[("Retry-After", "7200")], b"");
    });
    let error = server.to_memory().expect_err("refused");
    assert_eq!(error.kind(), Kind::RetryLater);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7200)));
    assert_eq!(error.digest(), Some(digest(&server.content).as_str()));
    let server = BlobServer::start(content(100), |get| {
        get.status("403 No", &[("Retry-After", "10")], b"");
    });
    let error = server.to_memory().expect_err("refused");
    assert_eq!(error.retry_after(), Some(Duration::from_secs(10)));
}

#[test]
fn embedded_content_needs_no_request() {
    let text = format!(
        r#"{{"digest":"{}","size":2,"mediaType":"a/b","data":"e30="}}"#,
        digest(b"{}")
    );
    let blob = Descriptor::of_json(&Json::parse(text.as_bytes()).expect("json")).expect("valid");
    let server = RawServer::start(|conn| conn.hold());
    let repository = repository(&server.url(), &config());
    let events = Events::default();
    let options = events.options();
    let bytes = to_memory(&repository, &blob, 0, MIB, &options).expect("embedded");
    assert_eq!(bytes, b"{}");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    to_path(&repository, &blob, &path, &Options::default()).expect("embedded");
    assert_eq!(std::fs::read(path).expect("a file"), b"{}");
    assert_eq!(server.connections(), 0);
    assert_eq!(events.main(), [Event::Begin, Event::End, Event::Done]);
}

#[test]
fn the_limits_of_memory_and_of_blobs_hold_before_anything_is_sent() {
    let server = BlobServer::start(content(100), |get| get.serve());
    let (repository, blob) = (server.repository(), server.descriptor());
    let error = to_memory(&repository, &blob, 0, 99, &Options::default());
    assert_eq!(error.expect_err("too large").kind(), Kind::BodyTooLarge);
    let mut options = Options::default();
    options.max_blob = Some(99);
    let error = to_memory(&repository, &blob, 0, 100, &options).expect_err("too large");
    assert_eq!(
        (error.kind(), error.step()),
        (Kind::SizeMismatch, Step::Verify)
    );
    assert_eq!(server.server.connections(), 0);
    // The size is known only from the response.
    let blob = sizeless(&server.content);
    let error = to_memory(&repository, &blob, 0, 100, &options).expect_err("too large");
    assert_eq!(error.kind(), Kind::SizeMismatch);
    let error = to_memory(&repository, &blob, 0, 99, &Options::default());
    assert_eq!(error.expect_err("too large").kind(), Kind::BodyTooLarge);
    options.max_blob = Some(100);
    to_memory(&repository, &blob, 0, 100, &options).expect("not too large");
    // Or not even from it.
    let server = BlobServer::start(content(100), |get| {
        let content = get.content.to_vec();
        get.conn.respond_chunked("200 OK", &[], &[&content]);
    });
    options.max_blob = Some(99);
    let error = to_memory(&server.repository(), &blob, 0, 100, &options);
    assert_eq!(error.expect_err("too large").kind(), Kind::SizeMismatch);
}

#[test]
fn a_token_that_has_expired_is_replaced() {
    // enroot#278
    let auth = TokenAuth::new("user", "secret").lifetime(Duration::from_millis(300));
    let options = RegistryOptions::default().auth(embedded_registry::Auth::Token(auth));
    let registry = Registry::start(options);
    let blobs: Vec<Vec<u8>> = (1000..1003).map(content).collect();
    let mut config: Config = config();
    config.set_credentials("user", "secret").expect("valid");
    let repository = repository(registry.url(), &config);
    for blob in &blobs {
        registry.put_blob(NAME, blob.clone());
        registry.revoke_tokens();
        let bytes = to_memory(&repository, &descriptor(blob), 0, MIB, &Options::default());
        assert!(bytes.expect("pulled") == *blob);
    }
    assert!(registry.count(About::Token) >= blobs.len());
}

#[test]
fn a_blob_may_be_redirected_or_not_and_its_digest_header_be_anywhere() {
    // ollama#7244, azure-sdk-for-java#33183, kaniko#298
    let blob = content(1000);
    let wanted = digest(&blob);
    let stored = blob.clone();
    let store = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            assert!(request.header("authorization").is_none());
            conn.respond("200 OK", &[], &stored);
        }
    });
    let url = format!("{}/signed?sig=1", store.url());
    for header in [None, Some(wanted.clone()), Some("e3b0c442".to_owned())] {
        let (url, header) = (url.clone(), header.clone());
        let server = BlobServer::start(blob.clone(), move |get| {
            let mut headers = vec![("Location", url.as_str())];
            if let Some(header) = &header {
                headers.push(("Docker-Content-Digest", header));
            }
            get.status("307 Temporary Redirect", &headers, b"");
        });
        assert!(server.to_memory().expect("pulled") == blob);
    }
}

#[test]
fn a_descriptor_that_cannot_be_written_is_an_error() {
    let server = BlobServer::start(content(MIB), |get| get.serve());
    let file = File::open("/dev/null").expect("opened");
    let options = Options::default();
    let (repository, blob) = (server.repository(), server.descriptor());
    let error = to_descriptor(&repository, &blob, file.as_raw_fd(), &options);
    let error = error.expect_err("read-only");
    assert_eq!((error.kind(), error.step()), (Kind::File, Step::Deliver));
    assert_eq!(server.server.requests().len(), 1, "it is not retried");
}

#[test]
fn all_but_the_last_64_kib_come_before_the_digest_is_known() {
    let right = content(3 * 64 * 1024);
    let server = BlobServer::start(right.clone(), |get| {
        let (head, body) = get.right();
        let mut body = body.to_vec();
        *body.last_mut().expect("not empty") ^= 1;
        get.send(&head, &body);
    });
    let (bytes, result) = server.to_callback(&Options::default());
    let error = result.expect_err("wrong");
    assert_eq!(
        (error.kind(), error.step()),
        (Kind::DigestMismatch, Step::Verify)
    );
    assert_eq!(error.digest(), Some(digest(&right).as_str()));
    assert!(bytes == right[..2 * 64 * 1024]);
    let error = server.to_memory().expect_err("wrong");
    assert_eq!(error.kind(), Kind::DigestMismatch);
}
