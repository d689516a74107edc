//! Copying manifests with everything that they refer to, between registries and
//! layouts.

mod blobs;
mod crew;
mod examine;
mod layout_blob;
mod manifests;
mod plan;
mod remote_blob;
mod root;
mod sides;

use std::sync::Arc;

use self::crew::Crew;
use self::manifests::Tags;
use self::plan::Plan;
use self::sides::{Repositories, Sides};
use super::descriptor::Descriptor;
use super::operation::Operation;
use super::options::Options;
use super::pool::Pool;
use super::repository::Repository;
use super::target::Target;
use crate::error::Error;

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
    let pool = Pool::new(&mut operation, options.parallel());
    let copied = pool.and_then(|pool| {
        let crew = Crew::Call(&pool, &operation);
        copy_in(&crew, Repositories::new(from, to, options), &target, &tags)
    });
    operation.finish(copied)
}

/// Copies within a call.
fn copy_in(
    crew: &Crew,
    repositories: Arc<Repositories>,
    target: &Target,
    tags: &Tags,
) -> Result<Descriptor, Error> {
    let sides = crew.sides(&repositories);
    let copied = copy_with(crew, &repositories, &sides, target, tags);
    copied.map_err(|error| sides.from.completed(error))
}

fn copy_with(
    crew: &Crew,
    repositories: &Arc<Repositories>,
    sides: &Sides,
    target: &Target,
    tags: &Tags,
) -> Result<Descriptor, Error> {
    let root = root::find(sides, target)?;
    tags.check(root.descriptor.digest())?;
    let plan = Arc::new(Plan::make(crew, repositories, sides, root)?);
    let blobs = plan.blobs.iter().map(|blob| {
        let progress = sides.to.progress.another();
        progress.expect(blob.size());
        (blob.clone(), progress)
    });
    let blobs = blobs.collect();
    crew.map(repositories, blobs, |sides, blob: Descriptor| {
        blobs::copy(sides, &blob)
    })?;
    manifests::push(crew, repositories, sides, &plan, tags)?;
    let root = &plan.root().descriptor;
    let media_type = root.media_type().to_owned();
    Ok(Descriptor::of(
        root.digest().clone(),
        root.size(),
        media_type,
    ))
}
