//! Registries that lie to copies and to pulls of files: each lie has its status, and
//! nothing wrong is stored.

use std::fs;
use std::path::Path;

use reggie::content::blob_stat::stat;
use reggie::content::files_pull;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::options::Options;
use reggie::content::repository::Repository;
use reggie::{Error, Kind};
use support::raw_conn::Conn;
use support::raw_server::RawServer;

use crate::copy_children::{assert_whole, others, partial_of};
use crate::copying::*;
use crate::documents::{EMPTY, artifact, descriptor, digest, index, parse};
use crate::pushing::{assert_kind, content};
use crate::repositories::{NAME, repository};
use crate::scripted::{Reply, serve};

const SIZE: usize = 200_000;
const TITLE: &str = r#","annotations":{"org.opencontainers.image.title":"file"}"#;

/// An image with a layer that has a title.
fn text() -> String {
    let empty = descriptor("application/vnd.oci.empty.v1+json", EMPTY, 2, "");
    let layer = descriptor(LAYER, &digest(&content(SIZE)), SIZE, TITLE);
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{empty},"layers":[{layer}]}}"#
    )
}

/// A registry that has the image, and sends its layer as a test says.
fn liar(lie: impl Fn(&mut Conn) + Send + Sync + 'static) -> RawServer {
    let (text, layer) = (text(), digest(&content(SIZE)));
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let reply = match request.target.as_str() {
                target if target.ends_with(&layer) => {
                    lie(conn);
                    return;
                }
                target if target.ends_with(EMPTY) => Reply::ok("a/b", "{}"),
                _ => Reply::ok(OCI_MANIFEST, text.clone()),
            };
            if !reply.send(conn, &request) {
                return;
            }
        }
    })
}

/// What is kept of a layer is the beginning of the right one.
#[track_caller]
fn assert_prefix(path: &Path, name: &str) {
    let kept = fs::read(path).unwrap_or_default();
    assert!(
        kept.len() < SIZE && content(SIZE).starts_with(&kept),
        "{name}"
    );
}

fn lie(name: &str, kind: Kind, lie: impl Fn(&mut Conn) + Send + Sync + 'static) {
    let server = liar(lie);
    let from = repository(&server.url());
    let blob = digest(&content(SIZE));
    let names_server = |error: &Error| {
        let host = error.host().unwrap_or("none");
        assert!(server.url().ends_with(host), "{name}: {error:?}");
    };
    for (resume, parallel) in [(true, 4), (false, 4), (true, 1)] {
        let mut options = options();
        options.resume = resume;
        options.set_parallel(parallel).expect("in range");

        let folder = tempfile::tempdir().expect("a folder");
        let layout = Repository::open_layout(folder.path(), true).expect("a layout");
        let error = copy_tag(&from, &layout, "v1", &options).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(error.digest(), Some(blob.as_str()), "{name}");
        names_server(&error);
        assert_whole(folder.path(), &[]);
        assert_kind(stat(&layout, &blob, &options), Kind::NotFound);
        let tagged = reggie::content::manifest_pull::stat(&layout, Some("v1"), &options);
        assert_kind(tagged, Kind::NotFound);
        let partial = partial_of(folder.path(), &content(SIZE));
        assert_prefix(&partial, name);
        let expected = usize::from(partial.exists());
        assert_eq!(others(folder.path()).len(), expected, "{name}");

        let to = Place::registry();
        let error = copy_tag(&from, to.repository(), "v1", &options).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        names_server(&error);
        assert!(!to.server().has_blob(NAME, &blob), "{name}");
        assert!(to.server().manifest(NAME, "v1").is_none(), "{name}");
        assert_eq!(to.server().open_uploads(), 0, "{name}");

        let folder = tempfile::tempdir().expect("a folder");
        let pulled = files_pull::pull(&from, Some("v1"), folder.path(), &options);
        let error = pulled.expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_eq!(error.digest(), Some(blob.as_str()), "{name}");
        assert!(!folder.path().join("file").exists(), "{name}");
        for left in fs::read_dir(folder.path()).expect("a folder") {
            assert_prefix(&left.expect("a file").path(), name);
        }
    }
}

#[test]
fn wrong_content_and_wrong_sizes() {
    lie("other content", Kind::DigestMismatch, |conn| {
        conn.respond("200 OK", &[], &[7; SIZE]);
    });
    lie("a page", Kind::SizeMismatch, |conn| {
        conn.respond("200 OK", &[("Content-Type", "text/html")], b"<html>");
    });
    lie("longer", Kind::SizeMismatch, |conn| {
        conn.respond("200 OK", &[], &content(SIZE + 1));
    });
    lie("shorter", Kind::SizeMismatch, |conn| {
        conn.respond("200 OK", &[], &content(SIZE)[1..]);
    });
    lie("longer in chunks", Kind::SizeMismatch, |conn| {
        conn.respond_chunked("200 OK", &[], &[&content(SIZE), b"x"]);
    });
    lie("shorter in chunks", Kind::SizeMismatch, |conn| {
        conn.respond_chunked("200 OK", &[], &[&content(SIZE)[..SIZE - 1]]);
    });
    lie("empty", Kind::Truncated, |conn| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n");
        conn.send(head.as_bytes());
    });
    lie("none", Kind::HttpStatus, |conn| {
        conn.respond("204 No Content", &[], b"");
    });
    lie("missing", Kind::NotFound, |conn| {
        conn.respond("404 Not Found", &[], b"");
    });
}

