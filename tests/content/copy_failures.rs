//! Copies that fail, and what is left of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use embedded_registry::{Ending, Fault, Registry, Rule};
use reggie::content::blob_stat::stat;
use reggie::content::copy::copy;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::progress::Event;
use reggie::content::repository::Repository;
use reggie::digest::Digest;
use reggie::{Cancel, Client, Kind};
use support::cutter::{Cut, Cutter};

use crate::copying::*;
use crate::documents::{descriptor, digest, index, parse};
use crate::pushing::assert_kind;
use crate::quirky::Quirky;
use crate::repositories::{NAME, config, repository};
use crate::scripted::Reply;

const SIZE: usize = 300_000;

fn path_of(blob: &[u8]) -> String {
    format!("/blobs/{}", digest(blob))
}

#[test]
fn wrong_content_of_a_registry_reaches_nobody() {
    for to in [Place::registry(), Place::layout()] {
        let from = Place::registry();
        image(from.repository(), "x", &[SIZE], &["v1"]);
        let blob = layer("x", SIZE);
        let wrong = Fault::serve().corrupt_body(SIZE as u64 - 10);
        from.server()
            .add_rule(Rule::new(wrong).method("GET").path_end(&path_of(&blob)));
        let copied = copy_tag(from.repository(), to.repository(), "v1", &one_at_a_time());
        let error = assert_kind(copied, Kind::DigestMismatch);
        assert_eq!(error.digest(), Some(digest(&blob).as_str()));
        let found = stat(to.repository(), &digest(&blob), &options());
        assert_kind(found, Kind::NotFound);
        if let Place::Registry(registry, _) = &to {
            assert_eq!(registry.open_uploads(), 0);
            assert!(registry.manifest(NAME, "v1").is_none());
        }
    }
}

#[test]
fn a_registry_that_does_not_verify_never_has_all_of_a_wrong_blob() {
    let from = Place::registry();
    image(from.repository(), "x", &[SIZE], &["v1"]);
    let blob = layer("x", SIZE);
    let wrong = Fault::serve().corrupt_body(10);
    from.server()
        .add_rule(Rule::new(wrong).method("GET").path_end(&path_of(&blob)));
    for chunk in [None, Some(64 * 1024)] {
        let to =
            Quirky::start(|request, _| (request.method == "HEAD").then(|| Reply::new(404, "")));
        let mut options = one_at_a_time();
        options.set_chunk_size(chunk).expect("in range");
        let copied = copy_tag(from.repository(), &repository(&to.url()), "v1", &options);
        assert_kind(copied, Kind::DigestMismatch);
        let heads = to.heads();
        let puts = heads
            .iter()
            .filter(|one| one.method == "PUT" && one.complete);
        // The config.
        assert_eq!(puts.count(), 1);
        let received: usize = heads.iter().map(|one| one.body.len()).sum();
        assert!((1..SIZE).contains(&received), "{received}");
    }
}

#[test]
fn a_damaged_blob_of_a_layout_is_not_copied() {
    for to in [Place::registry(), Place::layout()] {
        let folder = tempfile::tempdir().expect("a folder");
        let from = Repository::open_layout(folder.path(), true).expect("a layout");
        image(&from, "x", &[SIZE], &["v1"]);
        let blob = layer("x", SIZE);
        let name = digest(&blob).replacen(':', "/", 1);
        let path = folder.path().join("blobs").join(name);
        let mut damaged = blob.clone();
        damaged[SIZE / 2] ^= 1;
        std::fs::write(&path, &damaged).expect("written");
        let error = assert_kind(
            copy_tag(&from, to.repository(), "v1", &options()),
            Kind::DigestMismatch,
        );
        assert_eq!(error.digest(), Some(digest(&blob).as_str()));
        let place = format!(", from layout {}", folder.path().display());
        assert!(error.message().ends_with(&place), "{error}");
        std::fs::write(&path, &damaged[1..]).expect("written");
        let error = assert_kind(
            copy_tag(&from, to.repository(), "v1", &options()),
            Kind::SizeMismatch,
        );
        assert_eq!(error.digest(), Some(digest(&blob).as_str()));
        std::fs::remove_file(&path).expect("removed");
        let error = assert_kind(
            copy_tag(&from, to.repository(), "v1", &options()),
            Kind::NotFound,
        );
        assert_eq!(error.digest(), Some(digest(&blob).as_str()));
        assert_eq!(error.message().matches("sha256:").count(), 1, "{error}");
        std::fs::write(&path, &blob).expect("written");
        copy_tag(&from, to.repository(), "v1", &options()).expect("copied");
    }
}

