//! Copies as items of a batch.

use embedded_registry::{About, Ending, Fault, Rule};
use reggie::content::batch::{Batch, Work};
use reggie::content::copy::Copy;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;
use reggie::{Cancel, Kind};
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm};

use crate::batching::{ALL, How, batch, failure, finish, parallel, product, to_path};
use crate::copying::*;
use crate::documents::parse;
use crate::registries::repository_of;

fn copy(from: &Repository, tag: &str, to: &Repository) -> Work {
    Work::Copy(Copy::new(from, Some(tag), to, &[tag]).expect("valid"))
}

fn copied(batch: &Batch, index: usize) -> String {
    product(batch, index, |product| {
        product.descriptor().digest().as_str().to_owned()
    })
}

/// Images that have two of three layers in common.
fn images(repository: &Repository, count: usize) -> Vec<Manifest> {
    let images = (0..count).map(|number| {
        let tag = format!("v{number}");
        let config = format!(r#"{{"architecture":"amd64","os":"linux","author":"{tag}"}}"#);
        let config = blob(repository, "application/vnd.oci.image.config.v1+json", config.as_bytes());
        let layers = [layer("", 3_000_000), layer(&tag, 300), layer("", 70_000)];
        let layers = layers.map(|bytes| blob(repository, LAYER, &bytes)).join(",");
        let text = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{config},"layers":[{layers}]}}"#
        );
        let manifest = parse(&text);
        push_manifest(repository, &manifest, &[&tag], &options()).expect("pushed");
        manifest
    });
    images.collect()
}

/// How many requests with a body of a blob there were.
fn uploads(place: &Place) -> usize {
    let requests = place.server().requests();
    let sent = requests
        .iter()
        .filter(|request| request.about() == About::Upload && request.body_length > 0);
    sent.count()
}

#[test]
fn copies_run_together_in_all_directions() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 4)]) {
        for (from, to) in Place::directions() {
            let (from, to) = (from.repository(), to.repository());
            let manifests = images(from, 3);
            let mut batch = batch(parallel(count));
            for number in 0..3 {
                batch.items().add(copy(from, &format!("v{number}"), to));
            }
            finish(&mut batch, how).expect("no failure");
            for (index, manifest) in manifests.iter().enumerate() {
                assert_has(to, manifest);
                assert_tag(to, &format!("v{index}"), manifest);
                assert_eq!(copied(&batch, index), digest_of(manifest));
            }
        }
    }
}

#[test]
fn a_copy_that_fails_is_named_with_its_item() {
    for how in ALL {
        let (from, to) = (Place::registry(), Place::registry());
        let manifests = images(from.repository(), 2);
        let mut batch = batch(parallel(4));
        batch.set_keep_going(true).expect("not running");
        for tag in ["v0", "missing", "v1"] {
            batch
                .items()
                .add(copy(from.repository(), tag, to.repository()));
        }
        let error = finish(&mut batch, how).expect_err("missing");
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(
            failure(&batch, 1).map(|error| error.kind()),
            Some(Kind::NotFound)
        );
        assert_has(to.repository(), &manifests[0]);
        assert_has(to.repository(), &manifests[1]);
    }
}

#[test]
fn copies_transfer_what_they_have_in_common_once() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 8)]) {
        let (from, to) = (Place::registry(), Place::registry());
        let manifests = images(from.repository(), 6);
        from.server().clear_requests();
        let mut batch = batch(parallel(count));
        for number in 0..6 {
            let tag = format!("v{number}");
            batch
                .items()
                .add(copy(from.repository(), &tag, to.repository()));
        }
        finish(&mut batch, how).expect("no failure");
        // Configs, own layers, and those in common.
        assert_eq!(uploads(&to), 6 + 6 + 2, "{how:?} {count}");
        assert_eq!(from.server().count(About::Blob), 6 + 6 + 2);
        for manifest in &manifests {
            assert_has(to.repository(), manifest);
        }
    }
}

