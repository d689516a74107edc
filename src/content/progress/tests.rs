use std::sync::Mutex;

use super::*;
use crate::error::Kind;

type Seen = Arc<Mutex<Vec<Snapshot>>>;

/// Stops the call when that many bytes are in place.
fn progress(interval: Duration, stop_at: u64) -> (Progress, Seen) {
    let seen = Seen::default();
    let snapshots = Arc::clone(&seen);
    let callback: ProgressCallback = Arc::new(move |snapshot| {
        snapshots.lock().expect("no panic").push(snapshot.clone());
        match snapshot.done >= stop_at {
            true => Err(Error::new(Kind::ProgressCallback, "stop")),
            false => Ok(()),
        }
    });
    (Progress::new(Some(&(callback, interval))), seen)
}

#[test]
fn only_a_transfer_that_has_begun_can_fail() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    let failed = || Err(Error::new(Kind::NotFound, "x"));
    progress.done::<()>(failed()).expect_err("failed");
    for is_ended in [true, false] {
        progress
            .begin(Phase::Pull, None, "", Some(1))
            .expect("not stopped");
        if is_ended {
            progress.end().expect("not stopped");
        }
        progress.done::<()>(failed()).expect_err("failed");
    }
    let events: Vec<Event> = events(&seen).iter().map(|(event, _)| *event).collect();
    let ended = [Event::Begin, Event::End, Event::Done];
    let expected = [
        &[Event::Done][..],
        &ended,
        &[Event::Begin, Event::Fail, Event::Done],
    ];
    assert_eq!(events, expected.concat());
}

fn events(seen: &Seen) -> Vec<(Event, u64)> {
    let seen = seen.lock().expect("no panic");
    seen.iter().map(|found| (found.event, found.done)).collect()
}

#[test]
fn a_transfer_begins_moves_and_ends() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    progress
        .begin(Phase::Pull, None, "name", Some(10))
        .expect("not stopped");
    progress.resume(3);
    progress.poll().expect("not stopped");
    progress.moved(2);
    progress.poll().expect("not stopped");
    progress.poll().expect("not stopped");
    progress.restart().expect("not stopped");
    progress.end().expect("not stopped");
    progress.done(Ok(())).expect("not stopped");
    let expected = [
        (Event::Begin, 0),
        (Event::Move, 5),
        (Event::Restart, 0),
        (Event::End, 10),
        (Event::Done, 10),
    ];
    assert_eq!(events(&seen), expected);
    let seen = seen.lock().expect("no panic");
    assert_eq!((seen[1].resumed, seen[1].total), (3, Some(10)));
    assert!(seen.iter().all(|found| found.name == "name"));
}

#[test]
fn what_is_sent_again_does_not_count_again() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    progress
        .begin(Phase::Push, None, "", None)
        .expect("not stopped");
    let meter = progress.meter().expect("a meter");
    meter.begin_request(Some(10));
    meter.begin_piece(10);
    meter.sent(6, 10);
    meter.report().expect("not stopped");
    meter.begin_request(Some(10));
    meter.begin_piece(10);
    for sent in [4, 8] {
        meter.sent(sent, 10);
        meter.report().expect("not stopped");
    }
    progress.send_from(10);
    meter.begin_request(Some(5));
    meter.begin_piece(5);
    meter.sent(5, 5);
    meter.report().expect("not stopped");
    let done: Vec<u64> = events(&seen).iter().map(|(_, done)| *done).collect();
    assert_eq!(done, [0, 6, 8, 15]);
}

#[test]
fn a_wait_for_a_retry_is_a_phase() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    progress.retries_in(Some(Duration::from_secs(100)));
    progress.restart().expect("not stopped");
    progress.retries_in(None);
    progress.restart().expect("not stopped");
    let seen = seen.lock().expect("no panic");
    assert_eq!((seen[0].phase, seen[1].phase), (Phase::Retry, Phase::Pull));
    assert!(seen[0].wait > Duration::from_secs(90));
    assert!(seen[1].wait.is_zero());
}

