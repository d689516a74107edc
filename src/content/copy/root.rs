//! Which manifest is copied.

use super::sides::Sides;
use crate::body::digest::Digest;
use crate::content::descriptor::Descriptor;
use crate::content::manifest::Manifest;
use crate::content::manifest_pull::{self, Target};
use crate::content::media_type;
use crate::content::operation::Operation;
use crate::content::platform::Platform;
use crate::content::repository::Place;
use crate::content::task::Task;
use crate::error::Error;

/// A manifest that was found, and its content if it had to be pulled for that.
pub(super) struct Found {
    pub(super) descriptor: Descriptor,
    pub(super) manifest: Option<Manifest>,
}

impl Found {
    /// What a descriptor refers to.
    pub(super) fn unknown(descriptor: Descriptor) -> Found {
        Found {
            descriptor,
            manifest: None,
        }
    }

    fn of(manifest: Manifest) -> Found {
        Found {
            descriptor: manifest.descriptor().clone(),
            manifest: Some(manifest),
        }
    }
}

/// The manifest to copy: that of the reference, or the one for the platform. In that
/// case, also the digest of what the reference names.
pub(super) fn find(sides: &Sides, target: &Target) -> Result<(Found, Option<Digest>), Error> {
    match &sides.options().platform {
        Some(platform) => select(&sides.from, target, platform),
        None => find_in(&sides.from, target).map(|found| (found, None)),
    }
}

/// Finds a manifest without pulling it, if that is possible: registries may limit
/// how many manifests are pulled.
pub(super) fn find_in(from: &Operation, target: &Target) -> Result<Found, Error> {
    match (target, from.place()) {
        (Target::Digest(digest), _) => {
            let octets = media_type::OCTETS.to_owned();
            let descriptor = Descriptor::of(digest.clone(), None, octets);
            return Ok(Found::unknown(descriptor));
        }
        (Target::Tag(_), Place::Registry(registry)) => {
            if let Some(descriptor) = manifest_pull::head(&Task::new(from, registry), target)? {
                return Ok(Found::unknown(descriptor));
            }
        }
        (Target::Tag(_), Place::Layout(_)) => {}
    }
    manifest_pull::fetch(from, target).map(Found::of)
}

/// The manifest that a tag points to, if it is not the stated one, which is missing: the
/// tag points to another one by now, or the registry has stated a wrong digest.
pub(super) fn find_again(
    sides: &Sides,
    target: &Target,
    stated: &Digest,
) -> Result<Option<Found>, Error> {
    let is_selected = sides.options().platform.is_some();
    if is_selected || !matches!(target, Target::Tag(_)) {
        return Ok(None);
    }
    let manifest = manifest_pull::fetch(&sides.from, target)?;
    let is_other = manifest.descriptor().digest() != stated;
    Ok(is_other.then(|| Found::of(manifest)))
}

/// Selects the manifest for a platform, and does not pull it.
fn select(
    from: &Operation,
    target: &Target,
    platform: &Platform,
) -> Result<(Found, Option<Digest>), Error> {
    let mut manifest = manifest_pull::fetch(from, target)?;
    let named = Some(manifest.descriptor().digest().clone());
    let mut nested = 0;
    while manifest.is_index() {
        let next = manifest_pull::selected(from, &manifest, platform, &mut nested)?;
        if media_type::is_image(next.media_type()) {
            return Ok((Found::unknown(next.clone()), named));
        }
        let next = Target::Digest(next.digest().clone());
        manifest = manifest_pull::fetch(from, &next)?;
    }
    Ok((Found::of(manifest), named))
}
