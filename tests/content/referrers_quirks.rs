//! What registries do differently about referrers.

use std::sync::{Arc, Mutex};

use reggie::Kind;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_delete::delete;
use reggie::content::manifest_push::push;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use crate::copying::digest_of;
use crate::documents::*;
use crate::referrers::{digests, referrers_of};
use crate::scripted::{Reply, requests, serve};

fn subject() -> Manifest {
    parse(&artifact("sub/ject", ""))
}

fn tag_of(manifest: &Manifest) -> String {
    digest_of(manifest).replace(':', "-")
}

/// An index with an entry for a manifest.
fn list_of(manifest: &Manifest, more: &str) -> String {
    let size = manifest.bytes().len();
    index(&[descriptor(OCI_MANIFEST, &digest_of(manifest), size, more)])
}

#[test]
fn registries_without_the_api_say_so_in_many_ways() {
    let (subject, target) = (subject(), subject());
    let signature = referrer("a/b", &subject, "1");
    let html = Reply::ok("text/html", "<html>");
    let other = Reply::ok("application/json", r#"{"manifests":[]}"#);
    let manifest = Reply::ok(OCI_MANIFEST, "{}");
    for reply in [
        Reply::new(404, ""),
        Reply::new(404, "404 page not found"),
        Reply::error(404, "MANIFEST_UNKNOWN"),
        Reply::error(404, "PAGE_NOT_FOUND"),
        Reply::new(400, ""),
        Reply::new(405, ""),
        Reply::new(406, ""),
        Reply::new(501, ""),
        html,
        other,
        manifest,
    ] {
        let list = list_of(&signature, r#","artifactType":"a/b""#);
        let server = serve(
            move |request| match request.target.contains("/referrers/") {
                true => reply.clone(),
                false => Reply::ok(OCI_INDEX, list.clone()),
            },
        );
        let repository = repository(&server.url());
        for _ in 0..2 {
            let found = referrers_of(&repository, &digest_of(&target), None).expect("a list");
            assert_eq!(digests(&found), [digest_of(&signature)]);
        }
        let tag = format!("GET /v2/{NAME}/manifests/{}", tag_of(&target));
        let sent = requests(&server);
        assert_eq!(sent.len(), 3, "asked once: {sent:?}");
        assert_eq!(sent[1..], [tag.clone(), tag]);
    }
}

#[test]
fn other_failures_are_no_reason_for_the_tag() {
    for (reply, kind) in [
        (Reply::error(404, "NAME_UNKNOWN"), Kind::NotFound),
        (Reply::new(401, ""), Kind::Unauthorized),
        (Reply::new(403, ""), Kind::Denied),
        (Reply::new(500, ""), Kind::HttpStatus),
        (Reply::ok(OCI_INDEX, "{"), Kind::InvalidManifest),
        (
            Reply::ok(OCI_INDEX, r#"{"manifests":{}}"#),
            Kind::InvalidManifest,
        ),
    ] {
        let server = serve(move |_| reply.clone());
        let digest = digest_of(&subject());
        let error = referrers_of(&repository(&server.url()), &digest, None).expect_err("failed");
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.digest(), Some(digest.as_str()));
        let sent = requests(&server);
        assert!(!sent.iter().any(|sent| sent.contains("/manifests/")));
    }
}

#[test]
fn gitlab_takes_the_tag_for_the_digest() {
    // Even if the subject is an index, it is no list of referrers.
    let signature = referrer("a/b", &subject(), "1");
    let lists = [list_of(&signature, ""), artifact("sub/ject", "")];
    for text in lists {
        let target = parse(&text);
        let (media_type, bytes) = (target.descriptor().media_type().to_owned(), text.clone());
        let server = serve(move |request| match request.method.as_str() {
            "PUT" => Reply::new(201, ""),
            "DELETE" => Reply::new(202, ""),
            "HEAD" => Reply::new(200, ""),
            _ if request.target.contains("/referrers/") => Reply::new(404, ""),
            _ => Reply::ok(&media_type, bytes.clone()),
        });
        let repository = repository(&server.url());
        let found = referrers_of(&repository, &digest_of(&target), None).expect("none");
        assert_eq!(found, []);
        let manifest = referrer("a/b", &target, "1");
        let error = push(&repository, &manifest, &[], &Options::default()).expect_err("no list");
        assert_eq!(error.kind(), Kind::Unsupported, "{error}");
        assert!(error.message().contains("the subject itself"), "{error}");
        let put = format!("PUT /v2/{NAME}/manifests/{}", tag_of(&target));
        assert!(
            !requests(&server).contains(&put),
            "the subject is not replaced"
        );
    }
}

#[test]
fn content_under_the_tag_is_no_list_and_is_not_replaced() {
    let content = artifact("other/content", "");
    let server = without_api(Some((OCI_MANIFEST, content.clone())), None);
    let repository = repository(&server.url());
    let (subject, manifest) = (subject(), referrer("a/b", &subject(), "1"));
    let found = referrers_of(&repository, &digest_of(&subject), None).expect("none");
    assert_eq!(found, []);
    let error = push(&repository, &manifest, &[], &Options::default()).expect_err("content");
    assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    let put = format!("PUT /v2/{NAME}/manifests/{}", tag_of(&subject));
    assert!(!requests(&server).contains(&put));
}

type Stored = Arc<Mutex<Option<(String, String)>>>;
type OnPut = Box<dyn Fn(&RawRequest, &Stored) -> Option<Reply> + Send + Sync>;

/// A registry without the API whose referrers tag has that content; what it does at
/// a PUT of the tag can be decided.
fn without_api(content: Option<(&str, String)>, on_put: Option<OnPut>) -> RawServer {
    let content = content.map(|(media_type, text)| (media_type.to_owned(), text));
    let stored: Stored = Arc::new(Mutex::new(content));
    serve(move |request| {
        let is_tag = request.target.contains("/manifests/sha256-");
        match request.method.as_str() {
            "PUT" if is_tag => {
                if let Some(reply) = on_put.as_ref().and_then(|on_put| on_put(request, &stored)) {
                    return reply;
                }
                let text = String::from_utf8(request.body.clone()).expect("UTF-8");
                *stored.lock().expect("no panic") = Some((OCI_INDEX.to_owned(), text));
                Reply::new(201, "")
            }
            "PUT" => Reply::new(201, ""),
            "DELETE" => Reply::new(202, ""),
            "HEAD" if request.target.contains("/blobs/") => Reply::new(200, ""),
            "GET" if is_tag => match &*stored.lock().expect("no panic") {
                Some((media_type, text)) => {
                    let etag = format!("\"{}\"", digest(text.as_bytes()));
                    Reply::ok(media_type, text.clone()).header("ETag", &etag)
                }
                None => Reply::new(404, ""),
            },
            _ => Reply::new(404, ""),
        }
    })
}

#[test]
fn other_entries_keep_their_bytes() {
    let other =
        format!(r#"{{ "digest" : "{EMPTY}", "size":1e1,"x":"\u0000\ud800", "mediaType":"a/b" }}"#);
    let text = format!(
        r#" {{"schemaVersion":2, "mediaType":"{OCI_INDEX}","annotations":{{"a":"\u0041"}},
        "manifests":[{other}, {{"junk":1e400}}]}} "#
    );
    let server = without_api(Some((OCI_INDEX, text)), None);
    let repository = repository(&server.url());
    let (subject, manifest) = (
        subject(),
        referrer("c/d", &subject(), r#"\"\n\ud83d\ude00"#),
    );
    push(&repository, &manifest, &[], &Options::default()).expect("pushed");
    let put = server.requests();
    let is_put = |request: &&RawRequest| {
        request.method == "PUT" && request.target.contains("/manifests/sha256-")
    };
    let put = put.iter().find(is_put).expect("a new list");
    let text = String::from_utf8(put.body.clone()).expect("UTF-8");
    for part in [
        other.as_str(),
        r#"{"junk":1e400}"#,
        r#""annotations":{"a":"\u0041"}"#,
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(put.header("if-match").is_some());
    let found = referrers_of(&repository, &digest_of(&subject), Some("c/d")).expect("a list");
    assert_eq!(digests(&found), [digest_of(&manifest)]);
    let unique = found[0].annotations().get("unique");
    assert_eq!(unique, Some("\"\n\u{1f600}"));
    assert_eq!(found[0].size(), Some(manifest.bytes().len() as u64));
}

#[test]
fn an_entry_that_lacks_what_it_should_have_is_replaced() {
    // From cosign: without the artifact type and annotations.
    let manifest = referrer("a/b", &subject(), "1");
    let server = without_api(Some((OCI_INDEX, list_of(&manifest, ""))), None);
    let repository = repository(&server.url());
    push(&repository, &manifest, &[], &Options::default()).expect("pushed");
    let found = referrers_of(&repository, &digest_of(&subject()), None).expect("a list");
    assert_eq!(digests(&found), [digest_of(&manifest)]);
    assert_eq!(found[0].artifact_type(), Some("a/b"));
}

#[test]
fn ggcr_a_list_that_somebody_else_has_changed_is_not_overwritten() {
    for is_checked in [true, false] {
        let other = referrer("x/y", &subject(), "other");
        let entries = list_of(&other, r#","artifactType":"x/y""#);
        let times = Mutex::new(2);
        // Another client writes just before this one, and just after it.
        let on_put: OnPut = Box::new(move |request, stored| {
            let mut left = times.lock().expect("no panic");
            if *left == 0 {
                let condition = request.header("if-match");
                assert!(!is_checked || condition.is_some());
                return None;
            }
            *left -= 1;
            *stored.lock().expect("no panic") = Some((OCI_INDEX.to_owned(), entries.clone()));
            Some(Reply::new(if is_checked { 412 } else { 201 }, ""))
        });
        let server = without_api(None, Some(on_put));
        let repository = repository(&server.url());
        let manifest = referrer("a/b", &subject(), "1");
        push(&repository, &manifest, &[], &Options::default()).expect("pushed");
        let found = referrers_of(&repository, &digest_of(&subject()), None).expect("a list");
        let mut expected = vec![digest_of(&manifest), digest_of(&other)];
        expected.sort();
        assert_eq!(digests(&found), expected);
    }
    // Not for ever.
    for status in [412, 201] {
        let on_put: OnPut = Box::new(move |_, _| Some(Reply::new(status, "")));
        let server = without_api(None, Some(on_put));
        let manifest = referrer("a/b", &subject(), "1");
        let pushed = push(
            &repository(&server.url()),
            &manifest,
            &[],
            &Options::default(),
        );
        let error = pushed.expect_err("never there");
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::HttpStatus, status)
        );
        let puts = requests(&server);
        let puts = puts
            .iter()
            .filter(|sent| sent.contains("PUT") && sent.contains("sha256-"));
        assert_eq!(puts.count(), 3);
    }
}

#[test]
fn ecr_the_subject_header_is_no_proof_of_the_api() {
    let target = subject();
    let stated = digest_of(&target);
    let stored: Stored = Arc::default();
    let server = serve(move |request| {
        let is_tag = request.target.contains("/manifests/sha256-");
        match request.method.as_str() {
            "PUT" => {
                if is_tag {
                    let text = String::from_utf8(request.body.clone()).expect("UTF-8");
                    *stored.lock().expect("no panic") = Some((OCI_INDEX.to_owned(), text));
                }
                Reply::new(201, "").header("OCI-Subject", &stated)
            }
            "HEAD" if request.target.contains("/blobs/") => Reply::new(200, ""),
            "GET" if is_tag => match &*stored.lock().expect("no panic") {
                Some((media_type, text)) => Reply::ok(media_type, text.clone()),
                None => Reply::new(404, ""),
            },
            _ => Reply::new(404, ""),
        }
    });
    let repository = repository(&server.url());
    let manifest = referrer("a/b", &target, "1");
    push(&repository, &manifest, &[], &Options::default()).expect("pushed");
    let found = referrers_of(&repository, &digest_of(&target), None).expect("a list");
    assert_eq!(digests(&found), [digest_of(&manifest)]);
}

#[test]
fn harbor_sizes_in_lists_are_wrong() {
    let manifest = referrer("a/b", &subject(), "1");
    let wrong = descriptor(OCI_MANIFEST, &digest_of(&manifest), 999_999, "");
    let entries = [
        wrong,
        descriptor(OCI_MANIFEST, "sha256:../x", 1, ""),
        "null".to_owned(),
        format!(r#"{{"digest":"{EMPTY}","size":-1}}"#),
    ];
    let list = index(&entries);
    let text = String::from_utf8(manifest.bytes().to_vec()).expect("UTF-8");
    let server = serve(
        move |request| match request.target.contains("/referrers/") {
            true => Reply::ok(OCI_INDEX, list.clone()),
            false => Reply::ok(OCI_MANIFEST, text.clone()),
        },
    );
    let repository = repository(&server.url());
    let found = referrers_of(&repository, &digest_of(&subject()), None).expect("a list");
    assert_eq!(digests(&found), [digest_of(&manifest)], "without junk");
    assert_eq!(found[0].size(), Some(999_999));
    // The type that the list lacks is that of the manifest.
    for (artifact_type, count) in [("a/b", 1), ("x/y", 0)] {
        let found = referrers_of(&repository, &digest_of(&subject()), Some(artifact_type));
        let found = found.expect("a list");
        assert_eq!(found.len(), count);
        assert!(
            found
                .iter()
                .all(|entry| entry.artifact_type() == Some("a/b"))
        );
    }
}

#[test]
fn a_registry_that_does_not_select_the_type_is_no_problem() {
    let one = referrer("a/b", &subject(), "1");
    let other = referrer("c/d", &subject(), "2");
    for is_filtered in [true, false] {
        let with_type = |manifest: &Manifest, artifact_type: &str| {
            let more = format!(r#","artifactType":"{artifact_type}""#);
            descriptor(OCI_MANIFEST, &digest_of(manifest), 1, &more)
        };
        let unknown = descriptor(OCI_MANIFEST, &digest_of(&one), 1, "");
        let mut entries = vec![with_type(&one, "a/b"), with_type(&other, "c/d")];
        // A registry that has selected the type is believed where it shows none.
        entries.extend(is_filtered.then_some(unknown));
        let list = index(&entries);
        let server = serve(move |request| {
            assert!(
                request.target.ends_with("?artifactType=a/b"),
                "{}",
                request.target
            );
            let reply = Reply::ok(OCI_INDEX, list.clone());
            match is_filtered {
                true => reply.header("OCI-Filters-Applied", "other, artifactType"),
                false => reply,
            }
        });
        let repository = repository(&server.url());
        let found = referrers_of(&repository, &digest_of(&subject()), Some("a/b"));
        assert_eq!(
            found.expect("a list").len(),
            if is_filtered { 2 } else { 1 }
        );
    }
}

#[test]
fn circular_pages_of_referrers_are_an_error() {
    let page = list_of(&referrer("a/b", &subject(), "1"), "");
    let server = serve(move |_| {
        Reply::ok(OCI_INDEX, page.clone()).header("Link", "</v2/x?page=2>; rel=\"next\"")
    });
    let repository = repository(&server.url());
    let error = referrers_of(&repository, &digest_of(&subject()), None).expect_err("circular");
    assert_eq!(error.kind(), Kind::ListEndless);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_deleted_manifest_leaves_content_under_the_tag_alone() {
    let manifest = referrer("a/b", &subject(), "1");
    let text = String::from_utf8(manifest.bytes().to_vec()).expect("UTF-8");
    let server = serve(move |request| match request.method.as_str() {
        "DELETE" => Reply::new(202, ""),
        "PUT" => panic!("nothing to write"),
        _ if request.target.contains("/referrers/") => Reply::new(404, ""),
        _ => Reply::ok(OCI_MANIFEST, text.clone()),
    });
    let repository = repository(&server.url());
    delete(&repository, &digest_of(&manifest), &Options::default()).expect("deleted");
}
