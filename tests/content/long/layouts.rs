//! Layouts that other programs write are read here, and the other way round.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use embedded_registry::{Options as RegistryOptions, Registry};
use reggie::content::builder::Builder;
use reggie::content::manifest::Manifest;
use reggie::content::manifest_pull::pull;
use reggie::content::names::Names;
use reggie::content::options::Options;
use reggie::content::referrers::Referrers;
use reggie::content::repository::Repository;
use support::c;
use tempfile::TempDir;

use super::{is_long, program};

const CONFIG: &[u8] =
    br#"{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}"#;

fn run(name: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program(name));
    command.args(arguments);
    let output = c::run_command(command, Duration::from_secs(120));
    output.expect_success();
    output.stdout
}

/// A layout with an image under the tag `v1`, and an artifact about it.
struct Ours {
    folder: TempDir,
    image: Manifest,
    sbom: Manifest,
}

impl Ours {
    fn new() -> Ours {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ours");
        let repository = Repository::open_layout(&path, true).expect("a layout");
        let options = Options::default();
        let mut builder = Builder::new(false);
        let media_type = "application/vnd.oci.image.config.v1+json";
        builder.set_config(CONFIG, media_type).expect("set");
        let image = builder
            .push(&repository, &["v1"], &options)
            .expect("pushed");
        let mut builder = Builder::new(false);
        builder.set_artifact_type(Some("a/sbom")).expect("set");
        builder.set_subject(Some(image.descriptor())).expect("set");
        builder
            .add_memory(b"sbom", None, Some("sbom.txt"))
            .expect("set");
        let sbom = builder.push(&repository, &[], &options).expect("pushed");
        Ours {
            folder,
            image,
            sbom,
        }
    }

    /// The path of a layout, with a tag.
    fn place(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// Reads a layout that another program has written.
    fn read(&self, name: &str) -> Repository {
        Repository::open_layout(&self.folder.path().join(name), false).expect("a layout")
    }

    #[track_caller]
    fn assert_image(&self, name: &str, reference: Option<&str>) {
        let pulled = pull(&self.read(name), reference, &Options::default()).expect("pulled");
        assert_eq!(pulled.bytes(), self.image.bytes());
    }

    fn referrers(&self, name: &str) -> Vec<String> {
        let subject = self.image.descriptor().digest().as_str();
        let options = Options::default();
        let list = Referrers::new(&self.read(name), subject, None, &options);
        let mut list = list.expect("a list");
        let mut found = Vec::new();
        while let Some(referrer) = list.next().expect("a list") {
            found.push(referrer.artifact_type().unwrap_or_default().to_owned());
        }
        found
    }
}

fn tags(repository: &Repository) -> Vec<String> {
    let mut names = Names::tags(repository, None, &Options::default());
    let mut found = Vec::new();
    while let Some(name) = names.next().expect("a list") {
        found.push(name.to_owned());
    }
    found
}

#[test]
fn oras() {
    if !is_long() {
        return;
    }
    let ours = Ours::new();
    let image = ours.place("ours:v1");
    let out = run("oras", &["manifest", "fetch", "--oci-layout", &image]);
    assert_eq!(out.as_bytes(), ours.image.bytes());
    let out = run(
        "oras",
        &["discover", "--format", "json", "--oci-layout", &image],
    );
    assert!(
        out.contains(ours.sbom.descriptor().digest().as_str()),
        "{out}"
    );
    let theirs = ours.place("theirs:v2");
    let from = ["cp", "-r", "--from-oci-layout", &image];
    run("oras", &[&from[..], &["--to-oci-layout", &theirs]].concat());
    assert_eq!(tags(&ours.read("theirs")), ["v2"]);
    ours.assert_image("theirs", Some("v2"));
    assert_eq!(ours.referrers("theirs"), ["a/sbom"]);
}

#[test]
fn regctl() {
    if !is_long() {
        return;
    }
    let ours = Ours::new();
    let image = format!("ocidir://{}", ours.place("ours:v1"));
    let out = run(
        "regctl",
        &["manifest", "get", "--format", "raw-body", &image],
    );
    assert_eq!(out.as_bytes(), ours.image.bytes());
    let theirs = format!("ocidir://{}", ours.place("theirs:v2"));
    run("regctl", &["image", "copy", &image, &theirs]);
    ours.assert_image("theirs", Some("v2"));
    let file = ours.place("file");
    fs::write(&file, "signature").expect("written");
    let put = [
        "artifact",
        "put",
        "--artifact-type",
        "a/signature",
        "-f",
        &file,
    ];
    run("regctl", &[&put[..], &["--subject", &theirs]].concat());
    assert_eq!(ours.referrers("theirs"), ["a/signature"]);
}

#[test]
fn crane() {
    if !is_long() {
        return;
    }
    let ours = Ours::new();
    let registry = Registry::start(RegistryOptions::default());
    let place = format!("{}/a/b:v1", registry.host());
    // It takes a layout with one image.
    let single = Repository::open_layout(Path::new(&ours.place("single")), true);
    let single = single.expect("a layout");
    let mut builder = Builder::new(false);
    let media_type = "application/vnd.oci.image.config.v1+json";
    builder.set_config(CONFIG, media_type).expect("set");
    builder
        .push(&single, &["v1"], &Options::default())
        .expect("pushed");
    run(
        "crane",
        &["push", "--insecure", &ours.place("single"), &place],
    );
    let (_, bytes) = registry.manifest("a/b", "v1").expect("a manifest");
    assert_eq!(bytes, ours.image.bytes());
    let pull_it = ["pull", "--insecure", "--format=oci", &place];
    run("crane", &[&pull_it[..], &[&ours.place("theirs")]].concat());
    ours.assert_image("theirs", None);
    run(
        "crane",
        &[&pull_it[..], &["--annotate-ref", &ours.place("named")]].concat(),
    );
    assert_eq!(tags(&ours.read("named")), ["v1"]);
    ours.assert_image("named", Some("v1"));
}
