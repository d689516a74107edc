//! What a copy includes: the filter, and layers that are stored elsewhere.

use std::sync::{Arc, Mutex};

use embedded_registry::Registry;
use reggie::content::blob_pull::to_memory;
use reggie::content::blob_stat::stat;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::progress::Event;
use reggie::content::repository::Repository;
use reggie::digest::Digest;
use reggie::{Client, Config, Kind};
use support::spy::Spy;

use crate::copying::*;
use crate::documents::{descriptor, digest, parse};
use crate::pushing::assert_kind;
use crate::repositories::{NAME, config};

const FOREIGN: &str = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
const SIZE: usize = 100_000;

/// Options with a filter, and what it was called with: the media type of the parent,
/// that of the item, whether it is a referrer, and whether it is included.
type Calls = Arc<Mutex<Vec<(String, String, bool, bool)>>>;

fn filtered(
    mut options: Options,
    decide: impl Fn(&str, bool) -> bool + Send + Sync + 'static,
) -> (Options, Calls) {
    let calls = Calls::default();
    let seen = Arc::clone(&calls);
    options.filter = Some(Arc::new(move |candidate| {
        let media_type = candidate.item.media_type().to_owned();
        let take = decide(&media_type, candidate.take);
        let parent = candidate.parent.media_type().to_owned();
        let call = (parent, media_type, candidate.is_referrer, candidate.take);
        seen.lock().expect("no panic").push(call);
        Ok(take)
    }));
    (options, calls)
}

#[test]
fn the_program_leaves_items_out() {
    let from = Place::registry();
    let manifest = image(from.repository(), "x", &[10], &["v1"]);
    let kept = signature(from.repository(), &manifest, "kept");
    let to = Place::layout();
    let (options, calls) = filtered(with_referrers(), |media_type, take| {
        take && media_type != LAYER
    });
    let (options, seen) = observed(options);
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    assert_tag(to.repository(), "v1", &manifest);
    assert_has(to.repository(), &kept);
    let blob = digest(&layer("x", 10));
    assert_kind(
        stat(to.repository(), &blob, &crate::copying::options()),
        Kind::NotFound,
    );
    assert!(items(&seen, Event::Skip).contains(&blob));
    let calls = calls.lock().expect("no panic").clone();
    let referrers: Vec<_> = calls.iter().filter(|call| call.2).collect();
    assert_eq!(referrers.len(), 1);
    assert_eq!(
        (referrers[0].0.as_str(), referrers[0].1.as_str()),
        (OCI_MANIFEST, OCI_MANIFEST)
    );
    // A config and a layer of both.
    assert_eq!(calls.len(), 5);
    assert!(calls.iter().all(|call| call.3));

    // Later, what was left out is copied.
    copy_tag(
        from.repository(),
        to.repository(),
        "v1",
        &crate::copying::options(),
    )
    .expect("copied");
    assert_has(to.repository(), &manifest);
}

#[test]
fn a_registry_rejects_a_manifest_whose_content_was_left_out() {
    let (from, to) = (Place::layout(), Place::registry());
    image(from.repository(), "x", &[10], &["v1"]);
    let (options, _) = filtered(options(), |media_type, _| media_type != LAYER);
    let copied = copy_tag(from.repository(), to.repository(), "v1", &options);
    assert_kind(copied, Kind::BlobMissing);
}

#[test]
fn entries_of_an_index_and_referrers_can_be_left_out_and_the_filter_stops_the_call() {
    for (from, to) in Place::directions() {
        let (list, images) = platforms(from.repository(), "v1");
        let left_out = signature(from.repository(), &list, "left out");
        let mut options = with_referrers();
        options.filter = Some(Arc::new(|candidate| Ok(!candidate.is_referrer)));
        copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
        assert!(has(to.repository(), &list));
        assert!(!has(to.repository(), &left_out));

        let stop = Digest::parse("none").expect_err("invalid");
        options.filter = Some(Arc::new(move |_| Err(stop.clone())));
        let other = Place::layout();
        let copied = copy_tag(from.repository(), other.repository(), "v1", &options);
        assert_kind(copied, Kind::InvalidDigest);

        // Only one platform of the index, which a layout accepts.
        let own = digest_of(&images[0]);
        options.filter = Some(Arc::new(move |candidate| {
            let is_entry = candidate.parent.media_type() != OCI_MANIFEST;
            Ok(!is_entry || candidate.item.digest().as_str() == own)
        }));
        copy_tag(from.repository(), other.repository(), "v1", &options).expect("copied");
        assert_has(other.repository(), &images[0]);
        assert!(has(other.repository(), &list));
        assert!(!has(other.repository(), &images[1]));
    }
}

