//! Pulling manifests, and looking them up.

use std::sync::Arc;
use std::time::Duration;

use embedded_registry::{Fault, Options as RegistryOptions, Registry, Rule};
use reggie::content::manifest_pull::{pull, resolve, stat};
use reggie::content::media_type::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;
use reggie::digest::{Algorithm, of_bytes};
use reggie::{Cancel, Kind};
use support::raw_server::RawServer;

use crate::documents::*;

fn start() -> Registry {
    Registry::start(RegistryOptions::default())
}

#[test]
fn manifests_are_pulled_by_tag_and_digest_as_they_are() {
    let registry = start();
    let text = artifact("a/b", ",\n \"other\":1e400 ");
    let sha256 = registry.put_manifest(NAME, "latest", OCI_MANIFEST, text.clone());
    let sha512 = of_bytes(Algorithm::Sha512, text.as_bytes());
    registry.put_manifest(NAME, &sha512, OCI_MANIFEST, text.clone());
    let repository = embedded(&registry);
    for (reference, digest) in [
        (None, &sha256),
        (Some("latest"), &sha256),
        (Some(sha256.as_str()), &sha256),
        (Some(sha512.as_str()), &sha512),
    ] {
        let pulled = pull(&repository, reference, &Options::default()).expect("pulled");
        assert_eq!(pulled.bytes(), text.as_bytes());
        let found = stat(&repository, reference, &Options::default()).expect("found");
        for descriptor in [pulled.descriptor(), &found] {
            assert_eq!(descriptor.digest().as_str(), digest);
            assert_eq!(descriptor.size(), Some(text.len() as u64));
            assert_eq!(descriptor.media_type(), OCI_MANIFEST);
        }
        assert_eq!(pulled.artifact_type(), Some("a/b"));
    }
    let methods: Vec<String> = registry.requests().into_iter().map(|r| r.method).collect();
    assert_eq!(methods, ["GET", "HEAD"].repeat(4), "one request each");
}

#[test]
fn cri_o_one_accept_field_has_all_media_types() {
    let registry = start();
    registry.put_manifest(NAME, "latest", OCI_MANIFEST, artifact("a/b", ""));
    let repository = embedded(&registry);
    let mut options = Options::default();
    options.add_manifest_type("x/y").expect("valid");
    pull(&repository, None, &options).expect("pulled");
    stat(&repository, None, &options).expect("found");
    for request in registry.requests() {
        let accept: Vec<&str> = request
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("accept"))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(accept.len(), 1, "{accept:?}");
        for media_type in [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, "x/y"] {
            assert!(accept[0].contains(media_type), "{accept:?}");
        }
    }
}

/// Puts an index with that many levels of other indexes below it, and an image
/// for amd64 at the end.
fn put_nested(registry: &Registry, levels: usize) -> String {
    let image = artifact("a/b", "");
    registry.put_manifest(NAME, "", OCI_MANIFEST, image.clone());
    let mut text = index(&[
        entry(OCI_MANIFEST, "{}", "linux/arm64"),
        entry(OCI_MANIFEST, &image, "linux/amd64"),
    ]);
    for _ in 0..levels {
        registry.put_manifest(NAME, "", OCI_INDEX, text.clone());
        let inner = descriptor(OCI_INDEX, &digest(text.as_bytes()), text.len(), "");
        text = index(&[inner]);
    }
    registry.put_manifest(NAME, "latest", OCI_INDEX, text);
    digest(image.as_bytes())
}

