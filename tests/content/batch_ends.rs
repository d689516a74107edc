//! How batches end: failures, cancels, time limits, callbacks that stop them.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use reggie::content::batch::Work;
use reggie::content::options::Options;
use reggie::content::progress::{Event, Snapshot};
use reggie::{Cancel, Kind};

use crate::batching::*;

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
