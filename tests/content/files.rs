//! Pulling the files of an artifact.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::{Arc, Mutex};

use embedded_registry::{About, Options as RegistryOptions, Registry};
use reggie::Kind;
use reggie::content::digest::Algorithm;
use reggie::content::files_pull::pull;
use reggie::content::filter::Candidate;
use reggie::content::manifest::Manifest;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::platform::Platform;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;

use crate::documents::{
    EMPTY, NAME, descriptor, embedded, entry, events, index, observed, repository,
};

pub(crate) const TITLE: &str = "org.opencontainers.image.title";
pub(crate) const UNPACK: &str = "io.deis.oras.content.unpack";

pub(crate) fn registry() -> Registry {
    let registry = Registry::start(RegistryOptions::default());
    registry.put_blob(NAME, "{}");
    registry
}

/// The annotations of a layer.
pub(crate) fn titled(title: &str) -> String {
    // A string literal of JSON has the same escapes.
    format!(r#","annotations":{{"{TITLE}":{title:?}}}"#)
}

/// Puts a manifest whose layers have this content and these members into a registry.
pub(crate) fn put(registry: &Registry, tag: &str, layers: &[(&str, String)]) -> String {
    let layers = layers.iter().map(|(content, more)| {
        let digest = registry.put_blob(NAME, *content);
        descriptor("application/octet-stream", &digest, content.len(), more)
    });
    let layers: Vec<String> = layers.collect();
    let config = descriptor("application/vnd.oci.empty.v1+json", EMPTY, 2, "");
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"application/x-files","config":{config},"layers":[{}]}}"#,
        layers.join(",")
    );
    registry.put_manifest(NAME, tag, OCI_MANIFEST, text.clone());
    text
}

