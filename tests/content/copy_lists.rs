//! Copies of lists of referrers that registries without the referrers API keep under
//! tags.

use std::sync::Arc;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::Kind;
use reggie::content::batch::{Batch, Work};
use reggie::content::copy::{Copy, copy};
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;

use crate::copying::*;
use crate::documents::{index, parse};
use crate::pushing::assert_kind;
use crate::referrers::{digests, referrers_of};

fn without_api() -> Place {
    let options = RegistryOptions::default().referrers(false);
    Place::of(Registry::start(options))
}

/// An image with a tag, and a signature.
fn signed(place: &Place) -> (Manifest, Manifest) {
    let image = image(place.repository(), "image", &[100], &["v1"]);
    let signature = signature(place.repository(), &image, "by the author");
    (image, signature)
}

fn list_tag(subject: &Manifest) -> String {
    digest_of(subject).replace(':', "-")
}

#[track_caller]
fn assert_referrers(repository: &Repository, subject: &Manifest, expected: &[&Manifest]) {
    let found = referrers_of(repository, &digest_of(subject), None).expect("a list");
    let mut expected: Vec<String> = expected.iter().copied().map(digest_of).collect();
    expected.sort();
    assert_eq!(digests(&found), expected);
}

#[test]
fn a_mirror_of_all_tags_keeps_the_list_of_the_destination() {
    let (from, to) = (without_api(), without_api());
    let (image, ours) = signed(&from);
    copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
    let theirs = signature(to.repository(), &image, "by the operator");

    let batch = || {
        let (options, seen) = observed(options());
        let mut batch = Batch::new(Arc::new(options)).expect("a descriptor");
        let mut tags = Names::tags(from.repository(), None, &Options::default());
        while let Some(tag) = tags.next().expect("a page") {
            let copy = Copy::new(from.repository(), Some(tag), to.repository(), &[tag]);
            batch.items().add(Work::Copy(copy.expect("valid")));
        }
        batch.run().expect("copied");
        seen
    };
    batch();
    assert_referrers(to.repository(), &image, &[&ours, &theirs]);
    assert_has(to.repository(), &ours);
    assert_has(to.repository(), &theirs);
    // The copied list is there under its digest.
    let tag = list_tag(&image);
    let list = pull(from.repository(), Some(&tag), &options()).expect("a list");
    assert_has(to.repository(), &list);

    to.server().clear_requests();
    let seen = batch();
    assert!(items(&seen, Event::End).is_empty());
    let sent = to.requests();
    assert!(
        sent.iter().all(|request| request.starts_with("GET ")),
        "{sent:?}"
    );
    assert_referrers(to.repository(), &image, &[&ours, &theirs]);
}

#[test]
fn a_list_that_the_destination_does_not_have_is_copied_as_it_is() {
    let (from, to) = (without_api(), without_api());
    let (image, ours) = signed(&from);
    let tag = list_tag(&image);
    copy_tag(from.repository(), to.repository(), &tag, &options()).expect("copied");
    let list = pull(from.repository(), Some(&tag), &options()).expect("a list");
    assert_tag(to.repository(), &tag, &list);
    assert_referrers(to.repository(), &image, &[&ours]);
    let path = format!("PUT /v2/team/app/manifests/{tag}");
    let sent = to.requests();
    let puts = sent.iter().filter(|request| **request == path).count();
    assert_eq!(puts, 1, "{sent:?}");
    let by_digest = format!("PUT /v2/team/app/manifests/{}", digest_of(&list));
    assert!(!sent.contains(&by_digest), "{sent:?}");
}

#[test]
fn only_lists_under_referrers_tags_are_merged() {
    let (from, to) = (without_api(), without_api());
    let (image, ours) = signed(&from);
    let source = list_tag(&image);
    let hex = "ab".repeat(32);
    let annotated = r#""annotations":{"a":"b"},"manifests""#;
    let other = parse(&index(&[]).replace(r#""manifests""#, annotated));
    // The digests of SHA-512 are cut off in their tags.
    for (tag, is_merged) in [
        (format!("sha256-{hex}"), true),
        (format!("sha512-{hex}"), true),
        (format!("sha256-{hex}.sig"), false),
        (format!("sha256-{}", &hex[1..]), false),
        (format!("sha256-{}", hex.to_uppercase()), false),
        (format!("md5-{hex}"), false),
        ("latest".to_owned(), false),
    ] {
        push_manifest(to.repository(), &other, &[&tag], &options()).expect("pushed");
        let tags = ["plain", &tag];
        copy(
            from.repository(),
            Some(&source),
            to.repository(),
            &tags,
            &options(),
        )
        .expect("copied");
        let list = pull(from.repository(), Some(&source), &options()).expect("a list");
        assert_tag(to.repository(), "plain", &list);
        let found = pull(to.repository(), Some(&tag), &options()).expect("a list");
        assert_eq!(found.bytes() != list.bytes(), is_merged, "{tag}");
        assert_eq!(digests(found.entries()), [digest_of(&ours)]);
    }
    // An image has no entries.
    let tag = format!("sha256-{hex}");
    copy(
        from.repository(),
        Some("v1"),
        to.repository(),
        &[&tag],
        &options(),
    )
    .expect("copied");
    assert_tag(to.repository(), &tag, &image);
    // It is not lost either.
    let failed = copy(
        from.repository(),
        Some(&source),
        to.repository(),
        &[&tag],
        &options(),
    );
    assert_kind(failed, Kind::Unsupported);
    assert_tag(to.repository(), &tag, &image);
}
