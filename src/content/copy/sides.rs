//! The two repositories of a copy.

use std::sync::Arc;

use super::memory::Memory;
use super::transfers::Transfers;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::layout;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::referrers;
use crate::content::repository::{Place, Repository};
use crate::error::Error;

/// The repositories of a copy, and its options.
pub(super) struct Repositories {
    pub(super) from: Repository,
    pub(super) to: Repository,
    pub(super) options: Options,
    /// Shared with the other copies of a batch.
    transfers: Option<Arc<Transfers>>,
    /// The referrers of layouts.
    referrers: Arc<layout::referrers::Cache>,
    memory: Memory,
}

impl Repositories {
    pub(super) fn new(
        from: &Repository,
        to: &Repository,
        options: &Options,
        transfers: Option<Arc<Transfers>>,
    ) -> Arc<Repositories> {
        let referrers = transfers.as_ref().map(|transfers| transfers.referrers());
        Arc::new(Repositories {
            from: from.clone(),
            to: to.clone(),
            options: options.clone(),
            transfers,
            referrers: referrers.unwrap_or_default(),
            memory: Memory::default(),
        })
    }
}

/// The requests of one thread to the source and to the destination of a copy.
pub(super) struct Sides<'a> {
    pub(super) from: Operation<'a>,
    pub(super) to: Operation<'a>,
    pub(super) transfers: Option<&'a Transfers>,
    referrers: &'a layout::referrers::Cache,
    /// What the copy keeps in memory.
    pub(super) memory: &'a Memory,
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
            referrers: &repositories.referrers,
            memory: &repositories.memory,
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

    /// The referrers of a manifest of the source.
    pub(super) fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        match self.from.place() {
            Place::Registry(_) => referrers::all(&self.from, subject, |bytes| {
                self.memory.take(bytes, subject)
            }),
            Place::Layout(layout) => {
                let found = self.referrers.of(&self.from, layout, subject);
                found.map_err(|error| error.with_digest(subject.as_str()))
            }
        }
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
