//! Callbacks of a call: on the calling thread, whichever thread needs them.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::callback_queue::CallbackQueue;
use super::deadline::{CallLimits, StepLimit};
use super::event::Event;
use super::step_clock::CallbackTime;
use super::wait;
use crate::error::{Error, Kind, Step};

/// Where the result of a callback goes that runs on another thread.
struct Reply<R> {
    result: Mutex<Option<R>>,
    done: Event,
}

/// Wakes the worker even if the callback unwinds, or is never run.
struct Wake<R>(Arc<Reply<R>>);

impl<R> Drop for Wake<R> {
    fn drop(&mut self) {
        self.0.done.happen();
    }
}

impl CallLimits {
    /// The queue, if the current thread is a worker of the call.
    fn queue(&self) -> Option<&Arc<CallbackQueue>> {
        self.callbacks.as_ref().filter(|queue| !queue.is_owner())
    }

    /// Whether the current thread is a worker of the call.
    pub(crate) fn is_worker(&self) -> bool {
        self.queue().is_some()
    }

    /// Runs a callback on the calling thread and returns its result. A worker
    /// waits for it until the call ends.
    pub(crate) fn call_back<R: Send + 'static>(
        &self,
        step: Step,
        callback: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, Error> {
        let Some(queue) = self.queue() else {
            return Ok(callback());
        };
        let failed = |error: &io::Error| Error::io(Kind::NoMemory, "event of a callback", error);
        let reply = Arc::new(Reply {
            result: Mutex::default(),
            done: Event::new().map_err(|error| failed(&error))?,
        });
        let wake = Wake(Arc::clone(&reply));
        let job = queue.push(Box::new(move || {
            let result = callback();
            *wake.0.result.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        }));
        let time = CallbackTime::start();
        let waited = reply.done.wait(self, StepLimit::none(step));
        drop(time);
        if let Err(error) = waited {
            queue.remove(job);
            return Err(Error::of_io(Kind::Receive, "wait for a callback", error));
        }
        let result = reply
            .result
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        result.ok_or_else(|| Error::new(Kind::Panic, "a callback did not return").at(step))
    }

    /// Runs a callback on the calling thread. A worker queues it and continues,
    /// unless many are queued already.
    pub(crate) fn post_callback(&self, step: Step, callback: impl FnOnce() + Send + 'static) {
        match self.queue() {
            None => callback(),
            Some(queue) if queue.is_full() => {
                // Fails only when the call ends, which needs no more messages.
                let _ = self.call_back(step, callback);
            }
            Some(queue) => {
                queue.push(Box::new(callback));
            }
        }
    }

    /// Runs the callbacks of workers until `done` happens, or the call ends,
    /// and then those that are still queued.
    pub(crate) fn serve_callbacks(&self, done: &Event, step: Step) -> Result<(), Error> {
        // The wait runs them.
        let waited = done
            .wait(self, StepLimit::none(step))
            .map_err(|error| Error::of_io(Kind::Receive, "wait for workers", error));
        self.run_callbacks();
        waited
    }

