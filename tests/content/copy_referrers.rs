//! Lists of referrers that are wrong: a copy takes what is really about its manifests,
//! and all of that. The lists of layouts.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};

use reggie::content::manifest::Manifest;
use reggie::content::manifest_push::push;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use support::raw_server::RawServer;

use crate::copying::*;
use crate::documents::{EMPTY, artifact, descriptor, index, parse, referrer};
use crate::referrers::{digests, referrers_of};
use crate::repositories::repository;
use crate::scripted::{Reply, serve};

fn described(manifest: &Manifest, size: usize) -> String {
    let media_type = match manifest.is_index() {
        true => OCI_INDEX,
        false => OCI_MANIFEST,
    };
    descriptor(media_type, &digest_of(manifest), size, "")
}

fn list(manifests: &[&Manifest]) -> String {
    let described = |manifest: &&Manifest| described(manifest, manifest.bytes().len());
    let entries: Vec<String> = manifests.iter().map(described).collect();
    index(&entries)
}

/// A registry with manifests, whose root has a tag. `lists` are the lists of referrers by
/// their subjects; `rest` is the list of all others.
struct Source {
    manifests: Vec<Manifest>,
    lists: Vec<(usize, String)>,
    rest: String,
    /// Lists are content under a tag.
    is_tag: bool,
}

impl Source {
    fn serve(&self) -> RawServer {
        let mut replies = HashMap::new();
        for manifest in &self.manifests {
            let reply = Reply::ok(
                manifest.descriptor().media_type(),
                manifest.bytes().to_vec(),
            );
            let digest = digest_of(manifest);
            let reply = reply.header("Docker-Content-Digest", &digest);
            replies
                .entry("/manifests/v1".to_owned())
                .or_insert(reply.clone());
            replies.insert(format!("/manifests/{digest}"), reply);
            if !self.is_tag {
                let rest = Reply::ok(OCI_INDEX, self.rest.clone());
                replies.insert(format!("/referrers/{digest}"), rest);
            }
        }
        for (subject, list) in &self.lists {
            let digest = digest_of(&self.manifests[*subject]);
            let path = match self.is_tag {
                true => format!("/manifests/{}", digest.replace(':', "-")),
                false => format!("/referrers/{digest}"),
            };
            replies.insert(path, Reply::ok(OCI_INDEX, list.clone()));
        }
        replies.insert(format!("/blobs/{EMPTY}"), Reply::ok("a/b", "{}"));
        serve(move |request| {
            let target = request.target.as_str();
            let found = replies.iter().find(|(path, _)| target.ends_with(*path));
            found.map_or(Reply::new(404, ""), |(_, reply)| reply.clone())
        })
    }
}

/// Copies the manifests: all of them, and only these, with the right lists.
fn copied(name: &str, source: &Source) {
    let server = source.serve();
    let from = repository(&server.url());
    // Some of them may be at the destination.
    for present in std::iter::once(None).chain((0..source.manifests.len()).map(Some)) {
        for to in [Place::registry(), Place::layout()] {
            let name = format!("{name}, {present:?}");
            if let Some(present) = present {
                let manifest = &source.manifests[present];
                if manifest.is_index() && matches!(to, Place::Registry(..)) {
                    // It takes no index without its entries.
                    continue;
                }
                push(to.repository(), manifest, &[], &options()).expect(&name);
            }
            for _ in 0..2 {
                copy_tag(&from, to.repository(), "v1", &with_referrers()).expect(&name);
                assert_tag(to.repository(), "v1", &source.manifests[0]);
                for manifest in &source.manifests {
                    assert_has(to.repository(), manifest);
                    let mut expected: Vec<String> = source
                        .manifests
                        .iter()
                        .filter(|other| {
                            let subject = other.subject();
                            subject.is_some_and(|subject| {
                                subject.digest() == manifest.descriptor().digest()
                            })
                        })
                        .map(digest_of)
                        .collect();
                    let found = referrers_of(to.repository(), &digest_of(manifest), None);
                    let mut found = digests(&found.expect(&name));
                    expected.sort_unstable();
                    found.sort_unstable();
                    assert_eq!(found, expected, "{name}");
                }
            }
        }
    }
}

fn image(unique: &str) -> Manifest {
    parse(&artifact(&format!("image/{unique}"), ""))
}

