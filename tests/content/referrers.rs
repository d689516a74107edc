//! Referrers: with the API and with the referrers tag.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::descriptor::Descriptor;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_delete::delete;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::content::referrers::Referrers;
use reggie::content::repository::Repository;
use reggie::{Cancel, Error, Kind};
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use crate::documents::*;
use crate::scripted::{Reply, serve};

/// The referrers of a manifest, of an artifact type.
pub(crate) fn referrers_of(
    repository: &Repository,
    digest: &str,
    artifact_type: Option<&str>,
) -> Result<Vec<Descriptor>, Error> {
    let mut list = Referrers::new(repository, digest, artifact_type, &Options::default())?;
    let mut found = Vec::new();
    while let Some(descriptor) = list.next()? {
        found.push(descriptor);
    }
    Ok(found)
}

pub(crate) fn digests(found: &[Descriptor]) -> Vec<String> {
    let digests = found.iter().map(|entry| entry.digest().as_str().to_owned());
    let mut digests: Vec<String> = digests.collect();
    digests.sort();
    digests
}

fn start(has_api: bool) -> (Registry, Repository, Manifest) {
    let options = RegistryOptions::default().referrers(has_api).page_size(2);
    let registry = Registry::start(options);
    registry.put_blob(NAME, b"{}");
    let repository = embedded(&registry);
    let subject = parse(&artifact("sub/ject", ""));
    push(&repository, &subject, &["v1"], &Options::default()).expect("pushed");
    (registry, repository, subject)
}

#[test]
fn referrers_are_found_with_and_without_the_api() {
    for has_api in [true, false] {
        let (registry, repository, subject) = start(has_api);
        let digest = subject.descriptor().digest().as_str();
        assert_eq!(referrers_of(&repository, digest, None).expect("none"), []);
        let types = ["a/b", "a/b", "c/d", "a/b", "e/f"];
        let mut pushed: Vec<(String, &str)> = Vec::new();
        for (number, artifact_type) in types.into_iter().enumerate() {
            let manifest = referrer(artifact_type, &subject, &number.to_string());
            push(&repository, &manifest, &[], &Options::default()).expect("pushed");
            pushed.push((
                manifest.descriptor().digest().as_str().to_owned(),
                artifact_type,
            ));
        }
        for artifact_type in [
            None,
            Some("a/b"),
            Some("c/d"),
            Some("x/y"),
            Some("a/b&c=d #"),
        ] {
            let found = referrers_of(&repository, digest, artifact_type).expect("a list");
            let is_of_type =
                |known: &&(String, &str)| artifact_type.is_none_or(|wanted| wanted == known.1);
            let expected = pushed.iter().filter(is_of_type);
            let mut expected: Vec<String> = expected.map(|(digest, _)| digest.clone()).collect();
            expected.sort();
            assert_eq!(digests(&found), expected, "{artifact_type:?}");
            for entry in &found {
                assert!(artifact_type.is_none_or(|wanted| entry.artifact_type() == Some(wanted)));
                assert!(entry.annotations().get("unique").is_some());
                assert!(entry.size().is_some_and(|size| size > 0));
            }
        }
        // The other way to list them is not used.
        let tag = digest.replace(':', "-");
        assert_eq!(registry.manifest(NAME, &tag).is_some(), !has_api);
        delete(&repository, &pushed[0].0, &Options::default()).expect("deleted");
        let found = referrers_of(&repository, digest, None).expect("a list");
        assert_eq!(found.len(), types.len() - 1);
        assert!(!digests(&found).contains(&pushed[0].0));
        for (digest, _) in &pushed[1..] {
            delete(&repository, digest, &Options::default()).expect("deleted");
        }
        assert_eq!(referrers_of(&repository, digest, None).expect("none"), []);
    }
}

#[test]
fn whether_there_is_an_api_is_asked_once() {
    for has_api in [true, false] {
        let (registry, repository, subject) = start(has_api);
        registry.clear_requests();
        for number in 0..3 {
            let manifest = referrer("a/b", &subject, &number.to_string());
            push(&repository, &manifest, &[], &Options::default()).expect("pushed");
        }
        let requests = registry.requests();
        let asked = requests.iter().filter(|r| r.target.contains("/referrers/"));
        assert_eq!(asked.count(), 1);
    }
}

#[test]
fn a_push_that_is_repeated_changes_nothing() {
    let (registry, repository, subject) = start(false);
    let manifest = referrer("a/b", &subject, "1");
    push(&repository, &manifest, &["sig"], &Options::default()).expect("pushed");
    let tag = subject.descriptor().digest().as_str().replace(':', "-");
    let before = registry.manifest(NAME, &tag);
    registry.clear_requests();
    push(&repository, &manifest, &["sig"], &Options::default()).expect("pushed");
    assert_eq!(registry.manifest(NAME, &tag), before);
    assert!(
        registry
            .requests()
            .iter()
            .all(|request| request.method != "PUT")
    );
    // What a first push has left undone, the second one does.
    registry.put_manifest(
        NAME,
        &tag,
        reggie::content::media_type::OCI_INDEX,
        index(&[]),
    );
    push(&repository, &manifest, &["sig"], &Options::default()).expect("pushed");
    assert_eq!(registry.manifest(NAME, &tag), before);
}

