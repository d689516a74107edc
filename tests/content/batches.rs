//! Batches: several pulls, pushes and lookups at once, in one call or step by step.

use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::sync::Arc;

use embedded_registry::Options as RegistryOptions;
use reggie::Kind;
use reggie::content::batch::{Destination, Product, Work};
use reggie::content::options::Options;

use crate::batching::*;
use crate::blob_server::{Kept, MIB};
use crate::documents::{artifact, entry, index, parse};
use crate::repositories::NAME;

#[test]
fn every_kind_of_item_in_every_way() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 4)]) {
        let blobs = Blobs::new([3 * MIB, 100, 0, 70_000]);
        let repository = &blobs.repository;
        let image = parse(&artifact("a/b", ""));
        let entries = [entry(
            reggie::content::media_type::OCI_MANIFEST,
            &artifact("a/b", ""),
            "linux/amd64",
        )];
        let list = index(&entries);
        for (tag, text) in [("image", &artifact("a/b", "")), ("list", &list)] {
            let media_type = parse(text).descriptor().media_type().to_owned();
            blobs
                .registry
                .put_manifest(NAME, tag, &media_type, text.clone());
        }
        std::fs::write(blobs.path("source"), b"pushed").expect("written");
        let mut file = tempfile::tempfile().expect("a file");
        let kept = Kept::default();

        let mut batch = batch(parallel(count));
        blobs.pull(&batch, 0, "pulled");
        let items = Arc::clone(batch.items());
        items.add(pull(
            repository,
            &blobs.blob(1),
            Destination::Descriptor(file.as_raw_fd()),
        ));
        items.add(to_callback(repository, &blobs.blob(3), kept.clone()));
        items.add(Work::push(repository, &blobs.path("source"), None).expect("valid"));
        let reference = Some("list");
        items.add(Work::manifest(repository, reference, Some("linux/amd64")).expect("valid"));
        items.add(Work::manifest(repository, reference, Some("")).expect("valid"));
        items.add(Work::locate(repository, &blobs.blob(2), true));
        finish(&mut batch, how).expect("no failure");

        blobs.check(0, "pulled");
        let mut bytes = Vec::new();
        file.rewind().expect("rewound");
        file.read_to_end(&mut bytes).expect("read");
        assert_eq!(bytes, blobs.contents[1]);
        assert_eq!(kept.bytes(), blobs.contents[3]);
        let pushed = product(&batch, 3, |product| {
            product.descriptor().digest().as_str().to_owned()
        });
        let stored = blobs.registry.blob(NAME, &pushed);
        assert_eq!(stored.as_deref(), Some(b"pushed".as_slice()));
        for (index, expected) in [(4, image.bytes()), (5, list.as_bytes())] {
            product(&batch, index, |product| match product {
                Product::Manifest(manifest) => assert_eq!(manifest.bytes(), expected),
                _ => panic!("no manifest"),
            });
        }
        product(&batch, 6, |product| match product {
            Product::Location(blob, location) => {
                assert_eq!(*blob, blobs.blob(2));
                assert!(location.url().contains(blob.digest().as_str()));
            }
            _ => panic!("no location"),
        });
        // Nothing is left.
        assert!(!is_due(&batch, false));
        assert!(!batch.step(None).expect("no failure"));
        batch.run().expect("no failure");
    }
}

#[test]
fn many_blobs_are_pulled_at_once() {
    for (how, count) in [(How::Run, 3), (How::Step, 3), (How::Run, 1)] {
        let blobs = Blobs::new((0..20).map(|number| 50_000 + number));
        let mut batch = batch(parallel(count));
        blobs.pull_all(&batch);
        finish(&mut batch, how).expect("no failure");
        for index in 0..20 {
            blobs.check(index, index);
        }
        let connections = blobs.registry.connections();
        assert!(connections <= count, "{connections}");
        assert_eq!(blobs.gets(), 20);
    }
}

#[test]
fn many_transfers_at_once_keep_to_the_rate_of_a_registry() {
    let options = RegistryOptions::default().max_rate(20);
    let blobs = Blobs::at(options, (0..70).map(|number| 100 + number));
    let mut batch = batch(parallel(16));
    blobs.pull_all(&batch);
    batch.run().expect("no failure");
    (0..70).for_each(|index| blobs.check(index, index));
}

#[test]
fn a_blob_is_pulled_once_and_then_copied() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 4)]) {
        let blobs = Blobs::new([3 * MIB, 1000]);
        let mut file = tempfile::tempfile().expect("a file");
        let kept = Kept::default();
        let mut batch = batch(parallel(count));
        for name in ["a", "b", "c"] {
            blobs.pull(&batch, 0, name);
        }
        batch.items().add(pull(
            &blobs.repository,
            &blobs.blob(0),
            Destination::Descriptor(file.as_raw_fd()),
        ));
        let to_callback = to_callback(&blobs.repository, &blobs.blob(0), kept.clone());
        batch.items().add(to_callback);
        blobs.pull(&batch, 1, "other");
        finish(&mut batch, how).expect("no failure");
        // Also later.
        blobs.pull(&batch, 0, "d");
        finish(&mut batch, how).expect("no failure");
        for name in ["a", "b", "c", "d"] {
            blobs.check(0, name);
        }
        let mut bytes = Vec::new();
        file.rewind().expect("rewound");
        file.read_to_end(&mut bytes).expect("read");
        assert!(bytes == blobs.contents[0]);
        assert!(kept.bytes() == blobs.contents[0]);
        assert_eq!(blobs.gets(), 2, "{how:?} {count}");
    }
}

#[test]
fn a_file_that_has_changed_is_not_copied() {
    let blobs = Blobs::new([100_000]);
    let mut batch = batch(Options::default());
    blobs.pull(&batch, 0, "first");
    batch.run().expect("no failure");
    std::fs::write(blobs.path("first"), vec![b'x'; 100_000]).expect("written");
    blobs.pull(&batch, 0, "second");
    batch.run().expect("no failure");
    blobs.check(0, "second");
    assert_eq!(blobs.gets(), 2);
}

#[test]
fn the_failure_of_one_file_is_not_that_of_others_with_the_same_blob() {
    for count in [1, 4] {
        let blobs = Blobs::new([100_000]);
        let mut batch = batch(parallel(count));
        batch.set_keep_going(true).expect("not running");
        blobs.pull(&batch, 0, "missing folder/file");
        blobs.pull(&batch, 0, "a");
        blobs.pull(&batch, 0, "b");
        let error = batch.run().expect_err("no folder");
        assert_eq!(error.kind(), Kind::File);
        blobs.check(0, "a");
        blobs.check(0, "b");
        assert_eq!(blobs.gets(), 1);
    }
}

#[test]
fn a_batch_with_few_connections_takes_no_more() {
    let registry = embedded_registry::Registry::start(embedded_registry::Options::default());
    let mut config = crate::blob_server::config();
    config.set_max_connections(2);
    let repository = crate::blob_server::repository(registry.url(), &config);
    let folder = tempfile::tempdir().expect("a folder");
    let mut batch = batch(parallel(8));
    for number in 0..16 {
        let content = crate::blob_server::content(1000 + number);
        registry.put_blob(NAME, content.clone());
        let blob = crate::blob_server::descriptor(&content);
        let path = folder.path().join(number.to_string());
        batch.items().add(to_path(&repository, &blob, &path));
    }
    batch.run().expect("no failure");
    assert!(registry.connections() <= 2);
}
