//! The two repositories of a copy.

use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::operation::Operation;
use crate::content::options::Options;
use crate::content::progress::Progress;
use crate::content::repository::{Place, Repository};
use crate::content::task::Task;
use crate::error::Error;

/// The requests of a copy to its source and to its destination, within one call.
pub(super) struct Sides<'a> {
    pub(super) from: Operation<'a>,
    pub(super) to: Operation<'a>,
}

impl<'a> Sides<'a> {
    pub(super) fn begin(
        from: &'a Repository,
        to: &'a Repository,
        options: &'a Options,
    ) -> Sides<'a> {
        Sides::of(from, Operation::new(to, options))
    }

    /// The same with retries of their own.
    pub(super) fn again(&self) -> Sides<'a> {
        let Operation {
            repository,
            options,
            ..
        } = self.to;
        let to = self
            .to
            .beside(repository, options, self.to.progress.clone());
        Sides::of(self.from.repository, to)
    }

    fn of(from: &'a Repository, to: Operation<'a>) -> Sides<'a> {
        // The bytes that a registry receives are counted as they are sent to it.
        let is_counted = matches!(to.place(), Place::Layout(_));
        let progress = match is_counted {
            true => to.progress.clone(),
            false => Progress::new(None),
        };
        let mut from = to.beside(from, to.options, progress);
        if !is_counted {
            let waits = to.progress.clone();
            from.call.limits.transfer = waits.idle_meter();
            from.call.on_retry = Some(Box::new(move |wait| waits.retries_in(wait)));
        }
        Sides { from, to }
    }

    pub(super) fn options(&self) -> &'a Options {
        self.to.options
    }

    /// Ends the call.
    pub(super) fn finish<T>(&self, result: Result<T, Error>) -> Result<T, Error> {
        self.to
            .finish(result.map_err(|error| self.from.completed(error)))
    }

    /// The source and the destination, if they are in the same registry.
    pub(super) fn same_registry(&self) -> Option<(Task<'_>, Task<'_>)> {
        let from = Task::of(&self.from).ok()?;
        let to = Task::of(&self.to).ok()?;
        from.client()
            .is_of_same_registry(to.client())
            .then_some((from, to))
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
