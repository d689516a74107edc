use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use super::*;
use crate::client::Client;
use crate::config::Config;
use crate::content::options::Options;
use crate::error::{Kind, Step};
use crate::os::cancel::Cancel;
use crate::os::deadline::StepLimit;
use crate::os::event::Event;

pub(super) const PARALLEL: usize = 4;

/// A repository that nothing is sent to.
pub(super) fn repository(max_connections: Option<usize>) -> Repository {
    let mut config = Config::default();
    config.network.max_connections = max_connections.and_then(std::num::NonZero::new);
    let client = Client::new("http://127.0.0.1:9", &config).expect("an address");
    Repository::new(&Arc::new(client), Some("name")).expect("a name")
}

/// Makes a call with a pool on the current thread.
pub(super) fn call<R>(
    options: &Options,
    parallel: usize,
    body: impl FnOnce(&Pool, &Operation) -> R,
) -> R {
    let repository = repository(None);
    let mut operation = Operation::new(&repository, options);
    let pool = Pool::new(&mut operation, parallel).expect("events");
    body(&pool, &operation)
}

type Run = Box<dyn FnOnce(&Worker) -> Result<(), Error> + Send>;

fn jobs(list: Vec<Run>) -> Jobs {
    let mut jobs = Jobs::new();
    for job in list {
        jobs.add(&[], job);
    }
    jobs
}

pub(super) fn failure(kind: Kind) -> Error {
    Error::new(kind, "a job")
}

/// Waits until the worker has to end.
fn wait_for_end(worker: &Worker) -> Error {
    let never = Event::new().expect("an event");
    let waited = never.wait(&worker.limits, StepLimit::none(Step::Receive));
    Error::of_io(Kind::Receive, "wait", waited.expect_err("it never happens"))
}

#[test]
fn jobs_run_on_threads_and_callbacks_on_the_calling_one() {
    call(&Options::default(), PARALLEL, |pool, operation| {
        let here = thread::current().id();
        let found = pool.map(
            operation,
            (0..20).collect(),
            &[],
            move |worker, item: u32| {
                let there = thread::current().id();
                let of_callback = worker
                    .limits
                    .call_back(Step::Send, || thread::current().id())?;
                Ok((item, there != here, of_callback == here))
            },
        );
        let expected: Vec<(u32, bool, bool)> = (0..20).map(|item| (item, true, true)).collect();
        assert_eq!(found.expect("no failure"), expected);
    });
}

#[test]
fn callbacks_of_a_single_job_that_a_thread_takes_are_served() {
    call(&Options::default(), PARALLEL, |pool, operation| {
        for count in [PARALLEL, 1, 1] {
            let here = thread::current().id();
            let found = pool.map(operation, vec![(); count], &[], |worker, ()| {
                worker
                    .limits
                    .call_back(Step::Send, || thread::current().id())
            });
            assert_eq!(found.expect("no failure"), vec![here; count]);
        }
    });
}

#[test]
fn with_one_at_a_time_there_are_no_threads() {
    let options = Options::default();
    call(&options, 1, |pool, operation| {
        let here = thread::current().id();
        let found = pool.map(operation, vec![(); 3], &[], |worker, ()| {
            let below = worker.map(vec![(); 2], &[], |_, ()| Ok(thread::current().id()))?;
            Ok([vec![thread::current().id()], below].concat())
        });
        let found: Vec<ThreadId> = found.expect("no failure").concat();
        assert_eq!(found, vec![here; 9]);
        assert!(!pool.shared.has_threads());
        assert!(operation.call.limits.callbacks.is_none());
    });
}

#[test]
fn the_first_failure_stops_the_others_and_is_returned() {
    for parallel in [2, PARALLEL] {
        call(&Options::default(), parallel, |pool, operation| {
            let (begun, begins) = channel();
            let unwanted = Arc::new(AtomicBool::new(false));
            let late = Arc::clone(&unwanted);
            let result = pool.run(
                operation,
                jobs(vec![
                    Box::new(move |worker| {
                        begun.send(()).expect("a receiver");
                        Err(wait_for_end(worker))
                    }),
                    Box::new(move |_| {
                        begins.recv().expect("the other one begins");
                        Err(failure(Kind::NotFound))
                    }),
                ]),
            );
            assert_eq!(result.expect_err("failed").kind(), Kind::NotFound);
            // The call itself continues.
            let result = pool.run(
                operation,
                jobs(vec![Box::new(move |_| {
                    late.store(true, Ordering::Release);
                    Ok(())
                })]),
            );
            result.expect("no failure");
            assert!(unwanted.load(Ordering::Acquire));
        });
    }
}

