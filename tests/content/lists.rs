//! Lists of tags and repositories.

use embedded_registry::{Fault, Options as RegistryOptions, Registry, Rule};
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::{Error, Kind};

use crate::documents::*;

fn all(names: &mut Names) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    while let Some(name) = names.next()? {
        found.push(name.to_owned());
    }
    Ok(found)
}

/// A registry with that many tags, each page of which is short.
fn tagged(count: usize, page: usize) -> (Registry, Vec<String>) {
    let registry = Registry::start(RegistryOptions::default().page_size(page));
    let tags: Vec<String> = (0..count).map(|number| format!("v{number:04}")).collect();
    for tag in &tags {
        registry.put_manifest(NAME, tag, OCI_MANIFEST, artifact("a/b", ""));
    }
    (registry, tags)
}

#[test]
fn tags_come_page_by_page() {
    for (count, page, requests) in [(0, 5, 1), (1, 5, 1), (5, 5, 1), (6, 5, 2), (12, 5, 3)] {
        let (registry, tags) = tagged(count, page);
        registry.put_manifest(NAME, "", OCI_MANIFEST, artifact("a/b", ""));
        let repository = embedded(&registry);
        let mut names = Names::tags(&repository, None, &Options::default());
        assert!(
            registry.requests().is_empty(),
            "nothing is sent before the first name"
        );
        drop(repository);
        assert_eq!(all(&mut names).expect("a list"), tags);
        assert_eq!(names.next().expect("the end again"), None);
        assert_eq!(names.left_out(), 0);
        assert_eq!(registry.requests().len(), requests);
        // From concourse: Artifactory returns 406 if lists are to be manifests.
        let accept = registry.requests()[0].header("accept").map(str::to_owned);
        assert_eq!(accept.as_deref(), Some("application/json"));
    }
}

#[test]
fn a_list_begins_after_a_name() {
    let (registry, tags) = tagged(6, 2);
    let repository = embedded(&registry);
    for (after, expected) in [
        ("v0002", &tags[3..]),
        ("v0005", &[]),
        ("a", &tags),
        ("x y", &[]),
    ] {
        let mut names = Names::tags(&repository, Some(after), &Options::default());
        assert_eq!(all(&mut names).expect("a list"), expected, "{after}");
    }
}

#[test]
fn the_size_and_the_number_of_pages_can_be_set() {
    let (registry, tags) = tagged(6, 1000);
    let repository = embedded(&registry);
    let mut options = Options::default();
    options.set_pages(2, Some(3)).expect("in range");
    let mut names = Names::tags(&repository, None, &options);
    assert_eq!(all(&mut names).expect("a list"), tags);
    assert!(registry.requests()[0].target.contains("n=2"));
    options.set_pages(2, Some(2)).expect("in range");
    let mut names = Names::tags(&repository, None, &options);
    for tag in &tags[..4] {
        assert_eq!(names.next().expect("a name"), Some(tag.as_str()));
    }
    for _ in 0..2 {
        let error = names.next().expect_err("too many pages");
        assert_eq!(error.kind(), Kind::ListEndless, "{error}");
    }
}

#[test]
fn a_page_that_fails_is_an_error_and_can_be_requested_again() {
    let (registry, tags) = tagged(6, 2);
    let repository = embedded(&registry);
    let mut names = Names::tags(&repository, None, &Options::default());
    let mut found = Vec::new();
    for _ in 0..2 {
        found.extend(names.next().expect("a name").map(str::to_owned));
    }
    for (fault, kind) in [
        (Fault::status(500), Kind::HttpStatus),
        (Fault::status(404), Kind::NotFound),
        (Fault::status(400), Kind::HttpStatus),
        (Fault::status(200).body("<html>"), Kind::InvalidJson),
    ] {
        registry.add_rule(Rule::new(fault));
        let error = names.next().expect_err("no page");
        assert_eq!(error.kind(), kind, "{error}");
        registry.clear_rules();
    }
    found.extend(all(&mut names).expect("the rest"));
    assert_eq!(found, tags);
}

#[test]
fn repositories_are_listed_too() {
    let registry = Registry::start(RegistryOptions::default().page_size(2));
    for name in ["a", "b/c", "d"] {
        registry.put_blob(name, b"x");
    }
    let repository = embedded(&registry);
    let mut names = Names::catalog(
        repository.client().expect("a registry"),
        None,
        &Options::default(),
    );
    assert_eq!(all(&mut names).expect("a list"), ["a", "b/c", "d"]);
    let mut names = Names::catalog(
        repository.client().expect("a registry"),
        Some("a"),
        &Options::default(),
    );
    assert_eq!(all(&mut names).expect("a list"), ["b/c", "d"]);
    for (status, kind) in [
        (401, Kind::Unauthorized),
        (403, Kind::Denied),
        (404, Kind::Unsupported),
        (405, Kind::Unsupported),
    ] {
        registry.add_rule(Rule::new(Fault::status(status)));
        let mut names = Names::catalog(
            repository.client().expect("a registry"),
            None,
            &Options::default(),
        );
        assert_eq!(names.next().expect_err("refused").kind(), kind);
        registry.clear_rules();
    }
}

#[test]
fn a_repository_that_does_not_exist_has_no_list() {
    let registry = Registry::start(RegistryOptions::default());
    let repository = embedded(&registry);
    let mut names = Names::tags(&repository, None, &Options::default());
    let error = names.next().expect_err("missing");
    assert_eq!(error.kind(), Kind::NotFound);
    assert_eq!(error.registry_code(), Some("NAME_UNKNOWN"));
}