#[test]
fn a_call_that_was_stopped_stays_so_and_the_first_failure_counts() {
    let (progress, seen) = progress(Duration::ZERO, 5);
    progress.moved(5);
    let error = progress.poll().expect_err("stopped");
    assert_eq!(error.kind(), Kind::ProgressCallback);
    assert!(progress.restart().is_err());
    let first = Error::new(Kind::Cancelled, "first");
    let error = progress.done::<()>(Err(first)).expect_err("failed");
    assert_eq!(error.kind(), Kind::Cancelled);
    assert_eq!(events(&seen).len(), 1);
    assert!(progress.done(Ok(())).is_err());
}

#[test]
fn a_transfer_whose_end_was_not_reported_has_not_failed() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    let complete = progress.another();
    let incomplete = progress.another();
    let skipped = progress.another();
    for line in [&complete, &incomplete, &skipped] {
        line.begin(Phase::Pull, None, "", Some(3))
            .expect("not stopped");
    }
    // As for a worker thread of a call that was stopped.
    let mut limits = CallLimits::default();
    limits.allow_workers().expect("an event").trigger();
    limits.callbacks.as_ref().expect("a queue").disown();
    complete.within(&limits).end().expect_err("stopped");
    skipped.within(&limits).skip().expect_err("stopped");
    let error = Error::new(Kind::Cancelled, "x");
    progress.done::<()>(Err(error)).expect_err("failed");
    let ends: Vec<Event> = events(&seen).iter().map(|(event, _)| *event).collect();
    let expected = [
        Event::Begin,
        Event::Begin,
        Event::Begin,
        Event::End,
        Event::Fail,
        Event::Skip,
        Event::Done,
    ];
    assert_eq!(ends, expected);
}

#[test]
fn a_title_counts_more_than_the_name_of_a_file() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    progress.set_title(Some("docs/a"));
    progress
        .begin(Phase::Check, None, "a", None)
        .expect("not stopped");
    progress
        .begin(Phase::Push, None, "b", None)
        .expect("not stopped");
    progress.end().expect("not stopped");
    let seen = seen.lock().expect("no panic");
    assert!(seen.iter().all(|seen| seen.name == "docs/a"));
}

#[test]
fn bodies_of_other_requests_do_not_count() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    let meter = progress.meter().expect("a meter");
    let send = |length: usize| {
        meter.begin_request(Some(length as u64));
        meter.begin_piece(length);
        meter.sent(length, length);
        meter.report().expect("not stopped");
    };
    progress.set_phase(Phase::Push);
    send(2);
    // As the sender of a blob does.
    progress.reached(2);
    progress.poll().expect("not stopped");
    progress
        .begin(Phase::Push, None, "", Some(10))
        .expect("not stopped");
    send(10);
    send(1000);
    progress.end().expect("not stopped");
    progress.set_phase(Phase::Push);
    send(2000);
    progress.done(Ok(())).expect("not stopped");
    let expected = [
        (Event::Begin, 0),
        (Event::Move, 10),
        (Event::End, 10),
        (Event::Done, 10),
    ];
    assert_eq!(events(&seen), expected);
}

#[test]
fn sizes_that_no_content_has_do_not_overflow_the_totals() {
    let (progress, seen) = progress(Duration::ZERO, u64::MAX);
    for _ in 0..4 {
        let other = progress.another();
        let begun = other.begin(Phase::Pull, None, "", Some(i64::MAX as u64));
        begun.expect("not stopped");
        other.skip().expect("not stopped");
    }
    let seen = seen.lock().expect("no panic");
    let done: Vec<u64> = seen.iter().map(|seen| seen.totals.done).collect();
    assert!(done.is_sorted(), "{done:?}");
    assert_eq!(done.last(), Some(&u64::MAX));
}

#[test]
fn a_report_that_never_arrives_is_followed_by_others() {
    let callback: ProgressCallback = Arc::new(|_| Ok(()));
    let board = Board::new(callback, Duration::ZERO);
    let line = board.add_line(0);
    board.deliver(line, Event::Begin).expect("not stopped");
    board.with_line(line, |line| line.reached(1));
    let posted = board.take_post().expect("not stopped");
    assert!(posted.is_some());
    assert!(board.take_post().expect("not stopped").is_none());
    drop(posted);
    let again = board.take_post().expect("not stopped");
    again.expect("the first one is lost").report();
    assert!(
        board.take_post().expect("not stopped").is_none(),
        "nothing has moved"
    );
}
