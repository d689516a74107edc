//! Batches that run step by step: what makes a step due, callbacks, progress.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::{Cancel, Error, WriteSink};

use crate::batching::*;
use crate::blob_server::{Events, Kept, MIB};
use crate::repositories::NAME;

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
    assert!(
        is_due(&batch, false),
        "nothing has said that there is no item"
    );
    assert!(!batch.step(Some(Duration::ZERO)).expect("no failure"));
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

#[test]
fn a_call_does_not_wait_long_for_a_token_that_a_step_would_bring() {
    let options = embedded_registry::Options::default().token("me", "secret");
    let registry = embedded_registry::Registry::start(options);
    let blob = crate::blob_server::content(1000);
    registry.put_blob(NAME, blob.clone());
    let mut config = crate::blob_server::config();
    config.set_first_byte_timeout(Some(Duration::from_millis(100)));
    config.set_credential_callback(Some(Arc::new(|_, _| {
        reggie::Credential::password("me", "secret").map(Some)
    })));
    let repository = crate::blob_server::repository(registry.url(), &config);
    let described = crate::blob_server::descriptor(&blob);
    let folder = tempfile::tempdir().expect("a folder");
    let mut batch = batch(Options::default());
    let path = folder.path().join("file");
    batch.items().add(to_path(&repository, &described, &path));
    assert!(batch.step(Some(Duration::ZERO)).expect("no failure"));
    // Its worker now waits for the callback.
    is_due(&batch, true);
    let options = Options::default();
    let bytes = reggie::content::blob_pull::to_memory(&repository, &described, 0, MIB, &options);
    assert!(bytes.expect("pulled") == blob);
    finish(&mut batch, How::Poll).expect("no failure");
}
