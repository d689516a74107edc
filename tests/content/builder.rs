//! Building manifests, and pushing them with their content.

use std::fs;
use std::path::Path;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::blob_pull::to_memory;
use reggie::content::builder::Builder;
use reggie::content::descriptor::Descriptor;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use reggie::content::progress::{Event, Phase};
use reggie::content::referrers::Referrers;
use reggie::content::repository::Repository;
use reggie::digest::Algorithm;
use reggie::{Error, Kind};
use tempfile::TempDir;

use crate::documents::{EMPTY, NAME, digest, embedded};
use crate::pushing::{assert_kind, content, observed};

const TITLE: &str = "org.opencontainers.image.title";

fn options() -> Options {
    Options::default()
}

fn files() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("app"), content(300_000)).expect("written");
    fs::write(folder.path().join("readme.txt"), "read me").expect("written");
    folder
}

/// An artifact of two files and some bytes.
fn artifact(folder: &Path) -> Builder {
    let mut builder = Builder::new(false);
    let set = [
        builder.set_artifact_type(Some("application/vnd.example.release.v1")),
        builder.set_annotation("version", Some("1.2")),
        builder.add_path(
            &folder.join("app"),
            Some("application/x-executable"),
            Some("bin/app"),
        ),
        builder.annotate("arch", Some("amd64")),
        builder.add_path(&folder.join("readme.txt"), None, None),
        builder.add_memory(b"{}", Some("application/json"), None),
    ];
    for result in set {
        result.expect("set");
    }
    builder
}

fn text(manifest: &Manifest) -> &str {
    std::str::from_utf8(manifest.bytes()).expect("text")
}

#[test]
fn a_manifest_is_built_byte_for_byte() {
    let folder = files();
    let built = artifact(folder.path()).finish(&options()).expect("built");
    let app = digest(&content(300_000));
    let readme = digest(b"read me");
    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"application/vnd.example.release.v1","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{EMPTY}","size":2}},"layers":[{{"mediaType":"application/x-executable","digest":"{app}","size":300000,"annotations":{{"{TITLE}":"bin/app","arch":"amd64"}}}},{{"mediaType":"application/octet-stream","digest":"{readme}","size":7,"annotations":{{"{TITLE}":"readme.txt"}}}},{{"mediaType":"application/json","digest":"{EMPTY}","size":2}}],"annotations":{{"version":"1.2"}}}}"#
    );
    assert_eq!(text(&built), expected);
    let again = artifact(folder.path()).finish(&options()).expect("built");
    assert_eq!(again.bytes(), built.bytes());
}

#[test]
fn an_artifact_is_pushed_with_its_content() {
    let registry = Registry::start(RegistryOptions::default());
    let place = tempfile::tempdir().expect("a folder");
    let layout = Repository::open_layout(place.path(), true).expect("a layout");
    for repository in [embedded(&registry), layout] {
        let folder = files();
        let (watched, seen) = observed(options());
        let pushed = artifact(folder.path()).push(&repository, &["v1", "v2"], &watched);
        let pushed = pushed.expect("pushed");
        for tag in ["v1", "v2"] {
            let pulled = pull(&repository, Some(tag), &options()).expect("pulled");
            assert_eq!(pulled.bytes(), pushed.bytes());
        }
        let app = to_memory(&repository, &pushed.layers()[0], 0, usize::MAX, &options());
        assert_eq!(app.expect("pulled"), content(300_000));
        let seen = seen.lock().expect("no panic");
        let main = |event: &Event| matches!(event, Event::Begin | Event::End | Event::Done);
        let events: Vec<_> = seen.iter().filter(|seen| main(&seen.event)).collect();
        let names = events.iter().filter(|seen| seen.event == Event::Begin);
        let mut names: Vec<(Phase, &str)> =
            names.map(|seen| (seen.phase, seen.name.as_str())).collect();
        names.truncate(4);
        names.sort_by_key(|(_, name)| *name);
        // A file has one line, which begins when it is read.
        let expected = [
            (Phase::Push, "44136fa355b3"),
            (Phase::Check, "bin/app"),
            (Phase::Check, "readme.txt"),
            (Phase::Push, "v1"),
        ];
        assert_eq!(names, expected);
        let of_app: Vec<_> = events
            .iter()
            .filter(|seen| seen.name == "bin/app")
            .collect();
        assert_eq!(of_app.len(), 2);
        assert_eq!(of_app[0].number, of_app[1].number);
        assert_eq!((of_app[1].event, of_app[1].done), (Event::End, 300_000));
        assert!(seen.is_sorted_by_key(|seen| seen.totals.done));
        let done = events.iter().filter(|seen| seen.event == Event::Done);
        assert_eq!(done.count(), 1);
        let done = events.last().expect("an event");
        assert_eq!(
            done.item.as_ref().map(Descriptor::digest),
            Some(pushed.descriptor().digest())
        );
        // Nothing is sent again.
        registry.clear_requests();
        artifact(folder.path())
            .push(&repository, &["v1"], &options())
            .expect("pushed");
        assert!(
            registry
                .requests()
                .iter()
                .all(|request| request.method == "HEAD")
        );
    }
    assert!(registry.manifest(NAME, "v1").is_some());
}

