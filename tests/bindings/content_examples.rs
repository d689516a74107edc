//! The examples about content: manifests, blobs, lists.

use std::fs;
use std::path::Path;

use embedded_registry::{Ending, Fault, Options, Recorded, Registry, Rule};
use reggie::digest::{Algorithm, of_bytes};

use support::{registries, temp};

use crate::artifact_examples;
use crate::examples::{DIGEST, NAME, README, Target, build, run_checked, source};

/// Those that take a reference in place of a URL, and nothing else.
const OF_REFERENCES: [&str; 5] = ["tags", "referrers", "inspect", "token", README];
/// Those that pull a blob. The last one needs libcurl.
const BLOB_EXAMPLES: [&str; 3] = ["pull_blob", "mount_read", "own_loop"];
/// All of them.
pub(crate) const EXAMPLES: [&str; 19] = [
    "annotate",
    "attach",
    "blob",
    "copy",
    "image",
    "index",
    "inspect",
    "loop",
    "mirror",
    "mount_read",
    "own_loop",
    "pull",
    "pull_blob",
    "push_files",
    README,
    "referrers",
    "resume_upload",
    "tags",
    "token",
];

/// Runs the examples against a registry that has a blob of 4 MiB, and what
/// push_pull pushes.
pub(crate) fn all(target: &Target, pushed: &str) {
    let folder = temp::folder();
    let file = folder.path().join("blob");
    let path = file.to_str().expect("a path in UTF-8");
    let output = target.run("pull_blob", &[NAME, pushed, path]);
    assert_eq!((output.stderr.as_str(), output.stdout.as_str()), ("", ""));
    assert_eq!(std::fs::metadata(&file).expect("a file").len(), 4_194_304);
    let output = target.run("mount_read", &[NAME, pushed, "4"]);
    assert_eq!(output.stderr, "");
    assert!(
        output.stdout.ends_with(" bytes in 64 reads\n"),
        "{}",
        output.stdout
    );
    let output = target.run("own_loop", &[NAME, pushed, DIGEST]);
    assert_eq!(output.stderr, "");
    assert_eq!(output.stdout.lines().count(), 2);
    let place = format!("{}/{NAME}:v1", target.url);
    let run = |name: &str, more: &[&str]| {
        let output = target.run_at(&place, name, more);
        assert_eq!(output.stderr, "");
        output.stdout
    };
    let digest = run("tags", &["v2", "v3"]);
    assert!(digest.starts_with("sha256:"), "{digest}");
    let tags = run("tags", &[]);
    let mut tags: Vec<&str> = tags.lines().collect();
    tags.sort_unstable();
    assert_eq!(tags, ["v1", "v2", "v3"]);
    assert_eq!(run("referrers", &[]), "");
    run("referrers", &["text/plain", "a note"]);
    for more in [&[][..], &["text/plain"]] {
        let found = run("referrers", more);
        assert!(found.ends_with(" text/plain a note\n"), "{found}");
    }
    assert_eq!(run("referrers", &["text/html"]), "");
    let other = format!("{}/reggie/copied", target.url);
    let copied = run("copy", &[&format!("{other}:v9")]);
    assert!(copied.ends_with(&digest), "{copied}");
    let mirrored = run("mirror", &[&other, "v[12]"]);
    assert_eq!(mirrored.lines().count(), 2, "{mirrored}");
    let found = run("inspect", &[]);
    assert!(
        found.starts_with(&format!("manifest  {}", digest.trim_end())),
        "{found}"
    );
    assert!(
        found.contains(&format!("\nconfig    {DIGEST} 2 ")),
        "{found}"
    );
    if !target.credentials && target.ca.is_none() {
        let layers = run(README, &[]);
        assert!(layers.starts_with(digest.trim_end()), "{layers}");
    }
    an_index(target, digest.trim_end());
    artifact_examples::all(target);
    let path = folder.path().to_str().expect("a path in UTF-8");
    assert!(run("loop", &[path]).ends_with(" layers\n"));
    single_blobs(target, pushed);
    a_token(target);
}

fn an_index(target: &Target, digest: &str) {
    let place = format!("{}/{NAME}:many", target.url);
    let platforms = [
        "linux/riscv64=v1",
        "linux/arm/v7=v2",
        "windows(10.0.17763)/amd64=v1",
    ];
    let output = target.run_at(&place, "index", &platforms);
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("", ""));
    let output = target.run_at(&place, "inspect", &["linux/arm"]);
    let lines: Vec<&str> = output.stdout.lines().collect();
    for (line, place) in lines[1..].iter().zip(platforms) {
        let platform = place.split('=').next().expect("a platform");
        assert!(line.contains(digest) && line.ends_with(platform), "{line}");
    }
}

