//! A registry that mirrors others.

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::blob_pull::to_memory;
use reggie::content::blob_stat::stat as blob_stat;
use reggie::content::descriptor::Descriptor;
use reggie::content::manifest_pull::{pull, stat};
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::{Config, Kind};

use crate::documents::*;

#[test]
fn dragonfly_each_request_names_the_registry_that_is_mirrored() {
    let registry = Registry::start(RegistryOptions::default().page_size(1));
    for tag in ["latest", "v1"] {
        registry.put_manifest(NAME, tag, OCI_MANIFEST, artifact("a/b", ""));
    }
    let blob = registry.put_blob(NAME, "content");
    let mut config = config();
    config.set_mirror_of("docker.io").expect("valid");
    let repository = repository_with(registry.url(), &config);
    let options = Options::default();

    pull(&repository, None, &options).expect("pulled");
    stat(&repository, None, &options).expect("found");
    let descriptor = Descriptor::new(&blob, Some(7), None).expect("valid");
    to_memory(&repository, &descriptor, 7, 100, &options).expect("pulled");
    blob_stat(&repository, &blob, &options).expect("found");
    let mut tags = Names::tags(&repository, None, &options);
    while tags.next().expect("a page").is_some() {}

    let targets: Vec<String> = registry.requests().into_iter().map(|r| r.target).collect();
    assert!(targets.len() >= 6, "{targets:?}");
    // The second page is at the address that the registry has sent.
    for target in targets.iter().filter(|target| !target.contains("last=")) {
        assert!(target.contains("ns=docker.io"), "{target}");
    }
}

#[test]
fn the_mirrored_registry_is_an_address() {
    for (registry, message) in [
        ("", "mirrored registry: empty"),
        ("a/b", "mirrored registry: has byte 0x2f at offset 1"),
        ("a b", "mirrored registry: has byte 0x20 at offset 1"),
        ("é", "mirrored registry: has"),
    ] {
        let error = Config::new().set_mirror_of(registry).expect_err("wrong");
        assert_eq!(error.kind(), Kind::InvalidReference);
        assert!(error.to_string().contains(message), "{error}");
    }
    for registry in ["docker.io", "localhost:5000", "[::1]:5000"] {
        Config::new().set_mirror_of(registry).expect("valid");
    }
}
