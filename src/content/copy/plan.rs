//! What a copy consists of: manifests, the blobs that they refer to, and tags.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::digest_tags;
use super::examine::{self, Examined, Facts, Parts, Role};
use super::executor::Executor;
use super::groups;
use super::node::{Content, Node};
use super::root::{self, Found};
use super::sides::{Repositories, Sides};
use crate::content::blob_pull::leave_out;
use crate::content::descriptor::Descriptor;
use crate::content::filter::Candidate;
use crate::content::layout::new_blob;
use crate::content::media_type;
use crate::content::progress::Phase;
use crate::content::repository::Place;
use crate::content::target::Target;
use crate::error::{Error, Kind};

/// How far a manifest may be from the one that is copied.
const MAX_DEPTH: usize = 32;
/// How many manifests a copy may have.
const MAX_MANIFESTS: usize = 10_000;

/// What a copy consists of.
pub(super) struct Plan {
    /// The manifests; the first is the root.
    pub(super) nodes: Vec<Node>,
    /// The blobs, each once.
    pub(super) blobs: Vec<Descriptor>,
    /// Tags that are named after digests, and their manifests, in the order in which
    /// they are set.
    pub(super) digest_tags: Vec<(String, usize)>,
    /// The manifests in an order in which they can be pushed.
    pub(super) groups: Vec<Vec<usize>>,
}

/// A manifest that is to be examined.
struct Pending {
    node: usize,
    found: Found,
}

/// Makes a plan, level by level: first the root, then what it refers to.
struct Planner<'a> {
    executor: &'a Executor<'a>,
    repositories: &'a Arc<Repositories>,
    sides: &'a Sides<'a>,
    plan: Plan,
    /// The numbers of the nodes by their digests.
    known: HashMap<String, usize>,
    /// The digests of the blobs.
    blobs: HashSet<String>,
    /// The tags of the source that are named after digests, by digest.
    tags: HashMap<String, Vec<String>>,
}

impl Plan {
    pub(super) fn make(
        executor: &Executor,
        repositories: &Arc<Repositories>,
        sides: &Sides,
        root: Found,
    ) -> Result<Plan, Error> {
        let mut planner = Planner {
            executor,
            repositories,
            sides,
            plan: Plan {
                nodes: Vec::new(),
                blobs: Vec::new(),
                digest_tags: Vec::new(),
                groups: Vec::new(),
            },
            known: HashMap::new(),
            blobs: HashSet::new(),
            tags: HashMap::new(),
        };
        planner.make(root)?;
        planner.plan.groups = groups::of(&planner.plan.nodes)?;
        Ok(planner.plan)
    }

    pub(super) fn root(&self) -> &Node {
        &self.nodes[0]
    }
}

