//! Batches: several pulls, pushes and lookups at once, in one call or step by step.

use std::io::{Read, Seek};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use embedded_registry::{Ending, Fault, Rule};
use reggie::content::batch::{Destination, Product, Work};
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::{Cancel, Error, Kind, WriteSink};

use crate::batching::*;
use crate::blob_server::{Events, Kept, MIB};
use crate::documents::{artifact, entry, index, parse};
use crate::repositories::NAME;

fn hang(blobs: &Blobs, part: &str) {
    let stall = Fault::hang_up(Ending::Stall);
    blobs.registry.add_rule(Rule::new(stall).path(part));
}

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
fn the_first_failure_ends_the_others_and_is_returned() {
    for how in ALL {
        let blobs = Blobs::new([1000]);
        hang(&blobs, &blobs.blob(0).digest().as_str()[7..]);
        let mut batch = batch(parallel(2));
        blobs.pull_all(&batch);
        let missing = to_path(&blobs.repository, &blobs.missing(), &blobs.path("missing"));
        batch.items().add(missing);
        for name in ["a", "b"] {
            blobs.pull(&batch, 0, name);
        }
        let error = finish(&mut batch, how).expect_err("missing");
        assert_eq!(error.kind(), Kind::NotFound);
        assert_eq!(error.digest(), Some(blobs.missing().digest().as_str()));
        let kinds: Vec<Kind> = (0..4)
            .map(|index| failure(&batch, index).expect("failed").kind())
            .collect();
        let expected = [
            Kind::Cancelled,
            Kind::NotFound,
            Kind::Cancelled,
            Kind::Cancelled,
        ];
        assert_eq!(kinds, expected);
        // It is returned once.
        assert!(!batch.step(None).expect("nothing to do"));
        batch.run().expect("nothing to do");
        // The batch can go on.
        blobs.registry.clear_rules();
        blobs.pull(&batch, 0, "again");
        finish(&mut batch, how).expect("no failure");
        blobs.check(0, "again");
    }
}

#[test]
fn a_batch_that_keeps_going_runs_all_items() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 3)]) {
        let blobs = Blobs::new([1000, 2000, 3000]);
        let mut batch = batch(parallel(count));
        batch.set_keep_going(true).expect("not running");
        let missing = to_path(&blobs.repository, &blobs.missing(), &blobs.path("missing"));
        batch.items().add(missing);
        blobs.pull_all(&batch);
        let error = finish(&mut batch, how).expect_err("missing");
        assert_eq!(error.kind(), Kind::NotFound);
        for index in 0..3 {
            assert_eq!(failure(&batch, index + 1).map(|error| error.kind()), None);
            blobs.check(index, index);
        }
    }
}

#[test]
fn whether_a_batch_keeps_going_does_not_change_while_it_runs() {
    let blobs = Blobs::new([1000]);
    let mut batch = batch(Options::default());
    blobs.pull_all(&batch);
    assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    let error = batch.set_keep_going(true).expect_err("it runs");
    assert_eq!(error.kind(), Kind::Busy);
    finish(&mut batch, How::Step).expect("no failure");
    batch.set_keep_going(true).expect("it no longer runs");
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
fn a_cancel_ends_the_whole_batch() {
    for (how, keep_going) in ALL.into_iter().flat_map(|how| [(how, false), (how, true)]) {
        let blobs = Blobs::new((0..10).map(|number| 1000 + number));
        hang(&blobs, "/blobs/");
        let cancel = Cancel::new().expect("a handle");
        let mut options = parallel(4);
        options.cancel = Some(cancel.clone());
        let mut batch = batch(options);
        batch.set_keep_going(keep_going).expect("not running");
        blobs.pull_all(&batch);
        let begun = thread::scope(|scope| {
            let registry = &blobs.registry;
            scope.spawn(move || {
                while registry.requests().len() < 4 {
                    thread::yield_now();
                }
                cancel.trigger();
            });
            let error = finish(&mut batch, how).expect_err("cancelled");
            assert_eq!(error.kind(), Kind::Cancelled);
            registry.requests().len()
        });
        assert_eq!(begun, 4);
        for index in 0..10 {
            let error = failure(&batch, index).expect("cancelled");
            assert_eq!(error.kind(), Kind::Cancelled);
        }
    }
}

#[test]
fn a_cancel_counts_more_than_earlier_failures() {
    let blobs = Blobs::new([1000]);
    hang(&blobs, &blobs.blob(0).digest().as_str()[7..]);
    let cancel = Cancel::new().expect("a handle");
    let mut options = parallel(2);
    options.cancel = Some(cancel.clone());
    let mut batch = batch(options);
    batch.set_keep_going(true).expect("not running");
    let missing = to_path(&blobs.repository, &blobs.missing(), &blobs.path("missing"));
    batch.items().add(missing);
    blobs.pull_all(&batch);
    while batch.items().get(0).expect("an item").outcome().is_none() {
        assert!(batch.step(None).expect("it runs"));
    }
    cancel.trigger();
    let error = finish(&mut batch, How::Step).expect_err("cancelled");
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(failure(&batch, 0).expect("missing").kind(), Kind::NotFound);
}

#[test]
fn a_deadline_ends_the_whole_batch() {
    for (how, keep_going) in ALL.into_iter().flat_map(|how| [(how, false), (how, true)]) {
        let blobs = Blobs::new([1000, 1001]);
        hang(&blobs, "/blobs/");
        let mut options = parallel(2);
        options.timeout = Some(Duration::from_millis(50));
        let mut batch = batch(options);
        batch.set_keep_going(keep_going).expect("not running");
        blobs.pull_all(&batch);
        let error = finish(&mut batch, how).expect_err("it hangs");
        assert_eq!(error.kind(), Kind::Deadline, "{how:?}");
    }
}

/// Options whose callback stops the batch at an event.
fn stopping_at(count: usize, at: Event) -> Options {
    let mut options = parallel(count);
    let callback = move |snapshot: &Snapshot| match snapshot.event == at {
        true => Err(stop()),
        false => Ok(()),
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    options
}

#[test]
fn a_progress_callback_stops_the_whole_batch() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 4)]) {
        for at in [Event::Begin, Event::End, Event::Done] {
            let blobs = Blobs::new((0..8).map(|number| 1000 + number));
            let mut batch = batch(stopping_at(count, at));
            batch.set_keep_going(true).expect("not running");
            blobs.pull_all(&batch);
            batch
                .items()
                .add(Work::locate(&blobs.repository, &blobs.blob(0), false));
            let error = finish(&mut batch, how).expect_err("stopped");
            assert_eq!(error.kind(), stop().kind(), "{how:?} {at:?}");
            assert!(blobs.gets() < 8, "{how:?} {at:?}");
        }
    }
}