#[test]
fn a_referrer_and_an_index_are_built_of_what_exists() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let mut image = Builder::new(false);
    image
        .set_config(b"{}", "application/vnd.oci.image.config.v1+json")
        .expect("set");
    let image = image
        .push(&repository, &["v1"], &options())
        .expect("pushed");
    assert!(text(&image).contains(r#""layers":[]"#));

    let mut signature = Builder::new(false);
    signature
        .set_artifact_type(Some("application/signature"))
        .expect("set");
    signature
        .set_subject(Some(image.descriptor()))
        .expect("set");
    let signature = signature
        .push(&repository, &[], &options())
        .expect("pushed");
    assert_eq!(signature.layers().len(), 1);
    let subject = image.descriptor().digest().as_str();
    let mut referrers = Referrers::new(&repository, subject, None, &options()).expect("a list");
    let found = referrers.next().expect("a list").expect("a referrer");
    assert_eq!(found.digest(), signature.descriptor().digest());

    let mut entry = image.descriptor().clone();
    entry.set_platform(Some("linux/arm/v7")).expect("set");
    let mut list = Builder::new(true);
    list.add(&entry).expect("added");
    list.annotate("a", Some("b")).expect("set");
    let list = list
        .push(&repository, &["list"], &options())
        .expect("pushed");
    let size = image.bytes().len();
    let expected = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{subject}","size":{size},"annotations":{{"a":"b"}},"platform":{{"architecture":"arm","os":"linux","variant":"v7"}}}}]}}"#
    );
    assert_eq!(text(&list), expected);
    let mut again = Builder::new(false);
    again
        .set_config_descriptor(image.config().expect("a config"))
        .expect("set");
    assert_eq!(
        again.finish(&options()).expect("built").bytes(),
        image.bytes()
    );
}

#[test]
fn an_algorithm_applies_to_all_that_is_built() {
    let folder = files();
    let mut options = options();
    options.algorithm = Algorithm::Sha512;
    let built = artifact(folder.path()).finish(&options).expect("built");
    let all = built
        .layers()
        .iter()
        .chain(built.config())
        .chain([built.descriptor()]);
    for descriptor in all {
        assert_eq!(descriptor.digest().algorithm(), Algorithm::Sha512);
    }
}

#[test]
fn two_layers_with_one_file_name_are_refused() {
    let folder = files();
    let path = folder.path().join("readme.txt");
    let refused = |result: Result<(), Error>, name: &str| {
        let error = assert_kind(result, Kind::UnsafeName);
        let message = format!("title \"{name}\" is used by another layer too");
        assert!(error.to_string().contains(&message), "{error}");
    };
    let mut builder = artifact(folder.path());
    refused(builder.add_path(&path, None, None), "readme.txt");
    refused(builder.add_memory(b"", None, Some("bin/app")), "bin/app");
    // What was refused is not there.
    builder.finish(&options()).expect("built");

    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let push = |builder: &Builder| builder.push(&repository, &[], &options()).map(|_| ());
    builder.add_memory(b"", None, Some("a")).expect("added");
    builder.annotate(TITLE, Some("bin/app")).expect("set");
    refused(push(&builder), "bin/app");
    refused(builder.finish(&options()).map(|_| ()), "bin/app");
    // A packed directory has another name.
    let unpack = "io.deis.oras.content.unpack";
    builder.annotate(unpack, Some("true")).expect("set");
    push(&builder).expect("pushed");
    builder.annotate(unpack, None).expect("set");
    builder.annotate(TITLE, None).expect("removed");
    builder.add_memory(b"", None, Some("a")).expect("added");
    push(&builder).expect("pushed");
}