#[test]
fn jobs_that_have_not_begun_never_do_after_a_failure() {
    for parallel in [1, 2] {
        call(&Options::default(), parallel, |pool, operation| {
            let begun = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&begun);
            let result = pool.map(
                operation,
                (0..1000).collect(),
                &[],
                move |worker, item: usize| {
                    counted.fetch_add(1, Ordering::AcqRel);
                    match item {
                        0 => Err::<(), _>(failure(Kind::NotFound)),
                        _ => Err(wait_for_end(worker)),
                    }
                },
            );
            assert_eq!(result.expect_err("failed").kind(), Kind::NotFound);
            assert!(begun.load(Ordering::Acquire) <= parallel);
        });
    }
}

#[test]
fn jobs_that_keep_going_all_run() {
    for parallel in [1, PARALLEL] {
        call(&Options::default(), parallel, |pool, operation| {
            let ran = Arc::new(AtomicUsize::new(0));
            let mut jobs = Jobs::new().keep_going();
            for number in 0..20 {
                let ran = Arc::clone(&ran);
                jobs.add(&[], move |worker| {
                    worker.limits.check(Step::Send)?;
                    ran.fetch_add(1, Ordering::AcqRel);
                    match number {
                        3 => Err(failure(Kind::NotFound)),
                        _ => Ok(()),
                    }
                });
            }
            let result = pool.run(operation, jobs);
            assert_eq!(result.expect_err("failed").kind(), Kind::NotFound);
            assert_eq!(ran.load(Ordering::Acquire), 20);
        });
    }
}

#[test]
fn a_failure_below_a_job_that_keeps_going_stops_only_its_own_siblings() {
    call(&Options::default(), PARALLEL, |pool, operation| {
        let (failed, fails) = channel::<()>();
        let mut jobs = Jobs::new().keep_going();
        let errors: Arc<Mutex<Vec<Kind>>> = Arc::default();
        let found = Arc::clone(&errors);
        jobs.add(&[], move |worker| {
            let below = worker.map(vec![true, false], &[], |worker, waits| match waits {
                true => Err::<(), _>(wait_for_end(worker)),
                false => Err(failure(Kind::Denied)),
            });
            found
                .lock()
                .expect("no panic")
                .push(below.expect_err("failed").kind());
            failed.send(()).expect("a receiver");
            Ok(())
        });
        jobs.add(&[], move |worker| {
            fails.recv().expect("the other one ends");
            worker.limits.check(Step::Send)
        });
        pool.run(operation, jobs)
            .expect("the second job is not stopped");
        assert_eq!(*errors.lock().expect("no panic"), [Kind::Denied]);
    });
}

#[test]
fn joins_of_jobs_never_wait_for_each_other() {
    fn leaves(worker: &Worker, depth: usize) -> Result<usize, Error> {
        if depth == 0 {
            return Ok(1);
        }
        let below = worker.map(vec![depth - 1; 4], &[], leaves)?;
        Ok(below.iter().sum())
    }
    for threads in 1..=8 {
        let repository = repository(None);
        let options = Options::default();
        let mut operation = Operation::new(&repository, &options);
        let Operation { call, progress, .. } = &mut operation;
        let pool = Pool::with_threads(&mut call.limits, progress, threads).expect("events");
        let found = pool.map(&operation, vec![3; 4], &[], leaves);
        assert_eq!(found.expect("no failure"), [64; 4], "{threads} threads");
    }
}

