//! Manifests, tags and referrers in real registries.

use std::sync::Arc;

use reggie::content::manifest_delete::{delete, delete_tag};
use reggie::content::manifest_pull::{pull, resolve, stat};
use reggie::content::manifest_push::push;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Client, Config, Kind};
use support::registries::{
    Distribution, DockerForm, DockerRegistry, GgcrRegistry, Olareg, OlaregForm, Registry,
};

use crate::documents::*;
use crate::long::program;
use crate::referrers::{digests, referrers_of};

pub(crate) fn repository_of(registry: &Registry) -> Repository {
    let mut config = Config::new();
    if let (Some(user), Some(password)) = (registry.user(), registry.password()) {
        config.set_credentials(user, password).expect("valid");
    }
    if let Some(path) = registry.ca_path() {
        config.add_ca_file(&path).expect("a ca file");
    }
    let client = Arc::new(Client::new(&registry.url(), &config).expect("a client"));
    Repository::new(&client, Some(NAME)).expect("a repository")
}

fn all(mut names: Names) -> Vec<String> {
    let mut found = Vec::new();
    while let Some(name) = names.next().expect("a list") {
        found.push(name.to_owned());
    }
    found
}

fn options() -> Options {
    Options::default()
}

/// What registries do differently.
#[derive(Clone, Copy)]
struct Abilities {
    deletes_tags: bool,
    /// Rejects manifests whose blobs are missing, names the next page of a list, and
    /// deletes the tags of a manifest with it.
    is_complete: bool,
}

const SINGLE_TAGS_STAY: Abilities = Abilities {
    deletes_tags: false,
    is_complete: true,
};
const ALL: Abilities = Abilities {
    deletes_tags: true,
    is_complete: true,
};

fn walk(registry: Option<Registry>, abilities: Abilities) {
    let Some(registry) = registry else { return };
    let repository = repository_of(&registry);
    let image = parse(&artifact("a/b", ""));
    push(&repository, &image, &["v1", "v2"], &options()).expect("pushed");
    let entries = [entry(OCI_MANIFEST, &artifact("a/b", ""), "linux/amd64")];
    let list = parse(&index(&entries));
    push(&repository, &list, &["list"], &options()).expect("pushed");

    for (reference, manifest) in [("v1", &image), ("v2", &image), ("list", &list)] {
        let digest = manifest.descriptor().digest().as_str();
        for reference in [reference, digest] {
            let pulled = pull(&repository, Some(reference), &options()).expect("pulled");
            assert_eq!(pulled.bytes(), manifest.bytes());
            let found = stat(&repository, Some(reference), &options()).expect("found");
            assert_eq!(found.digest(), manifest.descriptor().digest());
            assert_eq!(found.size(), manifest.descriptor().size());
            assert_eq!(found.media_type(), manifest.descriptor().media_type());
        }
    }
    let resolved = resolve(&repository, Some("list"), Some("linux/amd64"), &options());
    assert_eq!(resolved.expect("resolved").bytes(), image.bytes());
    let error = pull(&repository, Some("none"), &options()).expect_err("missing");
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
    assert_eq!(error.registry_code(), Some("MANIFEST_UNKNOWN"));
    if abilities.is_complete {
        let blob = descriptor("a/b", &digest(b"x"), 1, "");
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{blob},"layers":[]}}"#
        );
        let error = push(&repository, &parse(&text), &["x"], &options()).expect_err("missing");
        assert_eq!(error.kind(), Kind::BlobMissing, "{error}");
        // Of the missing blob, if the registry names it.
        assert!(error.digest().is_some());
    }

    let mut small = options();
    if abilities.is_complete {
        small.set_pages(2, None).expect("in range");
    }
    let tags = Names::tags(&repository, None, &small);
    let tags = all(tags);
    let mut sorted = tags.clone();
    sorted.sort();
    assert_eq!(sorted, ["list", "v1", "v2"]);
    let after = Names::tags(&repository, Some(&tags[0]), &options());
    assert_eq!(all(after), tags[1..]);
    let mut catalog = Names::catalog(repository.client().expect("a registry"), None, &options());
    match catalog.next() {
        Ok(name) => assert_eq!(name, Some(NAME)),
        Err(error) => assert_eq!(error.kind(), Kind::Unsupported, "{error}"),
    }

    let subject = image.descriptor().digest().as_str();
    let mut pushed = Vec::new();
    for artifact_type in ["sig/one", "sig/two", "sig/one"] {
        let unique = pushed.len().to_string();
        let referrer = referrer(artifact_type, &image, &unique);
        push(&repository, &referrer, &[], &options()).expect("pushed");
        pushed.push(referrer.descriptor().digest().as_str().to_owned());
    }
    let of_type = |artifact_type| {
        let found = referrers_of(&repository, subject, artifact_type);
        digests(&found.expect("a list"))
    };
    assert_eq!(of_type(None).len(), 3);
    assert_eq!(of_type(Some("sig/two")), [pushed[1].clone()]);
    assert_eq!(of_type(Some("sig/one")).len(), 2);
    delete(&repository, &pushed[0], &options()).expect("deleted");
    assert_eq!(of_type(Some("sig/one")), [pushed[2].clone()]);

    let mut detour = options();
    detour.delete_detour = true;
    let deleted = delete_tag(&repository, "v2", &options());
    match abilities.deletes_tags {
        true => deleted.expect("deleted"),
        false => {
            let error = deleted.expect_err("unsupported");
            assert_eq!(error.kind(), Kind::Unsupported, "{error}");
            delete_tag(&repository, "v2", &detour).expect("deleted");
        }
    }
    let error = stat(&repository, Some("v2"), &options()).expect_err("deleted");
    assert_eq!(error.kind(), Kind::NotFound);
    let error = delete_tag(&repository, "v2", &detour).expect_err("deleted");
    assert_eq!(error.kind(), Kind::NotFound, "{error}");
    pull(&repository, Some("v1"), &options()).expect("the manifest stays");
    delete(&repository, subject, &options()).expect("deleted");
    let reference = match abilities.is_complete {
        true => "v1",
        false => subject,
    };
    let error = pull(&repository, Some(reference), &options()).expect_err("deleted");
    assert_eq!(error.kind(), Kind::NotFound);
}

#[test]
fn docker_registry_open() {
    walk(DockerRegistry::start(DockerForm::Open), SINGLE_TAGS_STAY);
}

#[test]
fn docker_registry_basic_over_tls() {
    walk(
        DockerRegistry::start(DockerForm::BasicTls),
        SINGLE_TAGS_STAY,
    );
}

#[test]
fn olareg_open() {
    walk(Olareg::start(OlaregForm::Open), ALL);
}

#[test]
fn olareg_with_tokens() {
    walk(Olareg::start(OlaregForm::Token), ALL);
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn distribution() {
    let registry = Distribution::start(&program("distribution"), DockerForm::Open);
    walk(Some(registry), ALL);
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn registry_of_go_containerregistry() {
    let abilities = Abilities {
        is_complete: false,
        ..ALL
    };
    let registry = GgcrRegistry::start(&program("ggcr-registry"));
    walk(Some(registry), abilities);
}
