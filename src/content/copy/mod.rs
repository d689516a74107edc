//! Copying manifests with everything that they refer to, between registries and
//! layouts.

mod blobs;
mod examine;
mod layout_blob;
mod manifests;
mod plan;
mod remote_blob;
mod root;
mod sides;

use self::manifests::Tags;
use self::plan::Plan;
use self::sides::Sides;
use super::descriptor::Descriptor;
use super::options::Options;
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
    let sides = Sides::begin(from, to, options);
    let copied = copy_in(&sides, &target, &tags);
    sides.finish(copied)
}

fn copy_in(sides: &Sides, target: &Target, tags: &Tags) -> Result<Descriptor, Error> {
    let root = root::find(sides, target)?;
    tags.check(root.descriptor.digest())?;
    let plan = Plan::make(sides, root)?;
    for blob in &plan.blobs {
        blobs::copy(&sides.again(), blob)?;
    }
    manifests::push(sides, &plan, tags)?;
    let root = &plan.root().descriptor;
    let media_type = root.media_type().to_owned();
    Ok(Descriptor::of(
        root.digest().clone(),
        root.size(),
        media_type,
    ))
}