#[test]
fn no_more_jobs_run_than_there_are_connections() {
    for max in [1, 2] {
        let limited = repository(Some(max));
        let options = Options::default();
        call(&options, 8, |pool, operation| {
            let busy = Arc::new(AtomicUsize::new(0));
            let other = limited.clone();
            let result = pool.map(operation, vec![(); 6], &[&limited], move |worker, ()| {
                let busy = Arc::clone(&busy);
                worker.map(vec![(); 3], &[&other], move |worker, ()| {
                    let now = busy.fetch_add(1, Ordering::AcqRel) + 1;
                    worker.limits.call_back(Step::Send, || ())?;
                    busy.fetch_sub(1, Ordering::AcqRel);
                    Ok(now)
                })
            });
            let most = result.expect("no failure").concat().into_iter().max();
            assert!(most <= Some(max), "{most:?}");
        });
    }
}

#[test]
fn a_cancel_ends_all_jobs() {
    for is_deadline in [false, true] {
        let cancel = Cancel::new().expect("a handle");
        let mut options = Options::default();
        options.cancel = Some(cancel.clone());
        options.timeout = is_deadline.then_some(Duration::from_millis(30));
        call(&options, PARALLEL, |pool, operation| {
            let (begun, begins) = channel();
            let ended = Arc::new(AtomicUsize::new(0));
            let ends = Arc::clone(&ended);
            let watcher = thread::spawn(move || {
                for () in begins.iter().take(PARALLEL) {}
                if !is_deadline {
                    cancel.trigger();
                }
            });
            let result = pool.map(operation, vec![(); PARALLEL], &[], move |worker, ()| {
                begun.send(()).expect("a receiver");
                let error = wait_for_end(worker);
                ends.fetch_add(1, Ordering::AcqRel);
                Err::<(), _>(error)
            });
            let expected = match is_deadline {
                true => Kind::Deadline,
                false => Kind::Cancelled,
            };
            assert_eq!(result.expect_err("cancelled").kind(), expected);
            assert_eq!(ended.load(Ordering::Acquire), PARALLEL);
            watcher.join().expect("no panic");
        });
    }
}

#[test]
fn a_panic_of_a_job_is_a_failure_and_ends_the_others() {
    call(&Options::default(), 2, |pool, operation| {
        let (begun, begins) = channel();
        let result = pool.run(
            operation,
            jobs(vec![
                Box::new(move |worker| {
                    begun.send(()).expect("a receiver");
                    Err(wait_for_end(worker))
                }),
                Box::new(move |_| {
                    begins.recv().expect("the other one begins");
                    std::panic::resume_unwind(Box::new("panic"))
                }),
            ]),
        );
        assert_eq!(result.expect_err("failed").kind(), Kind::Panic);
    });
}

#[test]
fn a_callback_that_unwinds_ends_the_threads() {
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    fn counted(number: usize, run: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
        RUNNING.fetch_add(1, Ordering::AcqRel);
        let run = move || {
            run();
            RUNNING.fetch_sub(1, Ordering::AcqRel);
        };
        threads::start(number, Box::new(run))
    }
    let unwound = std::panic::catch_unwind(|| {
        let (repository, options) = (repository(None), Options::default());
        let mut operation = Operation::new(&repository, &options);
        let Operation { call, progress, .. } = &mut operation;
        let pool = Pool::starting(&mut call.limits, progress, PARALLEL, counted);
        let pool = pool.expect("events");
        pool.map(
            &operation,
            (0..PARALLEL).collect(),
            &[],
            |worker, item| match item {
                0 => worker
                    .limits
                    .call_back(Step::Send, || std::panic::resume_unwind(Box::new("stop"))),
                _ => Err::<(), _>(wait_for_end(worker)),
            },
        )
    });
    assert!(unwound.is_err());
    assert_eq!(RUNNING.load(Ordering::Acquire), 0);
}

fn no_thread(_: usize, _: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
    Err(io::Error::from(io::ErrorKind::WouldBlock))
}

