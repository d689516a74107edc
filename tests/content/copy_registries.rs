//! Copies between real registries and layouts, which other programs read.

use std::process::Command;
use std::time::Duration;

use reggie::content::names::Names;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;
use support::registries::{
    Distribution, DockerForm, DockerRegistry, GgcrRegistry, Olareg, OlaregForm, Registry,
};
use support::{c, programs};

use crate::artifacts;
use crate::copying::*;
use crate::long::program;
use crate::referrers::{digests, referrers_of};
use crate::registries::repository_of;

/// An index with attestations, referrers of it, of an entry and of a referrer, and a
/// tag of cosign.
fn fill(place: &Repository) {
    let (list, images) = platforms(place, "v1");
    let first = signature(place, &list, "of the index");
    signature(place, &images[0], "of an image");
    signature(place, &first, "of a signature");
    let tag = format!("{}.sig", digest_of(&list).replace(':', "-"));
    image(place, "cosign", &[100], &[&tag]);
}

/// Copies everything to each of the places in turn, and compares.
fn through(places: &[&Repository]) {
    let (source, rest) = places.split_first().expect("a source");
    fill(source);
    let mut options = with_referrers();
    options.digest_tags = true;
    let (list, images) = platforms(source, "v1");
    let mut from = *source;
    for to in rest {
        copy_tag(from, to, "v1", &options).expect("copied");
        assert_tag(to, "v1", &list);
        for image in &images {
            assert_has(to, image);
        }
        for subject in [&list, &images[0]] {
            let own = digest_of(subject);
            let referrers = |place| digests(&referrers_of(place, &own, None).expect("a list"));
            assert_eq!(referrers(to), referrers(source));
            assert_eq!(referrers(to).len(), 1);
        }
        let own = referrers_of(to, &digest_of(&list), None).expect("a list");
        let about = referrers_of(to, own[0].digest().as_str(), None).expect("a list");
        assert_eq!(about.len(), 1);
        let mut names = Names::tags(to, None, &options);
        let mut tags = Vec::new();
        while let Some(name) = names.next().expect("a list") {
            tags.push(name.to_owned());
        }
        assert!(tags.iter().any(|tag| tag.ends_with(".sig")), "{tags:?}");
        let (watched, seen) = observed(options.clone());
        copy_tag(from, to, "v1", &watched).expect("copied again");
        assert!(items(&seen, Event::End).is_empty());
        from = to;
    }
}

fn walk(registries: [Option<Registry>; 2]) {
    let [Some(one), Some(other)] = registries else {
        return;
    };
    let (one, other) = (repository_of(&one), repository_of(&other));
    let (first, last) = (Place::layout(), Place::layout());
    through(&[first.repository(), &one, &other, last.repository()]);
}

#[test]
fn docker_registry_and_olareg() {
    walk([
        DockerRegistry::start(DockerForm::Open),
        Olareg::start(OlaregForm::Open),
    ]);
    walk([
        Olareg::start(OlaregForm::Token),
        DockerRegistry::start(DockerForm::BasicTls),
    ]);
}

#[test]
#[ignore = "run by tests/long/run, which builds the registries"]
fn distribution_and_the_registry_of_go_containerregistry() {
    walk([
        Some(Distribution::start(
            &program("distribution"),
            DockerForm::Open,
        )),
        Some(GgcrRegistry::start(&program("ggcr-registry"))),
    ]);
}

/// The registries that are kept are those of the repositories.
fn places(registries: &[(&'static str, Registry)]) -> Vec<(&'static str, Repository)> {
    let places = registries.iter();
    places
        .map(|(name, registry)| (*name, repository_of(registry)))
        .collect()
}

#[test]
fn artifacts_of_each_kind_between_docker_registry_and_olareg() {
    let (Some(docker), Some(olareg)) = (
        DockerRegistry::start(DockerForm::Open),
        Olareg::start(OlaregForm::Open),
    ) else {
        return;
    };
    let registries = [("docker-registry", docker), ("olareg", olareg)];
    artifacts::walk(&places(&registries));
}

#[test]
#[ignore = "run by tests/long/run, which builds the registries"]
fn artifacts_of_each_kind_between_all_registries() {
    let docker = DockerRegistry::start(DockerForm::Open).expect("docker-registry");
    let olareg = Olareg::start(OlaregForm::Open).expect("olareg");
    let distribution = Distribution::start(&program("distribution"), DockerForm::Open);
    let ggcr = GgcrRegistry::start(&program("ggcr-registry"));
    let registries = [
        ("docker-registry", docker),
        ("olareg", olareg),
        ("distribution", distribution),
        ("ggcr", ggcr),
    ];
    artifacts::walk(&places(&registries));
}

#[test]
fn skopeo_copies_what_was_copied() {
    if programs::find("skopeo").is_none() {
        let line = "skopeo is not installed: its tests are skipped";
        programs::missing(line, "not in PATH");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let (source, other) = (Place::registry(), folder.path().join("layout"));
    let image = image(source.repository(), "x", &[1000, 2000], &["v1"]);
    let layout = Repository::open_layout(&other, true).expect("a layout");
    copy_tag(source.repository(), &layout, "v1", &options()).expect("copied");
    let copied = folder.path().join("copied");
    let mut command = Command::new("skopeo");
    command
        .args(["--insecure-policy", "copy", "--preserve-digests"])
        .arg(format!("oci:{}:v1", other.display()))
        .arg(format!("oci:{}:v2", copied.display()));
    c::run_command(command, Duration::from_secs(120)).expect_success();
    let copied = Repository::open_layout(&copied, false).expect("a layout");
    assert_tag(&copied, "v2", &image);
    let to = Place::registry();
    copy_tag(&copied, to.repository(), "v2", &options()).expect("copied");
    assert_has(to.repository(), &image);
}