#[test]
fn a_manifest_in_its_own_list_is_copied() {
    for is_tag in [false, true] {
        let subject = image("a");
        let itself = list(&[&subject]);
        let source = Source {
            manifests: vec![subject],
            lists: vec![(0, itself)],
            rest: list(&[]),
            is_tag,
        };
        copied("in its own list", &source);
    }
}

#[test]
fn manifests_that_are_in_the_lists_of_each_other_are_copied() {
    let subject = image("a");
    let signature = referrer("sig/nature", &subject, "1");
    let other = referrer("sig/nature", &signature, "2");
    let lists = vec![
        (0, list(&[&signature])),
        (1, list(&[&subject, &other])),
        (2, list(&[&signature, &subject])),
    ];
    let source = Source {
        manifests: vec![subject, signature, other],
        lists,
        rest: list(&[]),
        is_tag: false,
    };
    copied("in the lists of each other", &source);
}

#[test]
fn an_index_in_the_list_of_its_entry_is_copied() {
    let entry = image("a");
    let root = parse(&list(&[&entry]));
    let itself = list(&[&root]);
    let source = Source {
        manifests: vec![root, entry],
        lists: vec![(1, itself)],
        rest: list(&[]),
        is_tag: false,
    };
    copied("in the list of an entry", &source);
}

#[test]
fn all_is_copied_from_a_registry_with_one_list_for_all() {
    let entries = [image("a"), image("b")];
    let root = parse(&list(&[&entries[0], &entries[1]]));
    let signature = referrer("sig/nature", &entries[1], "1");
    let other = referrer("sig/nature", &signature, "2");
    let last = referrer("sig/nature", &other, "3");
    let [first, second] = entries;
    let manifests = vec![root, first, second, signature, other, last];
    let mut all: Vec<&Manifest> = manifests.iter().collect();
    let forwards = list(&all);
    all.reverse();
    let backwards = list(&all);
    for rest in [forwards, backwards] {
        let source = Source {
            manifests: manifests.clone(),
            lists: Vec::new(),
            rest,
            is_tag: false,
        };
        copied("one list", &source);
    }
}

#[test]
fn a_list_does_not_say_what_an_entry_must_be() {
    let entry = image("a");
    let nested = parse(&list(&[&entry]));
    let unrelated = referrer("sig/nature", &image("b"), "1");
    let root = parse(&list(&[&nested, &unrelated]));
    let wrong = index(&[described(&entry, 7), described(&unrelated, 7)]);
    let manifests = vec![root, nested, entry, unrelated];
    // The list of the root is known before the nested index is, that of the nested
    // index together with its entries.
    for subject in [0, 1] {
        let source = Source {
            manifests: manifests.clone(),
            lists: vec![(subject, wrong.clone())],
            rest: list(&[]),
            is_tag: false,
        };
        copied("entries in a list", &source);
    }
}

#[test]
fn the_referrers_of_a_layout_are_found_once_until_its_index_changes() {
    let (from, to) = (Place::layout(), Place::layout());
    let subject = image("a");
    push(from.repository(), &subject, &["v1"], &options()).expect("pushed");
    let signature = referrer("sig/nature", &subject, "1");
    push(from.repository(), &signature, &[], &options()).expect("pushed");
    let added = referrer("sig/nature", &signature, "2");
    let last = referrer("sig/nature", &added, "3");
    push(from.repository(), &last, &[], &options()).expect("pushed");
    // Damage that only those see who read all manifests again.
    let blobs = from.folder().join("blobs/sha256");
    let path = blobs.join(&digest_of(&last)["sha256:".len()..]);
    let (layout, late) = (from.repository().clone(), added.clone());
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let mut options = with_referrers();
    options.filter = Some(Arc::new(move |candidate| {
        if candidate.is_referrer {
            let item = candidate.item.digest().as_str().to_owned();
            if item == digest_of(&signature) {
                push(&layout, &late, &[], &crate::copying::options())?;
            } else if item == digest_of(&late) {
                fs::remove_file(&path).expect("removed");
            }
            seen.lock().expect("no panic").push(item);
        }
        Ok(candidate.take)
    }));
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    assert_has(to.repository(), &added);
    assert!(!has(to.repository(), &last));
    let asked = asked.lock().expect("no panic");
    assert_eq!(asked.len(), 3, "the index has not changed: {asked:?}");
    assert_eq!(asked[1..], [digest_of(&added), digest_of(&last)]);
}
