//! Artifacts of each kind, with which copies and other programs are tested: an image
//! of 8 layers, an index with attestations, an artifact, and a nested index, with
//! referrers.

use reggie::content::manifest::Manifest;
use reggie::content::manifest_push::push;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::progress::Event;
use reggie::content::repository::Repository;

use crate::copying::*;
use crate::documents::{descriptor, entry, index, parse};
use crate::referrers::{digests, referrers_of};

/// What a place has.
pub(crate) struct Artifacts {
    /// Each with its tag.
    pub(crate) roots: Vec<(&'static str, Manifest)>,
    /// Those that others refer to.
    children: Vec<Manifest>,
    /// Referrers, each with its subject.
    referrers: Vec<(Manifest, Manifest)>,
}

/// An artifact with a blob, under a tag.
fn artifact(place: &Repository, tag: &str) -> Manifest {
    let empty = blob(place, "application/vnd.oci.empty.v1+json", b"{}");
    let content = blob(place, "text/plain", b"content of the artifact");
    let manifest = parse(&format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","artifactType":"a/b","config":{empty},"layers":[{content}]}}"#
    ));
    push(place, &manifest, &[tag], &options()).expect("pushed");
    manifest
}

impl Artifacts {
    /// Pushes all of them.
    pub(crate) fn push(place: &Repository) -> Artifacts {
        let sizes = [1, 100, 70_000, 1000, 3, 200_000, 65_536, 10];
        let large = image(place, "eight layers", &sizes, &["image"]);
        let (platforms, mut children) = platforms(place, "platforms");
        let artifact = artifact(place, "artifact");
        let inner = platforms.descriptor().digest().as_str();
        let text = std::str::from_utf8(large.bytes()).expect("text");
        let nested = parse(&index(&[
            descriptor(OCI_INDEX, inner, platforms.bytes().len(), ""),
            entry(OCI_MANIFEST, text, "linux/s390x"),
        ]));
        push(place, &nested, &["nested"], &options()).expect("pushed");

        let mut referrers = Vec::new();
        for (subject, unique) in [
            (&large, "of the image"),
            (&platforms, "of the index"),
            (&children[0], "of an entry"),
            (&artifact, "of the artifact"),
        ] {
            let found = signature(place, subject, unique);
            referrers.push((subject.clone(), found));
        }
        let subject = referrers[3].1.clone();
        let about = signature(place, &subject, "of the signature");
        let more = signature(place, &about, "of the signature of the signature");
        referrers.push((subject, about.clone()));
        referrers.push((about, more));
        children.push(platforms.clone());
        Artifacts {
            roots: vec![
                ("image", large),
                ("platforms", platforms),
                ("artifact", artifact),
                ("nested", nested),
            ],
            children,
            referrers,
        }
    }

    /// Copies all of them, and asserts that a second run transfers nothing.
    pub(crate) fn copy(&self, from: &Repository, to: &Repository) {
        let options = with_referrers();
        for (tag, _) in &self.roots {
            copy_tag(from, to, tag, &options).expect("copied");
        }
        self.assert_in(to);
        for (tag, _) in &self.roots {
            let (watched, seen) = observed(options.clone());
            copy_tag(from, to, tag, &watched).expect("copied again");
            assert!(items(&seen, Event::End).is_empty(), "{tag}");
        }
    }

    /// Asserts that a place has all of them, byte for byte.
    #[track_caller]
    pub(crate) fn assert_in(&self, place: &Repository) {
        self.assert_roots_in(place, |_| true);
        for (subject, referrer) in &self.referrers {
            assert_has(place, referrer);
            let found = referrers_of(place, &digest_of(subject), None).expect("a list");
            assert_eq!(digests(&found), [digest_of(referrer)]);
        }
    }

    /// Asserts that a place has those with these tags, and what they refer to.
    #[track_caller]
    pub(crate) fn assert_roots_in(&self, place: &Repository, is_there: impl Fn(&str) -> bool) {
        let roots = self.roots.iter().filter(|(tag, _)| is_there(tag));
        for (tag, manifest) in roots {
            assert_tag(place, tag, manifest);
            assert_has(place, manifest);
            self.assert_entries(place, manifest);
        }
    }

    #[track_caller]
    fn assert_entries(&self, place: &Repository, manifest: &Manifest) {
        for entry in manifest.entries() {
            let digest = entry.digest();
            let roots = self.roots.iter().map(|(_, root)| root);
            let child = self
                .children
                .iter()
                .chain(roots)
                .find(|child| child.descriptor().digest() == digest)
                .expect("one of them");
            assert_has(place, child);
            self.assert_entries(place, child);
        }
    }
}

/// Another repository of the same registry.
pub(crate) fn other(place: &Repository, name: &str) -> Repository {
    Repository::new(place.client().expect("a registry"), Some(name)).expect("valid")
}

/// Copies all artifacts from each registry to each other one, directly and by a layout.
pub(crate) fn walk(places: &[(&str, Repository)]) {
    for (from_name, from) in places {
        let artifacts = Artifacts::push(from);
        for (to_name, to) in places.iter().filter(|(name, _)| name != from_name) {
            eprintln!("from {from_name} to {to_name}");
            artifacts.copy(from, &other(to, &format!("from/{from_name}")));
            let layout = Place::layout();
            artifacts.copy(from, layout.repository());
            let by_layout = format!("by-layout/{from_name}");
            artifacts.copy(layout.repository(), &other(to, &by_layout));
        }
    }
}
