//! Pushing the manifests of a copy, and setting its tags.

use std::collections::HashSet;
use std::sync::Arc;

use super::examine::Role;
use super::executor::Executor;
use super::node::Node;
use super::plan::Plan;
use super::sides::{Repositories, Sides};
use crate::body::digest::Digest;
use crate::content::layout;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::manifest_push;
use crate::content::media_type;
use crate::content::progress::{Phase, Progress};
use crate::content::referrers_support;
use crate::content::referrers_tag;
use crate::content::repository::{Place, Repository};
use crate::content::task::Task;
use crate::error::{Error, Kind};

/// The tags to set, and digests that the program expects.
pub(super) struct Tags {
    tags: Vec<String>,
    digests: Vec<Digest>,
}

impl Tags {
    pub(super) fn parse(tags: &[&str], to: &Repository) -> Result<Tags, Error> {
        let mut parsed = Tags {
            tags: Vec::new(),
            digests: Vec::new(),
        };
        for tag in tags {
            match Target::parse(Some(tag), to)? {
                Target::Tag(tag) if parsed.tags.contains(&tag) => {}
                Target::Tag(tag) => parsed.tags.push(tag),
                Target::Digest(digest) => parsed.digests.push(digest),
            }
        }
        Ok(parsed)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// An error if a digest among the tags is neither that of the manifest nor that of
    /// the index in which it was found.
    pub(super) fn check(&self, root: &Digest, index: Option<&Digest>) -> Result<(), Error> {
        let is_other = |digest: &&Digest| *digest != root && Some(*digest) != index;
        match self.digests.iter().find(is_other) {
            None => Ok(()),
            Some(other) => {
                let (root, other) = (root.as_str(), other.as_str());
                let message = format!("manifest: digest {root}, expected {other}");
                Err(Error::new(Kind::DigestMismatch, message).with_digest(root))
            }
        }
    }
}

/// Pushes the manifests, each after those that it refers to, and sets the tags
/// last.
pub(super) fn push(
    executor: &Executor,
    repositories: &Arc<Repositories>,
    sides: &Sides,
    plan: &Arc<Plan>,
    tags: &Tags,
) -> Result<(), Error> {
    let tagged: HashSet<usize> = plan.digest_tags.iter().map(|(_, node)| *node).collect();
    let is_pushed = |number: &usize| {
        let node = &plan.nodes[*number];
        let is_tagged = match number {
            0 => !tags.is_empty(),
            number => tagged.contains(number),
        };
        node.is_manifest && (node.is_needed || !is_tagged)
    };
    let with_progress = |number: usize| {
        let progress = sides.to.progress.another();
        progress.expect(plan.nodes[number].descriptor.size());
        (number, progress)
    };
    let groups: Vec<Vec<(usize, Progress)>> = plan
        .groups
        .iter()
        .map(|group| group.iter().copied().filter(is_pushed).map(with_progress))
        .map(Iterator::collect)
        .collect();
    for group in groups {
        let plan = Arc::clone(plan);
        executor.map(repositories, group, move |sides, number| {
            let node = &plan.nodes[number];
            push_node(sides, node).map_err(|error| of_node(error, node))
        })?;
    }
    let digest_tags = plan.digest_tags.iter();
    for (tag, node) in digest_tags.map(|(tag, node)| (tag, &plan.nodes[*node])) {
        set_tags(sides, node, std::slice::from_ref(tag)).map_err(|error| of_node(error, node))?;
    }
    let root = plan.root();
    push_root(sides, root, &tags.tags).map_err(|error| of_node(error, root))
}

/// Makes tags point to the root, except for referrers tags of a registry: their lists
/// get its entries.
fn push_root(sides: &Sides, root: &Node, tags: &[String]) -> Result<(), Error> {
    let is_list = media_type::is_same(root.descriptor.media_type(), media_type::OCI_INDEX);
    let (lists, tags): (Vec<String>, Vec<String>) = match sides.to.place() {
        Place::Registry(_) if is_list => tags
            .iter()
            .cloned()
            .partition(|tag| referrers_tag::is_referrers_tag(tag)),
        _ => (Vec::new(), tags.to_vec()),
    };
    let mut is_pushed = root.is_needed || lists.is_empty();
    if !tags.is_empty() {
        set_tags(sides, root, &tags)?;
        is_pushed = true;
    }
    for tag in &lists {
        is_pushed |= merge_list(sides, root, tag)?;
    }
    match is_pushed {
        true => Ok(()),
        false => push_node(sides, root),
    }
}

/// Adds the entries of a list of referrers to the list that a registry has. Returns
/// whether the tag then points to the same list.
fn merge_list(sides: &Sides, node: &Node, tag: &str) -> Result<bool, Error> {
    let task = Task::of(&sides.to)?;
    let (own, progress) = (&node.descriptor, &sides.to.progress);
    progress.begin(Phase::Push, Some(own), tag, own.size())?;
    let merged = referrers_tag::merge(&task, tag, &manifest_of(sides, node)?)?;
    match merged.is_changed {
        true => progress.end(),
        false => progress.skip(),
    }?;
    Ok(merged.is_same)
}

fn of_node(error: Error, node: &Node) -> Error {
    error.with_digest(node.descriptor.digest().as_str())
}

/// Pushes a manifest by its digest.
fn push_node(sides: &Sides, node: &Node) -> Result<(), Error> {
    let target = Target::Digest(node.descriptor.digest().clone());
    match sides.to.place() {
        Place::Registry(registry) => {
            let task = Task::new(&sides.to, registry);
            match node.is_there {
                true => keep(sides, &task, node),
                false => manifest_push::push_missing(&task, &manifest_of(sides, node)?),
            }
        }
        // The entries of an index are found through it.
        Place::Layout(layout) if node.role == Role::Entry && node.subjects.is_empty() => {
            layout::manifests::write_entry(&sides.to, layout, &manifest_of(sides, node)?)
        }
        Place::Layout(_) => {
            manifest_push::push_in(&sides.to, &manifest_of(sides, node)?, &[target])
        }
    }
}

/// Leaves a manifest as it is. A list of referrers that an earlier call could not
/// change is changed.
fn keep(sides: &Sides, task: &Task, node: &Node) -> Result<(), Error> {
    let (own, progress) = (&node.descriptor, &sides.to.progress);
    progress.begin(Phase::Push, Some(own), own.digest().short(), own.size())?;
    if let Some(subject) = node.subjects.first()
        && !referrers_support::is_supported(task, subject)?
    {
        manifest_push::add_to_referrers(task, &manifest_of(sides, node)?)?;
    }
    progress.skip()
}

/// Makes tags point to a manifest. Those that do so are left unchanged, since they
/// may be immutable.
fn set_tags(sides: &Sides, node: &Node, tags: &[String]) -> Result<(), Error> {
    let targets: Vec<Target> = tags.iter().cloned().map(Target::Tag).collect();
    if let Place::Registry(registry) = sides.to.place()
        && node.is_there
    {
        let task = Task::new(&sides.to, registry);
        let is_set = |target: &Target| {
            let found = manifest_pull::head(&task, target);
            found.is_ok_and(|found| {
                found.is_some_and(|found| found.digest() == node.descriptor.digest())
            })
        };
        if targets.iter().all(is_set) {
            let (own, name) = (&node.descriptor, tags.first().map_or("", String::as_str));
            let progress = &sides.to.progress;
            progress.begin(Phase::Push, Some(own), name, own.size())?;
            return progress.skip();
        }
    }
    manifest_push::push_in(&sides.to, &manifest_of(sides, node)?, &targets)
}

/// A manifest that was pulled, or that the destination has.
fn manifest_of(sides: &Sides, node: &Node) -> Result<Manifest, Error> {
    match node.manifest()? {
        Some(manifest) => Ok(manifest),
        None => sides.read_again(&Target::Digest(node.descriptor.digest().clone())),
    }
}
