//! What is pushed here is read by skopeo, crane, oras and regctl, and the other way
//! round.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reggie::content::blob_pull::to_memory;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::manifest_push;
use reggie::content::media_type::OCI_MANIFEST;
use reggie::content::options::Options;
use reggie::content::push::push;
use reggie::content::repository::Repository;
use support::registries::OlaregForm;
use support::{c, programs};

use super::places::Place;
use super::{is_long, program};
use crate::documents::{NAME, descriptor, digest, entry, index, parse, referrer};
use crate::pushing::memory;
use crate::referrers::{digests, referrers_of};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// What a client prints; its home is `folder`.
fn run(program: &Path, folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(folder)
        .env("HOME", folder)
        .env("DOCKER_CONFIG", folder);
    let output = c::run_command(command, Duration::from_secs(300));
    assert!(
        output.status.success(),
        "{} {arguments:?}: {}",
        program.display(),
        output.stderr
    );
    output.stdout
}

/// A tar archive with one file.
fn tar(name: &str, content: &[u8]) -> Vec<u8> {
    let mut head = [0_u8; 512];
    let mut put = |at: usize, text: &str| {
        head[at..at + text.len()].copy_from_slice(text.as_bytes());
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, &format!("{:011o}", content.len()));
    put(136, "00000000000");
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
    head[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut archive = head.to_vec();
    archive.extend_from_slice(content);
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    archive
}

/// The same, compressed.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let folder = support::temp::folder();
    fs::write(folder.path().join("file"), bytes).expect("written");
    run(Path::new("gzip"), folder.path(), &["-n", "file"]);
    fs::read(folder.path().join("file.gz")).expect("compressed")
}

fn push_blob(repository: &Repository, bytes: &[u8]) {
    push(repository, memory(bytes), None, &Options::default()).expect("pushed");
}

/// Pushes an image of two layers, and returns it.
fn push_image(repository: &Repository, architecture: &str) -> Manifest {
    let archives = ["one", "two"].map(|name| {
        let text = format!("{name} for {architecture}\n").repeat(100_000);
        tar(name, text.as_bytes())
    });
    let ids = archives.each_ref().map(|archive| digest(archive));
    let layers = archives.map(|archive| gzip(&archive));
    let config = format!(
        r#"{{"architecture":"{architecture}","os":"linux","rootfs":{{"type":"layers","diff_ids":["{}","{}"]}},"history":[{{"created_by":"one"}},{{"created_by":"two"}}]}}"#,
        ids[0], ids[1]
    );
    layers.iter().for_each(|layer| push_blob(repository, layer));
    push_blob(repository, config.as_bytes());
    let described: Vec<String> = layers
        .iter()
        .map(|layer| descriptor(LAYER, &digest(layer), layer.len(), ""))
        .collect();
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{},"layers":[{}]}}"#,
        descriptor(CONFIG, &digest(config.as_bytes()), config.len(), ""),
        described.join(",")
    );
    let image = parse(&text);
    manifest_push::push(repository, &image, &[architecture], &Options::default()).expect("pushed");
    image
}

/// Pushes an index of two images, and two artifacts about it.
fn push_all(repository: &Repository) -> (Manifest, Vec<Manifest>) {
    let entries: Vec<String> = ["amd64", "arm64"]
        .iter()
        .map(|architecture| {
            let image = push_image(repository, architecture);
            let text = std::str::from_utf8(image.bytes()).expect("UTF-8");
            entry(OCI_MANIFEST, text, &format!("linux/{architecture}"))
        })
        .collect();
    let list = parse(&index(&entries));
    manifest_push::push(repository, &list, &["list"], &Options::default()).expect("pushed");
    push_blob(repository, b"{}");
    let about = ["sig/one", "sig/two"].map(|kind| {
        let artifact = referrer(kind, &list, kind);
        manifest_push::push(repository, &artifact, &[], &Options::default()).expect("pushed");
        artifact
    });
    (list, about.into())
}