#[test]
fn a_source_that_is_cut_is_continued_within_one_upload() {
    for to in [Place::registry(), Place::layout()] {
        let from = Place::registry();
        let manifest = image(from.repository(), "x", &[SIZE], &["v1"]);
        let path = path_of(&layer("x", SIZE));
        for after in [0, 1, 100_000, SIZE as u64 - 1] {
            let cut = Fault::serve().cut_body(after, Ending::Close);
            let rule = Rule::new(cut).method("GET").path_end(&path).times(1);
            from.server().add_rule(rule);
            let name = format!("copies/{after}");
            let to = match &to {
                Place::Registry(registry, repository) => {
                    registry.clear_requests();
                    let client = repository.client().expect("a registry");
                    Repository::new(client, Some(&name)).expect("a repository")
                }
                Place::Layout { repository, .. } => repository.clone(),
            };
            copy_tag(from.repository(), &to, "v1", &options()).expect("copied");
            assert_has(&to, &manifest);
        }
        if let Place::Registry(registry, _) = &to {
            let requests = registry.requests();
            let is_upload = |method: &str| {
                let uploads = requests.iter().filter(|request| {
                    request.method == method && request.target.contains("/uploads/")
                });
                uploads.count()
            };
            assert_eq!((is_upload("POST"), is_upload("PUT")), (2, 2));
        }
    }
}

#[test]
fn a_destination_that_is_cut_is_continued_where_it_was() {
    let size = 2_000_000;
    for (from, chunk) in [
        (Place::registry(), None),
        (Place::registry(), Some(512 * 1024)),
        (Place::layout(), None),
    ] {
        let manifest = image(from.repository(), "x", &[size], &["v1"]);
        let to = Place::registry();
        let cutter = Cutter::start(to.server().host().parse().expect("an address"));
        let through = repository(&cutter.url());
        cutter.set_cuts([Cut::Up(500_000), Cut::Up(700_000)]);
        let mut options = options();
        options.set_chunk_size(chunk).expect("in range");
        let (options, seen) = observed(options);
        from.requests();
        copy_tag(from.repository(), &through, "v1", &options).expect("copied");
        assert_eq!(cutter.cuts_left(), 0);
        assert_has(to.repository(), &manifest);
        let seen = seen.lock().expect("no panic");
        assert!(seen.iter().all(|one| one.event != Event::Fail));
    }
}

#[test]
fn what_was_copied_before_a_failure_is_not_copied_again() {
    for (from, refused) in [
        (Place::registry(), "/manifests/v1"),
        (Place::layout(), "/manifests/v1"),
        (Place::registry(), "/blobs/uploads/"),
    ] {
        let manifest = image(from.repository(), "x", &[100, 200, SIZE], &["v1"]);
        let to = Place::registry();
        let server = to.server();
        let refusal = Fault::status(403).error("DENIED", "no");
        let rule = Rule::new(refusal).path(refused);
        let rule = match refused.contains("uploads") {
            true => rule.method("POST").skip(2),
            false => rule.method("PUT"),
        };
        server.add_rule(rule);
        let copied = copy_tag(from.repository(), to.repository(), "v1", &one_at_a_time());
        let error = assert_kind(copied, Kind::Denied);
        assert!(error.digest().is_some());
        assert!(server.manifest(NAME, "v1").is_none());
        let begun = |requests: &[String]| {
            let posts = requests.iter().filter(|one| one.starts_with("POST"));
            posts.count()
        };
        let before = begun(&to.requests());
        server.clear_rules();
        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        assert_has(to.repository(), &manifest);
        let after = begun(&to.requests());
        match refused.contains("uploads") {
            // The third of 4 was refused, and the fourth not tried.
            true => assert_eq!((before, after), (3, 2)),
            false => assert_eq!((before, after), (4, 0)),
        }
    }
}

