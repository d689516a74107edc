//! Registries that send more to a copy than it keeps in memory.

use std::ops::Range;

use reggie::Kind;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use support::raw_request::RawRequest;
use support::raw_server::RawServer;

use crate::copying::*;
use crate::documents::{EMPTY, descriptor, digest, index};
use crate::pushing::assert_kind;
use crate::repositories::repository;
use crate::scripted::{Reply, requests, serve};

const MIB: usize = 1024 * 1024;
/// The size of what a registry sends at a time.
const PART: usize = 2 * MIB;
/// How many of them a registry has: twice as many as a copy keeps.
const PARTS: usize = 64;

/// An image of that size without layers.
fn big(number: usize) -> String {
    let empty = descriptor("application/vnd.oci.empty.v1+json", EMPTY, 2, "");
    let padding = "x".repeat(PART);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{empty},"layers":[],"annotations":{{"number":"{number}","padding":"{padding}"}}}}"#
    )
}

/// The number of a page.
fn page(request: &RawRequest) -> usize {
    let number = request
        .target
        .rsplit_once("page=")
        .map(|(_, number)| number);
    number.map_or(0, |number| number.parse().expect("a number"))
}

/// A page of a list, and a link to the next one.
fn linked(request: &RawRequest, media_type: &str, body: String) -> Reply {
    let (path, next) = (request.target.split('?').next(), page(request) + 1);
    let link = format!("<{}?page={next}>; rel=\"next\"", path.expect("a path"));
    Reply::ok(media_type, body).header("Link", &link)
}

fn count(server: &RawServer, path: &str) -> usize {
    let requests = requests(server);
    requests.iter().filter(|one| one.contains(path)).count()
}

/// A copy of a registry that has too much: an error after so many requests.
#[track_caller]
fn assert_ends(
    server: &RawServer,
    options: &Options,
    kind: Kind,
    path: &str,
    expected: Range<usize>,
) {
    let to = Place::layout();
    let copied = copy_tag(&repository(&server.url()), to.repository(), "v1", options);
    assert_kind(copied, kind);
    let received = count(server, path);
    assert!(expected.contains(&received), "{received}");
}

#[test]
fn manifests_of_an_index_have_a_limit_together() {
    let digests: Vec<String> = (0..PARTS).map(|one| digest(big(one).as_bytes())).collect();
    let size = big(0).len();
    let entry = |(number, digest): (usize, &String)| {
        let more = usize::from(number >= 10);
        descriptor(OCI_MANIFEST, digest, size + more, "")
    };
    let text = index(&digests.iter().enumerate().map(entry).collect::<Vec<_>>());
    let root = digest(text.as_bytes());
    let server = serve(move |request| {
        let name = request.target.rsplit('/').next().unwrap_or_default();
        match digests.iter().position(|digest| digest == name) {
            Some(number) => Reply::ok(OCI_MANIFEST, big(number)),
            None => Reply::ok(OCI_INDEX, text.clone()).header("Docker-Content-Digest", &root),
        }
    });
    let kept = 64 * MIB / PART;
    let path = "/manifests/sha256:";
    // The index itself, and those that other threads have requested meanwhile.
    let expected = kept..kept + 8;
    assert_ends(&server, &options(), Kind::BodyTooLarge, path, expected);
}

#[test]
fn lists_of_referrers_have_a_limit() {
    let server = serve(|request| match request.target.contains("/referrers/") {
        true => {
            let number = digest(page(request).to_string().as_bytes());
            let padding = format!(r#","annotations":{{"padding":"{}"}}"#, "x".repeat(PART));
            let entry = descriptor(OCI_MANIFEST, &number, 2, &padding);
            linked(request, OCI_INDEX, index(&[entry]))
        }
        false => Reply::ok(OCI_INDEX, index(&[])),
    });
    let mut options = with_referrers();
    options.set_pages(1, Some(PARTS)).expect("in range");
    let kept = 64 * MIB / PART;
    let (path, expected) = ("/referrers/", kept..kept + 2);
    assert_ends(&server, &options, Kind::BodyTooLarge, path, expected);
}

#[test]
fn tags_that_are_named_after_digests_have_a_limit() {
    let tags = |request: &RawRequest, begin: &str| {
        let first = page(request) * PART;
        let tag = |number: usize| {
            let end = "x".repeat(50);
            format!("\"{begin}sha256-{:064x}.{end}\"", first + number)
        };
        let tags: Vec<String> = (0..PART / 128).map(tag).collect();
        format!(r#"{{"tags":[{}]}}"#, tags.join(","))
    };
    let start = move |begin: &'static str| {
        serve(move |request| match request.target.contains("/tags/") {
            true => linked(request, "application/json", tags(request, begin)),
            false => Reply::ok(OCI_INDEX, index(&[])),
        })
    };
    let mut options = with_digest_tags();
    options.set_pages(1, Some(12)).expect("in range");
    let kept = 16 * MIB / PART;
    let path = "/tags/";
    let expected = kept..kept + 2;
    assert_ends(&start(""), &options, Kind::ListEndless, path, expected);
    // Others are not kept.
    assert_ends(&start("v"), &options, Kind::ListEndless, path, 12..13);
}
