//! Runs the parts of a copy concurrently: on the threads of its own call, or on those of
//! the batch that it belongs to.

use std::sync::Arc;

use super::sides::{Repositories, Sides};
use crate::content::operation::Operation;
use crate::content::pool::{Pool, Worker};
use crate::content::progress::Progress;
use crate::error::Error;

pub(super) enum Executor<'a> {
    /// The call that copies.
    Call(&'a Pool, &'a Operation<'a>),
    Job(&'a Worker<'a>, &'a Progress),
}

impl Executor<'_> {
    /// The requests of the thread that copies.
    pub(super) fn sides<'r>(&self, repositories: &'r Repositories) -> Sides<'r> {
        let options = &repositories.options;
        Sides::new(repositories, |repository| match self {
            Executor::Call(_, operation) => {
                let (limits, progress) = (&operation.call.limits, &operation.progress);
                Operation::in_job(repository, options, limits, progress)
            }
            Executor::Job(worker, progress) => worker.operation(repository, options, progress),
        })
    }

    /// Calls a function with each item, several at a time, and returns the results in
    /// the order of the items.
    pub(super) fn map<I, T, F>(
        &self,
        repositories: &Arc<Repositories>,
        items: Vec<(I, Progress)>,
        function: F,
    ) -> Result<Vec<T>, Error>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Fn(&Sides, I) -> Result<T, Error> + Send + Sync + 'static,
    {
        let both = Arc::clone(repositories);
        let run = move |worker: &Worker, (item, progress): (I, Progress)| {
            let sides = Sides::new(&both, |repository| {
                worker.operation(repository, &both.options, &progress)
            });
            let result = function(&sides, item);
            sides.finish_job(result)
        };
        let Repositories { from, to, .. } = &**repositories;
        match self {
            Executor::Call(pool, operation) => pool.map(operation, items, &[from, to], run),
            Executor::Job(worker, _) => worker.map(items, &[from, to], run),
        }
    }
}