#[test]
fn the_failure_of_the_source_is_reported_and_not_multiplied() {
    let (from, to) = (Place::registry(), Place::registry());
    image(from.repository(), "x", &[SIZE], &["v1"]);
    let path = path_of(&layer("x", SIZE));
    let cut = Fault::serve().cut_body(0, Ending::Close);
    let rule = Rule::new(cut).method("GET").path_end(&path);
    from.server().add_rule(rule);
    let mut options = one_at_a_time();
    options.set_retries(Some(2)).expect("in range");
    from.requests();
    let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
    let error = copied.expect_err("cut");
    assert!(
        matches!(error.kind(), Kind::Truncated | Kind::Receive),
        "{error}"
    );
    let gets = from.requests();
    let gets = gets.iter().filter(|request| request.ends_with(&path));
    assert_eq!(gets.count(), 3);
    assert_eq!(to.server().open_uploads(), 0);
}

#[test]
fn missing_content_is_named() {
    let (from, to) = (Place::registry(), Place::layout());
    let server = from.server();
    image(from.repository(), "x", &[10], &["v1"]);
    let blob = layer("x", 10);
    server.delete_blob(NAME, &digest(&blob));
    let copied = copy_tag(from.repository(), to.repository(), "v1", &options());
    let error = assert_kind(copied, Kind::NotFound);
    assert_eq!(error.digest(), Some(digest(&blob).as_str()));

    let entry = descriptor(OCI_MANIFEST, &digest(b"missing"), 7, "");
    server.put_manifest(NAME, "list", OCI_INDEX, index(&[entry]).as_bytes());
    let copied = copy_tag(from.repository(), to.repository(), "list", &options());
    let error = assert_kind(copied, Kind::NotFound);
    assert_eq!(error.digest(), Some(digest(b"missing").as_str()));

    let copied = copy_tag(from.repository(), to.repository(), "none", &options());
    assert_kind(copied, Kind::NotFound);
}

#[test]
fn manifests_of_schema_1_and_content_that_is_none_are_refused() {
    let (from, to) = (Place::registry(), Place::registry());
    let schema_1 = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let server = from.server();
    server.put_manifest(NAME, "old", schema_1, br#"{"schemaVersion":1}"#);
    let copied = copy_tag(from.repository(), to.repository(), "old", &options());
    assert_kind(copied, Kind::Unsupported);
    server.put_manifest(NAME, "none", OCI_MANIFEST, b"text");
    let copied = copy_tag(from.repository(), to.repository(), "none", &options());
    assert_kind(copied, Kind::InvalidManifest);
}

#[test]
fn indexes_are_nested_to_a_limit() {
    let (from, to) = (Place::layout(), Place::layout());
    let mut outer = parse(&index(&[]));
    for depth in 0..=33 {
        push_manifest(from.repository(), &outer, &["v1"], &options()).expect("pushed");
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options());
        match depth > 32 {
            true => drop(assert_kind(copied, Kind::InvalidManifest)),
            false => drop(copied.expect("copied")),
        }
        let digest = digest_of(&outer);
        let entry = descriptor(OCI_INDEX, &digest, outer.bytes().len(), "");
        outer = parse(&index(&[entry]));
    }
}

#[test]
fn an_index_that_claims_to_list_itself_is_refused() {
    let (from, to) = (Place::registry(), Place::layout());
    let claimed = digest(b"of an index that lists itself");
    let text = index(&[descriptor(OCI_INDEX, &claimed, 7, "")]);
    let server = from.server();
    server.put_manifest(NAME, "v1", OCI_INDEX, text.as_bytes());
    server.put_manifest(NAME, &claimed, OCI_INDEX, text.as_bytes());
    let copied = copy_tag(from.repository(), to.repository(), "v1", &options());
    let error = assert_kind(copied, Kind::DigestMismatch);
    assert_eq!(error.digest(), Some(claimed.as_str()));
}

#[test]
fn a_blob_of_unknown_size_is_copied() {
    for (from, to) in Place::directions() {
        for chunked in [true, false] {
            let text = image_text(from.repository(), "x", &[SIZE]);
            let text = text.replace(&format!(",\"size\":{SIZE}"), "");
            let manifest = parse(&text);
            push_manifest(from.repository(), &manifest, &["v1"], &options()).expect("pushed");
            if let (Place::Registry(registry, _), true) = (&from, chunked) {
                let path = path_of(&layer("x", SIZE));
                let fault = Fault::serve().chunked();
                registry.add_rule(Rule::new(fault).method("GET").path_end(&path));
            }
            // Each to a place of its own.
            let to = match &to {
                Place::Registry(_, repository) => {
                    let client = repository.client().expect("a registry");
                    let name = format!("copies/{chunked}");
                    Repository::new(client, Some(&name)).expect("a repository")
                }
                Place::Layout { repository, .. } => repository.clone(),
            };
            copy_tag(from.repository(), &to, "v1", &options()).expect("copied");
            assert_has(&to, &manifest);
        }
    }
}

