//! Copies between registries and layouts.

use embedded_registry::{About, Registry};
use reggie::Kind;
use reggie::content::copy::copy;
use reggie::content::descriptor::Descriptor;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::progress::Event;
use reggie::content::repository::Repository;

use crate::copying::*;
use crate::documents::{descriptor, digest, entry, index, parse};
use crate::layouts::tags;
use crate::pushing::assert_kind;
use crate::referrers::{digests, referrers_of};

/// Asserts that a descriptor is that of a manifest.
#[track_caller]
fn assert_same(copied: &Descriptor, manifest: &Manifest) {
    let own = manifest.descriptor();
    let (digest, size, media_type) = (own.digest(), own.size(), own.media_type());
    let copied = (copied.digest(), copied.size(), copied.media_type());
    assert_eq!(copied, (digest, size, media_type));
}

#[test]
fn an_index_with_attestations_is_copied_in_all_directions_and_only_once() {
    for (from, to) in Place::directions() {
        let (list, images) = platforms(from.repository(), "v1");
        let (watched, seen) = observed(options());
        let copied = copy_tag(from.repository(), to.repository(), "v1", &watched);
        assert_same(&copied.expect("copied"), &list);
        assert_tag(to.repository(), "v1", &list);
        assert_eq!(images.len(), 8);
        for image in &images {
            assert_has(to.repository(), image);
        }
        assert_eq!(tags(to.repository(), None), ["v1"]);
        // 4 configs and 2 layers, and as many of the attestations; the manifests.
        assert_eq!(items(&seen, Event::End).len(), 8 + 8 + 4 + 9);
        assert!(items(&seen, Event::Skip).is_empty());
        for event in seen.lock().expect("no panic").iter() {
            let digest = event.item.as_ref().map(Descriptor::digest);
            let is_short = digest.is_some_and(|digest| event.name == digest.hex()[..12]);
            assert!(is_short || ["", "v1"].contains(&&*event.name), "{event:?}");
        }

        let (_, _) = (from.requests(), to.requests());
        let (watched, seen) = observed(options());
        copy_tag(from.repository(), to.repository(), "v1", &watched).expect("copied again");
        assert!(items(&seen, Event::End).is_empty());
        assert_eq!(from.requests(), [""; 0]);
        let again = to.requests();
        let index = format!("GET /v2/team/app/manifests/{}", digest_of(&list));
        assert!(again.iter().all(|request| *request == index), "{again:?}");
    }
}

#[test]
fn only_the_root_has_a_tag_and_each_tag_is_set_by_one_request() {
    let (from, to) = (Place::registry(), Place::registry());
    let (list, _) = platforms(from.repository(), "v1");
    let tags = ["v1", "v2", "v1"];
    copy(
        from.repository(),
        Some("v1"),
        to.repository(),
        &tags,
        &options(),
    )
    .expect("copied");
    let puts: Vec<String> = to
        .requests()
        .into_iter()
        .filter(|request| request.starts_with("PUT /v2/team/app/manifests/"))
        .collect();
    let by_tag: Vec<&String> = puts.iter().filter(|put| !put.contains("sha256:")).collect();
    assert_eq!(
        by_tag,
        [
            "PUT /v2/team/app/manifests/v1",
            "PUT /v2/team/app/manifests/v2"
        ]
    );
    assert_eq!(puts.len(), 8 + 2);
    assert_eq!(
        puts[8..],
        [
            "PUT /v2/team/app/manifests/v1",
            "PUT /v2/team/app/manifests/v2"
        ]
    );
    assert!(!puts.iter().any(|put| put.ends_with(&digest_of(&list))));
}

#[test]
fn without_tags_a_manifest_is_pushed_by_its_digest() {
    for (from, to) in Place::directions() {
        let manifest = image(from.repository(), "x", &[10], &["v1"]);
        let own = digest_of(&manifest);
        for reference in ["v1", &own] {
            let copied = copy(
                from.repository(),
                Some(reference),
                to.repository(),
                &[],
                &options(),
            );
            assert_same(&copied.expect("copied"), &manifest);
            assert_has(to.repository(), &manifest);
        }
        assert_eq!(tags(to.repository(), None), [""; 0]);
        let digest = [own.as_str()];
        copy(
            from.repository(),
            Some("v1"),
            to.repository(),
            &digest,
            &options(),
        )
        .expect("copied");
        let other = digest_of(&parse(&index(&[])));
        let copied = copy(
            from.repository(),
            Some("v1"),
            to.repository(),
            &[&other],
            &options(),
        );
        assert_kind(copied, Kind::DigestMismatch);
    }
}