#[test]
fn a_platform_is_resolved_through_four_levels_of_indexes() {
    for levels in 0..=5 {
        let registry = start();
        let image = put_nested(&registry, levels);
        let repository = embedded(&registry);
        let options = Options::default();
        let resolved = resolve(&repository, None, Some("linux/amd64"), &options);
        if levels == 5 {
            let error = resolved.expect_err("too deep");
            assert_eq!(error.kind(), Kind::InvalidManifest);
            assert!(error.message().contains("more than 4 nested"), "{error}");
        } else {
            let resolved = resolved.expect("resolved");
            assert_eq!(resolved.descriptor().digest().as_str(), image);
        }
        // An index is returned as such otherwise.
        assert!(
            pull(&repository, None, &options)
                .expect("pulled")
                .is_index()
        );
        let error = resolve(&repository, None, Some("plan9/mips"), &options).expect_err("none");
        assert_eq!(
            error.kind(),
            if levels == 5 {
                Kind::InvalidManifest
            } else {
                Kind::NoPlatform
            }
        );
        if levels < 5 {
            assert!(
                error.message().contains("linux/arm64, linux/amd64"),
                "{error}"
            );
            assert!(error.digest().is_some());
        }
        let again = resolve(&repository, Some(&image), Some("plan9/mips"), &options);
        assert_eq!(
            again.expect("no index").descriptor().digest().as_str(),
            image
        );
    }
}

#[test]
fn references_are_checked_before_anything_is_sent() {
    let registry = start();
    let repository = embedded(&registry);
    for reference in [
        "",
        "a b",
        "../x",
        "a/b",
        "sha256:12",
        "sha256:../../x",
        "-a",
    ] {
        let error = pull(&repository, Some(reference), &Options::default()).expect_err(reference);
        assert_eq!(error.kind(), Kind::InvalidReference, "{error}");
        stat(&repository, Some(reference), &Options::default()).expect_err(reference);
        resolve(&repository, Some(reference), None, &Options::default()).expect_err(reference);
    }
    let reference = pull(&repository, Some("localhost/app:v1"), &Options::default());
    let message = reference.expect_err("no tag").message().to_owned();
    assert!(
        message.ends_with("is neither a tag nor a digest"),
        "{message}"
    );
    let error = resolve(&repository, None, Some("linux"), &Options::default());
    assert_eq!(error.expect_err("invalid").kind(), Kind::InvalidPlatform);
    assert!(registry.requests().is_empty());
}

#[test]
fn each_failure_has_its_kind_and_says_what_the_registry_says() {
    let registry = start();
    registry.put_manifest(NAME, "latest", OCI_MANIFEST, artifact("a/b", ""));
    let repository = embedded(&registry);
    let mut options = Options::default();
    options.set_retries(Some(0)).expect("in range");
    for (status, kind) in [
        (401, Kind::Unauthorized),
        (403, Kind::Denied),
        (404, Kind::NotFound),
        (405, Kind::Unsupported),
        (418, Kind::HttpStatus),
        (429, Kind::HttpStatus),
        (500, Kind::HttpStatus),
        (501, Kind::Unsupported),
    ] {
        let fault = Fault::status(status)
            .error("SOME_CODE", "some words")
            .set_header("Retry-After", "7");
        registry.add_rule(Rule::new(fault));
        let target = Some(EMPTY);
        for failed in [
            pull(&repository, target, &options).map(drop),
            stat(&repository, target, &options).map(drop),
            resolve(&repository, target, None, &options).map(drop),
        ] {
            let error = failed.expect_err("refused");
            assert_eq!(
                (error.kind(), error.http_status()),
                (kind, status),
                "{error}"
            );
            // From containerd: the time to wait is in each error.
            assert_eq!(error.retry_after(), Some(Duration::from_secs(7)), "{error}");
        }
        let error = pull(&repository, target, &options).expect_err("refused");
        assert_eq!(error.registry_code(), Some("SOME_CODE"));
        assert!(error.message().contains("some words"), "{error}");
        assert_eq!(error.digest(), Some(EMPTY));
        let host = error.host().expect("a host");
        let begin = format!("{host}: repository {NAME}: status {status}: ");
        assert!(error.message().starts_with(&begin), "{error}");
        registry.clear_rules();
    }
}