/// Pulls a manifest and all below it, verified.
fn pull_all(repository: &Repository, reference: &str) -> usize {
    let options = Options::default();
    let manifest = pull(repository, Some(reference), &options).expect("pulled");
    let mut blobs = 0;
    for child in manifest.entries() {
        blobs += pull_all(repository, child.digest().as_str());
    }
    for blob in manifest.config().into_iter().chain(manifest.layers()) {
        let size = usize::try_from(blob.size().expect("a size")).expect("small");
        let bytes = to_memory(repository, blob, 0, size, &options).expect("pulled");
        assert_eq!(bytes.len(), size);
        blobs += 1;
    }
    blobs
}

/// skopeo copies everything to a directory and back.
fn with_skopeo(place: &Place, list: &Manifest) {
    let Some(skopeo) = programs::find("skopeo") else {
        programs::missing(
            "skopeo is not installed: its tests are skipped",
            "not in PATH",
        );
        return;
    };
    let folder = support::temp::folder();
    let home = folder.path();
    let there = format!("docker://{}/{NAME}", place.authority());
    let options = ["--insecure-policy", "copy", "--all"];
    let copy = |from: &str, to: &str, tls: &str| {
        run(&skopeo, home, &[&options[..], &[tls, from, to]].concat());
    };
    copy(
        &format!("{there}:list"),
        "dir:copy",
        "--src-tls-verify=false",
    );
    let manifest = fs::read(home.join("copy/manifest.json")).expect("a copy");
    assert_eq!(manifest, list.bytes());
    copy(
        "dir:copy",
        &format!("{there}-skopeo:list"),
        "--dest-tls-verify=false",
    );
    let copied = Repository::new(
        place.repository().client().expect("a registry"),
        Some(&format!("{NAME}-skopeo")),
    );
    assert_eq!(pull_all(&copied.expect("valid"), "list"), 6);
}

fn with_crane(place: &Place, list: &Manifest) {
    let crane = program("crane");
    let folder = support::temp::folder();
    let home = folder.path();
    let there = format!("{}/{NAME}", place.authority());
    let manifest = run(&crane, home, &["manifest", &format!("{there}:list")]);
    assert_eq!(manifest.as_bytes(), list.bytes());
    // Reads all layers, and compares their digests.
    run(
        &crane,
        home,
        &["validate", "--remote", &format!("{there}:amd64")],
    );
    run(
        &crane,
        home,
        &[
            "copy",
            &format!("{there}:list"),
            &format!("{there}-crane:list"),
        ],
    );
    fs::write(home.join("more.tar"), tar("more", b"more")).expect("written");
    let (from, to) = (format!("{there}:amd64"), format!("{there}-crane:more"));
    run(
        &crane,
        home,
        &["append", "-b", &from, "-t", &to, "-f", "more.tar"],
    );
    let copied = Repository::new(
        place.repository().client().expect("a registry"),
        Some(&format!("{NAME}-crane")),
    );
    let copied = copied.expect("valid");
    assert_eq!(pull_all(&copied, "list"), 6);
    assert_eq!(pull_all(&copied, "more"), 4);
}