#[test]
fn a_tag_is_set_although_the_manifest_exists() {
    for (from, to) in Place::directions() {
        let manifest = image(from.repository(), "x", &[10], &["v1"]);
        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        let (_, _) = (from.requests(), to.requests());
        copy(
            from.repository(),
            Some("v1"),
            to.repository(),
            &["v1", "v2"],
            &options(),
        )
        .expect("copied");
        assert_tag(to.repository(), "v2", &manifest);
        assert_eq!(from.requests(), [""; 0], "nothing is pulled again");
        let puts = to.requests();
        let puts: Vec<_> = puts.iter().filter(|put| !put.starts_with("GET")).collect();
        if let Place::Registry(..) = to {
            assert_eq!(puts, ["PUT /v2/team/app/manifests/v2"]);
        }
    }
}

#[test]
fn blobs_are_mounted_within_a_registry() {
    let place = Place::registry();
    let from = place.repository();
    let manifest = image(from, "x", &[1000, 70_000], &["v1"]);
    let client = from.client().expect("a registry");
    let to = Repository::new(client, Some("other/app")).expect("a repository");
    place.requests();
    let (watched, seen) = observed(options());
    copy_tag(from, &to, "v1", &watched).expect("copied");
    assert_has(&to, &manifest);
    assert_tag(&to, "v1", &manifest);
    let server = place.server();
    assert_eq!(server.count_answered(About::Upload, 201), 3, "mounts");
    assert_eq!(items(&seen, Event::Skip).len(), 3);

    // One that does not mount.
    let options = embedded_registry::Options::default().mount(false);
    let place = Place::of(Registry::start(options));
    let from = place.repository();
    let manifest = image(from, "x", &[1000, 70_000], &["v1"]);
    let client = from.client().expect("a registry");
    let to = Repository::new(client, Some("other/app")).expect("a repository");
    copy_tag(from, &to, "v1", &crate::copying::options()).expect("copied");
    assert_has(&to, &manifest);
    assert_eq!(place.server().open_uploads(), 0);
}

#[test]
fn a_blob_may_be_mounted_from_elsewhere() {
    let (from, to) = (Place::layout(), Place::registry());
    let manifest = image(from.repository(), "x", &[1000], &["v1"]);
    let client = to.repository().client().expect("a registry");
    let base = Repository::new(client, Some("base")).expect("a repository");
    copy_tag(from.repository(), &base, "v1", &options()).expect("copied");
    to.requests();
    let mut options = options();
    options.add_mount_from("base").expect("a name");
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    assert_has(to.repository(), &manifest);
    let posts = to.requests();
    assert!(
        !posts
            .iter()
            .any(|request| request.contains("PUT /v2/team/app/blobs"))
    );
}

#[test]
fn one_platform_of_an_index_is_copied_alone() {
    for (from, to) in Place::directions() {
        let (list, images) = platforms(from.repository(), "v1");
        let options = for_platform("linux/arm64");
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
        let copied = copied.expect("copied");
        assert_eq!(copied.digest(), images[2].descriptor().digest());
        assert_tag(to.repository(), "v1", &images[2]);
        assert_has(to.repository(), &images[2]);
        assert!(!has(to.repository(), &list));
        assert!(!has(to.repository(), &images[0]));

        // The tag of a reference with a digest is that of the index.
        let (own, wrong) = (digest_of(&list), digest_of(&images[0]));
        for (tag, is_accepted) in [
            (&own, true),
            (&digest_of(&images[2]), true),
            (&wrong, false),
        ] {
            let options = for_platform("linux/arm64");
            let (from, to) = (from.repository(), to.repository());
            let copied = copy(from, Some(&own), to, &[tag], &options);
            match is_accepted {
                true => assert_same(&copied.expect("copied"), &images[2]),
                false => drop(assert_kind(copied, Kind::DigestMismatch)),
            }
        }
        assert_eq!(tags(to.repository(), None), ["v1"]);

        let options = for_platform("plan9/arm64");
        let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
        assert_kind(copied, Kind::NoPlatform);
    }
}