#[test]
fn a_copy_within_a_server_takes_two_connections() {
    let registry = Registry::start(embedded_registry::Options::default().mount(false));
    let mut config = config();
    config.set_max_connections(1);
    let client = Arc::new(Client::new(registry.url(), &config).expect("a client"));
    let from = Repository::new(&client, Some("a")).expect("a repository");
    let to = Repository::new(&client, Some("b")).expect("a repository");
    image(&from, "x", &[SIZE], &["v1"]);
    assert_kind(
        copy_tag(&from, &to, "v1", &one_at_a_time()),
        Kind::InvalidArgument,
    );
    assert_eq!(registry.open_uploads(), 0);
    // To itself, nothing is transferred.
    copy(&from, Some("v1"), &from, &["v2"], &options()).expect("copied");
    // Other clients have connections of their own.
    let client = Arc::new(Client::new(registry.url(), &config).expect("a client"));
    let to = Repository::new(&client, Some("b")).expect("a repository");
    copy_tag(&from, &to, "v1", &options()).expect("copied");
}

#[test]
fn both_registries_have_credentials_of_their_own() {
    let start = |user: &str| {
        let options = embedded_registry::Options::default().token(user, "secret");
        let registry = Registry::start(options);
        let mut config = config();
        config.set_credentials(user, "secret").expect("valid");
        let client = Arc::new(Client::new(registry.url(), &config).expect("a client"));
        let repository = Repository::new(&client, Some(NAME)).expect("a repository");
        (registry, repository)
    };
    let (_a, from) = start("alice");
    let (_b, to) = start("bob");
    let manifest = image(&from, "x", &[SIZE], &["v1"]);
    copy_tag(&from, &to, "v1", &options()).expect("copied");
    assert_has(&to, &manifest);
    let nobody = repository(_a.url());
    assert_kind(copy_tag(&nobody, &to, "v1", &options()), Kind::Unauthorized);
}

#[test]
fn a_copy_can_be_cancelled_and_has_a_time_limit() {
    for (from, to) in Place::directions() {
        image(from.repository(), "x", &[SIZE, 10], &["v1"]);
        let cancel = Cancel::new().expect("a handle");
        let mut options = one_at_a_time();
        options.cancel = Some(cancel.clone());
        let blobs = Arc::new(AtomicUsize::new(0));
        let begun = Arc::clone(&blobs);
        options.set_progress(
            Some(Arc::new(move |snapshot| {
                if snapshot.event == Event::Begin && begun.fetch_add(1, Ordering::SeqCst) == 1 {
                    cancel.trigger();
                }
                Ok(())
            })),
            Duration::from_secs(60),
        );
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
        assert_kind(copied, Kind::Cancelled);
        assert_eq!(blobs.load(Ordering::SeqCst), 2);

        let mut options = crate::copying::options();
        options.timeout = Some(Duration::from_nanos(1));
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
        assert_kind(copied, Kind::Deadline);
        let stop = Digest::parse("none").expect_err("invalid");
        let mut options = crate::copying::options();
        options.set_progress(
            Some(Arc::new(move |_| Err(stop.clone()))),
            Duration::from_secs(60),
        );
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
        assert_kind(copied, Kind::InvalidDigest);
    }
}

#[test]
fn a_registry_that_rejects_correct_content_is_reported() {
    let (from, to) = (Place::registry(), Place::registry());
    image(from.repository(), "x", &[SIZE], &["v1"]);
    let refusal = Fault::status(400).error("DIGEST_INVALID", "no");
    let rule = Rule::new(refusal).method("PUT").path("/blobs/uploads/");
    to.server().add_rule(rule);
    let copied = copy_tag(from.repository(), to.repository(), "v1", &one_at_a_time());
    assert_kind(copied, Kind::DigestMismatch);
    assert_eq!(to.server().open_uploads(), 0);
}
