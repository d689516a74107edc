//! The two repositories of a copy.

use std::sync::Arc;

use super::transfers::Transfers;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::repository::{Place, Repository};
use crate::error::Error;

/// The repositories of a copy, and its options.
pub(super) struct Repositories {
    pub(super) from: Repository,
    pub(super) to: Repository,
    pub(super) options: Options,
    /// Those that other copies may have too.
    transfers: Option<Arc<Transfers>>,
}

impl Repositories {
    pub(super) fn new(
        from: &Repository,
        to: &Repository,
        options: &Options,
        transfers: Option<Arc<Transfers>>,
    ) -> Arc<Repositories> {
        Arc::new(Repositories {
            from: from.clone(),
            to: to.clone(),
            options: options.clone(),
            transfers,
        })
    }
}

/// The requests of one thread to the source and to the destination of a copy.
pub(super) struct Sides<'a> {
    pub(super) from: Operation<'a>,
    pub(super) to: Operation<'a>,
    pub(super) transfers: Option<&'a Transfers>,
}

impl<'a> Sides<'a> {
    pub(super) fn new(
        repositories: &'a Repositories,
        operation: impl Fn(&'a Repository) -> Operation<'a>,
    ) -> Sides<'a> {
        let to = operation(&repositories.to);
        let mut from = operation(&repositories.from);
        if let Place::Registry(_) = to.place() {
            from.wait_for(&to.progress);
        }
        Sides {
            from,
            to,
            transfers: repositories.transfers.as_deref(),
        }
    }

    /// Requests to the source with retries of their own.
    pub(super) fn source(&self) -> Operation<'a> {
        let (from, limits) = (&self.from, &self.from.call.limits);
        let mut source =
            Operation::in_job(from.repository, from.options, limits, &self.to.progress);
        source.wait_for(&self.to.progress);
        source
    }

    /// Requests to the destination with retries of their own.
    pub(super) fn destination(&self) -> Operation<'a> {
        let Operation {
            repository,
            options,
            call,
            progress,
            ..
        } = &self.to;
        Operation::in_job(repository, options, &call.limits, progress)
    }

    pub(super) fn options(&self) -> &'a Options {
        self.to.options
    }

    /// Ends a job.
    pub(super) fn finish_job<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.to
            .finish_job(result.map_err(|error| self.from.completed(error)))
    }

    /// A manifest that the destination has: from the destination, unless the source
    /// is on this machine.
    pub(super) fn read_again(&self, target: &Target) -> Result<Manifest, Error> {
        if let Place::Layout(_) = self.from.place()
            && let Ok(manifest) = manifest_pull::fetch(&self.from, target)
        {
            return Ok(manifest);
        }
        manifest_pull::fetch(&self.to, target)
    }
}