#[test]
fn referrers_of_entries_and_of_referrers_are_copied() {
    for (from, to) in Place::directions() {
        let (list, images) = platforms(from.repository(), "v1");
        let of_list = signature(from.repository(), &list, "of the index");
        let of_image = signature(from.repository(), &images[2], "of an image");
        let of_signature = signature(from.repository(), &of_list, "of a signature");
        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        assert!(!has(to.repository(), &of_list));

        copy_tag(from.repository(), to.repository(), "v1", &with_referrers()).expect("copied");
        for (subject, referrer) in [
            (&list, &of_list),
            (&images[2], &of_image),
            (&of_list, &of_signature),
        ] {
            assert_has(to.repository(), referrer);
            let found = referrers_of(to.repository(), &digest_of(subject), None);
            assert_eq!(digests(&found.expect("a list")), [digest_of(referrer)]);
        }
        let (_, _) = (from.requests(), to.requests());
        let (watched, seen) = observed(with_referrers());
        copy_tag(from.repository(), to.repository(), "v1", &watched).expect("copied again");
        assert!(items(&seen, Event::End).is_empty());
        assert_eq!(from.requests(), [""; 0]);
    }
}

#[test]
fn the_list_of_referrers_is_written_and_not_copied() {
    let without = || {
        let options = embedded_registry::Options::default().referrers(false);
        Place::of(Registry::start(options))
    };
    let (from, to) = (without(), without());
    let manifest = image(from.repository(), "x", &[10], &["v1"]);
    let signed = signature(from.repository(), &manifest, "a");
    let tag = digest_of(&manifest).replace(':', "-");
    // There is another one already.
    copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
    let other = signature(to.repository(), &manifest, "b");
    let mut options = with_referrers();
    options.digest_tags = true;
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    let found = referrers_of(to.repository(), &digest_of(&manifest), None).expect("a list");
    assert_eq!(digests(&found), [digest_of(&other), digest_of(&signed)]);
    assert_eq!(tags(to.repository(), None), [tag.as_str(), "v1"]);

    // What an interrupted call left undone is done.
    let client = to.repository().client().expect("a registry");
    reggie::content::manifest_delete::delete_tag(to.repository(), &tag, &options).expect("deleted");
    let fresh = Repository::new(client, Some("team/app")).expect("a repository");
    copy_tag(from.repository(), &fresh, "v1", &options).expect("copied");
    let found = referrers_of(&fresh, &digest_of(&manifest), None).expect("a list");
    assert_eq!(digests(&found), [digest_of(&signed)]);
}

#[test]
fn tags_named_after_a_digest_are_copied_after_it() {
    for (from, to) in Place::directions() {
        let manifest = image(from.repository(), "x", &[10], &["v1"]);
        let name = |manifest, suffix| {
            let digest = digest_of(manifest).replace(':', "-");
            format!("{digest}.{suffix}")
        };
        let sig = name(&manifest, "sig");
        let signed = image(from.repository(), "signature", &[20], &[&sig]);
        let of_sig = name(&signed, "att");
        let about = image(from.repository(), "attestation", &[30], &[&of_sig]);
        let stranger = format!("sha256-{}.sig", "0".repeat(64));
        image(from.repository(), "stranger", &[40], &[&stranger]);

        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        assert_eq!(tags(to.repository(), None), ["v1"]);
        let options = with_digest_tags();
        let (_, _) = (from.requests(), to.requests());
        copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
        assert_tag(to.repository(), &sig, &signed);
        assert_tag(to.repository(), &of_sig, &about);
        assert_has(to.repository(), &signed);
        assert_has(to.repository(), &about);
        assert_eq!(tags(to.repository(), None).len(), 3);
        let lists = from.requests();
        let lists = lists
            .iter()
            .filter(|request| request.contains("/tags/list"));
        assert!(lists.count() <= 1);
    }
}

#[test]
fn a_new_copy_sets_the_tags_about_a_manifest_between_it_and_its_tag() {
    let (from, to) = (Place::registry(), Place::registry());
    let manifest = image(from.repository(), "x", &[10], &["v1"]);
    let sig = format!("{}.sig", digest_of(&manifest).replace(':', "-"));
    image(from.repository(), "signature", &[20], &[&sig]);
    let options = with_digest_tags();
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    let puts = to.requests();
    let puts: Vec<&str> = puts
        .iter()
        .filter_map(|request| request.strip_prefix("PUT /v2/team/app/manifests/"))
        .collect();
    assert_eq!(puts, [digest_of(&manifest).as_str(), &sig, "v1"]);
}

