//! One call of the content layer: its limits and its progress.

use std::fs::File;
use std::sync::Arc;

use super::filter::Candidate;
use super::options::Options;
use super::progress::Progress;
use super::repository::{Place, Repository};
use crate::client::Client;
use crate::error::{Error, Kind, Step};
use crate::os::call_scope::CallScope;
use crate::os::deadline::CallLimits;
use crate::request::call::Call;

/// A call on a repository.
pub(crate) struct Operation<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) options: &'a Options,
    pub(crate) call: Call,
    pub(crate) progress: Progress,
    /// A file that has the content of the blob to be pulled, and its size.
    pub(super) local: Option<(Arc<File>, u64)>,
    _scope: CallScope,
}

impl<'a> Operation<'a> {
    pub(crate) fn new(repository: &'a Repository, options: &'a Options) -> Operation<'a> {
        let progress = Progress::new(options.progress.as_ref());
        Operation::with_progress(repository, options, progress)
    }

    /// A call that continues a transfer that another call has begun.
    pub(crate) fn with_progress(
        repository: &'a Repository,
        options: &'a Options,
        progress: Progress,
    ) -> Operation<'a> {
        let mut call = repository.begin(options.cancel.clone(), options.timeout);
        call.limits.transfer = progress.meter();
        call.limits.speed = options.speed();
        let waits = progress.clone();
        call.on_retry = Some(Box::new(move |wait| waits.retries_in(wait)));
        Operation {
            repository,
            options,
            call,
            progress,
            local: None,
            _scope: CallScope::enter(),
        }
    }

    /// Part of a call that runs as a job, with limits that it shares with others, and a
    /// retry budget of its own.
    pub(super) fn in_job(
        repository: &'a Repository,
        options: &'a Options,
        limits: &CallLimits,
        progress: &Progress,
    ) -> Operation<'a> {
        let progress = progress.within(limits);
        let mut operation = Operation::with_progress(repository, options, progress);
        let call = &mut operation.call;
        call.limits = CallLimits {
            timeouts: call.limits.timeouts,
            transfer: call.limits.transfer.take(),
            ..limits.clone()
        };
        operation
    }

    /// Counts no bytes: another operation does. Its waits are those of the other.
    pub(super) fn wait_for(&mut self, progress: &Progress) {
        self.progress = Progress::new(None);
        self.call.limits.transfer = progress.idle_meter();
        let waits = progress.clone();
        self.call.on_retry = Some(Box::new(move |wait| waits.retries_in(wait)));
    }

    pub(crate) fn place(&self) -> &'a Place {
        self.repository.place()
    }

    /// An error if the call must end. Reports progress if that is due.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.call.limits.check(Step::Prepare)
    }

    /// Takes a connection for this operation and for another one that transfers content
    /// together with it, so that neither waits for one that the other has.
    pub(super) fn reserve_with(&mut self, other: &mut Operation) -> Result<(), Error> {
        let clients = [self.repository, other.repository].map(Repository::client);
        let [Some(own), Some(theirs)] = clients else {
            // A layout needs none.
            return Ok(());
        };
        let reserved = Client::reserve(&[own, theirs], &self.call.limits)?;
        self.call.limits.reserved.clone_from(&reserved);
        other.call.limits.reserved = reserved;
        Ok(())
    }

    /// Whether the call includes some content. Runs the filter on the calling thread.
    pub(super) fn takes(&self, candidate: Candidate) -> Result<bool, Error> {
        match self.options.filter.clone() {
            None => Ok(candidate.take),
            Some(filter) => self
                .call
                .limits
                .call_back(Step::Prepare, move || filter(&candidate))?,
        }
    }

    /// Ends the call: reports its end, and completes its error.
    pub(crate) fn finish<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.progress
            .done(result.map_err(|error| self.completed(error)))
    }

    /// Ends a job of a call: reports its failure, and completes its error.
    pub(super) fn finish_job<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.progress
            .transferred(result.map_err(|error| self.completed(error)))
    }

    /// The error of the call, without secrets. A refusal by a token server has the
    /// same kind as one by the registry.
    pub(crate) fn completed(&self, error: Error) -> Error {
        let error = match self.repository.client() {
            Some(client) => client.scrub(error),
            None => error,
        };
        match (error.kind(), error.http_status()) {
            (Kind::TokenRefused, 401) => error.with_kind(Kind::Unauthorized),
            (Kind::TokenRefused, 403) => error.with_kind(Kind::Denied),
            _ => error,
        }
    }
}