fn single_blobs(target: &Target, pushed: &str) {
    let place = format!("{}/{NAME}", target.url);
    let blob = |command: &str, more: &[&str]| {
        let output = target.run_at(command, "blob", &[&[place.as_str()], more].concat());
        assert_eq!(output.stderr, "");
        output.stdout
    };
    assert_eq!(blob("stat", &[pushed]), "4194304\n");
    assert_eq!(blob("get", &[DIGEST]), "{}");
    let url = blob("url", &[pushed]);
    let mut lines = url.lines();
    assert!(
        lines.next().is_some_and(|url| url.contains(pushed)),
        "{url}"
    );
    assert!(
        lines
            .next()
            .is_some_and(|line| line.starts_with("expires: "))
    );
    let has_token = lines.any(|line| line.starts_with("Authorization: "));
    assert_eq!(has_token, target.credentials, "{url}");
}

fn a_token(target: &Target) {
    let place = format!("{}/{NAME}", target.url);
    for more in [&[][..], &["push"]] {
        let output = target.run_at(&place, "token", more);
        assert_eq!(
            output.stdout.starts_with("Authorization: "),
            target.credentials
        );
    }
}

#[test]
fn a_blob_is_put_mounted_and_deleted() {
    let registry = Registry::start(Options::default());
    let program = build("blob");
    let place = |name: &str| format!("{}/{name}", registry.url());
    let folder = temp::folder();
    let path = folder.path().join("in");
    fs::write(&path, "some text").expect("written");
    let put = |algorithm: &[&str]| {
        let place = place(NAME);
        let mut command = program.command(&[&["put", &place], algorithm].concat());
        command.stdin(fs::File::open(&path).expect("the file"));
        let output = command.output().expect("a program that starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout)
            .expect("UTF-8")
            .trim_end()
            .to_owned()
    };
    let digest = put(&[]);
    assert_eq!(registry.blob(NAME, &digest), Some(b"some text".to_vec()));
    let other = put(&["sha512"]);
    assert_eq!(other, of_bytes(Algorithm::Sha512, b"some text"));
    let run = |arguments: &[&str]| run_checked(&program, arguments, &[]);
    run(&["mount", &place("other"), &digest, NAME]).expect_success();
    assert!(registry.has_blob("other", &digest));
    run(&["delete", &place(NAME), &digest]).expect_success();
    assert!(!registry.has_blob(NAME, &digest));
    let cases: [(&[&str], &str); 5] = [
        (&[], "usage: "),
        (&["stat", &place(NAME), &digest], "404"),
        (&["mount", &place(NAME)], "NULL"),
        (&["put", &place(NAME), "md5"], "algorithm"),
        (&["other", &place(NAME), &digest], "argument"),
    ];
    for (arguments, message) in cases {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stderr.contains(message), "{output:?}");
    }
}

/// It is killed at each of some places, and then completes the upload.
#[test]
fn an_upload_is_resumed_by_the_next_run() {
    const SIZE: usize = 20 << 20;
    let program = build("resume_upload");
    let registry = embedded_registry::Registry::start(Options::default());
    let folder = temp::folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (file, state) = (path("file"), path("state"));
    let bytes = vec![b'a'; SIZE];
    std::fs::write(&file, &bytes).expect("written");
    let arguments = [registry.url(), NAME, file.as_str(), state.as_str()];
    for chunks in [0, 1] {
        let stall = Rule::new(Fault::hang_up(Ending::Stall)).method("PATCH");
        registry.add_rule(stall.skip(chunks));
        registry.clear_requests();
        let mut child = program.command(&arguments).spawn().expect("a child");
        let is_stalled = |requests: &[Recorded]| {
            let chunk = |one: &&Recorded| one.method == "PATCH";
            requests.iter().filter(chunk).count() as u64 == chunks + 1
        };
        while !is_stalled(&registry.requests()) {
            assert!(child.try_wait().expect("a child").is_none(), "ended");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        child.kill().expect("killed");
        child.wait().expect("ended");
        registry.clear_rules();
    }
    let output = run_checked(&program, &arguments, &[]);
    output.expect_success();
    let from = format!("from byte {}\ncomplete\n", 8 << 20);
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        (from.as_str(), "")
    );
    let digest = of_bytes(Algorithm::Sha256, &bytes);
    assert_eq!(registry.blob(NAME, &digest), Some(bytes));
    assert!(!Path::new(&state).exists());
}