#[test]
fn nested_and_empty_indexes_and_unknown_types_are_passed_through() {
    for (from, to) in Place::directions() {
        let repository = from.repository();
        let push = |text: &str, tags: &[&str]| {
            let manifest = parse(text);
            push_manifest(repository, &manifest, tags, &options()).expect("pushed");
            manifest
        };
        let manifest = image(repository, "x", &[10], &[]);
        let empty = push(&index(&[]), &[]);
        let layer = blob(repository, "a/layer", b"of an unknown manifest");
        let unknown = push(
            &format!(
                "{{ \"mediaType\":\"application/vnd.x.thing+json\",\n\t\"blobs\":[{layer}] }}\n"
            ),
            &[],
        );
        let entry_of = |of: &Manifest| {
            let media_type = of.descriptor().media_type();
            descriptor(media_type, &digest_of(of), of.bytes().len(), "")
        };
        let entries = [&manifest, &empty, &unknown].map(entry_of);
        let inner = push(&index(&entries), &[]);
        let mut outer = inner.clone();
        for _ in 0..3 {
            outer = push(&index(&[entry_of(&outer), entry_of(&manifest)]), &["v1"]);
        }
        let copied = copy_tag(repository, to.repository(), "v1", &options());
        assert_same(&copied.expect("copied"), &outer);
        for expected in [&manifest, &empty, &unknown, &inner, &outer] {
            assert_has(to.repository(), expected);
        }
        let layer = digest(b"of an unknown manifest");
        reggie::content::blob_stat::stat(to.repository(), &layer, &options()).expect("a blob");
    }
}

#[test]
fn an_entry_of_an_index_may_be_a_blob() {
    for (from, to) in Place::directions() {
        let repository = from.repository();
        let cache = blob(
            repository,
            "application/vnd.buildkit.cacheconfig.v0",
            br#"{"layers":[],"records":[]}"#,
        );
        let layer = blob(repository, LAYER, b"a layer");
        // Registries accept it, although they are no manifests.
        let text = index(&[cache, layer]);
        match &from {
            Place::Registry(registry, _) => {
                registry.put_manifest("team/app", "v1", OCI_INDEX, text.as_bytes());
            }
            Place::Layout { .. } => {
                push_manifest(repository, &parse(&text), &["v1"], &options()).expect("pushed");
            }
        }
        if let Place::Registry(..) = to {
            continue;
        }
        for _ in 0..2 {
            copy_tag(repository, to.repository(), "v1", &options()).expect("copied");
        }
        for bytes in [&b"a layer"[..], br#"{"layers":[],"records":[]}"#] {
            let digest = digest(bytes);
            reggie::content::blob_stat::stat(to.repository(), &digest, &options()).expect("a blob");
        }
    }
}

#[test]
fn a_layer_that_occurs_twice_is_transferred_once() {
    for (from, to) in Place::directions() {
        let manifest = image(from.repository(), "x", &[70_000, 10, 70_000], &["v1"]);
        let (watched, seen) = observed(options());
        copy_tag(from.repository(), to.repository(), "v1", &watched).expect("copied");
        assert_has(to.repository(), &manifest);
        let seen = seen.lock().expect("no panic");
        let ended = seen.iter().filter(|event| event.event == Event::End);
        assert_eq!(ended.count(), 4);
    }
}

#[test]
fn an_image_may_have_a_thousand_layers() {
    let layers: Vec<usize> = (1..=1000).collect();
    for (from, to) in [
        (Place::layout(), Place::registry()),
        (Place::registry(), Place::layout()),
    ] {
        let text = image_text(from.repository(), "", &layers);
        let manifest = parse(&text);
        push_manifest(from.repository(), &manifest, &["v1"], &options()).expect("pushed");
        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        assert_has(to.repository(), &manifest);
    }
}

#[test]
fn an_entry_must_have_the_size_that_the_index_says() {
    let (from, to) = (Place::registry(), Place::layout());
    let text = image_text(from.repository(), "x", &[1]);
    push_manifest(from.repository(), &parse(&text), &[], &options()).expect("pushed");
    let wrong = entry(OCI_MANIFEST, &text, "linux/amd64").replace(
        &format!("\"size\":{}", text.len()),
        &format!("\"size\":{}", text.len() + 1),
    );
    let list = index(&[wrong]);
    let server = from.server();
    server.put_manifest("team/app", "v1", OCI_INDEX, list.as_bytes());
    let error = assert_kind(
        copy_tag(from.repository(), to.repository(), "v1", &options()),
        Kind::SizeMismatch,
    );
    assert_eq!(error.digest(), Some(digest(text.as_bytes()).as_str()));
}