impl Planner<'_> {
    fn make(&mut self, root: Found) -> Result<(), Error> {
        if self.sides.options().digest_tags {
            let tags = match self.sides.transfers {
                Some(transfers) => transfers.tags(&self.sides.from)?,
                None => digest_tags::list(&self.sides.from)?,
            };
            self.tags = digest_tags::by_prefix(tags);
        }
        let mut pending = Vec::new();
        self.enter(root, Role::Root, 0, &mut pending)?;
        while !pending.is_empty() {
            let nodes: Vec<usize> = pending.iter().map(|pending| pending.node).collect();
            let examined = self.examine(pending)?;
            // All before the next step: a referrer and its subject may be on the same level.
            for (node, examined) in nodes.iter().zip(&examined) {
                self.note(*node, examined);
            }
            let mut next = Vec::new();
            for (node, examined) in nodes.into_iter().zip(examined) {
                match examined {
                    Examined::Manifest(facts) => self.add(node, *facts, &mut next)?,
                    Examined::Blob => {
                        let blob = self.plan.nodes[node].descriptor.clone();
                        self.add_blob(&blob);
                    }
                    Examined::Unrelated(_) => {}
                }
            }
            pending = next;
        }
        Ok(())
    }

    /// Examines manifests, several at a time.
    fn examine(&self, pending: Vec<Pending>) -> Result<Vec<Examined>, Error> {
        let items = pending.into_iter().map(|Pending { node, found }| {
            let Node { role, subjects, .. } = &self.plan.nodes[node];
            let item = (found, *role, subjects.clone());
            (item, self.sides.to.progress.another())
        });
        let items = items.collect();
        self.executor.map(
            self.repositories,
            items,
            |sides, (found, role, subjects)| examine::examine(sides, found, role, &subjects),
        )
    }

    /// Notes what is known about the content of a manifest.
    fn note(&mut self, number: usize, examined: &Examined) {
        let node = &mut self.plan.nodes[number];
        let subject = match examined {
            Examined::Manifest(facts) => {
                node.descriptor = facts.descriptor.clone();
                node.is_there = facts.is_there;
                node.is_manifest = true;
                if facts.parts.is_none() {
                    node.content = Content::Unread;
                    return;
                }
                facts.subject().cloned()
            }
            Examined::Blob => None,
            Examined::Unrelated(subject) => subject.clone(),
        };
        node.subjects
            .retain(|listed| Some(listed) == subject.as_ref());
        let subjects = node.subjects.clone();
        node.content = Content::Read(subject);
        for subject in &subjects {
            if let Some(&subject) = self.known.get(subject.as_str()) {
                self.order(number, subject);
            }
        }
    }

    /// Pushes a manifest after its subject.
    fn order(&mut self, referrer: usize, subject: usize) {
        self.plan.nodes[subject].is_needed = true;
        let needs = &mut self.plan.nodes[referrer].needs;
        if !needs.contains(&subject) {
            needs.push(subject);
        }
    }

    /// Adds a manifest to examine, unless it is known. Returns its number.
    fn enter(
        &mut self,
        found: Found,
        role: Role,
        depth: usize,
        pending: &mut Vec<Pending>,
    ) -> Result<usize, Error> {
        let digest = found.descriptor.digest().as_str();
        let too_many = |what: String| {
            let message = format!("manifest {digest}: {what}");
            Err(Error::new(Kind::InvalidManifest, message).with_digest(digest))
        };
        if let Some(&node) = self.known.get(digest) {
            let known = &mut self.plan.nodes[node];
            if role != Role::Referrer && known.role == Role::Referrer && !known.is_manifest {
                // The list of referrers that contains it does not determine what it is.
                known.role = role;
                self.examine_again(Pending { node, found }, pending);
            }
            return Ok(node);
        }
        if depth > MAX_DEPTH {
            return too_many(format!("more than {MAX_DEPTH} nested manifests"));
        }
        let node = self.plan.nodes.len();
        if node >= MAX_MANIFESTS {
            return too_many(format!("more than {MAX_MANIFESTS} manifests to copy"));
        }
        self.known.insert(digest.to_owned(), node);
        let descriptor = found.descriptor.clone();
        self.plan.nodes.push(Node::new(descriptor, role, depth));
        pending.push(Pending { node, found });
        Ok(node)
    }

    /// Examines a manifest in another role.
    fn examine_again(&mut self, item: Pending, pending: &mut Vec<Pending>) {
        self.plan.nodes[item.node].content = Content::Pending;
        pending.retain(|pending| pending.node != item.node);
        pending.push(item);
    }

    /// Adds what was found out about a manifest, and what is to be examined next.
    fn add(&mut self, node: usize, facts: Facts, next: &mut Vec<Pending>) -> Result<(), Error> {
        let own = facts.descriptor;
        if let Some(parts) = facts.parts {
            self.add_entries(node, &own, &parts, next)?;
            self.add_blobs(&own, &parts)?;
            self.plan.nodes[node].bytes = Some(parts.bytes);
        }
        for referrer in facts.referrers {
            if self.takes(Candidate::referrer(&own, &referrer))? {
                self.add_referrer(node, Found::unknown(referrer), next)?;
            }
        }
        self.add_digest_tags(node, &own, next)
    }

    fn add_entries(
        &mut self,
        node: usize,
        own: &Descriptor,
        parts: &Parts,
        next: &mut Vec<Pending>,
    ) -> Result<(), Error> {
        let depth = self.plan.nodes[node].depth + 1;
        let mut needs = HashSet::new();
        for entry in &parts.entries {
            if self.takes(Candidate::part(own, entry))? {
                let entry = Found::unknown(entry.clone());
                needs.insert(self.enter(entry, Role::Entry, depth, next)?);
            }
        }
        for need in needs {
            self.plan.nodes[node].needs.push(need);
            self.plan.nodes[need].is_needed = true;
        }
        Ok(())
    }

    fn add_blobs(&mut self, own: &Descriptor, parts: &Parts) -> Result<(), Error> {
        for blob in &parts.blobs {
            let candidate = Candidate {
                take: !is_foreign(blob) || self.has_foreign(blob),
                ..Candidate::part(own, blob)
            };
            // The empty blob is pushed with the manifest.
            if self.takes(candidate)? && Some(blob.digest()) != parts.empty.as_ref() {
                self.add_blob(blob);
            }
        }
        Ok(())
    }

    /// Whether a layer that is stored elsewhere can be copied. Only a registry has a
    /// client that follows its URLs.
    fn has_foreign(&self, blob: &Descriptor) -> bool {
        self.sides.options().foreign
            && match self.sides.from.place() {
                Place::Registry(_) => true,
                Place::Layout(layout) => new_blob::is_there(layout, blob.digest(), None),
            }
    }

    fn add_blob(&mut self, blob: &Descriptor) {
        if self.blobs.insert(blob.digest().as_str().to_owned()) {
            self.plan.blobs.push(blob.clone());
        }
    }

    /// Adds a manifest that is in the list of referrers of another one. The list may be wrong:
    /// what counts is the subject that the manifest refers to.
    fn add_referrer(
        &mut self,
        subject: usize,
        found: Found,
        next: &mut Vec<Pending>,
    ) -> Result<(), Error> {
        let depth = self.plan.nodes[subject].depth + 1;
        let digest = self.plan.nodes[subject].descriptor.digest().clone();
        let again = found.descriptor.clone();
        let number = self.enter(found, Role::Referrer, depth, next)?;
        let node = &mut self.plan.nodes[number];
        match &node.content {
            Content::Pending | Content::Unread => node.subjects.push(digest),
            Content::Read(Some(own)) if *own == digest => {
                node.subjects = vec![digest];
                let is_manifest = node.is_manifest;
                self.order(number, subject);
                if !is_manifest {
                    // So far, it was only in lists of other manifests.
                    let found = Found::unknown(again);
                    let item = Pending {
                        node: number,
                        found,
                    };
                    self.examine_again(item, next);
                }
            }
            Content::Read(_) => {}
        }
        Ok(())
    }

    /// Adds what the tags that are named after a digest point to.
    fn add_digest_tags(
        &mut self,
        node: usize,
        own: &Descriptor,
        next: &mut Vec<Pending>,
    ) -> Result<(), Error> {
        let tags = self.tags.remove(&digest_tags::prefix(own.digest()));
        for tag in tags.unwrap_or_default() {
            let found = match root::find_in(&self.sides.from, &Target::Tag(tag.clone())) {
                // Deleted since the tags were listed.
                Err(error) if error.kind() == Kind::NotFound => continue,
                found => found?,
            };
            if self.takes(Candidate::referrer(own, &found.descriptor))? {
                let depth = self.plan.nodes[node].depth + 1;
                let about = self.enter(found, Role::DigestTag, depth, next)?;
                self.plan.nodes[node].is_needed = true;
                self.plan.digest_tags.push((tag, about));
            }
        }
        Ok(())
    }

    /// Whether an item is copied. One that is not is reported as skipped.
    fn takes(&self, candidate: Candidate) -> Result<bool, Error> {
        let item = candidate.item.clone();
        let is_taken = self.sides.to.takes(candidate)?;
        if !is_taken {
            leave_out(&self.sides.to, Phase::Push, &item)?;
        }
        Ok(is_taken)
    }
}

/// Whether a layer is stored elsewhere, so that registries need not have it.
fn is_foreign(blob: &Descriptor) -> bool {
    media_type::is_foreign(blob.media_type()) && !blob.urls().is_empty()
}
