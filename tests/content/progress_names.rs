//! What events that are about a whole call or batch item say about it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_registry::{Ending, Fault, Rule};
use reggie::content::batch::{Batch, Work};
use reggie::content::copy::{Copy, copy};
use reggie::content::descriptor::Descriptor;
use reggie::content::progress::{Event, Snapshot};
use reggie::{Error, Kind};

use crate::batching::stop;
use crate::copying::*;
use crate::pushing::assert_kind;

/// The digest and the name of the only event of a kind of an item.
#[track_caller]
fn only(seen: &Mutex<Vec<Snapshot>>, event: Event, index: usize) -> (Option<String>, String) {
    let seen = seen.lock().expect("no panic");
    let is_wanted = |found: &&Snapshot| found.event == event && found.index == index;
    let found: Vec<&Snapshot> = seen.iter().filter(is_wanted).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let digest = found[0].item.as_ref().map(Descriptor::digest);
    let digest = digest.map(|digest| digest.as_str().to_owned());
    (digest, found[0].name.clone())
}

#[test]
fn the_end_of_a_copy_is_about_its_manifest() {
    for (from, to) in Place::directions() {
        let (list, _) = platforms(from.repository(), "v1");
        for tags in [&[][..], &["v2"]] {
            let (watched, seen) = observed(options());
            let (from, to) = (from.repository(), to.repository());
            copy(from, Some("v1"), to, tags, &watched).expect("copied");
            let name = tags.first().copied().unwrap_or("v1").to_owned();
            assert_eq!(only(&seen, Event::Done, 0), (Some(digest_of(&list)), name));
        }
        let (watched, seen) = observed(options());
        let copied = copy_tag(from.repository(), to.repository(), "none", &watched);
        assert_kind(copied, Kind::NotFound);
        assert_eq!(only(&seen, Event::Done, 0), (None, "none".to_owned()));
    }
}

#[test]
fn the_end_of_a_batch_item_is_about_what_it_has_done() {
    let (from, to) = (Place::registry(), Place::registry());
    let image = image(from.repository(), "image", &[100], &["v1"]);
    let layer = &image.layers()[0];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, b"content").expect("written");
    let pushed = crate::documents::digest(b"content");
    let missing = crate::documents::digest(b"missing");
    let missing = Descriptor::new(&missing, Some(7), None).expect("valid");
    let (source, target) = (from.repository(), to.repository());
    let copy_of = |reference: &str, tags: &[&str]| {
        let copy = Copy::new(source, Some(reference), target, tags);
        Work::Copy(copy.expect("valid"))
    };
    let pull = |blob: &Descriptor, name: &str| {
        crate::batching::to_path(source, blob, &folder.path().join(name))
    };
    let digest = |blob: &Descriptor| Some(blob.digest().as_str().to_owned());
    let own = Some(digest_of(&image));
    let short = |blob: &Descriptor| blob.digest().short().to_owned();
    let work = [
        (copy_of("v1", &["v2"]), own.clone(), "v2".to_owned()),
        (copy_of("v1", &[]), own.clone(), "v1".to_owned()),
        (copy_of("none", &["v3"]), None, "none".to_owned()),
        (pull(layer, "a"), digest(layer), short(layer)),
        (pull(layer, "b"), digest(layer), short(layer)),
        (pull(&missing, "c"), digest(&missing), short(&missing)),
        (
            Work::push(target, &path, None).expect("valid"),
            Some(pushed),
            "file".to_owned(),
        ),
        (
            Work::manifest(source, Some("v1"), None).expect("valid"),
            own,
            "v1".to_owned(),
        ),
        (
            Work::locate(source, layer, false),
            digest(layer),
            short(layer),
        ),
    ];
    let (watched, seen) = observed(options());
    let mut batch = Batch::new(Arc::new(watched)).expect("a descriptor");
    batch.set_keep_going(true).expect("not running");
    let mut expected = Vec::new();
    for (work, digest, name) in work {
        batch.items().add(work);
        expected.push((digest, name));
    }
    assert_kind(batch.run(), Kind::NotFound);
    for (index, expected) in expected.into_iter().enumerate() {
        assert_eq!(only(&seen, Event::Done, index), expected, "{index}");
    }
    // What an item has moved is in place.
    let seen = seen.lock().expect("no panic");
    for index in [3, 4, 6, 7] {
        let is_end = |found: &&Snapshot| found.event == Event::Done && found.index == index;
        let done = seen.iter().find(is_end).expect("an end");
        assert_eq!(Some(done.done), done.total, "{done:?}");
        assert!(done.done > 0, "{done:?}");
    }
}

#[test]
fn a_lookup_that_waits_has_the_name_of_what_is_copied() {
    for is_batch in [false, true] {
        let (from, to) = (Place::registry(), Place::registry());
        image(from.repository(), "image", &[100], &["v1"]);
        let stall = Fault::hang_up(Ending::Stall);
        from.server().add_rule(Rule::new(stall).path("manifests"));
        let seen: Arc<Mutex<Vec<(Event, String, usize)>>> = Arc::default();
        let events = Arc::clone(&seen);
        let mut options = options();
        let callback = move |snapshot: &Snapshot| -> Result<(), Error> {
            let found = (snapshot.event, snapshot.name.clone(), snapshot.number);
            events.lock().expect("no panic").push(found);
            match snapshot.event {
                Event::Wait => Err(stop()),
                _ => Ok(()),
            }
        };
        options.set_progress(Some(Arc::new(callback)), Duration::ZERO);
        let (from, to) = (from.repository(), to.repository());
        match is_batch {
            false => drop(copy(from, Some("v1"), to, &["v2"], &options).expect_err("stopped")),
            true => {
                let mut batch = Batch::new(Arc::new(options)).expect("a descriptor");
                let copy = Copy::new(from, Some("v1"), to, &["v2"]).expect("valid");
                batch.items().add(Work::Copy(copy));
                batch.run().expect_err("stopped");
            }
        }
        let seen = seen.lock().expect("no panic");
        assert_eq!(*seen, [(Event::Wait, "v1".to_owned(), 0)]);
    }
}