/// An image with a layer that is only elsewhere.
fn foreign(from: &Repository, urls: &[String]) -> (String, Vec<u8>) {
    let bytes = layer("foreign", SIZE);
    let urls: Vec<String> = urls.iter().map(|url| format!("\"{url}\"")).collect();
    let more = format!(r#","urls":[{}]"#, urls.join(","));
    let foreign = descriptor(FOREIGN, &digest(&bytes), bytes.len(), &more);
    let text = image_text(from, "x", &[10]);
    (
        text.replace("\"layers\":[", &format!("\"layers\":[{foreign},")),
        bytes,
    )
}

/// A server that has the bytes at any path, and expects no credentials.
fn elsewhere() -> Spy {
    let bytes = layer("foreign", SIZE);
    Spy::start(move |conn, request| {
        match request.target.as_str() {
            "/missing" => conn.respond("404 Not Found", &[], b""),
            "/wrong" => conn.respond("200 OK", &[], &vec![0; SIZE]),
            _ => conn.respond("200 OK", &[], &bytes),
        };
    })
}

/// A registry with credentials, and clients that may send requests to this machine.
fn protected(allowed: bool) -> (Registry, Repository) {
    let options = embedded_registry::Options::default().basic("alice", "secret");
    let registry = Registry::start(options);
    let mut config: Config = config();
    config.set_credentials("alice", "secret").expect("valid");
    if allowed {
        config.add_allowed_network("127.0.0.1").expect("an address");
    }
    let client = Arc::new(Client::new(registry.url(), &config).expect("a client"));
    let repository = Repository::new(&client, Some(NAME)).expect("a repository");
    (registry, repository)
}

#[test]
fn layers_that_are_stored_elsewhere_stay_there() {
    let spy = elsewhere();
    let (server, from) = protected(true);
    let (text, bytes) = foreign(&from, &[format!("{}/layer", spy.url())]);
    server.put_manifest(NAME, "v1", OCI_MANIFEST, text.as_bytes());
    let to = Place::layout();
    let (options, calls) = filtered(options(), |_, take| take);
    copy_tag(&from, to.repository(), "v1", &options).expect("copied");
    let found = stat(to.repository(), &digest(&bytes), &options);
    assert_kind(found, Kind::NotFound);
    assert!(spy.requests().is_empty());
    let calls = calls.lock().expect("no panic").clone();
    let of_foreign = calls.iter().find(|call| call.1 == FOREIGN);
    assert_eq!(of_foreign.map(|call| call.3), Some(false));
}

#[test]
fn urls_of_layers_are_followed_without_credentials() {
    let spy = elsewhere();
    let (server, from) = protected(true);
    let urls = ["missing", "layer"].map(|path| format!("{}/{path}", spy.url()));
    let (text, bytes) = foreign(&from, &urls);
    server.put_manifest(NAME, "v1", OCI_MANIFEST, text.as_bytes());
    let mut options = options();
    options.foreign = true;
    for to in [Place::layout(), Place::registry()] {
        copy_tag(&from, to.repository(), "v1", &options).expect("copied");
        let manifest = parse(&text);
        assert_has(to.repository(), &manifest);
    }
    let manifest = parse(&text);
    let pulled = to_memory(&from, &manifest.layers()[0], 0, SIZE, &options);
    assert_eq!(pulled.expect("pulled"), bytes);
    assert_eq!(spy.requests().len(), 6);
    spy.saw_no_secret();
    for request in spy.requests() {
        assert!(request.header("authorization").is_none());
    }

    // The registry's copy is preferred.
    server.put_blob(NAME, bytes);
    let to = Place::layout();
    copy_tag(&from, to.repository(), "v1", &options).expect("copied");
    assert_eq!(spy.requests().len(), 6);
}

#[test]
fn a_layout_copies_only_those_of_such_layers_that_it_has() {
    let spy = elsewhere();
    let from = Place::layout();
    let (text, bytes) = foreign(from.repository(), &[format!("{}/layer", spy.url())]);
    let manifest = parse(&text);
    push_manifest(from.repository(), &manifest, &["v1"], &options()).expect("pushed");
    let mut options = options();
    options.foreign = true;
    let to = Place::layout();
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    assert!(has(to.repository(), &manifest));
    let found = stat(to.repository(), &digest(&bytes), &options);
    assert_kind(found, Kind::NotFound);
    blob(from.repository(), FOREIGN, &bytes);
    let to = Place::layout();
    copy_tag(from.repository(), to.repository(), "v1", &options).expect("copied");
    assert_has(to.repository(), &manifest);
    assert!(spy.requests().is_empty());
}

#[test]
fn urls_of_layers_lead_neither_to_private_networks_nor_to_wrong_content() {
    let spy = elsewhere();
    let to = Place::layout();
    let mut options = options();
    options.foreign = true;
    for (allowed, path, kind) in [
        (false, "layer", Kind::AddressRefused),
        (true, "wrong", Kind::DigestMismatch),
        (true, "missing", Kind::NotFound),
    ] {
        let (server, from) = protected(allowed);
        let (text, bytes) = foreign(&from, &[format!("{}/{path}", spy.url())]);
        server.put_manifest(NAME, "v1", OCI_MANIFEST, text.as_bytes());
        let error = assert_kind(copy_tag(&from, to.repository(), "v1", &options), kind);
        assert_eq!(error.digest(), Some(digest(&bytes).as_str()), "{error}");
    }
    for url in ["unix:///run/socket", "/v2/", "file:///etc/passwd", "none"] {
        let (server, from) = protected(true);
        let (text, _) = foreign(&from, &[url.to_owned()]);
        server.put_manifest(NAME, "v1", OCI_MANIFEST, text.as_bytes());
        let copied = copy_tag(&from, to.repository(), "v1", &options);
        copied.expect_err(url);
    }
    // The registry itself gets no credentials either.
    let (server, from) = protected(true);
    let secret = server.put_blob("other", layer("foreign", SIZE));
    let url = format!("{}/v2/other/blobs/{secret}", server.url());
    let (text, _) = foreign(&from, &[url]);
    server.put_manifest(NAME, "v1", OCI_MANIFEST, text.as_bytes());
    assert_kind(
        copy_tag(&from, to.repository(), "v1", &options),
        Kind::Unauthorized,
    );
}
