//! Titles of layers, which are the names of files: none leads out of the directory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use embedded_registry::About;
use reggie::Kind;
use reggie::content::digest::Algorithm;
use reggie::content::files_pull::pull;
use reggie::content::options::Options;

use crate::documents::embedded;
use crate::files::{TITLE, UNPACK, files, pull_ok, put, registry, titled};

/// A title as it is written in JSON.
fn spelled(title: &str) -> String {
    format!(r#","annotations":{{"{TITLE}":"{title}"}}"#)
}

#[test]
fn thirty_titles_lead_nowhere() {
    let name = "n".repeat(256);
    let packed = "n".repeat(250);
    let deep = "d/".repeat(2100) + "f";
    let titles: [&[&str]; 30] = [
        &["/"],
        &["/etc/passwd"],
        &["//etc/passwd"],
        &["."],
        &[".."],
        &["./file"],
        &["../file"],
        &["../../../../../../../../tmp/file"],
        &["folder/.."],
        &["folder/."],
        &["folder/../file"],
        &["folder/../../file"],
        &["folder/./file"],
        &["folder//file"],
        &["folder/"],
        &["file/"],
        &["good", "../bad"],
        &["good", "/bad"],
        &["same", "same"],
        &["folder/same", "other", "folder/same"],
        &["file", "file/below"],
        &["file/below/further", "file"],
        &["folder/file/below", "folder/file"],
        &["a/b/../../.."],
        &["good/file", ".."],
        &["~/../../file"],
        &[&name],
        &["folder", &name],
        &[&deep],
        &["*unpacked", &packed],
    ];
    let registry = registry();
    let place = tempfile::tempdir().expect("a folder");
    let repository = embedded(&registry);
    for titles in titles {
        let is_packed = titles[0] == "*unpacked";
        let layers: Vec<(&str, String)> = titles
            .iter()
            .map(|title| match is_packed {
                true => (
                    "x",
                    titled(title).replace('}', &format!(r#","{UNPACK}":"true"}}"#)),
                ),
                false => ("x", titled(title)),
            })
            .collect();
        put(&registry, "v1", &layers);
        let folder = place.path().join("folder");
        let pulled = pull(&repository, Some("v1"), &folder, &Options::default());
        let error = pulled.expect_err(titles[0]);
        assert_eq!(error.kind(), Kind::UnsafeName, "{titles:?}: {error}");
        assert!(error.digest().is_some(), "{titles:?}");
        assert!(!folder.exists(), "{titles:?}: nothing is written");
    }
    assert_eq!(registry.count(About::Blob), 0, "nothing is pulled");
    assert!(files(place.path()).is_empty());
}

#[test]
fn titles_in_any_spelling_of_json_lead_nowhere() {
    let digest = reggie::digest::of_bytes(Algorithm::Sha256, b"x");
    let partial = format!("a.{}.partial", &digest["sha256:".len()..][..16]);
    let below = format!("sub/{partial}");
    let (in_partial, below_partial) = (format!("{partial}/b"), format!("{below}/b"));
    let registry = registry();
    let place = tempfile::tempdir().expect("a folder");
    for (titles, kind) in [
        (&[r"\u002e\u002e\u002ffile"] as &[&str], Kind::UnsafeName),
        (&[r"\/file"], Kind::UnsafeName),
        // NUL, at which strings of C end, and half of a pair are read as U+FFFD.
        (&[r"a\u0000", r"a\ufffd"], Kind::UnsafeName),
        (&[r"\u0000/../../file"], Kind::UnsafeName),
        (&[r"a", r"\u0061"], Kind::UnsafeName),
        (&[r"\ud800/../../file"], Kind::UnsafeName),
        (&[r"a\ud800", r"a\udfff"], Kind::UnsafeName),
        // The names of temporary and partial files.
        (&[".reggie-1-0"], Kind::UnsafeName),
        (&["sub/.reggie-4194304-17"], Kind::UnsafeName),
        (&["a", &partial], Kind::UnsafeName),
        (&["a", &in_partial], Kind::UnsafeName),
        (&["sub/a", &below_partial], Kind::UnsafeName),
        (&["sub/a", &below], Kind::UnsafeName),
    ] {
        let layers: Vec<(&str, String)> =
            titles.iter().map(|title| ("x", spelled(title))).collect();
        put(&registry, "v1", &layers);
        let folder = place.path().join("folder");
        let pulled = pull(
            &embedded(&registry),
            Some("v1"),
            &folder,
            &Options::default(),
        );
        let error = pulled.expect_err(titles[0]);
        assert_eq!(error.kind(), kind, "{titles:?}: {error}");
        assert!(!folder.exists(), "{titles:?}: nothing is written");
    }
    assert_eq!(registry.count(About::Blob), 0, "nothing is pulled");
}

#[test]
fn titles_that_differ_are_different_files() {
    let registry = registry();
    // As they are written in JSON, if that is something else.
    let titles = [
        ("..a", ""),
        ("a..", ""),
        ("...", ""),
        ("A", ""),
        ("a", ""),
        ("a b/-c", ""),
        (" ", ""),
        ("a\\b", r"a\\b"),
        ("..\\..\\b", r"..\\..\\b"),
        ("C:", ""),
        ("~", ""),
        ("%2e%2e%2fb", ""),
        ("\u{202e}txt", ""),
        ("\n\u{1b}[2J", r"\n\u001b[2J"),
        ("nul\u{fffd}", r"nul\u0000"),
        ("half\u{fffd}", r"half\ud800"),
        (".reggie-", ""),
        ("a.0123456789abcdef.partial", ""),
    ];
    let layers = titles.map(|(title, json)| match json {
        "" => (title, spelled(title)),
        json => (title, spelled(json)),
    });
    put(&registry, "v1", &layers);
    let folder = tempfile::tempdir().expect("a folder");
    pull_ok(&embedded(&registry), folder.path(), &Options::default());
    for (title, _) in titles {
        let content = fs::read_to_string(folder.path().join(title));
        assert_eq!(content.expect(title), title);
    }
    assert_eq!(files(folder.path()).len(), titles.len());
}

#[test]
fn symbolic_links_below_the_directory_are_not_followed() {
    let registry = registry();
    let place = tempfile::tempdir().expect("a folder");
    let (folder, outside) = (place.path().join("folder"), place.path().join("outside"));
    for path in [&folder, &outside] {
        fs::create_dir(path).expect("created");
    }
    fs::write(outside.join("file"), "before").expect("written");
    symlink(&outside, folder.join("link")).expect("a link");
    symlink(outside.join("file"), folder.join("file")).expect("a link");
    symlink("missing", folder.join("dangling")).expect("a link");
    fs::create_dir(folder.join("directory")).expect("created");
    fs::write(folder.join("regular"), "before").expect("written");
    for (title, kind) in [
        ("link/file", Kind::UnsafeName),
        ("link/new", Kind::UnsafeName),
        ("link/new/file", Kind::UnsafeName),
        ("dangling/file", Kind::UnsafeName),
        ("regular/file", Kind::UnsafeName),
        ("link", Kind::File),
        ("file", Kind::File),
        ("dangling", Kind::File),
        ("directory", Kind::File),
    ] {
        put(&registry, "v1", &[("content", titled(title))]);
        let pulled = pull(
            &embedded(&registry),
            Some("v1"),
            &folder,
            &Options::default(),
        );
        assert_eq!(pulled.expect_err(title).kind(), kind, "{title}");
    }
    assert_eq!(files(&outside), ["file"]);
    let content = fs::read_to_string(outside.join("file"));
    assert_eq!(content.expect("a file"), "before");
    assert!(!place.path().join("folder/missing").exists());
    // The directory itself may be one.
    symlink(&folder, place.path().join("alias")).expect("a link");
    put(&registry, "v1", &[("content", titled("new"))]);
    pull_ok(
        &embedded(&registry),
        &place.path().join("alias"),
        &Options::default(),
    );
    assert!(folder.join("new").is_file());
}

#[test]
fn devices_and_pipes_are_not_written_to() {
    let registry = registry();
    put(&registry, "v1", &[("content", titled("pipe"))]);
    let folder = tempfile::tempdir().expect("a folder");
    let made = std::process::Command::new("mkfifo")
        .arg(folder.path().join("pipe"))
        .status();
    assert!(made.expect("mkfifo").success());
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket"));
    put(&registry, "v2", &[("content", titled("socket"))]);
    put(&registry, "v3", &[("content", titled("null"))]);
    for tag in ["v1", "v2", "v3"] {
        // In place of a device, all of /dev.
        let folder = match tag {
            "v3" => Path::new("/dev"),
            _ => folder.path(),
        };
        let pulled = pull(&embedded(&registry), Some(tag), folder, &Options::default());
        assert_eq!(pulled.expect_err(tag).kind(), Kind::File, "{tag}");
    }
    assert_eq!(registry.count(About::Blob), 0, "nothing is pulled");
}
