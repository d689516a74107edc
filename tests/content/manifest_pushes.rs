//! Pushing manifests.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use embedded_registry::{Fault, Options as RegistryOptions, Recorded, Registry, Rule};
use reggie::Kind;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase};
use reggie::digest::{Algorithm, of_bytes};

use crate::documents::*;
use crate::scripted::{Reply, requests, serve};

/// A registry that has the empty blob.
pub(crate) fn start() -> Registry {
    let registry = Registry::start(RegistryOptions::default());
    registry.put_blob(NAME, b"{}");
    registry
}

fn methods(registry: &Registry, part: &str) -> Vec<String> {
    let is_about = |request: &Recorded| request.target.contains(part);
    let requests = registry.requests().into_iter().filter(is_about);
    requests.map(|request| request.method).collect()
}

fn options() -> Options {
    Options::default()
}

#[test]
fn each_tag_is_set_by_one_request() {
    let registry = start();
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    push(&repository, &manifest, &["v1", "v2", "v1"], &options()).expect("pushed");
    assert_eq!(methods(&registry, "/manifests/v1"), ["HEAD", "PUT"]);
    assert_eq!(methods(&registry, "/manifests/v2"), ["HEAD", "PUT"]);
    assert_eq!(
        methods(&registry, "/manifests/sha256:"),
        [""; 0],
        "not by digest too"
    );
    for tag in ["v1", "v2"] {
        let pulled = pull(&repository, Some(tag), &options()).expect("pulled");
        assert_eq!(pulled.bytes(), manifest.bytes());
    }
    let put = registry.requests();
    let put = put
        .iter()
        .find(|request| request.method == "PUT")
        .expect("a push");
    assert_eq!(put.header("content-type"), Some(OCI_MANIFEST));
    assert_eq!(put.body.as_deref(), Some(manifest.bytes()));
}

#[test]
fn without_a_tag_a_manifest_is_pushed_by_its_digest() {
    let manifest = parse(&artifact("a/b", ""));
    let sha256 = manifest.descriptor().digest().as_str().to_owned();
    let sha512 = of_bytes(Algorithm::Sha512, manifest.bytes());
    for (tags, target) in [
        (&[][..], &sha256),
        (&[sha256.as_str()], &sha256),
        (&[sha512.as_str()], &sha512),
    ] {
        let registry = start();
        let repository = embedded(&registry);
        push(&repository, &manifest, tags, &options()).expect("pushed");
        assert_eq!(
            methods(&registry, &format!("/manifests/{target}")),
            ["HEAD", "PUT"]
        );
        assert!(registry.manifest(NAME, target).is_some());
        registry.clear_requests();
        push(&repository, &manifest, tags, &options()).expect("exists");
        assert_eq!(methods(&registry, "/manifests/"), ["HEAD"]);
    }
}

#[test]
fn a_digest_among_the_tags_is_checked_and_sets_no_tag() {
    let registry = start();
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    let sha512 = of_bytes(Algorithm::Sha512, manifest.bytes());
    push(&repository, &manifest, &["v1", &sha512], &options()).expect("pushed");
    assert_eq!(methods(&registry, "PUT"), [""; 0]);
    assert_eq!(methods(&registry, "/manifests/"), ["HEAD", "PUT"]);
    registry.clear_requests();
    for tags in [&["v2", EMPTY][..], &[EMPTY]] {
        let error = push(&repository, &manifest, tags, &options()).expect_err("another");
        assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
    }
    for tags in [&["v2", ""][..], &["a/b"], &["sha256:12"]] {
        let error = push(&repository, &manifest, tags, &options()).expect_err("invalid");
        assert_eq!(error.kind(), Kind::InvalidReference, "{error}");
    }
    assert!(registry.requests().is_empty());
}