#[test]
fn a_blob_that_cannot_be_pulled_is_a_failure() {
    let registry = embedded_registry::Registry::start(Options::default());
    let url = registry.url();
    let folder = temp::folder();
    let path = folder.path().join("blob");
    let path = path.to_str().expect("a path in UTF-8");
    for name in BLOB_EXAMPLES {
        let program = build(name);
        let more: &[&str] = if name == "pull_blob" { &[path] } else { &[] };
        let arguments = [&[url, NAME, DIGEST], more].concat();
        let output = run_checked(&program, &arguments, &[]);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(output.stderr.contains("404"), "{name}: {output:?}");
    }
}

#[test]
fn the_failure_of_a_reference_is_one_line_too() {
    let basic = Options::default().basic(registries::USER, registries::PASSWORD);
    let basic = embedded_registry::Registry::start(basic);
    let tls = embedded_registry::Registry::start(Options::default().tls());
    let of = |registry: &embedded_registry::Registry| format!("{}/{NAME}", registry.url());
    for name in OF_REFERENCES {
        let program = build(name);
        // A token is not requested for nothing.
        let refusal = if name == "token" {
            "requires credentials"
        } else {
            "status 401"
        };
        for (arguments, words) in [
            (vec![], "usage: "),
            (vec!["a b".to_owned()], "repository name"),
            (vec![of(&basic)], refusal),
            (vec![of(&tls)], "certificate"),
        ] {
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let output = run_checked(&program, &arguments, &[]);
            assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            assert_eq!(output.stdout, "", "{name}");
            let lines: Vec<&str> = output.stderr.lines().collect();
            assert!(
                lines.len() == 1 && lines[0].contains(words),
                "{name}: {lines:?}"
            );
        }
    }
}

#[test]
fn the_examples_about_content_have_fewer_than_100_lines() {
    for name in EXAMPLES {
        let text = std::fs::read_to_string(source(name)).expect("the source");
        assert!(text.lines().count() < 100, "{name}");
    }
}

#[test]
fn an_index_is_inspected_for_a_platform() {
    let registry = embedded_registry::Registry::start(Options::default());
    let config = r#"{"config":{"Env":["PATH=/bin","A=\u001b"]}}"#;
    let size = config.len();
    let config = registry.put_blob(NAME, config);
    let image = "application/vnd.oci.image.manifest.v1+json";
    let text = format!(r#"{{"schemaVersion":2,"config":{{"digest":"{config}","size":{size}}}}}"#);
    let digest = registry.put_manifest(NAME, "", image, text);
    let entry = |architecture: &str, digest: &str| {
        let platform = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        format!(r#"{{"digest":"{digest}","size":1,"platform":{platform}}}"#)
    };
    let entries = [entry("riscv64", DIGEST), entry("arm64", &digest)].join(",");
    let index = format!(r#"{{"schemaVersion":2,"manifests":[{entries}]}}"#);
    let media_type = "application/vnd.oci.image.index.v1+json";
    registry.put_manifest(NAME, "v1", media_type, index);
    let place = format!("{}/{NAME}:v1", registry.url());
    let target = Target::embedded(&registry, false);
    let output = target.run_at(&place, "inspect", &["linux/arm64/v8"]);
    let lines: Vec<&str> = output.stdout.lines().collect();
    assert_eq!(lines[1], format!("entry     {DIGEST} 1 linux/riscv64"));
    assert_eq!(lines[2], format!("entry     {digest} 1 linux/arm64"));
    assert_eq!(lines[4..], ["PATH=/bin", "A=?"]);
}

#[test]
fn an_index_of_nothing_is_not_pushed() {
    let registry = Registry::start(Options::default());
    let place = format!("{}/{NAME}:many", registry.url());
    for (argument, message) in [
        ("linux/amd64", "is empty"),
        ("a=b", "404"),
        ("", "is empty"),
    ] {
        let output = run_checked(&build("index"), &[&place, argument], &[]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stderr.contains(message), "{output:?}");
    }
    assert_eq!(registry.manifest(NAME, "many"), None);
}
