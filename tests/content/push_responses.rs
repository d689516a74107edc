//! Pushes: what each response of a registry means, and mounts.

use reggie::Kind;
use reggie::content::options::Options;
use reggie::content::push;

use super::pushing::*;
use super::quirky::{Quirky, push_to, usual};
use super::scripted::Reply;

#[test]
fn pushes_end_with_any_success() {
    for status in [200, 201, 202, 204] {
        let registry = Quirky::start(move |request, state| {
            let is_content = matches!(request.method.as_str(), "PATCH" | "PUT");
            drop(is_content.then(|| usual(request, state))?);
            Some(Reply::new(status, ""))
        });
        let bytes = content(2 * SMALL);
        push_to(&registry, memory(&bytes), &bytes, &small_chunks());
    }
}

/// Harbor, ECR Public and others do not always answer this question.
#[test]
fn a_registry_does_not_tell_what_exists() {
    for status in [401, 403, 405, 400] {
        let registry = Quirky::start(move |request, _| {
            (request.method == "HEAD").then(|| Reply::new(status, ""))
        });
        let bytes = content(10);
        push_to(&registry, memory(&bytes), &bytes, &Options::default());
    }
}

#[test]
fn mounts() {
    let bytes = content(10);
    let other = content(11);
    let mut options = Options::default();
    options.add_mount_from("first").expect("a name");
    options.add_mount_from("second").expect("a name");
    let registry = embedded_registry::Registry::start(embedded_registry::Options::default());
    let repository_ = repository(registry.url());
    registry.put_blob("second", bytes.clone());
    push_ok(&repository_, memory(&bytes), &bytes, &options);
    assert_eq!(registry.open_uploads(), 0, "the first one was discarded");
    assert!(registry.has_blob("team/app", &digest(&bytes)));
    // The upload that a registry begins instead is used.
    push_ok(&repository_, memory(&other), &other, &options);
    assert_eq!(registry.open_uploads(), 0);
    assert_eq!(registry.blob("team/app", &digest(&other)), Some(other));
    // 202 and 204 without a Location.
    for status in [401, 404, 405, 409, 501, 202, 204] {
        let registry = Quirky::start(move |request, _| {
            request
                .target
                .contains("mount=")
                .then(|| Reply::new(status, ""))
        });
        push_to(&registry, memory(&bytes), &bytes, &options);
        let mut requests = registry.requests();
        // After a 401 without a challenge, the root is asked for one.
        requests.retain(|request| request != "GET");
        let expected = ["HEAD", "POST", "POST", "POST", "PUT 10"];
        assert_eq!(requests, expected, "{status}");
    }
    // A server error may pass, but takes only one of the retries.
    let failing = Quirky::start(|request, _| {
        let is_mount = request.target.contains("mount=");
        is_mount.then(|| Reply::new(500, ""))
    });
    push_to(&failing, memory(&bytes), &bytes, &options);
    let mounts = failing.requests().len() - ["HEAD", "POST", "PUT"].len();
    assert_eq!(mounts, 3, "one more than repositories");
    let busy = Quirky::start(|request, _| {
        let is_mount = request.target.contains("mount=");
        is_mount.then(|| Reply::new(429, ""))
    });
    options.set_retries(Some(0)).expect("in range");
    let pushed = push::push(&repository(&busy.url()), memory(&bytes), None, &options);
    assert_eq!(assert_kind(pushed, Kind::HttpStatus).http_status(), 429);
    assert_eq!(busy.requests(), ["HEAD", "POST"]);
    let mounted = |digest: &str, from| push::mount(&repository_, digest, from, &Options::default());
    let third = registry.put_blob("third", b"third");
    assert!(mounted(&third, "third").expect("mounted"));
    assert!(registry.has_blob("team/app", &third));
    assert!(!mounted(&digest(b"none"), "third").expect("not mounted"));
    assert_eq!(registry.open_uploads(), 0);
    assert_kind(mounted("sha256:0", "third"), Kind::InvalidDigest);
    assert_kind(mounted(&third, "UPPER"), Kind::InvalidReference);
}

/// The query of the Location is a signature.
#[test]
fn the_query_of_a_location_is_sent_as_it_is() {
    let registry = Quirky::start(|_, _| None);
    let bytes = content(10);
    push_to(&registry, memory(&bytes), &bytes, &Options::default());
    let put = registry.heads().pop().expect("a request");
    let expected = format!(
        "/v2/team/app/blobs/uploads/1?_state=a%2Fb=&digest={}",
        digest(&bytes)
    );
    assert_eq!(put.target, expected);
}

#[test]
fn a_registry_without_a_location() {
    let registry =
        Quirky::start(|request, _| (request.method == "POST").then(|| Reply::new(202, "")));
    let pushed = push::push(
        &repository(&registry.url()),
        memory(b"a"),
        None,
        &Options::default(),
    );
    assert_kind(pushed, Kind::NoHeader);
}

#[test]
fn statuses_become_kinds() {
    for (status, kind) in [
        (401, Kind::Unauthorized),
        (403, Kind::Denied),
        (404, Kind::NotFound),
        (405, Kind::Unsupported),
        (409, Kind::HttpStatus),
    ] {
        let registry = Quirky::start(move |request, _| {
            (request.method == "POST").then(|| Reply::new(status, ""))
        });
        let pushed = push::push(
            &repository(&registry.url()),
            memory(b"a"),
            None,
            &Options::default(),
        );
        assert_kind(pushed, kind);
    }
}