#[test]
fn progress_tells_of_items_and_of_all_of_them() {
    for (how, count) in ALL.into_iter().flat_map(|how| [(how, 1), (how, 4)]) {
        let blobs = Blobs::new((0..6).map(|number| 1000 + number));
        let total: usize = blobs.contents.iter().map(Vec::len).sum();
        let events = Events::default();
        let mut options = events.options();
        options.set_parallel(count).expect("in range");
        let mut batch = batch(options);
        blobs.pull_all(&batch);
        finish(&mut batch, how).expect("no failure");
        let all = events.all();
        for index in 0..6 {
            let of_item = all.iter().filter(|snapshot| snapshot.index == index);
            let of_item: Vec<&Snapshot> = of_item.collect();
            let main: Vec<Event> = of_item
                .iter()
                .map(|snapshot| snapshot.event)
                .filter(|event| !matches!(event, Event::Move | Event::Wait))
                .collect();
            assert_eq!(main, [Event::Begin, Event::End, Event::Done]);
            let ended = of_item.iter().find(|snapshot| snapshot.event == Event::End);
            assert_eq!(ended.map(|end| end.done), Some(1000 + index as u64));
        }
        let mut numbers: Vec<usize> = all
            .iter()
            .filter(|snapshot| snapshot.event == Event::Begin)
            .map(|snapshot| snapshot.number)
            .collect();
        numbers.sort_unstable();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        let done: Vec<usize> = all
            .iter()
            .filter(|snapshot| snapshot.event == Event::Done)
            .map(|snapshot| snapshot.totals.items_done)
            .collect();
        assert_eq!(done, [1, 2, 3, 4, 5, 6]);
        let first = all.first().expect("an event").totals;
        assert_eq!((first.total, first.items), (total as u64, 6));
        let last = all.last().expect("an event").totals;
        assert_eq!((last.done, last.total), (total as u64, total as u64));
        // The next call counts items of both, but its own bytes.
        blobs.pull(&batch, 0, "more");
        finish(&mut batch, how).expect("no failure");
        let last = events.all().last().expect("an event").clone();
        assert_eq!((last.index, last.event), (6, Event::Done));
        assert_eq!((last.totals.items, last.totals.items_done), (7, 7));
        assert_eq!(last.totals.total, 1000);
    }
}