#[test]
fn ecr_a_tag_that_has_the_digest_is_left_alone() {
    let registry = start();
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    push(&repository, &manifest, &["v1"], &options()).expect("pushed");
    // Tags are immutable.
    let fault = Fault::status(400).error("TAG_INVALID", "immutable");
    registry.add_rule(Rule::new(fault).method("PUT").path("/v1"));
    registry.clear_requests();
    let (observed, seen) = observed();
    push(&repository, &manifest, &["v1"], &observed).expect("unchanged");
    assert_eq!(methods(&registry, "/manifests/"), ["HEAD"]);
    assert_eq!(events(&seen), [Event::Begin, Event::Skip, Event::Done]);
    // But a digest that exists says nothing about another tag.
    push(&repository, &manifest, &["v1", "v2"], &options()).expect("pushed");
    assert!(registry.manifest(NAME, "v2").is_some());
    let other = parse(&artifact("c/d", ""));
    let error = push(&repository, &other, &["v1"], &options()).expect_err("refused");
    assert_eq!((error.kind(), error.http_status()), (Kind::HttpStatus, 400));
    assert_eq!(error.digest(), Some(other.descriptor().digest().as_str()));
}

#[test]
fn progress_counts_the_bytes_once() {
    let registry = start();
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    let (options, seen) = observed();
    push(&repository, &manifest, &["v1", "v2"], &options).expect("pushed");
    assert_eq!(events(&seen), [Event::Begin, Event::End, Event::Done]);
    let seen = seen.lock().expect("no panic");
    let last = seen.last().expect("events");
    assert_eq!((last.phase, last.name.as_str()), (Phase::Push, "v1"));
    assert_eq!(last.done, manifest.bytes().len() as u64);
    assert_eq!(last.item.as_ref(), Some(manifest.descriptor()));
}

#[test]
fn the_empty_blob_is_pushed_if_it_is_missing() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let manifest = parse(&artifact("a/b", ""));
    push(&repository, &manifest, &["v1"], &options()).expect("pushed");
    assert_eq!(registry.blob(NAME, EMPTY).as_deref(), Some(&b"{}"[..]));
    assert_eq!(methods(&registry, "/blobs/"), ["HEAD", "POST", "PUT"]);
    registry.clear_requests();
    push(&repository, &manifest, &["v2"], &options()).expect("pushed");
    assert_eq!(methods(&registry, "/blobs/"), ["HEAD"]);
    // Other content has to exist.
    let blob = descriptor("a/b", &digest(b"x"), 1, "");
    let text = format!(r#"{{"mediaType":"{OCI_MANIFEST}","config":{blob},"layers":[]}}"#);
    registry.clear_requests();
    let error = push(&repository, &parse(&text), &["v3"], &options()).expect_err("missing");
    assert_eq!(error.kind(), Kind::BlobMissing, "{error}");
    assert_eq!(error.digest(), Some(digest(b"x").as_str()));
    let missing = format!("; missing: {}", digest(b"x"));
    assert!(error.message().ends_with(&missing), "{error}");
    assert_eq!(
        methods(&registry, "/manifests/"),
        ["HEAD", "PUT"],
        "no retry"
    );
    assert_eq!(methods(&registry, "/blobs/"), [""; 0]);
}

/// A server that misses a blob so many times after it was uploaded.
fn forgetful(times: usize) -> support::raw_server::RawServer {
    let left = AtomicUsize::new(times);
    serve(move |request| match request.method.as_str() {
        "HEAD" => Reply::new(404, ""),
        "POST" => Reply::new(202, "").header("Location", "/upload?state=1"),
        "PUT" if request.target.starts_with("/upload") => Reply::new(201, ""),
        "PUT" => {
            match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)) {
                Ok(_) => Reply::error(400, "MANIFEST_BLOB_UNKNOWN"),
                Err(_) => Reply::new(201, ""),
            }
        }
        _ => Reply::new(404, ""),
    })
}

