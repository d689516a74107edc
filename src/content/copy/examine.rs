//! What the source and the destination have of a manifest.

use super::root::Found;
use super::sides::Sides;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::empty_blob;
use crate::content::layout;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::media_type;
use crate::content::options::Options;
use crate::content::repository::Place;
use crate::content::task::Task;
use crate::error::{Error, Kind};

/// Why a manifest is part of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// It is what the program copies.
    Root,
    /// A manifest refers to it.
    Entry,
    /// Only lists of referrers contain it.
    Referrer,
    /// A tag that is named after the digest of its subject points to it.
    DigestTag,
}

/// What was found out.
pub(super) enum Examined {
    Manifest(Box<Facts>),
    /// Some indexes refer to blobs as if they were manifests.
    Blob,
    /// Only lists of referrers contain it, and they are wrong: it is missing, or has this
    /// subject instead.
    Unrelated(Option<Digest>),
}

pub(super) struct Facts {
    pub(super) descriptor: Descriptor,
    /// `None` if all of it is at the destination.
    pub(super) parts: Option<Parts>,
    /// Whether the destination has the manifest.
    pub(super) is_there: bool,
    pub(super) referrers: Vec<Descriptor>,
}

/// What a copy needs of a manifest: the rest is not kept.
pub(super) struct Parts {
    pub(super) bytes: Vec<u8>,
    pub(super) entries: Vec<Descriptor>,
    pub(super) blobs: Vec<Descriptor>,
    /// The digest of the empty blob, if the manifest refers to it.
    pub(super) empty: Option<Digest>,
    subject: Option<Digest>,
}

impl Parts {
    fn of(sides: &Sides, manifest: &Manifest) -> Result<Parts, Error> {
        let bytes = manifest.bytes();
        sides
            .memory
            .take(bytes.len(), manifest.descriptor().digest())?;
        Ok(Parts {
            bytes: bytes.to_owned(),
            entries: manifest.entries().to_owned(),
            blobs: manifest.blobs(),
            empty: empty_blob::digest_in(manifest).cloned(),
            subject: manifest.subject().map(|subject| subject.digest().clone()),
        })
    }
}

/// Examines a manifest: checks the destination, then pulls it if necessary. `subjects`
/// are the manifests whose lists of referrers contain it.
pub(super) fn examine(
    sides: &Sides,
    found: Found,
    role: Role,
    subjects: &[Digest],
) -> Result<Examined, Error> {
    let digest = found.descriptor.digest().clone();
    let facts = facts(sides, found, role);
    match facts.map_err(|error| error.with_digest(digest.as_str()))? {
        Examined::Manifest(facts) if role == Role::Referrer && facts.has_none_of(subjects) => {
            Ok(Examined::Unrelated(facts.subject().cloned()))
        }
        Examined::Manifest(mut facts) if sides.options().referrers => {
            facts.referrers = sides.referrers(&digest)?;
            Ok(Examined::Manifest(facts))
        }
        examined => Ok(examined),
    }
}

impl Facts {
    /// The subject of the manifest, if its content is known.
    pub(super) fn subject(&self) -> Option<&Digest> {
        self.parts.as_ref()?.subject.as_ref()
    }

    /// Whether it refers to another subject or to none, as far as is known.
    fn has_none_of(&self, subjects: &[Digest]) -> bool {
        let subject = self.subject();
        self.parts.is_some() && !subject.is_some_and(|subject| subjects.contains(subject))
    }
}