#[test]
fn titles_that_could_not_be_pulled_are_refused() {
    let layer = |builder: &mut Builder, title: &str| {
        builder.add_memory(b"x", None, None).expect("added");
        builder.annotate(TITLE, Some(title)).expect("set");
    };
    let built = |titles: &[&str]| {
        let mut builder = Builder::new(false);
        builder.set_artifact_type(Some("a/b")).expect("set");
        for title in titles {
            layer(&mut builder, title);
        }
        builder.finish(&options())
    };
    for titles in [
        &["../x"][..],
        &["/x"],
        &["a/"],
        &["a", "a/b"],
        &["a/b/c", "a/b"],
        &["a/b/c", "a"],
    ] {
        assert_kind(built(titles), Kind::UnsafeName);
    }
    built(&["a/b", "a/c", "ab", "a.b/c"]).expect("built");
    // What exists was built elsewhere, but is not made worse.
    let existing = built(&["a/b"]).expect("built");
    for (title, is_refused) in [("a", true), ("a/b", true), ("a/b/c", true), ("a/c", false)] {
        let mut builder = Builder::new(false);
        builder.set_artifact_type(Some("a/b")).expect("set");
        builder.add(&existing.layers()[0]).expect("added");
        layer(&mut builder, title);
        assert_eq!(builder.finish(&options()).is_err(), is_refused, "{title}");
    }
}

#[test]
fn what_cannot_be_built_is_refused() {
    let folder = files();
    let mut builder = Builder::new(false);
    assert_kind(builder.finish(&options()), Kind::MissingValue);
    assert_kind(builder.annotate("a", None), Kind::InvalidArgument);
    builder
        .set_config(b"{}", "application/vnd.oci.empty.v1+json")
        .expect("set");
    assert_kind(builder.finish(&options()), Kind::MissingValue);
    builder.set_artifact_type(Some("a/b")).expect("set");
    builder.finish(&options()).expect("built");
    for title in ["/etc/passwd", "../x", "a/../b", "a//b", "."] {
        assert_kind(builder.add_memory(b"", None, Some(title)), Kind::UnsafeName);
        assert_kind(
            builder.add_path(Path::new("x"), None, Some(title)),
            Kind::UnsafeName,
        );
    }
    assert_kind(
        builder.add_path(Path::new("/"), None, None),
        Kind::UnsafeName,
    );
    assert_kind(
        builder.add_memory(b"", Some("x"), None),
        Kind::InvalidMediaType,
    );
    assert_kind(builder.set_annotation("", Some("x")), Kind::InvalidArgument);
    let unknown = Descriptor::new(EMPTY, None, None).expect("valid");
    assert_kind(builder.add(&unknown), Kind::InvalidArgument);
    assert_kind(builder.set_subject(Some(&unknown)), Kind::InvalidArgument);
    assert_kind(
        builder.set_config_descriptor(&unknown),
        Kind::InvalidArgument,
    );
    let mut index = Builder::new(true);
    assert_kind(index.set_config(b"", "a/b"), Kind::InvalidArgument);
    assert_kind(index.add_memory(b"", None, None), Kind::InvalidArgument);
    index.finish(&options()).expect("an empty index");

    let mut small = options();
    small.set_max_manifest(100).expect("in range");
    assert_kind(artifact(folder.path()).finish(&small), Kind::BodyTooLarge);
    builder
        .add_path(folder.path(), None, Some("folder"))
        .expect("added");
    assert_kind(builder.finish(&options()), Kind::File);
    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let pushed = artifact(folder.path()).push(&repository, &["no tag"], &options());
    assert_kind(pushed, Kind::InvalidReference);
    assert_kind(
        artifact(folder.path()).push(&repository, &[EMPTY], &options()),
        Kind::DigestMismatch,
    );
    assert!(registry.requests().is_empty());
}
