//! A registry that lies about manifests.

use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::{pull, resolve, stat};
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use reggie::digest::Algorithm;
use reggie::{Error, Kind};
use support::raw_server::RawServer;

use crate::documents::*;
use crate::scripted::{Reply, serve};

/// The failure of a pull from a server that has only this response.
fn failure(reply: Reply, reference: &str) -> Error {
    let server = serve(move |_| reply.clone());
    let repository = repository(&server.url());
    pull(&repository, Some(reference), &Options::default()).expect_err("a lie")
}

#[test]
fn another_manifest_than_that_of_the_digest_is_not_returned() {
    let text = artifact("a/b", "");
    let server = serve(move |_| {
        Reply::ok(OCI_MANIFEST, text.clone()).header("Docker-Content-Digest", EMPTY)
    });
    let repository = repository(&server.url());
    for failed in [
        pull(&repository, Some(EMPTY), &Options::default()),
        resolve(&repository, Some(EMPTY), None, &Options::default()),
    ] {
        let error = failed.expect_err("a lie");
        assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
        assert_eq!(error.digest(), Some(EMPTY));
    }
}

#[test]
fn an_index_that_lists_itself_does_not_loop() {
    // A digest cannot contain itself, so that the server has to lie.
    let server = serve(|_| {
        let inner = descriptor(OCI_INDEX, EMPTY, 2, "");
        Reply::ok(OCI_INDEX, index(&[inner]))
    });
    let repository = repository(&server.url());
    let error = resolve(&repository, Some("v1"), None, &Options::default()).expect_err("a lie");
    assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
}

#[test]
fn the_size_of_a_manifest_is_limited() {
    // Endless, and more than there is memory for.
    for head in [
        "Transfer-Encoding: chunked",
        "Content-Length: 9223372036854775808",
    ] {
        let server = RawServer::start(move |conn| {
            conn.read_request();
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\n{head}\r\n\r\n");
            conn.send(head.as_bytes());
            let chunk = [b"10000\r\n".as_slice(), &[b' '; 1 << 16], b"\r\n"].concat();
            while conn.send(&chunk) {}
        });
        let repository = repository(&server.url());
        let error = pull(&repository, Some("v1"), &Options::default()).expect_err("too large");
        assert_eq!(error.kind(), Kind::BodyTooLarge, "{error}");
        assert_eq!(server.requests().len(), 1, "no retry helps");
    }
    let text = artifact("a/b", "");
    let reply = Reply::ok(OCI_MANIFEST, text.clone());
    let server = serve(move |_| reply.clone());
    let repository = repository(&server.url());
    let mut options = Options::default();
    options.set_max_manifest(text.len() - 1).expect("in range");
    let error = pull(&repository, Some("v1"), &options).expect_err("too large");
    assert_eq!(error.kind(), Kind::BodyTooLarge);
    options.set_max_manifest(text.len()).expect("in range");
    pull(&repository, Some("v1"), &options).expect("not too large");
}

#[test]
fn a_manifest_that_is_cut_short_is_an_error() {
    let server = RawServer::start(|conn| {
        conn.read_request();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {OCI_MANIFEST}\r\n");
        conn.send(format!("{head}Content-Length: 1000\r\n\r\n{{}}").as_bytes());
    });
    let repository = repository(&server.url());
    let error = pull(&repository, Some("v1"), &Options::default()).expect_err("cut");
    assert_eq!(error.kind(), Kind::Truncated, "{error}");
    assert_eq!(server.requests().len(), 6);
}

