//! Parts of a call that run concurrently: jobs, and the worker threads that run them.
//!
//! The calling thread serves the callbacks of the workers while it waits for jobs. If
//! there are no threads, it runs the jobs itself.

mod jobs;
#[cfg(test)]
mod progress_tests;
mod queue;
#[cfg(test)]
mod tests;
mod threads;

use std::sync::Arc;

use self::jobs::Results;
pub(super) use self::jobs::{Jobs, Running};
use self::queue::{Group, Needs, Queue};
use self::threads::{Start, Threads};
use super::operation::Operation;
use super::options::Options;
use super::progress::Progress;
use super::repository::Repository;
use crate::error::{Error, Step};
use crate::os::deadline::CallLimits;

/// The worker threads of a call. They have ended once this is dropped.
pub(super) struct Pool {
    shared: Arc<Shared>,
    /// Those of the jobs.
    limits: CallLimits,
    process: u32,
}

struct Shared {
    queue: Queue,
    threads: Threads,
}

/// Runs a job, or the jobs of one.
pub(super) struct Worker<'a> {
    shared: &'a Arc<Shared>,
    /// Those of the job.
    limits: CallLimits,
    /// The connections that the job may have.
    needs: Needs,
    /// The group of the job.
    group: Option<Arc<Group>>,
    /// Whether it runs on a thread of the pool.
    is_thread: bool,
    /// The limits of the calling thread, if it waits for threads of the pool.
    caller: Option<&'a CallLimits>,
}

impl Pool {
    /// A pool for a call with at most that many threads. One thread would do no more
    /// than the calling thread does.
    pub(super) fn new(operation: &mut Operation, parallel: usize) -> Result<Pool, Error> {
        let threads = if parallel < 2 { 0 } else { parallel };
        Pool::with_threads(&mut operation.call.limits, &operation.progress, threads)
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
                queue: Queue::default(),
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

impl<'a> Worker<'a> {
    /// The part of the call that the job does on a repository.
    pub(super) fn operation<'o>(
        &self,
        repository: &'o Repository,
        options: &'o Options,
        progress: &Progress,
    ) -> Operation<'o> {
        Operation::in_job(repository, options, &self.limits, progress)
    }

    /// Runs jobs, and waits until they have ended. The first failure stops the others,
    /// unless they keep going, and is returned.
    pub(super) fn run(&self, jobs: Jobs) -> Result<(), Error> {
        if jobs.list.is_empty() {
            return Ok(());
        }
        let mut group = Group::new(self.group.as_ref(), &self.limits, jobs.keep_going)?;
        if self.caller.is_some() && self.shared.threads.max() > 0 {
            group = group.signalling()?;
        }
        let group = Arc::new(group);
        let joined = Joined {
            worker: self,
            group: &group,
            process: std::process::id(),
        };
        self.shared.queue.add(&group, jobs.list);
        self.shared.start_threads();
        match self.caller.filter(|_| self.shared.has_threads()) {
            Some(limits) => joined.serve(limits),
            None => joined.help(),
        }
        drop(joined);
        group.result()
    }

    /// Calls a function with each item, as jobs that have one connection to each of the
    /// repositories, and returns the results in the order of the items.
    pub(super) fn map<I, T, F>(
        &self,
        items: Vec<I>,
        repositories: &[&Repository],
        function: F,
    ) -> Result<Vec<T>, Error>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(&Worker, I) -> Result<T, Error> + Send + Sync + 'static,
    {
        let results = Results::new(items.len());
        let function = Arc::new(function);
        let mut jobs = Jobs::new();
        for (index, item) in items.into_iter().enumerate() {
            let (function, results) = (Arc::clone(&function), results.clone());
            jobs.add(repositories, move |worker| {
                results.set(index, function(worker, item)?);
                Ok(())
            });
        }
        self.run(jobs)?;
        Ok(results.take())
    }
}

/// Jobs that a thread waits for. They have ended once this is dropped.
struct Joined<'a> {
    worker: &'a Worker<'a>,
    group: &'a Arc<Group>,
    process: u32,
}

impl Joined<'_> {
    /// Serves the callbacks of the workers until the jobs have ended.
    fn serve(&self, limits: &CallLimits) {
        let Some(done) = self.group.done() else {
            return;
        };
        if let Err(error) = limits.serve_callbacks(done, Step::Prepare) {
            self.group.fail(error);
            self.group.stop();
            self.worker.shared.queue.wait_for(self.group);
            limits.run_callbacks();
        }
    }

    /// Runs the jobs, as far as other threads do not.
    fn help(&self) {
        let Worker {
            shared,
            needs,
            is_thread,
            ..
        } = self.worker;
        shared.queue.release(needs);
        while let Some(entry) = shared.queue.next(Some(self.group)) {
            entry.run(shared, *is_thread);
        }
        shared.queue.acquire(needs);
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        if self.process == std::process::id() && !self.group.is_done() {
            self.group.stop();
            self.worker.shared.queue.wait_for(self.group);
        }
    }
}