#[test]
fn endless_bodies() {
    lie("in chunks", Kind::SizeMismatch, |conn| {
        conn.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        let chunk = [b"8000\r\n", &[7; 0x8000][..], b"\r\n"].concat();
        while conn.send(&chunk) {}
    });
    lie("to the end", Kind::SizeMismatch, |conn| {
        conn.send(b"HTTP/1.1 200 OK\r\n\r\n");
        while conn.send(&[7; 0x8000]) {}
    });
    lie("with a length", Kind::SizeMismatch, |conn| {
        conn.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n");
        while conn.send(&[7; 0x8000]) {}
    });
}

#[test]
fn manifests_that_are_not_what_they_are_said_to_be() {
    let claimed = digest(b"of an index that lists itself");
    let itself = index(&[descriptor(OCI_INDEX, &claimed, 7, "")]);
    let image = text();
    let entry = index(&[descriptor(OCI_MANIFEST, &digest(image.as_bytes()), 7, "")]);
    for (name, media_type, root, kind) in [
        (
            "an image as an index",
            OCI_INDEX,
            &image,
            Kind::InvalidManifest,
        ),
        (
            "an index as an image",
            OCI_MANIFEST,
            &itself,
            Kind::InvalidManifest,
        ),
        (
            "an index that lists itself",
            OCI_INDEX,
            &itself,
            Kind::DigestMismatch,
        ),
        (
            "an entry of another size",
            OCI_INDEX,
            &entry,
            Kind::SizeMismatch,
        ),
    ] {
        let (root, image) = (root.clone(), image.clone());
        let inner = claimed.clone();
        let server = serve(move |request| match request.target.as_str() {
            target if target.ends_with("/v1") => Reply::ok(media_type, root.clone()),
            target if target.ends_with(&inner) => Reply::ok(OCI_INDEX, root.clone()),
            _ => Reply::ok(OCI_MANIFEST, image.clone()),
        });
        let from = repository(&server.url());
        let folder = tempfile::tempdir().expect("a folder");
        let layout = Repository::open_layout(folder.path(), true).expect("a layout");
        let error = copy_tag(&from, &layout, "v1", &options()).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert_whole(folder.path(), &[]);
        assert_eq!(
            fs::read_dir(folder.path().join("blobs/sha256"))
                .expect("a folder")
                .count(),
            0
        );
        let to = Place::registry();
        let error = copy_tag(&from, to.repository(), "v1", &options()).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {error}");
        assert!(to.server().manifest(NAME, "v1").is_none());
    }
}

#[test]
fn ten_thousand_layers_are_copied_or_refused_in_time() {
    let layer = descriptor("a/b", EMPTY, 2, "");
    let same = artifact("a/b", "").replace(
        "\"layers\":[",
        &format!("\"layers\":[{}", format!("{layer},").repeat(10_000)),
    );
    let others: Vec<String> = (0..10_000)
        .map(|number| descriptor("a/b", &digest(format!("{number}").as_bytes()), 2, ""))
        .collect();
    let missing = artifact("a/b", "").replace(
        "\"layers\":[",
        &format!("\"layers\":[{},", others.join(",")),
    );
    for (from, to) in Place::directions() {
        let manifest = parse(&same);
        let push = reggie::content::manifest_push::push;
        push(from.repository(), &manifest, &["v1"], &options()).expect("pushed");
        copy_tag(from.repository(), to.repository(), "v1", &options()).expect("copied");
        assert!(has(to.repository(), &manifest));
        // A registry may accept a manifest without its layers.
        if let Place::Registry(server, _) = &from {
            server.put_manifest(NAME, "v2", OCI_MANIFEST, missing.clone());
            let copied = copy_tag(from.repository(), to.repository(), "v2", &options());
            assert_kind(copied, Kind::NotFound);
            assert!(
                server.requests().len() < 1000,
                "the first failure is enough"
            );
        }
    }
    let from = Place::registry();
    from.server()
        .put_manifest(NAME, "v2", OCI_MANIFEST, missing.clone());
    let folder = tempfile::tempdir().expect("a folder");
    let pulled = files_pull::pull(
        from.repository(),
        Some("v2"),
        folder.path(),
        &Options::default(),
    );
    assert_kind(pulled, Kind::NoFiles);
}

#[test]
fn the_stated_digest_of_a_tag_may_be_that_of_no_manifest() {
    let (text, stated) = (text(), digest(b"of no manifest"));
    let (served, wrong) = (text.clone(), stated.clone());
    let layer = digest(&content(SIZE));
    let server = serve(move |request| {
        let is_of = |digest: &str| request.target.ends_with(digest);
        match request.method.as_str() {
            _ if is_of(&wrong) => Reply::error(404, "MANIFEST_UNKNOWN"),
            _ if is_of(&layer) => Reply::ok("a/b", content(SIZE)),
            _ if is_of(EMPTY) => Reply::ok("a/b", "{}"),
            "HEAD" => {
                Reply::ok(OCI_MANIFEST, served.clone()).header("Docker-Content-Digest", &wrong)
            }
            _ => Reply::ok(OCI_MANIFEST, served.clone()),
        }
    });
    let from = repository(&server.url());
    for to in [Place::registry(), Place::layout()] {
        let copied = copy_tag(&from, to.repository(), "v1", &options()).expect("copied");
        assert_eq!(copied.digest().as_str(), digest(text.as_bytes()));
        assert_tag(to.repository(), "v1", &parse(&text));
        // The program has named this one.
        let copied = copy_tag(&from, to.repository(), &stated, &options());
        let error = assert_kind(copied, Kind::NotFound);
        assert_eq!(error.digest(), Some(stated.as_str()));
    }
}
