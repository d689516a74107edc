//! Copying manifests with everything that they refer to, between registries and
//! layouts.

mod blobs;
mod digest_tags;
mod examine;
mod executor;
mod groups;
mod layout_blob;
mod manifests;
mod memory;
mod node;
mod plan;
mod remote_blob;
mod root;
mod sides;
mod transfers;

use std::sync::Arc;

use self::executor::Executor;
use self::manifests::Tags;
use self::plan::Plan;
use self::root::Found;
use self::sides::{Repositories, Sides};
pub(super) use self::transfers::Transfers;
use super::descriptor::Descriptor;
use super::operation::Operation;
use super::options::Options;
use super::pool::{Pool, Worker};
use super::progress::Progress;
use super::repository::Repository;
use super::target::Target;
use crate::error::{Error, Kind};

/// Copies a manifest and everything that it refers to, and sets tags. Returns the
/// digest, size and media type of the manifest.
pub fn copy(
    from: &Repository,
    reference: Option<&str>,
    to: &Repository,
    tags: &[&str],
    options: &Options,
) -> Result<Descriptor, Error> {
    let target = Target::parse(reference, from)?;
    let tags = Tags::parse(tags, to)?;
    let mut operation = Operation::new(to, options);
    operation.progress.about(None, target.shown());
    let pool = Pool::new(&mut operation, options.parallel());
    let copied = pool.and_then(|pool| {
        let executor = Executor::Call(&pool, &operation);
        let repositories = Repositories::new(from, to, options, None);
        copy_in(&executor, repositories, &target, &tags)
    });
    operation.finish(copied)
}

/// A copy that is part of a batch.
pub struct Copy {
    from: Repository,
    /// `None` for the target of the repository when the copy begins.
    target: Option<Target>,
    to: Repository,
    tags: Tags,
}

impl Copy {
    /// A copy of a manifest and everything that it refers to.
    pub fn new(
        from: &Repository,
        reference: Option<&str>,
        to: &Repository,
        tags: &[&str],
    ) -> Result<Copy, Error> {
        let target = reference.map(|text| Target::parse(Some(text), from));
        Ok(Copy {
            from: from.clone(),
            target: target.transpose()?,
            to: to.clone(),
            tags: Tags::parse(tags, to)?,
        })
    }

    /// The name of what is copied, if the program has given one.
    pub(super) fn shown(&self) -> &str {
        self.target.as_ref().map_or("", Target::shown)
    }

    /// The source and the destination.
    pub(super) fn repositories(&self) -> [&Repository; 2] {
        [&self.from, &self.to]
    }

    /// Copies within a job. Other jobs may have the same transfers.
    pub(super) fn run(
        &self,
        worker: &Worker,
        options: &Options,
        progress: &Progress,
        transfers: &Arc<Transfers>,
    ) -> Result<Descriptor, Error> {
        let target = match &self.target {
            Some(target) => target.clone(),
            None => Target::parse(None, &self.from)?,
        };
        progress.about(None, target.shown());
        let executor = Executor::Job(worker, progress);
        let transfers = Some(Arc::clone(transfers));
        let repositories = Repositories::new(&self.from, &self.to, options, transfers);
        let copied = copy_in(&executor, repositories, &target, &self.tags);
        let operation = worker.operation(&self.to, options, progress);
        operation.finish_job(copied)
    }
}

/// Copies within a call.
fn copy_in(
    executor: &Executor,
    repositories: Arc<Repositories>,
    target: &Target,
    tags: &Tags,
) -> Result<Descriptor, Error> {
    let sides = executor.sides(&repositories);
    let copied = copy_with(executor, &repositories, &sides, target, tags);
    copied.map_err(|error| sides.from.completed(error))
}

fn copy_with(
    executor: &Executor,
    repositories: &Arc<Repositories>,
    sides: &Sides,
    target: &Target,
    tags: &Tags,
) -> Result<Descriptor, Error> {
    let (root, named) = root::find(sides, target)?;
    let progress = &sides.to.progress;
    let plan = |root: Found| {
        tags.check(root.descriptor.digest(), named.as_ref())?;
        progress.about(Some(&root.descriptor), target.shown());
        Plan::make(executor, repositories, sides, root)
    };
    let stated = root.descriptor.digest().clone();
    let plan = match plan(root) {
        Err(error) if error.kind() == Kind::NotFound && error.digest() == Some(stated.as_str()) => {
            match root::find_again(sides, target, &stated)? {
                Some(root) => plan(root),
                None => Err(error),
            }
        }
        made => made,
    };
    let plan = Arc::new(plan?);
    let blobs = plan.blobs.iter().map(|blob| {
        let progress = progress.another();
        progress.expect(blob.size());
        (blob.clone(), progress)
    });
    let blobs = blobs.collect();
    executor.map(repositories, blobs, |sides, blob: Descriptor| {
        blobs::copy(sides, &blob)
    })?;
    manifests::push(executor, repositories, sides, &plan, tags)?;
    let root = &plan.root().descriptor;
    if tags.is_empty() {
        progress.about(Some(root), target.shown());
    }
    let media_type = root.media_type().to_owned();
    Ok(Descriptor::of(
        root.digest().clone(),
        root.size(),
        media_type,
    ))
}
