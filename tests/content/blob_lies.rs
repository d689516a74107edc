//! A registry that lies: each lie has its status, in bounded memory and time,
//! and nothing appears under the final name.

use reggie::Kind;
use reggie::content::blob_pull::to_memory;
use reggie::content::descriptor::Descriptor;
use reggie::content::options::Options;

use crate::blob_server::{BlobServer, Get, MIB, content, digest, sizeless};

const SIZE: usize = 200_000;

fn lie(name: &str, kind: Kind, get: impl Fn(&mut Get) + Send + Sync + 'static) {
    let server = BlobServer::start(content(SIZE), get);
    let error = server.to_memory().expect_err(name);
    assert_eq!(error.kind(), kind, "{name}: {error}");
    assert_eq!(error.digest(), Some(digest(&server.content).as_str()));
    if matches!(kind, Kind::DigestMismatch | Kind::SizeMismatch) {
        assert_eq!(error.http_status(), 200, "{name}");
        let host = error.host().expect(name);
        assert!(error.message().contains(host), "{name}: {error}");
    }

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("blob");
    let error = server.to_path(&path, &Options::default());
    assert_eq!(error.expect_err(name).kind(), kind, "{name}");
    assert!(!path.exists(), "{name}");
    let mut options = Options::default();
    options.resume = false;
    let error = server.to_path(&path, &options).expect_err(name);
    assert_eq!(error.kind(), kind, "{name}");
    let mut left = std::fs::read_dir(folder.path()).expect("a folder");
    let kept = left.next().map(|entry| entry.expect("an entry").path());
    // What was kept is the beginning of the blob.
    if let Some(kept) = kept {
        let kept = std::fs::read(kept).expect("a file");
        assert!(server.content.starts_with(&kept), "{name}");
        assert!(kind != Kind::DigestMismatch, "{name}");
    }

    let (bytes, result) = server.to_callback(&Options::default());
    assert_eq!(result.expect_err(name).kind(), kind, "{name}");
    assert!(bytes.len() <= SIZE - 64 * 1024, "{name}");
}

#[test]
fn wrong_content() {
    lie("of the right size", Kind::DigestMismatch, |get| {
        let body = vec![7; SIZE];
        let (head, _) = get.whole();
        get.send(&head, &body);
    });
}

#[test]
fn an_error_about_compressed_content_names_the_encoding() {
    // Some servers compress whatever a browser could decompress.
    for size in [SIZE, SIZE / 2] {
        let server = BlobServer::start(content(SIZE), move |get| {
            get.status("200 OK", &[("Content-Encoding", "gzip")], &vec![7; size]);
        });
        let error = server.to_memory().expect_err("compressed");
        let end = " with content-encoding gzip";
        assert!(error.message().ends_with(end), "{error}");
    }
}

#[test]
fn wrong_sizes() {
    lie("longer", Kind::SizeMismatch, |get| {
        let mut body = get.content.to_vec();
        body.push(0);
        get.status("200 OK", &[], &body);
    });
    lie("shorter", Kind::SizeMismatch, |get| {
        let body = get.content[..SIZE - 1].to_vec();
        get.status("200 OK", &[], &body);
    });
    lie("2^63", Kind::SizeMismatch, |get| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n";
        let body = get.content.to_vec();
        get.send(head, &body);
    });
    lie("longer in chunks", Kind::SizeMismatch, |get| {
        let content = get.content.to_vec();
        get.conn.respond_chunked("200 OK", &[], &[&content, b"x"]);
    });
    lie("shorter in chunks", Kind::SizeMismatch, |get| {
        let content = get.content[..SIZE - 1].to_vec();
        get.conn.respond_chunked("200 OK", &[], &[&content]);
    });
    lie("none", Kind::HttpStatus, |get| {
        get.status("204 No Content", &[], b"");
    });
}

#[test]
fn an_endless_body_ends_with_the_size() {
    lie("endless", Kind::SizeMismatch, |get| {
        get.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"");
        let chunk = [b"8000\r\n", &[7; 0x8000][..], b"\r\n"].concat();
        while get.conn.send(&chunk) {}
    });
}

#[test]
fn a_body_that_is_empty_although_it_has_a_length() {
    // distribution#4191
    lie("empty", Kind::Truncated, |get| {
        get.serve_cut(0);
    });
}

#[test]
fn an_endless_body_of_unknown_size_ends_with_the_memory() {
    let server = BlobServer::start(content(SIZE), |get| {
        get.send("HTTP/1.1 200 OK\r\n\r\n", b"");
        while get.conn.send(&[7; 0x8000]) {}
    });
    let blob = sizeless(&server.content);
    let options = Options::default();
    let error = to_memory(&server.repository(), &blob, 0, MIB, &options);
    assert_eq!(error.expect_err("endless").kind(), Kind::BodyTooLarge);
}

#[test]
fn tiny_ranges_are_no_progress() {
    lie("one byte at a time", Kind::Truncated, |get| {
        let first = get.range.map_or(0, |range| range.0);
        let (head, body) = get.part(first, first);
        let body = body.to_vec();
        get.send(&head, &body);
    });
}

#[test]
fn digests_are_checked_before_they_are_used() {
    // llama.cpp#15790, and upper case
    let hex = "A".repeat(64);
    for text in [
        "sha256:../../../etc/passwd".to_owned(),
        format!("sha256:{hex}"),
        "sha256:".to_owned() + &"a".repeat(63),
        "md5:".to_owned() + &"a".repeat(32),
        "a".repeat(64),
    ] {
        let error = Descriptor::new(&text, None, None).expect_err(&text);
        assert_eq!(error.kind(), Kind::InvalidDigest, "{text}");
    }
}
