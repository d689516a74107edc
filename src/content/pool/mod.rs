//! Parts of a call that run concurrently: jobs, and the worker threads that run them.
//!
//! The calling thread serves the callbacks of the workers while it waits for jobs. If
//! there are no threads, it runs the jobs itself.

mod group;
mod needs;
#[cfg(test)]
mod progress_tests;
mod queue;
mod running;
#[cfg(test)]
mod tests;
mod threads;
mod worker;

use std::sync::Arc;

use self::group::Group;
use self::needs::Needs;
use self::queue::Queue;
pub(super) use self::running::Running;
use self::threads::{Start, Threads};
use self::worker::Shared;
pub(super) use self::worker::{Jobs, Worker};
use super::operation::Operation;
use super::progress::Progress;
use super::repository::Repository;
use crate::error::Error;
use crate::os::deadline::CallLimits;

/// How many threads a call needs that waits for its jobs: one thread would do no more
/// than the calling thread does.
pub(super) fn threads_for(parallel: usize) -> usize {
    if parallel < 2 { 0 } else { parallel }
}

/// The worker threads of a call. They have ended once this is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// Those of the jobs.
    limits: CallLimits,
    process: u32,
}

impl Pool {
    /// A pool for a call that transfers so many blobs at once.
    pub(super) fn new(operation: &mut Operation, parallel: usize) -> Result<Pool, Error> {
        let (limits, threads) = (&mut operation.call.limits, threads_for(parallel));
        Pool::with_threads(limits, &operation.progress, threads)
    }

    /// A pool with at most that many threads, whose callbacks run on the current thread
    /// or on one that adopts the queue of the limits.
    pub(super) fn with_threads(
        limits: &mut CallLimits,
        progress: &Progress,
        threads: usize,
    ) -> Result<Pool, Error> {
        Pool::starting(limits, progress, threads, threads::start)
    }

    fn starting(
        limits: &mut CallLimits,
        progress: &Progress,
        threads: usize,
        start: Start,
    ) -> Result<Pool, Error> {
        let mut of_jobs = limits.clone();
        if threads > 0 {
            let stop = limits.allow_workers()?;
            progress.stops(&stop);
            // The call may continue after its jobs.
            of_jobs.stop = Some(stop.child()?);
            of_jobs.callbacks.clone_from(&limits.callbacks);
        }
        // Each transfer has its own.
        of_jobs.transfer = None;
        Ok(Pool {
            limits: of_jobs,
            shared: Arc::new(Shared {
                queue: Queue::new(),
                threads: Threads::new(threads, start),
            }),
            process: std::process::id(),
        })
    }

    /// Runs jobs for the calling thread, and waits for them. The first failure stops the
    /// others, unless they keep going, and is returned.
    pub(super) fn run(&self, operation: &Operation, jobs: Jobs) -> Result<(), Error> {
        let result = self.caller(&operation.call.limits).run(jobs);
        // The failures of the jobs are only a consequence of this one.
        operation.progress.stopped().map_or(result, Err)
    }

    /// As [`Worker::map`], for the calling thread.
    pub(super) fn map<I, T, F>(
        &self,
        operation: &Operation,
        items: Vec<I>,
        repositories: &[&Repository],
        function: F,
    ) -> Result<Vec<T>, Error>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(&Worker, I) -> Result<T, Error> + Send + Sync + 'static,
    {
        let caller = self.caller(&operation.call.limits);
        let result = caller.map(items, repositories, function);
        operation.progress.stopped().map_or(result, Err)
    }

    /// Starts jobs on worker threads. Whoever serves the callbacks of the limits is woken
    /// once they have ended.
    pub(super) fn start(&self, jobs: Jobs) -> Result<Running, Error> {
        let group = Group::new(None, &self.limits, jobs.keep_going)?;
        let running = Running::new(&self.shared, group);
        running.add(jobs);
        Ok(running)
    }

    /// The calling thread as a worker.
    fn caller<'a>(&'a self, limits: &'a CallLimits) -> Worker<'a> {
        Worker {
            shared: &self.shared,
            limits: self.limits.clone(),
            needs: Needs::default(),
            group: None,
            is_thread: false,
            caller: Some(limits),
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        // After a fork, the threads are those of the parent.
        if self.process == std::process::id() {
            if let Some(stop) = self
                .limits
                .stop
                .as_ref()
                .filter(|_| self.shared.threads.max() > 0)
            {
                stop.trigger();
            }
            self.shared.queue.close();
            self.shared.threads.join();
        }
    }
}