pub(crate) fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a directory") {
            let path = entry.expect("an entry").path();
            match path.is_dir() && !path.is_symlink() {
                true => folders.push(path),
                false => {
                    let path = path.strip_prefix(folder).expect("inside");
                    found.push(path.to_str().expect("text").to_owned());
                }
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn pull_ok(repository: &Repository, folder: &Path, options: &Options) -> Manifest {
    pull(repository, Some("v1"), folder, options).expect("pulled")
}

#[test]
fn each_layer_with_a_title_becomes_a_file() {
    let registry = registry();
    put(
        &registry,
        "v1",
        &[
            ("one", titled("one")),
            ("two", titled("sub/folder/two")),
            ("three", titled("sub/\u{e4} b")),
            ("nothing", String::new()),
            ("empty", titled("")),
            ("one", titled("copy of one")),
        ],
    );
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("new");
    for parallel in [4, 1] {
        let (mut options, seen) = observed();
        options.set_parallel(parallel).expect("in range");
        let manifest = pull_ok(&embedded(&registry), &folder, &options);
        assert_eq!(manifest.layers().len(), 6);
        let expected = ["copy of one", "one", "sub/folder/two", "sub/\u{e4} b"];
        assert_eq!(files(&folder), expected);
        let content = fs::read_to_string(folder.join("sub/folder/two"));
        assert_eq!(content.expect("a file"), "two");
        let found = events(&seen);
        let count = |event| found.iter().filter(|found| **found == event).count();
        // The second time, all files exist.
        let (ends, skips) = if parallel == 4 { (5, 2) } else { (1, 6) };
        assert_eq!(
            (count(Event::Begin), count(Event::End), count(Event::Skip)),
            (7, ends, skips)
        );
        let seen = seen.lock().expect("no panic");
        let done = seen.last().expect("an event");
        assert_eq!(done.event, Event::Done);
        assert_eq!(done.totals.done, done.totals.total);
        let about = done.item.as_ref().map(|item| item.digest().clone());
        assert_eq!(about.as_ref(), Some(manifest.descriptor().digest()));
    }
}

#[test]
fn new_files_have_the_mode_that_the_umask_leaves() {
    let registry = registry();
    put(&registry, "v1", &[("content", titled("sub/file"))]);
    let folder = tempfile::tempdir().expect("a folder");
    pull_ok(&embedded(&registry), folder.path(), &Options::default());
    let made = folder.path().join("made");
    fs::write(&made, "").expect("written");
    let mode = |path: &Path| fs::metadata(path).expect("a file").permissions().mode() & 0o7777;
    assert_eq!(mode(&folder.path().join("sub/file")), mode(&made));
}

#[test]
fn content_with_several_titles_is_pulled_once() {
    let registry = registry();
    let layers: Vec<(&str, String)> = (0..50)
        .map(|number| match number % 3 {
            0 => ("other", titled(&format!("other{number}"))),
            _ => ("same", titled(&format!("folder/same{number}"))),
        })
        .collect();
    put(&registry, "v1", &layers);
    for parallel in [4, 1] {
        registry.clear_requests();
        let folder = tempfile::tempdir().expect("a folder");
        let (mut options, seen) = observed();
        options.set_parallel(parallel).expect("in range");
        pull_ok(&embedded(&registry), folder.path(), &options);
        assert_eq!(registry.count(About::Blob), 2);
        assert_eq!(files(folder.path()).len(), 50);
        for (content, title) in &layers {
            let name = title.rsplit('"').nth(1).expect("a title");
            let found = fs::read_to_string(folder.path().join(name));
            assert_eq!(&found.expect(name), content);
        }
        let seen = seen.lock().expect("no panic");
        let done = seen.last().expect("an event");
        assert_eq!(done.totals.done, done.totals.total);
        let ends = seen.iter().filter(|seen| seen.event == Event::End);
        assert_eq!(ends.count(), 51, "with the manifest");
    }
    // A size that contradicts the content is an error for each of them.
    let text = put(&registry, "v1", &layers);
    let wrong = text.replacen(
        "\"size\":4,\"annotations\":{\"org.opencontainers.image.title\":\"folder/same49",
        "\"size\":5,\"annotations\":{\"org.opencontainers.image.title\":\"folder/same49",
        1,
    );
    assert_ne!(text, wrong);
    registry.put_manifest(NAME, "v1", OCI_MANIFEST, wrong);
    let folder = tempfile::tempdir().expect("a folder");
    let pulled = pull(
        &embedded(&registry),
        Some("v1"),
        folder.path(),
        &Options::default(),
    );
    assert_eq!(pulled.expect_err("a lie").kind(), Kind::SizeMismatch);
    assert!(!folder.path().join("folder/same49").exists());
}

#[test]
fn a_packed_directory_stays_packed() {
    let registry = registry();
    let more =
        |unpack: &str| titled("folder").replace('}', &format!(r#","{UNPACK}":"{unpack}"}}"#));
    put(
        &registry,
        "v1",
        &[("packed", more("true")), ("file", more("false"))],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let (options, seen) = observed();
    pull_ok(&embedded(&registry), folder.path(), &options);
    assert_eq!(files(folder.path()), ["folder", "folder.tar.gz"]);
    let content = fs::read_to_string(folder.path().join("folder.tar.gz"));
    assert_eq!(content.expect("a file"), "packed");
    let seen = seen.lock().expect("no panic");
    assert!(seen.iter().any(|seen| seen.name == "folder.tar.gz"));
}

#[test]
fn an_artifact_without_titles_has_no_files() {
    let registry = registry();
    let place = tempfile::tempdir().expect("a folder");
    let layers = [("x", String::new()), ("y", titled(""))];
    for count in 0..=2 {
        put(&registry, "v1", &layers[..count]);
        let folder = place.path().join("folder");
        let pulled = pull(
            &embedded(&registry),
            Some("v1"),
            &folder,
            &Options::default(),
        );
        assert_eq!(pulled.expect_err("no files").kind(), Kind::NoFiles);
        assert!(!folder.exists());
    }
}

#[test]
fn a_filter_decides_what_is_included() {
    let registry = registry();
    let layers = [
        ("one", titled("one")),
        ("../two", titled("../two")),
        ("three", String::new()),
    ];
    put(&registry, "v1", &layers);
    let folder = tempfile::tempdir().expect("a folder");
    let asked: Arc<Mutex<Vec<Candidate>>> = Arc::default();
    let (mut options, seen) = observed();
    let candidates = Arc::clone(&asked);
    options.filter = Some(Arc::new(move |candidate: &Candidate| {
        candidates.lock().expect("no panic").push(candidate.clone());
        // The unsafe one is left out, and one without a title has no name.
        Ok(candidate.item.size() != Some(6))
    }));
    let manifest = pull_ok(&embedded(&registry), folder.path(), &options);
    assert_eq!(files(folder.path()), ["one"]);
    let asked = asked.lock().expect("no panic");
    let takes: Vec<bool> = asked.iter().map(|asked| asked.take).collect();
    assert_eq!(takes, [true, true, false]);
    for (asked, layer) in asked.iter().zip(manifest.layers()) {
        assert_eq!(asked.item.digest(), layer.digest());
        assert_eq!(asked.parent.digest(), manifest.descriptor().digest());
        assert!(!asked.is_referrer);
    }
    let skips = events(&seen)
        .into_iter()
        .filter(|event| *event == Event::Skip);
    assert_eq!(skips.count(), 2);
}

#[test]
fn a_filter_stops_the_call() {
    let registry = registry();
    put(&registry, "v1", &[("one", titled("one"))]);
    let place = tempfile::tempdir().expect("a folder");
    let folder = place.path().join("folder");
    let mut options = Options::default();
    options.filter = Some(Arc::new(|_: &Candidate| {
        Err(Platform::parse("").expect_err("an error"))
    }));
    let pulled = pull(&embedded(&registry), Some("v1"), &folder, &options);
    assert_eq!(pulled.expect_err("stopped").kind(), Kind::InvalidPlatform);
    assert!(!folder.exists());
}

#[test]
fn a_platform_is_selected_from_an_index() {
    let registry = registry();
    let host = Platform::host().to_string();
    let of_host = put(&registry, "a", &[("host", titled("file"))]);
    let of_other = put(&registry, "b", &[("other", titled("file"))]);
    let text = index(&[
        entry(OCI_MANIFEST, &of_other, "plan9/mips"),
        entry(OCI_MANIFEST, &of_host, &host),
    ]);
    registry.put_manifest(NAME, "v1", "application/vnd.oci.image.index.v1+json", text);
    for (platform, expected) in [(None, "host"), (Some("plan9/mips"), "other")] {
        let folder = tempfile::tempdir().expect("a folder");
        let mut options = Options::default();
        options.platform = platform.map(|text| Platform::parse(text).expect("a platform"));
        pull_ok(&embedded(&registry), folder.path(), &options);
        let content = fs::read_to_string(folder.path().join("file"));
        assert_eq!(content.expect("a file"), expected);
    }
}

#[test]
fn files_pulled_before_a_failure_are_kept() {
    let registry = registry();
    put(
        &registry,
        "v1",
        &[("one", titled("one")), ("two", titled("two"))],
    );
    let missing = reggie::digest::of_bytes(Algorithm::Sha256, b"two");
    registry.delete_blob(NAME, &missing);
    let folder = tempfile::tempdir().expect("a folder");
    let (mut options, seen) = observed();
    options.set_parallel(1).expect("in range");
    let pulled = pull(&embedded(&registry), Some("v1"), folder.path(), &options);
    let error = pulled.expect_err("missing");
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.digest(), Some(missing.as_str()));
    assert_eq!(files(folder.path()), ["one"]);
    let ends = events(&seen);
    assert_eq!(ends[ends.len() - 2..], [Event::Fail, Event::Done]);
    registry.put_blob(NAME, "two");
    let before = fs::metadata(folder.path().join("one"))
        .expect("a file")
        .ino();
    pull_ok(&embedded(&registry), folder.path(), &Options::default());
    assert_eq!(files(folder.path()), ["one", "two"]);
    let after = fs::metadata(folder.path().join("one"))
        .expect("a file")
        .ino();
    assert_eq!(before, after, "it was not pulled again");
}

#[test]
fn a_directory_that_cannot_be_made_is_reported() {
    let registry = registry();
    put(&registry, "v1", &[("one", titled("one"))]);
    let place = tempfile::NamedTempFile::new().expect("a file");
    for folder in [
        place.path().to_owned(),
        place.path().join("below"),
        "/no/where".into(),
    ] {
        let pulled = pull(
            &embedded(&registry),
            Some("v1"),
            &folder,
            &Options::default(),
        );
        assert_eq!(pulled.expect_err("no directory").kind(), Kind::File);
    }
    let error = pull(
        &repository("http://127.0.0.1:9"),
        Some("not a tag"),
        place.path(),
        &Options::default(),
    );
    assert_eq!(error.expect_err("invalid").kind(), Kind::InvalidReference);
}
