use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::tests::{PARALLEL, call, failure, repository};
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::progress::{Event as What, Phase, ProgressCallback, Snapshot};
use crate::error::{Error, Kind, Step};
use crate::os::deadline::StepLimit;
use crate::os::event::Event;

type Seen = Arc<Mutex<Vec<Snapshot>>>;

/// Options whose callback notes what it gets, and stops the call at an event.
fn noting(interval: Duration, stop_at: Option<What>) -> (Options, Seen) {
    let seen = Seen::default();
    let snapshots = Arc::clone(&seen);
    let here = thread::current().id();
    let callback: ProgressCallback = Arc::new(move |snapshot| {
        assert_eq!(thread::current().id(), here);
        snapshots
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(snapshot.clone());
        match stop_at == Some(snapshot.event) {
            true => Err(failure(Kind::ProgressCallback)),
            false => Ok(()),
        }
    });
    let mut options = Options::default();
    options.set_progress(Some(callback), interval);
    (options, seen)
}

/// Runs transfers as jobs, each with a progress of its own, and ends the call.
fn transfer(
    options: &Options,
    count: usize,
    body: impl Fn(&Operation, usize) -> Result<(), Error> + Send + Sync + 'static,
) -> Result<(), Error> {
    call(options, PARALLEL, |pool, operation| {
        let place = repository(None);
        let of_jobs = options.clone();
        let items = (0..count).map(|item| {
            let progress = operation.progress.another();
            progress.expect(Some(10));
            (item, progress)
        });
        let result = pool.map(
            operation,
            items.collect(),
            &[],
            move |worker, (item, progress)| {
                let operation = worker.operation(&place, &of_jobs, &progress);
                let result = operation
                    .progress
                    .begin(Phase::Pull, None, &item.to_string(), Some(10))
                    .and_then(|()| body(&operation, item));
                operation.finish_job(result)
            },
        );
        operation.finish(result.map(|_| ()))
    })
}

#[test]
fn transfers_of_a_call_have_numbers_and_totals() {
    let (options, seen) = noting(Duration::from_nanos(1), None);
    transfer(&options, 6, |operation, _| {
        operation.progress.moved(4);
        operation.progress.poll()?;
        operation.progress.moved(6);
        operation.progress.end()
    })
    .expect("no failure");
    let seen = seen.lock().expect("no panic");
    let begins = seen.iter().filter(|seen| seen.event == What::Begin);
    let numbers: Vec<usize> = begins.map(|seen| seen.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
    for number in 0..6 {
        let of_one = seen.iter().filter(|seen| seen.number == number);
        let of_one: Vec<&Snapshot> = of_one.filter(|seen| seen.event != What::Done).collect();
        assert_eq!(of_one.first().map(|seen| seen.event), Some(What::Begin));
        let last = of_one.last().expect("an end");
        assert_eq!((last.event, last.done), (What::End, 10));
        assert!(of_one.iter().all(|seen| seen.name == last.name));
    }
    assert!(seen.is_sorted_by_key(|seen| seen.totals.done));
    assert!(seen.is_sorted_by_key(|seen| seen.totals.total));
    let last = seen.last().expect("an end");
    assert_eq!(
        (last.event, last.totals.done, last.totals.total),
        (What::Done, 60, 60)
    );
    assert_eq!(
        seen.iter().filter(|seen| seen.event == What::Done).count(),
        1
    );
}

#[test]
fn what_moves_is_reported_without_the_end_of_a_transfer() {
    let (options, seen) = noting(Duration::from_nanos(1), None);
    let reports = Arc::clone(&seen);
    transfer(&options, 2, move |operation, _| {
        operation.progress.moved(5);
        // Each report of this one has been made once both have moved.
        loop {
            operation.check()?;
            operation.progress.poll()?;
            let seen = reports.lock().expect("no panic");
            if seen.iter().filter(|seen| seen.event == What::Move).count() >= 2 {
                break;
            }
        }
        operation.progress.end()
    })
    .expect("no failure");
    let seen = seen.lock().expect("no panic");
    let moves = seen.iter().filter(|seen| seen.event == What::Move);
    assert_eq!(moves.map(|seen| seen.done).collect::<Vec<u64>>(), [5, 5]);
}

#[test]
fn each_active_transfer_fails_with_the_call() {
    let (options, seen) = noting(Duration::from_secs(100), None);
    let (begun, begins): (Sender<()>, Receiver<()>) = channel();
    let begins = Mutex::new(begins);
    let result = transfer(&options, 3, move |operation, item| match item {
        0 => {
            let begins = begins.lock().expect("no panic");
            for () in begins.iter().take(2) {}
            Err(failure(Kind::NotFound))
        }
        _ => {
            begun.send(()).expect("a receiver");
            let never = Event::new().expect("an event");
            let waited = never.wait(&operation.call.limits, StepLimit::none(Step::Receive));
            Err(Error::of_io(
                Kind::Receive,
                "wait",
                waited.expect_err("ended"),
            ))
        }
    });
    assert_eq!(result.expect_err("failed").kind(), Kind::NotFound);
    let seen = seen.lock().expect("no panic");
    let failed = seen.iter().filter(|seen| seen.event == What::Fail);
    let mut failed: Vec<String> = failed.map(|seen| seen.name.clone()).collect();
    assert_eq!(failed.first().map(String::as_str), Some("0"));
    failed.sort();
    assert_eq!(failed, ["0", "1", "2"]);
    assert_eq!(seen.last().map(|seen| seen.event), Some(What::Done));
}

#[test]
fn a_callback_stops_the_call_at_any_event() {
    for event in [What::Begin, What::Move, What::End, What::Done] {
        let (options, seen) = noting(Duration::from_nanos(1), Some(event));
        let result = transfer(&options, 6, |operation, item| {
            operation.progress.moved(1);
            operation.progress.poll()?;
            match item {
                // Ends only because the call is stopped.
                5 if operation.progress.stopped().is_none() => operation.check(),
                _ => operation.progress.end(),
            }
        });
        let error = result.expect_err("stopped");
        assert_eq!(error.kind(), Kind::ProgressCallback, "{event:?}");
        let seen = seen.lock().expect("no panic");
        assert_eq!(seen.last().map(|seen| seen.event), Some(event));
    }
}

#[test]
fn a_callback_that_stops_the_call_at_a_report_ends_waiting_jobs() {
    let (options, _) = noting(Duration::from_nanos(1), Some(What::Move));
    let result = transfer(&options, 2, |operation, item| {
        if item == 0 {
            operation.progress.moved(1);
            operation.progress.poll()?;
        }
        let never = Event::new().expect("an event");
        let waited = never.wait(&operation.call.limits, StepLimit::none(Step::Receive));
        Err(Error::of_io(
            Kind::Receive,
            "wait",
            waited.expect_err("ended"),
        ))
    });
    assert_eq!(result.expect_err("stopped").kind(), Kind::ProgressCallback);
}