    /// Runs the callbacks that workers have queued for the current thread.
    pub(crate) fn run_callbacks(&self) {
        wait::run_callbacks(self);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::thread;
    use std::thread::ThreadId;

    use super::*;
    use crate::os::call_scope;
    use crate::os::cancel::Cancel;
    use crate::os::stop::Stop;

    fn limits() -> CallLimits {
        CallLimits {
            callbacks: Some(Arc::new(CallbackQueue::new().expect("a queue"))),
            ..CallLimits::default()
        }
    }

    /// Runs `work` on two workers and serves their callbacks until both end.
    fn with_workers(limits: &CallLimits, work: impl Fn(usize) + Sync) -> Result<(), Error> {
        let done = Event::new().expect("an event");
        let left = AtomicUsize::new(2);
        thread::scope(|scope| {
            for number in 0..2 {
                let (work, done, left) = (&work, &done, &left);
                scope.spawn(move || {
                    work(number);
                    if left.fetch_sub(1, Ordering::AcqRel) == 1 {
                        done.happen();
                    }
                });
            }
            limits.serve_callbacks(&done, Step::Receive)
        })
    }

    #[test]
    fn callbacks_of_workers_run_on_the_calling_thread_one_at_a_time_and_in_order() {
        let limits = limits();
        let here = thread::current().id();
        let seen: Arc<Mutex<Vec<(usize, u32, ThreadId)>>> = Arc::default();
        let busy = Arc::new(AtomicBool::new(false));
        let run = |worker: usize, number: u32| {
            let (seen, busy) = (Arc::clone(&seen), Arc::clone(&busy));
            move || {
                assert!(!busy.swap(true, Ordering::AcqRel), "another one runs");
                let entry = (worker, number, thread::current().id());
                seen.lock().expect("no panic").push(entry);
                busy.store(false, Ordering::Release);
                number * 2
            }
        };
        with_workers(&limits, |worker| {
            // More than can be queued, so that some have to wait.
            for number in 0..2000 {
                let log = run(worker, number);
                limits.post_callback(Step::Send, move || {
                    log();
                });
            }
            let result = limits.call_back(Step::Send, run(worker, 2000));
            assert_eq!(result.expect("it ran"), 4000);
        })
        .expect("nothing ends the call");
        let seen = seen.lock().expect("no panic");
        for worker in 0..2 {
            let of_worker = seen.iter().filter(|entry| entry.0 == worker);
            let numbers: Vec<u32> = of_worker.map(|entry| entry.1).collect();
            assert_eq!(numbers, (0..=2000).collect::<Vec<u32>>());
        }
        assert!(seen.iter().all(|entry| entry.2 == here));
    }

    #[test]
    fn a_cancel_releases_a_worker_and_its_callback_never_runs() {
        for is_internal in [false, true] {
            let mut limits = limits();
            let cancel = Cancel::new().expect("a handle");
            let stop = Stop::new().expect("a handle");
            match is_internal {
                true => limits.stop = Some(stop.clone()),
                false => limits.cancel = Some(cancel.clone()),
            }
            let ran = Arc::new(AtomicBool::new(false));
            let worker_limits = limits.clone();
            let by_worker = Arc::clone(&ran);
            let worker = thread::spawn(move || {
                worker_limits.call_back(Step::Token, move || {
                    by_worker.store(true, Ordering::Release);
                })
            });
            // The owner does not serve: only the cancel can release the worker.
            match is_internal {
                true => stop.trigger(),
                false => cancel.trigger(),
            }
            let error = worker.join().expect("no panic").expect_err("cancelled");
            assert_eq!((error.kind(), error.step()), (Kind::Cancelled, Step::Token));
            wait::run_callbacks(&limits);
            assert!(!ran.load(Ordering::Acquire));
        }
    }

    #[test]
    fn any_wait_of_the_calling_thread_serves() {
        let limits = limits();
        let done = Arc::new(Event::new().expect("an event"));
        let (by_worker, worker_limits) = (Arc::clone(&done), limits.clone());
        let worker = thread::spawn(move || {
            let value = worker_limits.call_back(Step::Send, || 7);
            by_worker.happen();
            value
        });
        done.wait(&limits, StepLimit::none(Step::Receive))
            .expect("it happens");
        assert_eq!(worker.join().expect("no panic").expect("it ran"), 7);
    }

    #[test]
    fn a_callback_of_a_worker_is_inside_the_call() {
        let limits = limits();
        let done = Arc::new(Event::new().expect("an event"));
        let (by_worker, worker_limits) = (Arc::clone(&done), limits.clone());
        let worker = thread::spawn(move || {
            let value = worker_limits.call_back(Step::Send, call_scope::is_active);
            by_worker.happen();
            value
        });
        limits
            .serve_callbacks(&done, Step::Receive)
            .expect("nothing ends the call");
        assert!(worker.join().expect("no panic").expect("it ran"));
        assert!(!call_scope::is_active());
    }

    #[test]
    fn a_callback_that_unwinds_releases_its_worker() {
        let limits = limits();
        let worker_limits = limits.clone();
        let worker = thread::spawn(move || {
            worker_limits.call_back(Step::Send, || std::panic::resume_unwind(Box::new("stop")))
        });
        let never = Event::new().expect("an event");
        let served = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            limits.serve_callbacks(&never, Step::Receive)
        }));
        assert!(served.is_err());
        let result: Result<(), Error> = worker.join().expect("no panic");
        assert_eq!(result.expect_err("no result").kind(), Kind::Panic);
    }

    #[test]
    fn without_workers_callbacks_run_at_once() {
        let limits = CallLimits::default();
        assert_eq!(limits.call_back(Step::Send, || 1).expect("it ran"), 1);
        let ran = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ran);
        limits.post_callback(Step::Send, move || seen.store(true, Ordering::Release));
        assert!(ran.load(Ordering::Acquire));
    }
}