fn with_oras(place: &Place, list: &Manifest, about: &[Manifest]) {
    let oras = program("oras");
    let folder = support::temp::folder();
    let home = folder.path();
    let there = format!("{}/{NAME}", place.authority());
    let tagged = format!("{there}:list");
    let manifest = run(&oras, home, &["manifest", "fetch", "--plain-http", &tagged]);
    assert_eq!(manifest.as_bytes(), list.bytes());
    let found = run(
        &oras,
        home,
        &["discover", "--plain-http", "--format", "json", &tagged],
    );
    for artifact in about {
        let digest = artifact.descriptor().digest().as_str();
        assert!(found.contains(digest), "{}: {found}", place.name);
    }
    let layout = format!("{}/layout:list", home.display());
    run(
        &oras,
        home,
        &[
            "copy",
            "-r",
            "--from-plain-http",
            "--to-oci-layout",
            &tagged,
            &layout,
        ],
    );
    fs::write(home.join("file"), b"content of a file").expect("written");
    let pushed = format!("{there}-oras:v1");
    let kind = ["--artifact-type", "a/b"];
    run(
        &oras,
        home,
        &[&["push", "--plain-http"], &kind[..], &[&pushed, "file"]].concat(),
    );
    run(
        &oras,
        home,
        &[&["attach", "--plain-http"], &kind[..], &[&pushed, "file"]].concat(),
    );
    let copied = Repository::new(
        place.repository().client().expect("a registry"),
        Some(&format!("{NAME}-oras")),
    );
    let copied = copied.expect("valid");
    assert_eq!(pull_all(&copied, "v1"), 2);
    let subject = pull(&copied, Some("v1"), &Options::default()).expect("pulled");
    let found = referrers_of(&copied, subject.descriptor().digest().as_str(), Some("a/b"));
    let found = digests(&found.expect("a list"));
    assert_eq!(found.len(), 1, "{}", place.name);
    assert_eq!(pull_all(&copied, &found[0]), 2);
}

fn with_regctl(place: &Place, list: &Manifest, about: &[Manifest]) {
    let digest = list.descriptor().digest().as_str();
    let regctl = program("regctl");
    let folder = support::temp::folder();
    let home = folder.path();
    let there = format!("{}/{NAME}", place.authority());
    let tagged = format!("{there}:list");
    run(
        &regctl,
        home,
        &["registry", "set", "--tls", "disabled", &place.authority()],
    );
    let manifest = run(
        &regctl,
        home,
        &["manifest", "get", "--format", "raw-body", &tagged],
    );
    assert_eq!(manifest.as_bytes(), list.bytes());
    let found = run(
        &regctl,
        home,
        &["artifact", "list", "--format", "raw-body", &tagged],
    );
    for artifact in about {
        let digest = artifact.descriptor().digest().as_str();
        assert!(found.contains(digest), "{}: {found}", place.name);
    }
    run(
        &regctl,
        home,
        &[
            "image",
            "copy",
            "--referrers",
            &tagged,
            "ocidir://layout:list",
        ],
    );
    let pushed = format!("{there}-regctl:list");
    run(
        &regctl,
        home,
        &[
            "image",
            "copy",
            "--referrers",
            "ocidir://layout:list",
            &pushed,
        ],
    );
    let copied = Repository::new(
        place.repository().client().expect("a registry"),
        Some(&format!("{NAME}-regctl")),
    );
    let copied = copied.expect("valid");
    assert_eq!(pull_all(&copied, "list"), 6);
    // olareg may lose one of two that are pushed at the same time, as regctl does.
    let list = ["artifact", "list", "--format", "raw-body", &pushed];
    let expected = run(&regctl, home, &list);
    let found = referrers_of(&copied, digest, None).expect("a list");
    assert_eq!(
        found.len(),
        expected.matches("\"digest\"").count(),
        "{expected}"
    );
    assert!(!found.is_empty(), "{expected}");
}

fn exchange(place: Option<Place>) {
    let Some(place) = place else { return };
    let repository = place.repository();
    let (list, about) = push_all(&repository);
    with_skopeo(&place, &list);
    if is_long() {
        with_crane(&place, &list);
        with_oras(&place, &list, &about);
        with_regctl(&place, &list, &about);
    }
}

#[test]
fn docker_registry() {
    exchange(Place::docker_registry(false));
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn distribution() {
    exchange(Place::distribution(false));
}

#[test]
fn olareg() {
    exchange(Place::olareg(OlaregForm::Open));
}

#[test]
#[ignore = "run by tests/long/run, which builds the registry"]
fn registry_of_go_containerregistry() {
    exchange(Place::ggcr());
}
