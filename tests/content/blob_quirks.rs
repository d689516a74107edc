//! Pulling blobs from registries that do it their own way.

use std::time::{Duration, Instant};

use reggie::Kind;
use reggie::content::blob_pull::to_memory;
use reggie::content::blob_stat::stat;
use reggie::content::options::Options;
use support::raw_server::RawServer;

use crate::blob_server::{BlobServer, config, content, descriptor, digest, repository};

const SIZE: usize = 100_000;

#[test]
fn docker_hub_rejects_pulls_for_hours() {
    let server = BlobServer::start(content(SIZE), |get| {
        let headers = [
            ("Retry-After", "21600"),
            ("RateLimit-Limit", "100;w=21600"),
            ("RateLimit-Remaining", "0;w=21600"),
        ];
        let body = br#"{"errors":[{"code":"TOOMANYREQUESTS","message":"pull rate limit"}]}"#;
        get.status("429 Too Many Requests", &headers, body);
    });
    let begun = Instant::now();
    let error = server.to_memory().expect_err("rejected");
    assert_eq!(error.kind(), Kind::RetryLater);
    assert_eq!(error.http_status(), 429);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(21600)));
    assert_eq!(server.ranges().len(), 1);
    assert!(begun.elapsed() < Duration::from_secs(60), "it did not wait");
}

#[test]
fn quay_redirects_to_a_store_which_gets_no_credentials() {
    let blob = content(SIZE);
    let stored = blob.clone();
    let store = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            match request.header("authorization") {
                // A second kind of authorization beside the signature.
                Some(_) => conn.respond("400 Bad Request", &[], b""),
                None => conn.respond("200 OK", &[], &stored),
            };
        }
    });
    let url = store.url();
    let server = BlobServer::start(blob, move |get| match get.request.header("authorization") {
        None => {
            let challenge = ("WWW-Authenticate", r#"Basic realm="quay""#);
            get.status("401 Unauthorized", &[challenge], b"");
        }
        Some(_) => {
            let location = format!("{url}/blob?X-Amz-Signature=abc&Expires=1");
            get.status("302 Found", &[("Location", &location)], b"");
        }
    });
    let mut config = config();
    config.set_credentials("user", "password").expect("valid");
    let repository = repository(&server.server.url(), &config);
    let bytes = to_memory(
        &repository,
        &server.descriptor(),
        0,
        SIZE,
        &Options::default(),
    );
    assert!(bytes.expect("pulled") == *server.content);
    assert_eq!(
        store.requests()[0].target,
        "/blob?X-Amz-Signature=abc&Expires=1"
    );
}

#[test]
fn s3_a_signed_url_is_not_used_again_after_a_break() {
    let blob = content(SIZE);
    let stored = blob.clone();
    let store = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let half = SIZE / 2;
            if request.target == "/1" {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
                let _ = conn.send(head.as_bytes()) && conn.send(&stored[..half]);
                conn.finish();
                conn.wait_for_close();
                return;
            }
            let head = format!(
                "HTTP/1.1 206 Part\r\nContent-Range: bytes {half}-{}/{SIZE}\r\n\
                 Content-Length: {half}\r\n\r\n",
                SIZE - 1
            );
            let _ = conn.send(head.as_bytes()) && conn.send(&stored[half..]);
        }
    });
    let url = store.url();
    let server = BlobServer::start(blob, move |get| {
        let location = format!("{url}/{}", get.number + 1);
        get.status("307 Temporary Redirect", &[("Location", &location)], b"");
    });
    assert!(server.to_memory().expect("pulled") == *server.content);
    let targets: Vec<String> = store.requests().iter().map(|r| r.target.clone()).collect();
    assert_eq!(targets, ["/1", "/2"], "the old URL is not used again");
}

#[test]
fn ggcr_refuses_a_range_without_an_end() {
    let server = BlobServer::start(content(SIZE), |get| {
        match get
            .request
            .header("range")
            .map(|range| range.ends_with('-'))
        {
            Some(true) => get.status("416 Range Not Satisfiable", &[], b""),
            Some(false) => get.serve(),
            None => get.serve_cut(SIZE / 2),
        }
    });
    assert!(server.to_memory().expect("pulled") == *server.content);
    let expected = format!("bytes={}-{}", SIZE / 2, SIZE - 1);
    assert_eq!(server.ranges()[1].as_deref(), Some(expected.as_str()));
}

#[test]
fn stereoscope_ranges_work_though_they_are_not_advertised() {
    let server = BlobServer::start(content(SIZE), |get| match get.number {
        0 => {
            let head =
                format!("HTTP/1.1 200 OK\r\nAccept-Ranges: none\r\nContent-Length: {SIZE}\r\n\r\n");
            let body = get.content[..SIZE / 2].to_vec();
            get.send(&head, &body);
            get.cut();
        }
        _ => get.serve(),
    });
    assert!(server.to_memory().expect("pulled") == *server.content);
    assert!(server.ranges()[1].is_some());
}

#[test]
fn harbor_the_length_in_a_head_response_is_another_one() {
    let blob = content(SIZE);
    let served = blob.clone();
    let server = RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            match request.method.as_str() {
                "HEAD" => {
                    conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                }
                _ => {
                    conn.respond("200 OK", &[], &served);
                }
            }
        }
    });
    let repository = repository(&server.url(), &config());
    let size = stat(&repository, &digest(&blob), &Options::default()).expect("exists");
    assert!(size.is_none() || size == Some(SIZE as u64), "{size:?}");
    let bytes = to_memory(
        &repository,
        &descriptor(&blob),
        0,
        SIZE,
        &Options::default(),
    );
    assert!(bytes.expect("pulled") == blob);
}

#[test]
fn ecr_public_says_401_or_404_to_head() {
    for status in ["401 Unauthorized", "404 Not Found"] {
        let blob = content(SIZE);
        let served = blob.clone();
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                match request.method.as_str() {
                    "HEAD" => conn.respond(status, &[], b""),
                    _ => conn.respond("200 OK", &[], &served),
                };
            }
        });
        let repository = repository(&server.url(), &config());
        let descriptor = descriptor(&blob);
        let options = Options::default();
        let bytes = to_memory(&repository, &descriptor, 0, SIZE, &options);
        assert!(bytes.expect("pulled without HEAD") == blob);
    }
}