#[test]
fn concurrent_pushes_lose_no_entry() {
    let (_registry, repository, subject) = start(false);
    let manifests: Vec<Manifest> = (0..12)
        .map(|number| referrer("a/b", &subject, &number.to_string()))
        .collect();
    std::thread::scope(|scope| {
        for manifest in &manifests {
            // Each with a client of its own.
            let url = repository
                .client()
                .expect("a registry")
                .request("GET", "/")
                .expect("a request");
            let url = url.url().expect("a url");
            scope.spawn(move || {
                let repository = crate::documents::repository(url.trim_end_matches('/'));
                push(&repository, manifest, &[], &Options::default()).expect("pushed");
            });
        }
    });
    let digest = subject.descriptor().digest().as_str();
    let found = referrers_of(&repository, digest, None).expect("a list");
    assert_eq!(found.len(), manifests.len());
}

/// A registry without the API that responds to no request for the referrers tag
/// before it may.
fn slow_registry(may_respond: Arc<(Mutex<bool>, Condvar)>) -> RawServer {
    serve(move |request| match request.method.as_str() {
        "PUT" => Reply::new(201, ""),
        "HEAD" if request.target.contains("/blobs/") => Reply::new(200, ""),
        "GET" if request.target.contains("/manifests/sha256-") => {
            let (lock, changed) = &*may_respond;
            let mut may = lock.lock().expect("no panic");
            while !*may {
                may = changed.wait(may).expect("no panic");
            }
            Reply::new(403, "")
        }
        _ => Reply::new(404, ""),
    })
}

#[test]
fn a_call_in_a_callback_does_not_wait_for_the_call_that_calls_back() {
    let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let server = slow_registry(Arc::clone(&gate));
    let repository = repository(&server.url());
    let manifest = referrer("a/b", &parse(&artifact("sub/ject", "")), "1");
    let nested: Arc<Mutex<Option<Kind>>> = Arc::default();
    let mut options = Options::default();
    let callback = {
        let (repository, manifest) = (repository.clone(), manifest.clone());
        let (nested, gate) = (Arc::clone(&nested), Arc::clone(&gate));
        move |snapshot: &Snapshot| {
            // Nothing has been received for a second: the tag is being read.
            if snapshot.event == Event::Wait {
                let pushed = push(&repository, &manifest, &[], &Options::default());
                *nested.lock().expect("no panic") = pushed.err().map(|error| error.kind());
                *gate.0.lock().expect("no panic") = true;
                gate.1.notify_all();
            }
            Ok(())
        }
    };
    options.set_progress(Some(Arc::new(callback)), Duration::ZERO);
    let error = push(&repository, &manifest, &[], &options).expect_err("refused");
    assert_eq!(error.kind(), Kind::Denied, "{error}");
    assert_eq!(*nested.lock().expect("no panic"), Some(Kind::Busy));
}

#[test]
fn the_wait_for_another_writer_can_be_cancelled() {
    let gate: Arc<(Mutex<bool>, Condvar)> = Arc::default();
    let server = slow_registry(Arc::clone(&gate));
    let repository = repository(&server.url());
    let manifest = referrer("a/b", &parse(&artifact("sub/ject", "")), "1");
    std::thread::scope(|scope| {
        let first = scope.spawn(|| push(&repository, &manifest, &[], &Options::default()));
        let is_reading = |request: &RawRequest| request.target.contains("/manifests/sha256-");
        while !server.requests().iter().any(is_reading) {
            std::thread::yield_now();
        }
        let cancel = Cancel::new().expect("a handle");
        let mut options = Options::default();
        options.cancel = Some(cancel.clone());
        let before = server.requests().len();
        let second = scope.spawn({
            let (repository, manifest) = (&repository, &manifest);
            move || push(repository, manifest, &[], &options)
        });
        // Of the blob and of the manifest.
        assert!(server.wait_for_requests(before + 2, Duration::from_secs(60)));
        cancel.trigger();
        let error = second.join().expect("no panic").expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
        *gate.0.lock().expect("no panic") = true;
        gate.1.notify_all();
        first.join().expect("no panic").expect_err("refused");
    });
    let reads = server.requests();
    let reads = reads
        .iter()
        .filter(|r| r.target.contains("/manifests/sha256-"));
    assert_eq!(reads.count(), 1);
}

#[test]
fn an_index_can_be_a_subject_and_a_referrer() {
    let (_registry, repository, subject) = start(false);
    let subject = subject.descriptor().digest().as_str().to_owned();
    let size = pull(&repository, Some(&subject), &Options::default()).expect("pulled");
    let more = descriptor(
        reggie::content::media_type::OCI_MANIFEST,
        &subject,
        size.bytes().len(),
        "",
    );
    let text = index(&[]).replace(
        "\"manifests\":[]",
        &format!("\"manifests\":[],\"artifactType\":\"a/b\",\"subject\":{more}"),
    );
    let list = parse(&text);
    push(&repository, &list, &["list"], &Options::default()).expect("pushed");
    let found = referrers_of(&repository, &subject, Some("a/b")).expect("a list");
    assert_eq!(digests(&found), [list.descriptor().digest().as_str()]);
    let about = referrer("c/d", &list, "1");
    push(&repository, &about, &[], &Options::default()).expect("pushed");
    let digest = list.descriptor().digest().as_str();
    let found = referrers_of(&repository, digest, None).expect("a list");
    assert_eq!(digests(&found), [about.descriptor().digest().as_str()]);
}

#[test]
fn the_subject_of_a_list_is_a_digest() {
    let (registry, repository, _) = start(true);
    registry.clear_requests();
    for digest in ["", "v1", "sha256:12"] {
        let error = referrers_of(&repository, digest, None).expect_err("no digest");
        assert_eq!(error.kind(), Kind::InvalidDigest);
    }
    assert!(registry.requests().is_empty());
}