#[test]
fn failures_are_retried_as_often_as_the_options_or_the_client_say() {
    let registry = start();
    registry.put_manifest(NAME, "latest", OCI_MANIFEST, artifact("a/b", ""));
    let attempts = |repository: &Repository, options: &Options| {
        registry.clear_requests();
        registry.add_rule(Rule::new(Fault::status(503)));
        pull(repository, None, options).expect_err("unavailable");
        registry.clear_rules();
        pull(repository, None, options).expect("available");
        registry.requests().len() - 1
    };
    let repository = embedded(&registry);
    assert_eq!(attempts(&repository, &Options::default()), 6);
    let mut options = Options::default();
    options.set_retries(Some(2)).expect("in range");
    assert_eq!(attempts(&repository, &options), 3);
    let mut config = config();
    config.set_retries(1).expect("in range");
    let repository = repository_with(registry.url(), &config);
    assert_eq!(attempts(&repository, &Options::default()), 2);
    assert_eq!(attempts(&repository, &options), 3);
}

#[test]
fn progress_has_a_begin_and_an_end_for_each_manifest() {
    let registry = start();
    put_nested(&registry, 0);
    let repository = embedded(&registry);
    let (options, seen) = observed();
    let resolved = resolve(&repository, None, Some("linux/amd64"), &options).expect("resolved");
    let expected = [
        Event::Begin,
        Event::End,
        Event::Begin,
        Event::End,
        Event::Done,
    ];
    assert_eq!(events(&seen), expected);
    {
        let seen = seen.lock().expect("no panic");
        assert_eq!(seen[0].name, "latest");
        let last = seen.last().expect("events");
        assert_eq!(last.item.as_ref(), Some(resolved.descriptor()));
        assert_eq!(
            (last.done, last.total),
            (resolved.bytes().len() as u64, Some(last.done))
        );
    }
    let (options, seen) = observed();
    pull(&repository, Some("none"), &options).expect_err("missing");
    assert_eq!(events(&seen), [Event::Begin, Event::Fail, Event::Done]);
    let (options, seen) = observed();
    let found = stat(&repository, None, &options).expect("found");
    assert_eq!(events(&seen), [Event::Done]);
    assert_eq!(seen.lock().expect("no panic")[0].item, Some(found));
}

#[test]
fn the_limits_of_a_call_are_those_of_all_its_requests() {
    let image = artifact("a/b", "");
    let text = index(&[entry(OCI_MANIFEST, &image, "linux/amd64")]);
    for is_cancelled in [true, false] {
        let cancel = Cancel::new().expect("a handle");
        let trigger = cancel.clone();
        let list = text.clone();
        let server = RawServer::start(move |conn| {
            while let Some(request) = conn.read_request() {
                if request.target.ends_with("/latest") {
                    let headers = [("Content-Type", OCI_INDEX)];
                    conn.respond("200 OK", &headers, list.as_bytes());
                } else {
                    if is_cancelled {
                        trigger.trigger();
                    }
                    conn.hold();
                }
            }
        });
        let mut options = Options::default();
        match is_cancelled {
            true => options.cancel = Some(cancel),
            false => options.timeout = Some(Duration::from_millis(300)),
        }
        // The client's limit of a call is for calls of one request.
        let mut config = config();
        config.set_timeout(Some(Duration::from_millis(1)));
        let repository = repository_with(&server.url(), &config);
        let error = resolve(&repository, None, Some("linux/amd64"), &options).expect_err("ended");
        let kind = if is_cancelled {
            Kind::Cancelled
        } else {
            Kind::Deadline
        };
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn a_registry_that_requires_credentials_is_asked_with_them() {
    let options = RegistryOptions::default().token("user", "pass");
    let registry = Registry::start(options);
    registry.put_manifest(NAME, "latest", OCI_MANIFEST, artifact("a/b", ""));
    let error = pull(&embedded(&registry), None, &Options::default()).expect_err("refused");
    assert_eq!(error.kind(), Kind::Unauthorized);
    let mut config = config();
    config.set_credentials("user", "pass").expect("valid");
    let repository = repository_with(registry.url(), &config);
    pull(&repository, None, &Options::default()).expect("pulled");
    let client = Arc::clone(repository.client().expect("a registry"));
    let other = Repository::new(&client, Some("team/other")).expect("a repository");
    let error = pull(&other, None, &Options::default()).expect_err("missing");
    assert_eq!(error.kind(), Kind::NotFound);
}