#[test]
fn jobs_without_a_waiting_thread_are_stopped() {
    let (repository, options) = (repository(None), Options::default());
    let mut operation = Operation::new(&repository, &options);
    let Operation { call, progress, .. } = &mut operation;
    let pool = Pool::with_threads(&mut call.limits, progress, 2).expect("events");
    let (begun, begins) = channel();
    let wait = move |worker: &Worker| {
        begun.send(()).expect("a receiver");
        Err(wait_for_end(worker))
    };
    let running = pool.start(jobs(vec![Box::new(wait)])).expect("a stop");
    begins.recv().expect("it begins");
    running.group.stop();
    drop(pool);
    assert!(running.group.is_done());
    let error = running.group.result().expect_err("stopped");
    assert_eq!(error.kind(), Kind::Cancelled);
}

#[test]
fn jobs_without_a_waiting_thread_need_none_of_the_pool() {
    let (repository, options) = (repository(None), Options::default());
    let mut operation = Operation::new(&repository, &options);
    let Operation { call, progress, .. } = &mut operation;
    let pool = Pool::starting(&mut call.limits, progress, 2, no_thread).expect("events");
    let ran: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let note = |ran: &Arc<Mutex<Vec<ThreadId>>>| -> Run {
        let ran = Arc::clone(ran);
        Box::new(move |_| {
            ran.lock().expect("no panic").push(thread::current().id());
            Ok(())
        })
    };
    let running = pool
        .start(jobs(vec![note(&ran), note(&ran)]))
        .expect("a stop");
    for _ in 0..2 {
        assert!(!running.group.is_done());
        running.help();
    }
    assert!(running.group.is_done());
    assert_eq!(*ran.lock().expect("no panic"), [thread::current().id(); 2]);
}

#[test]
fn without_threads_the_calling_thread_runs_the_jobs() {
    fn one(number: usize, run: Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>> {
        match number {
            0 => threads::start(number, run),
            _ => no_thread(number, run),
        }
    }
    for (start, has_threads) in [(no_thread as Start, false), (one, true)] {
        let (repository, options) = (repository(None), Options::default());
        let mut operation = Operation::new(&repository, &options);
        let Operation { call, progress, .. } = &mut operation;
        let pool = Pool::starting(&mut call.limits, progress, PARALLEL, start).expect("events");
        let here = thread::current().id();
        let found = pool.map(&operation, vec![(); 8], &[], move |worker, ()| {
            let below = worker.map(vec![(); 2], &[], |worker, ()| {
                worker
                    .limits
                    .call_back(Step::Send, || thread::current().id())
            })?;
            assert_eq!(below, [here; 2]);
            Ok(thread::current().id() == here)
        });
        assert_eq!(found.expect("no failure"), [!has_threads; 8]);
        assert_eq!(pool.shared.has_threads(), has_threads);
    }
}

#[test]
fn jobs_without_a_waiting_thread_wake_who_serves_their_callbacks() {
    let repository = repository(None);
    let options = Options::default();
    let mut operation = Operation::new(&repository, &options);
    let Operation { call, progress, .. } = &mut operation;
    let pool = Pool::with_threads(&mut call.limits, progress, 2).expect("events");
    let callbacks = call.limits.callbacks.clone().expect("a queue");
    callbacks.disown();
    let seen: Arc<Mutex<Vec<ThreadId>>> = Arc::default();
    let note = |seen: &Arc<Mutex<Vec<ThreadId>>>| {
        let seen = Arc::clone(seen);
        move |worker: &Worker| {
            worker.limits.call_back(Step::Send, move || {
                seen.lock().expect("no panic").push(thread::current().id());
            })
        }
    };
    let running = pool
        .start(jobs(vec![Box::new(note(&seen))]))
        .expect("a stop");
    running.add(jobs(vec![Box::new(note(&seen))]));
    let limits = operation.call.limits.clone();
    let there = thread::spawn(move || {
        callbacks.adopt();
        while !running.group.is_done() {
            // Ends only if something wakes it.
            let mut fds = [crate::os::wait::entry(
                callbacks.descriptor(),
                crate::os::wait::READABLE,
            )];
            let none = CallLimits::default();
            crate::os::wait::wait_any(&mut fds, &none, StepLimit::none(Step::Send), None)
                .expect("it is readable");
            limits.run_callbacks();
        }
        callbacks.disown();
        running.group.result().expect("no failure");
        thread::current().id()
    });
    let there = there.join().expect("no panic");
    assert_eq!(*seen.lock().expect("no panic"), [there; 2]);
}
