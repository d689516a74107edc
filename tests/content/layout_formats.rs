//! OCI image layouts as other programs write and read them, and what is one.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reggie::Kind;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_delete::delete_tag;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push::push as push_manifest;
use reggie::content::media_type::{OCI_INDEX, OCI_MANIFEST};
use reggie::content::names::Names;
use reggie::content::repository::Repository;
use support::{c, programs};

use crate::copying::{Place, assert_has, assert_tag, copy_tag};
use crate::documents::descriptor;
use crate::layouts::{image, index_of, layout, options, tags};
use crate::pushing::assert_kind;

/// What skopeo prints.
pub(crate) fn skopeo(arguments: &[&str]) -> String {
    let mut command = Command::new("skopeo");
    command.arg("--insecure-policy").args(arguments);
    let output = c::run_command(command, Duration::from_secs(120));
    output.expect_success();
    output.stdout
}

#[test]
fn skopeo_reads_this_layout_and_writes_one_that_is_read() {
    if programs::find("skopeo").is_none() {
        let line = "skopeo is not installed: its tests are skipped";
        programs::missing(line, "not in PATH");
        return;
    }
    let (folder, repository) = layout();
    let manifest = image(&repository, "");
    push_manifest(&repository, &manifest, &["v1", "v2"], &options()).expect("pushed");
    let ours = format!("oci:{}", folder.path().display());
    for tag in ["v1", "v2"] {
        let raw = skopeo(&["inspect", "--raw", &format!("{ours}:{tag}")]);
        assert_eq!(raw.as_bytes(), manifest.bytes());
    }

    let other = tempfile::tempdir().expect("a folder");
    let theirs = format!("oci:{}", other.path().display());
    skopeo(&["copy", &format!("{ours}:v1"), &format!("{theirs}:v3")]);
    let read = Repository::open_layout(other.path(), false).expect("a layout");
    let pulled = pull(&read, Some("v3"), &options()).expect("pulled");
    assert_eq!(pulled.bytes(), manifest.bytes());
    let only = pull(&read, None, &options()).expect("pulled");
    assert_eq!(only.bytes(), manifest.bytes());

    // It changes a layout that we have written, and the other way round.
    skopeo(&["copy", &format!("{theirs}:v3"), &format!("{ours}:v4")]);
    let another = image(&read, "another");
    push_manifest(&read, &another, &["v3", "v5"], &options()).expect("pushed");
    assert_eq!(tags(&repository, None), ["v1", "v2", "v4"]);
    for tag in ["v3", "v5"] {
        let raw = skopeo(&["inspect", "--raw", &format!("{theirs}:{tag}")]);
        assert_eq!(raw.as_bytes(), another.bytes());
    }
}

/// What umoci prints.
fn umoci(arguments: &[&str]) -> String {
    let mut command = Command::new("umoci");
    command.args(arguments);
    let output = c::run_command(command, Duration::from_secs(120));
    output.expect_success();
    output.stdout
}

#[test]
fn layouts_of_umoci_are_copied_and_it_changes_ours() {
    if programs::find("umoci").is_none() {
        let line = "umoci is not installed: its test is skipped";
        programs::missing(line, "not in PATH");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let [theirs, ours] = ["theirs", "ours"].map(path);
    umoci(&["init", "--layout", &theirs]);
    umoci(&["new", "--image", &format!("{theirs}:v1")]);
    let layer = path("layer.tar");
    fs::write(&layer, vec![0; 10 * 1024]).expect("written");
    let add = ["raw", "add-layer", "--image"];
    umoci(&[&add[..], &[&format!("{theirs}:v1"), &layer]].concat());

    let from = Repository::open_layout(Path::new(&theirs), false).expect("a layout");
    assert_eq!(tags(&from, None), ["v1"]);
    let image = pull(&from, Some("v1"), &options()).expect("pulled");
    assert_eq!(image.layers().len(), 1);
    let registry = Place::registry();
    let to = Repository::open_layout(Path::new(&ours), true).expect("a layout");
    copy_tag(&from, registry.repository(), "v1", &options()).expect("copied");
    copy_tag(registry.repository(), &to, "v1", &options()).expect("copied");
    assert_has(&to, &image);

    assert_eq!(umoci(&["list", "--layout", &ours]).trim(), "v1");
    let ours = format!("{ours}:v1");
    umoci(&[&add[..], &[&ours, "--tag", "v2", &layer]].concat());
    assert_eq!(tags(&to, None), ["v1", "v2"]);
    assert_tag(&to, "v1", &image);
    let changed = pull(&to, Some("v2"), &options()).expect("pulled");
    assert_eq!(changed.layers().len(), 2);
    copy_tag(&to, registry.repository(), "v2", &options()).expect("copied");
    assert_has(registry.repository(), &changed);
}

/// Writes an index with these entries, each a digest's size and annotations.
fn write_index(folder: &Path, manifest: &Manifest, annotations: &[&str]) {
    let digest = manifest.descriptor().digest().as_str();
    let size = manifest.bytes().len();
    let entries: Vec<String> = annotations
        .iter()
        .map(|annotations| {
            descriptor(
                OCI_MANIFEST,
                digest,
                size,
                &format!(r#","annotations":{{{annotations}}},"x":1.50"#),
            )
        })
        .collect();
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{}],"annotations":{{"kept":"yes"}}}}"#,
        entries.join(",")
    );
    fs::write(folder.join("index.json"), text).expect("written");
}