#[test]
fn tags_of_a_repository_are_listed_once() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 8)]) {
        let (from, to) = (Place::registry(), Place::registry());
        let manifests = images(from.repository(), 6);
        let tag = format!("{}.sig", digest_of(&manifests[0]).replace(':', "-"));
        let signature = image(from.repository(), "signature", &[30], &[&tag]);
        from.server().clear_requests();
        let mut options = parallel(count);
        options.digest_tags = true;
        let mut batch = batch(options);
        for number in 0..6 {
            let work = copy(from.repository(), &format!("v{number}"), to.repository());
            batch.items().add(work);
        }
        finish(&mut batch, how).expect("no failure");
        assert_tag(to.repository(), &tag, &signature);
        let requests = from.requests();
        let lists = requests.iter().filter(|one| one.ends_with("/tags/list"));
        assert_eq!(lists.count(), 1, "{how:?} {count}");
    }
}

#[test]
fn copies_to_different_repositories_of_a_registry_mount_what_they_have_in_common() {
    for count in [1, 8] {
        let (from, to) = (Place::registry(), Place::registry());
        let manifests = images(from.repository(), 4);
        let client = to.repository().client().expect("a registry");
        let others: Vec<Repository> = (0..4)
            .map(|number| {
                let name = format!("other/{number}");
                Repository::new(client, Some(&name)).expect("a name")
            })
            .collect();
        from.server().clear_requests();
        let mut batch = batch(parallel(count));
        for (number, other) in others.iter().enumerate() {
            let tag = format!("v{number}");
            batch.items().add(copy(from.repository(), &tag, other));
        }
        finish(&mut batch, How::Run).expect("no failure");
        assert_eq!(uploads(&to), 4 + 4 + 2, "{count}");
        assert_eq!(from.server().count(About::Blob), 4 + 4 + 2);
        for (other, manifest) in others.iter().zip(&manifests) {
            assert_has(other, manifest);
        }
    }
}

#[test]
fn a_transfer_that_fails_does_not_stop_those_that_wait_for_it() {
    let (from, to) = (Place::registry(), Place::registry());
    let manifests = images(from.repository(), 4);
    let shared = manifests[0].layers()[0].digest().as_str()[7..].to_owned();
    let gone = Fault::status(404);
    let rule = Rule::new(gone).method("GET").path(&shared).times(1);
    from.server().add_rule(rule);
    let mut batch = batch(parallel(8));
    batch.set_keep_going(true).expect("not running");
    for number in 0..4 {
        let tag = format!("v{number}");
        batch
            .items()
            .add(copy(from.repository(), &tag, to.repository()));
    }
    finish(&mut batch, How::Run).expect_err("a blob is missing once");
    let failed: Vec<usize> = (0..4)
        .filter(|index| failure(&batch, *index).is_some())
        .collect();
    assert_eq!(failed.len(), 1);
    for index in (0..4).filter(|index| !failed.contains(index)) {
        assert_has(to.repository(), &manifests[index]);
    }
}

#[test]
fn copies_that_wait_for_a_transfer_are_cancelled() {
    let (from, to) = (Place::registry(), Place::registry());
    let manifests = images(from.repository(), 4);
    let shared = manifests[0].layers()[0].digest().as_str()[7..].to_owned();
    let stall = Fault::hang_up(Ending::Stall);
    from.server()
        .add_rule(Rule::new(stall).method("GET").path(&shared));
    let cancel = Cancel::new().expect("a handle");
    let mut options = parallel(8);
    options.cancel = Some(cancel.clone());
    let mut batch = batch(options);
    for number in 0..4 {
        let tag = format!("v{number}");
        batch
            .items()
            .add(copy(from.repository(), &tag, to.repository()));
    }
    std::thread::scope(|scope| {
        let server = from.server();
        scope.spawn(move || {
            let is_asked = || {
                let requests = server.requests();
                requests
                    .iter()
                    .any(|request| request.method == "GET" && request.target.contains(&shared))
            };
            while !is_asked() {
                std::thread::yield_now();
            }
            cancel.trigger();
        });
        let error = finish(&mut batch, How::Run).expect_err("cancelled");
        assert_eq!(error.kind(), Kind::Cancelled);
    });
}