#[test]
fn an_item_has_its_outcome_when_its_end_is_reported() {
    let blobs = Blobs::new([1000]);
    let seen: Arc<Mutex<Vec<bool>>> = Arc::default();
    let place: Arc<Mutex<Option<Arc<reggie::content::batch::Items>>>> = Arc::default();
    let (notes, items) = (Arc::clone(&seen), Arc::clone(&place));
    let mut options = Options::default();
    let callback = move |snapshot: &Snapshot| {
        let items = items.lock().expect("no panic");
        let item = items.as_ref().and_then(|items| items.get(snapshot.index));
        let has_ended = item.is_some_and(|item| item.outcome().is_some());
        if has_ended != (snapshot.event == Event::Done) {
            return Err(stop());
        }
        notes.lock().expect("no panic").push(has_ended);
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    let mut batch = batch(options);
    *place.lock().expect("no panic") = Some(Arc::clone(batch.items()));
    blobs.pull_all(&batch);
    batch.run().expect("no failure");
    assert_eq!(seen.lock().expect("no panic").last(), Some(&true));
}

/// Notes on which threads it is called and freed.
struct Noting {
    seen: Arc<Mutex<Vec<ThreadId>>>,
    freed: Arc<Mutex<Vec<ThreadId>>>,
    result: Result<(), Error>,
}

impl WriteSink for Noting {
    fn write(&mut self, _: &[u8]) -> Result<(), Error> {
        self.seen
            .lock()
            .expect("no panic")
            .push(thread::current().id());
        self.result.clone()
    }
}

impl Drop for Noting {
    fn drop(&mut self) {
        self.freed
            .lock()
            .expect("no panic")
            .push(thread::current().id());
    }
}

#[test]
fn callbacks_run_on_the_thread_that_steps_and_are_freed_on_that_of_the_batch() {
    let blobs = Blobs::new((0..4).map(|number| 300_000 + number));
    let (seen, freed) = (Arc::default(), Arc::default());
    let mut batch = batch(parallel(4));
    for index in 0..4 {
        let sink = Noting {
            seen: Arc::clone(&seen),
            freed: Arc::clone(&freed),
            result: Ok(()),
        };
        batch
            .items()
            .add(to_callback(&blobs.repository, &blobs.blob(index), sink));
    }
    // Each step runs on a thread of its own.
    let mut steppers = Vec::new();
    loop {
        is_due(&batch, true);
        let (stepper, is_running) = thread::scope(|scope| {
            let step = scope.spawn(|| {
                let is_running = batch.step(Some(Duration::ZERO)).expect("no failure");
                (thread::current().id(), is_running)
            });
            step.join().expect("no panic")
        });
        steppers.push(stepper);
        if !is_running {
            break;
        }
    }
    let seen = seen.lock().expect("no panic");
    assert!(seen.len() >= 4);
    assert!(seen.iter().all(|id| steppers.contains(id)));
    assert!(freed.lock().expect("no panic").is_empty());
    let freeing = thread::spawn(move || {
        drop(batch);
        thread::current().id()
    });
    let freeing = freeing.join().expect("no panic");
    assert_eq!(*freed.lock().expect("no panic"), [freeing; 4]);
}

#[test]
fn a_write_callback_that_fails_ends_its_item() {
    for how in ALL {
        let blobs = Blobs::new([200_000]);
        let sink = Noting {
            seen: Arc::default(),
            freed: Arc::default(),
            result: Err(stop()),
        };
        let mut batch = batch(Options::default());
        batch
            .items()
            .add(to_callback(&blobs.repository, &blobs.blob(0), sink));
        let error = finish(&mut batch, how).expect_err("it fails");
        assert_eq!(error.kind(), stop().kind());
    }
}

#[test]
fn items_are_added_between_steps_and_in_callbacks() {
    let blobs = Blobs::new((0..6).map(|number| 1000 + number));
    let place: Arc<Mutex<Option<Arc<reggie::content::batch::Items>>>> = Arc::default();
    let mut options = Options::default();
    let (items, repository) = (Arc::clone(&place), blobs.repository.clone());
    let works: Vec<(_, _)> = (2..6)
        .map(|index| (blobs.blob(index), blobs.path(index)))
        .collect();
    let callback = move |snapshot: &Snapshot| {
        if snapshot.event == Event::Done
            && let Some((blob, path)) = works.get(snapshot.index)
            && let Some(items) = &*items.lock().expect("no panic")
        {
            items.add(to_path(&repository, blob, path));
        }
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    let mut batch = batch(options);
    *place.lock().expect("no panic") = Some(Arc::clone(batch.items()));
    blobs.pull(&batch, 0, 0);
    assert!(is_due(&batch, false));
    assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    blobs.pull(&batch, 1, 1);
    finish(&mut batch, How::Poll).expect("no failure");
    assert_eq!(batch.items().count(), 6);
    for index in 0..6 {
        blobs.check(index, index);
    }
}

#[test]
fn nothing_is_due_while_there_is_nothing_to_do() {
    let blobs = Blobs::new([1000]);
    hang(&blobs, "/blobs/");
    let cancel = Cancel::new().expect("a handle");
    let mut options = Options::default();
    options.cancel = Some(cancel.clone());
    let mut batch = batch(options);
    assert!(!is_due(&batch, false), "no item");
    blobs.pull_all(&batch);
    assert!(is_due(&batch, false), "an item was added");
    assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    while blobs.registry.requests().is_empty() {
        assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    }
    assert!(!is_due(&batch, false), "the server does not answer");
    assert!(
        batch
            .step(Some(Duration::from_millis(1)))
            .expect("no failure")
    );
    cancel.trigger();
    assert!(is_due(&batch, true), "the item has ended");
    batch.step(Some(Duration::ZERO)).expect_err("cancelled");
    assert!(!is_due(&batch, false), "all is done");
}

#[test]
fn progress_makes_a_step_due() {
    let blobs = Blobs::new([1000]);
    hang(&blobs, "/blobs/");
    let events = Events::default();
    let mut batch = batch(events.options());
    blobs.pull_all(&batch);
    let count = |event| {
        let all = events.all();
        all.iter()
            .filter(|snapshot| snapshot.event == event)
            .count()
    };
    while count(Event::Begin) == 0 {
        is_due(&batch, true);
        assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    }
    // After a second in which nothing has moved.
    while count(Event::Wait) == 0 {
        is_due(&batch, true);
        assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    }
}

#[test]
fn a_batch_that_is_freed_while_it_runs_runs_no_callbacks() {
    let blobs = Blobs::new((0..8).map(|number| 300_000 + number));
    let (seen, freed) = (Arc::<Mutex<Vec<ThreadId>>>::default(), Arc::default());
    let reported = Arc::new(AtomicUsize::new(0));
    let (reports, is_freeing) = (Arc::clone(&reported), Arc::new(AtomicBool::new(false)));
    let mut options = parallel(8);
    let freeing = Arc::clone(&is_freeing);
    let callback = move |snapshot: &Snapshot| {
        assert!(!freeing.load(Ordering::Acquire));
        reports.fetch_add(
            usize::from(snapshot.event == Event::Begin),
            Ordering::AcqRel,
        );
        Ok(())
    };
    options.set_progress(Some(Arc::new(callback)), Duration::from_millis(1));
    let mut batch = batch(options);
    for index in 0..8 {
        let sink = Noting {
            seen: Arc::clone(&seen),
            freed: Arc::clone(&freed),
            result: Ok(()),
        };
        batch
            .items()
            .add(to_callback(&blobs.repository, &blobs.blob(index), sink));
    }
    // Each begins, and then waits for its callback.
    while reported.load(Ordering::Acquire) < 8 {
        assert!(batch.step(None).expect("no failure"));
    }
    let before = seen.lock().expect("no panic").len();
    is_freeing.store(true, Ordering::Release);
    drop(batch);
    assert_eq!(seen.lock().expect("no panic").len(), before);
    assert_eq!(
        *freed.lock().expect("no panic"),
        [thread::current().id(); 8]
    );
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

#[test]
fn the_stepping_thread_can_make_calls_while_a_worker_waits_for_it() {
    let blobs = Blobs::new([300_000, 1000]);
    let mut batch = batch(parallel(1));
    let kept = Kept::default();
    batch
        .items()
        .add(to_callback(&blobs.repository, &blobs.blob(0), kept.clone()));
    assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    is_due(&batch, true);
    let options = Options::default();
    let (repository, blob) = (&blobs.repository, blobs.blob(1));
    let bytes = reggie::content::blob_pull::to_memory(repository, &blob, 0, MIB, &options);
    assert!(bytes.expect("pulled") == blobs.contents[1]);
    finish(&mut batch, How::Step).expect("no failure");
    assert!(kept.bytes() == blobs.contents[0]);
}

#[test]
fn a_pull_that_waits_for_a_callback_is_not_idle_for_others() {
    let blobs = Blobs::new([300_000, 3 * MIB]);
    let (wrote, writes) = channel::<()>();
    struct Waiting(std::sync::mpsc::Receiver<()>);
    impl WriteSink for Waiting {
        fn write(&mut self, _: &[u8]) -> Result<(), Error> {
            let _ = self.0.recv();
            Ok(())
        }
    }
    let path = blobs.path("file");
    let mut batch = batch(parallel(2));
    let sink = Waiting(writes);
    batch
        .items()
        .add(to_callback(&blobs.repository, &blobs.blob(0), sink));
    blobs.pull(&batch, 1, "file");
    thread::scope(|scope| {
        scope.spawn(move || {
            // The callback returns only once the other pull has its file.
            while !path.exists() {
                thread::yield_now();
            }
            drop(wrote);
        });
        // Pulls to files without progress need no callback.
        finish(&mut batch, How::Step).expect("no failure");
    });
    blobs.check(1, "file");
}