#[test]
fn names_that_other_programs_write_are_tags() {
    let (folder, repository) = layout();
    let manifest = image(&repository, "");
    push_manifest(&repository, &manifest, &["x"], &options()).expect("pushed");
    let name = |name: &str, value: &str| format!(r#""{name}":"{value}""#);
    let ref_name = |value| name("org.opencontainers.image.ref.name", value);
    let image_name = |value| name("io.containerd.image.name", value);
    let both = format!("{},{}", ref_name("both"), image_name("docker.io/a/b:both"));
    write_index(
        folder.path(),
        &manifest,
        &[
            &ref_name("plain"),
            &ref_name("docker.io/library/alpine:full"),
            &image_name("localhost:5000/a/b:containerd@sha256:0"),
            &both,
            &ref_name("docker.io/library/untagged"),
            "",
        ],
    );
    let expected = ["both", "containerd", "full", "plain"];
    assert_eq!(tags(&repository, None), expected);
    let mut names = Names::tags(&repository, None, &options());
    names.next().expect("a list");
    assert_eq!(names.left_out(), 1);
    for tag in expected {
        pull(&repository, Some(tag), &options()).expect(tag);
        delete_tag(&repository, tag, &options()).expect(tag);
        assert_kind(pull(&repository, Some(tag), &options()), Kind::NotFound);
    }
    // What is not ours is kept.
    let text = index_of(folder.path());
    assert!(
        text.contains(r#""annotations":{"kept":"yes"}"#) && text.contains(r#""x":1.50"#),
        "{text}"
    );
    assert!(text.contains("docker.io/library/untagged"), "{text}");
    // Two images that were exported together may have the same tag.
    let another = image(&repository, "another");
    push_manifest(&repository, &another, &["v1"], &options()).expect("pushed");
    let text = index_of(folder.path()).replace("docker.io/library/untagged", "a/b:v1");
    fs::write(folder.path().join("index.json"), text).expect("written");
    let error = assert_kind(
        pull(&repository, Some("v1"), &options()),
        Kind::InvalidReference,
    );
    assert!(error.message().contains("2 manifests"), "{error}");
}

#[test]
fn layouts_of_other_programs_are_read() {
    let manifest = image(&layout().1, "");
    let digest = manifest.descriptor().digest().as_str();
    let size = manifest.bytes().len();
    let created = r#""org.opencontainers.image.created":"2026-11-27T14:54:17Z""#;
    let name = r#""org.opencontainers.image.ref.name""#;
    let own = descriptor(OCI_MANIFEST, digest, size, "");
    let own = own.trim_end_matches('}');
    let index_type = format!(r#""mediaType":"{OCI_INDEX}","#);
    for (program, index_type, entry, tag) in [
        (
            "skopeo",
            "",
            format!(r#"{own},"annotations":{{{name}:"v1"}}}}"#),
            Some("v1"),
        ),
        (
            "umoci",
            "",
            format!(r#"{own},"annotations":{{{name}:"v1"}}}}"#),
            Some("v1"),
        ),
        (
            "oras",
            index_type.as_str(),
            format!(r#"{own},"annotations":{{{name}:"v1"}},"artifactType":"a/b"}}"#),
            Some("v1"),
        ),
        (
            "regctl",
            &index_type,
            format!(r#"{own},"annotations":{{{created},{name}:"v1"}}}}"#),
            Some("v1"),
        ),
        (
            "crane",
            &index_type,
            format!(r#"{own},"artifactType":"a/b"}}"#),
            None,
        ),
        (
            "crane --annotate-ref",
            &index_type,
            format!(r#"{own},"annotations":{{{name}:"127.0.0.1:5000/a/b:v1"}}}}"#),
            Some("v1"),
        ),
        (
            "buildkit",
            &index_type,
            format!(
                r#"{own},"annotations":{{"io.containerd.image.name":"docker.io/a/b:v1",{created},{name}:"v1"}}}}"#
            ),
            Some("v1"),
        ),
        (
            "ctr",
            "",
            format!(r#"{own},"annotations":{{"io.containerd.image.name":"docker.io/a/b:v1"}}}}"#),
            Some("v1"),
        ),
    ] {
        let (folder, repository) = layout();
        image(&repository, "");
        let hex = &digest["sha256:".len()..];
        fs::write(
            folder.path().join("blobs/sha256").join(hex),
            manifest.bytes(),
        )
        .expect("written");
        let text = format!("{{\"schemaVersion\":2,{index_type}\"manifests\":[\n  {entry}\n]}}");
        fs::write(folder.path().join("index.json"), text).expect("written");
        assert_eq!(
            tags(&repository, None).first().map(String::as_str),
            tag,
            "{program}"
        );
        for reference in [None, tag] {
            let pulled = pull(&repository, reference, &options()).expect(program);
            assert_eq!(pulled.bytes(), manifest.bytes());
        }
    }
}

#[test]
fn only_layouts_of_the_known_version_are_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("layout");
    let open = |create| Repository::open_layout(&path, create);
    assert_eq!(assert_kind(open(false), Kind::File).errno(), libc::ENOENT);
    fs::create_dir(&path).expect("created");
    assert_kind(open(false), Kind::InvalidLayout);
    let long = format!("{{}}{}", " ".repeat(100_000));
    for text in [
        "{}",
        "{",
        "[]",
        &long,
        r#"{"imageLayoutVersion":"2.0.0"}"#,
        r#"{"imageLayoutVersion":1}"#,
    ] {
        fs::write(path.join("oci-layout"), text).expect("written");
        for create in [false, true] {
            assert_kind(open(create), Kind::InvalidLayout);
        }
    }
    fs::remove_file(path.join("oci-layout")).expect("removed");
    fs::write(path.join("other"), "").expect("written");
    assert_kind(open(true), Kind::InvalidLayout);
    assert_eq!(fs::read_dir(&path).expect("a folder").count(), 1);
    fs::remove_file(path.join("other")).expect("removed");
    assert_kind(
        Repository::open_layout(Path::new(""), true),
        Kind::InvalidArgument,
    );
    let missing = folder.path().join("no/such");
    assert_eq!(
        assert_kind(Repository::open_layout(&missing, true), Kind::File).errno(),
        libc::ENOENT
    );
    let repository = open(true).expect("created");
    fs::write(path.join("index.json"), "[]").expect("written");
    assert_kind(
        pull(&repository, Some("v1"), &options()),
        Kind::InvalidLayout,
    );
}

#[test]
fn a_layout_that_is_half_created_is_empty() {
    let mark = r#"{"imageLayoutVersion":"1.0.0"}"#;
    let states: [&[(&str, &str)]; 6] = [
        &[("blobs/sha256/", "")],
        &[("oci-layout", "")],
        &[("oci-layout", mark)],
        &[("oci-layout", mark), ("index.json", "")],
        &[("oci-layout", mark), ("blobs/", ""), (".reggie-1-1", "")],
        &[("blobs/sha256/", ""), ("index.json", r#"{"manifests":[]}"#)],
    ];
    for state in states {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, content) in state {
            let path = folder.path().join(name);
            match name.ends_with('/') {
                true => fs::create_dir_all(path).expect("created"),
                false => fs::write(path, content).expect("written"),
            }
        }
        let read = Repository::open_layout(folder.path(), false).expect("an empty layout");
        assert_eq!(tags(&read, None), [""; 0], "{state:?}");
        assert_kind(pull(&read, Some("v1"), &options()), Kind::NotFound);
        let repository = Repository::open_layout(folder.path(), true).expect("completed");
        let manifest = image(&repository, "");
        push_manifest(&repository, &manifest, &["v1"], &options()).expect("pushed");
        assert_eq!(tags(&read, None), ["v1"], "{state:?}");
        let found = fs::read_to_string(folder.path().join("oci-layout")).expect("a file");
        assert_eq!(found, mark);
    }
}

#[test]
fn a_manifest_of_another_size_than_the_index_says_is_an_error() {
    let (folder, repository) = layout();
    let manifest = image(&repository, "");
    push_manifest(&repository, &manifest, &["v1"], &options()).expect("pushed");
    let path = folder.path().join("index.json");
    let index = fs::read_to_string(&path).expect("a file");
    let size = format!("\"size\":{}", manifest.bytes().len());
    assert!(index.contains(&size), "{index}");
    fs::write(&path, index.replace(&size, "\"size\":1")).expect("written");
    let to = tempfile::tempdir().expect("a folder");
    let to = Repository::open_layout(to.path(), true).expect("a layout");
    assert_kind(
        pull(&repository, Some("v1"), &options()),
        Kind::SizeMismatch,
    );
    assert_kind(
        copy_tag(&repository, &to, "v1", &options()),
        Kind::SizeMismatch,
    );
}