#[test]
fn progress_of_copies_has_the_index_of_the_item() {
    let (from, to) = (Place::registry(), Place::registry());
    images(from.repository(), 3);
    let (mut options, seen) = observed(options());
    options.set_parallel(4).expect("in range");
    let mut batch = batch(options);
    for number in 0..3 {
        let tag = format!("v{number}");
        batch
            .items()
            .add(copy(from.repository(), &tag, to.repository()));
    }
    finish(&mut batch, How::Step).expect("no failure");
    let seen = seen.lock().expect("no panic");
    for index in 0..3 {
        let of_item = || seen.iter().filter(|snapshot| snapshot.index == index);
        let count = |event| of_item().filter(|snapshot| snapshot.event == event).count();
        assert_eq!(count(Event::Done), 1);
        assert_eq!(count(Event::Begin), count(Event::End) + count(Event::Skip));
        // A config, three layers and a manifest.
        assert!(count(Event::Begin) >= 5, "{index}");
    }
    assert!(seen.is_sorted_by_key(|snapshot| snapshot.totals.done));
    let last = seen.last().expect("an event").totals;
    assert_eq!((last.items_done, last.done), (3, last.total));
}

/// Pushes, pulls and copies within a real registry.
fn walk(registry: Option<support::registries::Registry>) {
    let Some(registry) = registry else { return };
    let repository = repository_of(&registry);
    let from = Place::registry();
    let manifests = images(from.repository(), 3);
    let folder = tempfile::tempdir().expect("a folder");
    let mut batch = batch(parallel(4));
    for number in 0..3 {
        let tag = format!("v{number}");
        batch
            .items()
            .add(copy(from.repository(), &tag, &repository));
        let path = folder.path().join(format!("source {number}"));
        std::fs::write(&path, layer(&tag, 100_000)).expect("written");
        batch
            .items()
            .add(Work::push(&repository, &path, None).expect("valid"));
    }
    finish(&mut batch, How::Poll).expect("no failure");
    for (number, manifest) in manifests.iter().enumerate() {
        assert_has(&repository, manifest);
        let tag = format!("v{number}");
        batch
            .items()
            .add(Work::manifest(&repository, Some(&tag), None).expect("valid"));
        for (layer, blob) in manifest.layers().iter().enumerate() {
            let path = folder.path().join(format!("{number} {layer}"));
            batch.items().add(to_path(&repository, blob, &path));
        }
    }
    finish(&mut batch, How::Run).expect("no failure");
    for number in 0..3 {
        let found = std::fs::read(folder.path().join(format!("{number} 0")));
        assert!(found.expect("a file") == layer("", 3_000_000));
    }
}

#[test]
fn batches_with_docker_registry() {
    walk(DockerRegistry::start(DockerForm::Open));
}

#[test]
fn batches_with_olareg() {
    walk(Olareg::start(OlaregForm::Open));
}

/// Each of them may find it damaged and replace it.
#[test]
fn two_copies_repair_a_damaged_manifest() {
    let (from, to) = (Place::registry(), Place::layout());
    let [manifest] = &images(from.repository(), 1)[..] else {
        panic!("one image");
    };
    for _ in 0..10 {
        let mut first = batch(parallel(2));
        for _ in 0..2 {
            let work = copy(from.repository(), "v0", to.repository());
            first.items().add(work);
        }
        finish(&mut first, How::Run).expect("no failure");
        assert_has(to.repository(), manifest);
        let name = manifest
            .descriptor()
            .digest()
            .as_str()
            .replacen(':', "/", 1);
        let path = to.folder().join("blobs").join(name);
        let mut wrong = manifest.bytes().to_vec();
        wrong[0] ^= 1;
        std::fs::write(path, wrong).expect("written");
    }
}
