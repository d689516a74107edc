//! Runs jobs, which may have jobs of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::group::Group;
use super::needs::Needs;
use super::queue::{Entry, Queue};
use super::threads::Threads;
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::progress::Progress;
use crate::content::repository::Repository;
use crate::error::{Error, Kind, Step};
use crate::os::deadline::CallLimits;

/// Runs a job. It owns what it uses.
pub(super) type Run = Box<dyn FnOnce(&Worker) -> Result<(), Error> + Send>;

/// Jobs that a thread waits for.
#[derive(Default)]
pub(in crate::content) struct Jobs {
    pub(super) list: Vec<(Needs, Run)>,
    pub(super) keep_going: bool,
}

impl Jobs {
    /// No jobs.
    pub(in crate::content) fn new() -> Jobs {
        Jobs::default()
    }

    /// A job that has failed does not stop the others.
    pub(in crate::content) fn keep_going(mut self) -> Jobs {
        self.keep_going = true;
        self
    }

    /// Adds a job that has at most one connection to each of the repositories at a
    /// time. A repository that is named twice stands for two connections.
    pub(in crate::content) fn add(
        &mut self,
        repositories: &[&Repository],
        run: impl FnOnce(&Worker) -> Result<(), Error> + Send + 'static,
    ) {
        self.list.push((Needs::of(repositories), Box::new(run)));
    }
}

/// What the threads of a pool share.
pub(super) struct Shared {
    pub(super) queue: Queue<Run>,
    pub(super) threads: Threads,
}

/// Runs a job, or the jobs of one.
pub(in crate::content) struct Worker<'a> {
    pub(super) shared: &'a Arc<Shared>,
    /// Those of the job.
    pub(super) limits: CallLimits,
    /// The connections that the job may have.
    pub(super) needs: Needs,
    /// The group of the job.
    pub(super) group: Option<Arc<Group>>,
    /// Whether it runs on a thread of the pool.
    pub(super) is_thread: bool,
    /// The limits of the calling thread, if it waits for threads of the pool.
    pub(super) caller: Option<&'a CallLimits>,
}

impl Shared {
    /// Whether there is a thread besides the calling one.
    pub(super) fn has_threads(&self) -> bool {
        self.threads.count() > 0
    }

    /// Starts threads for the jobs that can begin now.
    pub(super) fn start_threads(self: &Arc<Shared>) {
        self.threads.start(&self.queue, || {
            let shared = Arc::clone(self);
            Box::new(move || shared.work())
        });
    }

    /// Runs jobs until the pool is closed. The body of a thread.
    fn work(self: &Arc<Shared>) {
        while let Some(entry) = self.queue.next() {
            run_entry(entry, self, true, None);
            self.queue.add_idle();
        }
    }
}

impl<'a> Worker<'a> {
    /// The part of the call that the job does on a repository.
    pub(in crate::content) fn operation<'o>(
        &self,
        repository: &'o Repository,
        options: &'o Options,
        progress: &Progress,
    ) -> Operation<'o> {
        Operation::in_job(repository, options, &self.limits, progress)
    }

    /// Runs jobs, and waits until they have ended. The first failure stops the others,
    /// unless they keep going, and is returned.
    pub(in crate::content) fn run(&self, jobs: Jobs) -> Result<(), Error> {
        if jobs.list.is_empty() {
            return Ok(());
        }
        // A single job needs no thread besides the one that waits for it, but a thread
        // that exists may take it, whose callbacks have to be served.
        let may_be_taken = self.caller.is_some() && self.shared.has_threads();
        let needs_threads = jobs.list.len() > 1 || may_be_taken;
        let mut group = Group::new(self.group.as_ref(), &self.limits, jobs.keep_going)?;
        if needs_threads && self.caller.is_some() && self.shared.threads.max() > 0 {
            group = group.signalling()?;
        }
        let group = Arc::new(group);
        let joined = Joined {
            worker: self,
            group: &group,
            process: std::process::id(),
        };
        self.shared.queue.add(&group, jobs.list);
        if needs_threads {
            self.shared.start_threads();
        }
        let has_threads = needs_threads && self.shared.has_threads();
        // Others may use the connections of a job that waits.
        self.shared.queue.release(&self.needs);
        match self.caller.filter(|_| has_threads) {
            Some(limits) => joined.serve(limits),
            None => joined.help(),
        }
        self.shared.queue.acquire(&self.needs);
        drop(joined);
        group.result()
    }

    /// Calls a function with each item, as jobs that have one connection to each of the
    /// repositories, and returns the results in the order of the items.
    pub(in crate::content) fn map<I, T, F>(
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
        let Worker { shared, caller, .. } = self.worker;
        while let Some(entry) = shared.queue.next_of(self.group) {
            run_entry(entry, shared, self.worker.is_thread, *caller);
        }
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

/// Runs a job on the current thread, unless its group is to end. `caller` are the limits
/// of the calling thread, if it is that.
pub(super) fn run_entry(
    entry: Entry<Run>,
    shared: &Arc<Shared>,
    is_thread: bool,
    caller: Option<&CallLimits>,
) {
    let Entry {
        group,
        needs,
        job: run,
    } = entry;
    let mut end = End {
        shared,
        group: &group,
        needs: &needs,
        result: Err(panicked()),
    };
    end.result = match group.is_stopped() {
        true => Ok(()),
        false => {
            let worker = Worker {
                shared,
                limits: group.limits.clone(),
                needs: needs.clone(),
                group: Some(Arc::clone(&group)),
                is_thread,
                caller,
            };
            match is_thread {
                // A callback may unwind through the calling thread.
                false => run(&worker),
                true => catch_unwind(AssertUnwindSafe(|| run(&worker)))
                    .unwrap_or_else(|_| Err(panicked())),
            }
        }
    };
}

fn panicked() -> Error {
    Error::new(Kind::Panic, "a worker thread has panicked")
}

/// Ends a job, however it ends.
struct End<'a> {
    shared: &'a Shared,
    group: &'a Arc<Group>,
    needs: &'a Needs,
    result: Result<(), Error>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let result = std::mem::replace(&mut self.result, Ok(()));
        self.shared.queue.end(self.group, Some(self.needs), result);
    }
}

/// Results of jobs, in the order of the jobs.
struct Results<T>(Arc<Mutex<Vec<Option<T>>>>);

impl<T> Results<T> {
    fn new(count: usize) -> Results<T> {
        Results(Arc::new(Mutex::new((0..count).map(|_| None).collect())))
    }

    fn clone(&self) -> Results<T> {
        Results(Arc::clone(&self.0))
    }

    fn set(&self, index: usize, value: T) {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results[index] = Some(value);
    }

    /// All results, once all jobs have succeeded.
    fn take(self) -> Vec<T> {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.drain(..).flatten().collect()
    }
}