#[test]
fn what_contradicts_itself_is_refused() {
    let image = artifact("a/b", "");
    let both = index(&[]).replace("\"manifests\"", "\"layers\":[],\"manifests\"");
    let deep = artifact(
        "a/b",
        &format!(",\"x\":{}{}", "[".repeat(1000), "]".repeat(1000)),
    );
    let deepest = "[".repeat(1_000_000);
    let upper = image.replace(EMPTY, &EMPTY.to_uppercase().replace("SHA256", "sha256"));
    let path = image.replace(EMPTY, "sha256:../../../../etc/passwd");
    for (media_type, text) in [
        (OCI_INDEX, image.as_str()),
        (OCI_MANIFEST, &both),
        (OCI_INDEX, &both),
        ("x/y", &both.replace(OCI_INDEX, "x/y")),
        ("x/y", &image),
        (OCI_MANIFEST, &deep),
        (OCI_MANIFEST, &deepest),
        // From llama.cpp: digests are used in paths.
        (OCI_MANIFEST, &upper),
        (OCI_MANIFEST, &path),
        (OCI_MANIFEST, "<html>"),
        (OCI_MANIFEST, ""),
        (OCI_MANIFEST, "null"),
        (OCI_MANIFEST, "\u{0}"),
    ] {
        let error = failure(Reply::ok(media_type, text), "v1");
        let beginning: String = text.chars().take(60).collect();
        assert_eq!(error.kind(), Kind::InvalidManifest, "{beginning}: {error}");
        assert!(error.message().len() < 2000 && !error.message().contains('\n'));
    }
}

#[test]
fn ten_thousand_layers_are_read() {
    let layer = descriptor("a/b", EMPTY, 2, ",\"annotations\":{\"a\":\"b\"}");
    let layers = vec![layer; 10_000].join(",");
    let text = artifact("a/b", "").replacen("\"layers\":[", &format!("\"layers\":[{layers},"), 1);
    let server = serve(move |_| Reply::ok(OCI_MANIFEST, text.clone()));
    let repository = repository(&server.url());
    let pulled = pull(&repository, Some("v1"), &Options::default()).expect("pulled");
    assert_eq!(pulled.layers().len(), 10_001);
}

#[test]
fn partial_and_empty_responses_are_no_manifests() {
    let text = artifact("a/b", "");
    for status in [201, 202, 204, 206, 226] {
        let reply = Reply::new(status, if status == 204 { "" } else { &text });
        let error = failure(reply.header("Content-Type", OCI_MANIFEST), "v1");
        assert_eq!(error.kind(), Kind::HttpStatus, "{status}: {error}");
    }
    let reply = Reply::new(206, text.clone()).header("Content-Type", OCI_MANIFEST);
    let error = failure(reply, &digest(text.as_bytes()));
    assert_eq!(error.kind(), Kind::PartialContent, "{error}");
}

#[test]
fn secrets_that_a_registry_repeats_are_in_no_message() {
    let secret = "correct-horse-battery";
    let media_type = format!("application/{secret}");
    let server = serve(move |request| match request.header("authorization") {
        Some(_) => Reply::ok(&media_type, artifact("a/b", "")),
        None => Reply::new(401, "").header("WWW-Authenticate", "Basic realm=\"x\""),
    });
    let mut config = config();
    config.set_credentials("user", secret).expect("valid");
    let repository = repository_with(&server.url(), &config);
    for failed in [
        pull(&repository, Some("v1"), &Options::default()).map(drop),
        stat(&repository, Some(EMPTY), &Options::default()).map(drop),
    ] {
        if let Err(error) = failed {
            assert!(!error.message().contains(secret), "{error}");
        }
    }
    let error = pull(&repository, Some("v1"), &Options::default()).expect_err("contradiction");
    assert_eq!(error.kind(), Kind::InvalidManifest);
    assert!(!error.message().contains(secret), "{error}");
}

#[test]
fn many_annotations_are_read_in_time() {
    let annotations: Vec<String> = (0..150_000).map(|n| format!(r#""{n}":"x""#)).collect();
    let text = format!(
        r#"{{"mediaType":"{OCI_INDEX}","manifests":[],"annotations":{{{},"7":"y"}}}}"#,
        annotations.join(",")
    );
    let begun = std::time::Instant::now();
    let manifest = Manifest::parse(text.into_bytes(), None, Algorithm::Sha256).expect("valid");
    assert_eq!(manifest.annotations().count(), 150_000);
    assert_eq!(
        manifest.annotations().at(7),
        Some(("7", "y")),
        "the last one counts"
    );
    // It took minutes when each was compared with all others.
    assert!(begun.elapsed() < std::time::Duration::from_secs(60));
}