fn facts(sides: &Sides, found: Found, role: Role) -> Result<Examined, Error> {
    let digest = found.descriptor.digest();
    match sides.to.place() {
        Place::Registry(registry) => {
            if let Some(there) = is_in_registry(&Task::new(&sides.to, registry), digest)? {
                // A registry has everything that an image refers to, but the entries
                // of an index may have been deleted.
                let target = Target::Digest(digest.clone());
                let manifest = match (found.manifest, media_type::is_index(there.media_type())) {
                    (Some(manifest), _) => Some(manifest),
                    (None, true) => Some(sides.read_again(&target)?),
                    (None, false) => None,
                };
                return there_already(sides, there, manifest.as_ref());
            }
        }
        Place::Layout(layout) => {
            let hint = hint(&found.descriptor);
            match layout::manifests::find_intact(layout, digest, hint, sides.options()) {
                Ok(Some(manifest)) => {
                    let there = manifest.descriptor().clone();
                    return there_already(sides, there, Some(&manifest));
                }
                Ok(None) => {}
                // An entry that is a blob, or a manifest whose media type only the
                // source knows.
                Err(error) if is_no_manifest(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }
    pull(sides, found, role)
}

fn there_already(
    sides: &Sides,
    descriptor: Descriptor,
    manifest: Option<&Manifest>,
) -> Result<Examined, Error> {
    let parts = manifest.map(|manifest| Parts::of(sides, manifest));
    Ok(Examined::Manifest(Box::new(Facts {
        descriptor,
        parts: parts.transpose()?,
        is_there: true,
        referrers: Vec::new(),
    })))
}

/// The descriptor of a manifest that a registry has.
fn is_in_registry(task: &Task, digest: &Digest) -> Result<Option<Descriptor>, Error> {
    match manifest_pull::head(task, &Target::Digest(digest.clone())) {
        // Some credentials allow pushing but not pulling.
        Err(error) if error.http_status() >= 400 => Ok(None),
        found => found,
    }
}

fn pull(sides: &Sides, found: Found, role: Role) -> Result<Examined, Error> {
    let Found {
        descriptor,
        manifest,
    } = found;
    let manifest = match manifest {
        Some(manifest) => manifest,
        None => match fetch(sides, &descriptor) {
            Ok(manifest) => manifest,
            Err(error) if role == Role::Entry && is_blob(sides, &descriptor, &error) => {
                return Ok(Examined::Blob);
            }
            // A referrers tag may list what was deleted.
            Err(error) if role == Role::Referrer && error.kind() == Kind::NotFound => {
                return Ok(Examined::Unrelated(None));
            }
            Err(error) => return Err(error),
        },
    };
    if role == Role::Entry {
        if is_other_document(sides, &descriptor, &manifest) {
            return Ok(Examined::Blob);
        }
        manifest_pull::check_size(&descriptor, &manifest)?;
    }
    Ok(Examined::Manifest(Box::new(Facts {
        descriptor: manifest.descriptor().clone(),
        parts: Some(Parts::of(sides, &manifest)?),
        is_there: false,
        referrers: Vec::new(),
    })))
}

fn fetch(sides: &Sides, descriptor: &Descriptor) -> Result<Manifest, Error> {
    match sides.from.place() {
        Place::Layout(layout) if hint(descriptor).is_some() => {
            let media_type = hint(descriptor);
            layout::manifests::read_blob(layout, descriptor.digest(), media_type, sides.options())
        }
        _ => manifest_pull::fetch(&sides.from, &Target::Digest(descriptor.digest().clone())),
    }
}

/// The media type of a manifest, if it is known.
fn hint(descriptor: &Descriptor) -> Option<&str> {
    Some(descriptor.media_type()).filter(|media_type| !media_type::is_generic(media_type))
}

/// Whether an entry of an index that is no manifest may be a blob: the caches of
/// BuildKit have such entries.
fn is_blob(sides: &Sides, descriptor: &Descriptor, error: &Error) -> bool {
    let is_no_manifest = match sides.from.place() {
        Place::Registry(_) => error.kind() == Kind::NotFound,
        Place::Layout(_) => is_no_manifest(error),
    };
    is_no_manifest && !is_manifest_type(descriptor.media_type(), sides.options())
}

/// Whether a file of a layout is no manifest, or is too large for one.
fn is_no_manifest(error: &Error) -> bool {
    matches!(error.kind(), Kind::InvalidManifest | Kind::BodyTooLarge)
}

/// Whether JSON that a layout has is a blob: it does not say that it is a manifest.
fn is_other_document(sides: &Sides, descriptor: &Descriptor, manifest: &Manifest) -> bool {
    let json = manifest.json();
    matches!(sides.from.place(), Place::Layout(_))
        && !is_manifest_type(descriptor.media_type(), sides.options())
        && json.member("schemaVersion").is_none()
        && json.member("mediaType").is_none()
}

fn is_manifest_type(media_type: &str, options: &Options) -> bool {
    let own = options.manifest_types().iter();
    media_type::is_index(media_type)
        || media_type::is_image(media_type)
        || own
            .into_iter()
            .any(|own| media_type::is_same(own, media_type))
}