#[test]
fn acr_a_blob_that_was_just_uploaded_may_be_unknown_for_a_moment() {
    let manifest = parse(&artifact("a/b", ""));
    let puts = |server: &support::raw_server::RawServer| {
        let sent = requests(server);
        sent.iter()
            .filter(|sent| sent.starts_with("PUT /v2/"))
            .count()
    };
    let server = forgetful(3);
    push(&repository(&server.url()), &manifest, &["v1"], &options()).expect("pushed");
    assert_eq!(puts(&server), 4);
    let server = forgetful(usize::MAX);
    let error = push(&repository(&server.url()), &manifest, &["v1"], &options());
    let error = error.expect_err("missing");
    assert_eq!(error.kind(), Kind::BlobMissing, "{error}");
    assert_eq!(error.registry_code(), Some("MANIFEST_BLOB_UNKNOWN"));
    assert_eq!(puts(&server), 6);
    let sent = requests(&server);
    assert!(
        sent.contains(&format!("PUT /upload?state=1&digest={EMPTY}").replace(':', "%3A"))
            || sent.contains(&format!("PUT /upload?state=1&digest={EMPTY}")),
        "{sent:?}"
    );
}

#[test]
fn a_registry_that_stores_something_else_is_an_error() {
    let manifest = parse(&artifact("a/b", ""));
    let other = digest(b"other");
    for (stated, is_right) in [
        (manifest.descriptor().digest().as_str(), true),
        (&of_bytes(Algorithm::Sha512, manifest.bytes()), true),
        ("0123", true),
        (&other, false),
    ] {
        let stated = stated.to_owned();
        let server = serve(move |request| match request.method.as_str() {
            "PUT" => Reply::new(201, "").header("Docker-Content-Digest", &stated),
            "HEAD" if request.target.contains("/blobs/") => Reply::new(200, ""),
            _ => Reply::new(404, ""),
        });
        let pushed = push(&repository(&server.url()), &manifest, &["v1"], &options());
        assert_eq!(pushed.is_ok(), is_right);
        if let Err(error) = pushed {
            assert_eq!(error.kind(), Kind::DigestMismatch, "{error}");
        }
    }
}

#[test]
fn whoever_may_push_need_not_be_allowed_to_look() {
    let manifest = parse(&artifact("a/b", ""));
    for status in [401, 403, 405, 418] {
        let server = serve(move |request| match request.method.as_str() {
            "PUT" => Reply::new(201, ""),
            "HEAD" if request.target.contains("/blobs/") => Reply::new(200, ""),
            _ => Reply::new(status, ""),
        });
        push(&repository(&server.url()), &manifest, &["v1"], &options()).expect("pushed");
    }
}

#[test]
fn a_push_that_a_callback_stops_or_that_is_refused_fails() {
    let manifest = parse(&artifact("a/b", ""));
    let registry = start();
    let mut options = options();
    let callback = |_: &_| Err(reggie_error());
    options.set_progress(
        Some(std::sync::Arc::new(callback)),
        std::time::Duration::ZERO,
    );
    let repository = embedded(&registry);
    let error = push(&repository, &manifest, &["v1"], &options).expect_err("stopped");
    assert_eq!(error.kind(), Kind::InvalidReference);
    assert_eq!(methods(&registry, "/manifests/"), [""; 0]);
    for (status, kind) in [
        (401, Kind::Unauthorized),
        (403, Kind::Denied),
        (413, Kind::HttpStatus),
    ] {
        registry.add_rule(Rule::new(Fault::status(status)).method("PUT"));
        let error = push(&repository, &manifest, &["v1"], &Options::default());
        let error = error.expect_err("refused");
        assert_eq!(
            (error.kind(), error.http_status()),
            (kind, status),
            "{error}"
        );
        registry.clear_rules();
    }
}

/// Any error.
fn reggie_error() -> reggie::Error {
    reggie::content::reference::Reference::parse("", None).expect_err("empty")
}

#[test]
fn concurrent_pushes_of_one_tag_all_succeed() {
    let registry = start();
    let repository = embedded(&registry);
    let pushed: Mutex<Vec<Manifest>> = Mutex::default();
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (repository, pushed) = (&repository, &pushed);
            scope.spawn(move || {
                let manifest = parse(&artifact(&format!("a/b{number}"), ""));
                push(repository, &manifest, &["v1"], &Options::default()).expect("pushed");
                pushed.lock().expect("no panic").push(manifest);
            });
        }
    });
    let (_, last) = registry.manifest(NAME, "v1").expect("a manifest");
    let pushed = pushed.lock().expect("no panic");
    assert!(pushed.iter().any(|manifest| manifest.bytes() == last));
}
