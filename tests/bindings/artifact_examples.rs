//! The examples about whole images and artifacts: built, pushed, pulled, attached.

use std::fs;
use std::process::{Command, Stdio};

use embedded_registry::{Options, Registry};
use reggie::digest::{Algorithm, of_bytes};
use support::{registries, temp};

use crate::examples::{NAME, Target, build, run_checked};

/// A file that exists.
const CARGO_TOML: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
/// What they take after a reference.
const EXAMPLES: [(&str, &[&str]); 5] = [
    ("annotate", &["v2", "a=b"]),
    ("attach", &["text/plain", CARGO_TOML]),
    ("image", &["linux/amd64", CARGO_TOML]),
    ("pull", &[CARGO_TOML]),
    ("push_files", &["a/b", CARGO_TOML]),
];
/// An image is pushed and pulled, files are pushed, one is attached, and
/// annotations are added.
pub(crate) fn all(target: &Target) {
    let folder = temp::folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let (base, top, layout) = (path("base.tar"), path("top.tar"), path("layout"));
    fs::write(&base, vec![b'b'; 300_000]).expect("written");
    fs::write(&top, "top").expect("written");
    let place = format!("{}/reggie/whole", target.url);
    let run = |name: &str, tag: &str, more: &[&str]| {
        let output = target.run_at(&format!("{place}:{tag}"), name, more);
        assert_eq!(output.stderr, "", "{name}");
        output.stdout
    };
    let lines = run("image", "arm", &["linux/arm64/v8", &base, &top]);
    assert!(lines.contains("done      base.tar "), "{lines}");
    assert!(lines.contains(" 293.0 of 293.0 KiB\n"), "{lines}");
    let lines = run("image", "amd", &["linux/amd64", &base]);
    assert!(lines.contains("skipped   base.tar "), "{lines}");
    run("index", "all", &["linux/arm64/v8=arm", "linux/amd64=amd"]);
    for (more, count) in [(&["linux/arm64"][..], 4), (&[], 3)] {
        let arguments = [&[layout.as_str()], more].concat();
        let lines = run("pull", "all", &arguments);
        let (items, digest) = lines.trim_end().rsplit_once('\n').expect("lines");
        let done = items.lines().filter(|line| line.starts_with("done "));
        // The amd64 image shares its layer; then come its config, itself, and the index.
        assert_eq!(done.count(), count, "{lines}");
        let index = fs::read_to_string(path("layout/index.json")).expect("an index");
        assert!(index.contains(digest), "{index}");
        assert!(!lines.contains('\u{1b}'), "{lines}");
    }
    let config = run("inspect", "arm", &[]);
    assert_eq!(config.matches("layer  ").count(), 2, "{config}");

    let files = ["a/b", "org.title=all", &base, "a.b=c=d", &top];
    let lines = run("push_files", "files", &files);
    let digest = lines.lines().last().expect("a digest");
    // The layers of the image are the same.
    for name in ["base.tar", "top.tar"] {
        assert!(lines.contains(&format!("skipped   {name} ")), "{lines}");
    }
    assert!(run("inspect", "files", &[]).starts_with(&format!("manifest  {digest} ")));
    let attached = run("attach", "files", &["text/spdx", &top, "a=b"]);
    let listed = format!("{} text/spdx \n", attached.trim_end());
    assert_eq!(run("referrers", "files", &[]), listed);

    for (tag, other) in [("files", "files2"), ("all", "all2")] {
        let digest = run("annotate", tag, &[other, "x=y=z"]);
        let before = run("inspect", tag, &[]);
        let after = run("inspect", other, &[]);
        assert!(after.starts_with(&format!("manifest  {}", digest.trim_end())));
        let rest = |text: &str| text.split_once('\n').map(|(_, rest)| rest.to_owned());
        assert_eq!(rest(&before), rest(&after));
    }
}

#[test]
fn a_failure_is_one_line_and_an_exit_status() {
    let basic = Options::default().basic(registries::USER, registries::PASSWORD);
    let basic = Registry::start(basic);
    let place = format!("{}/{NAME}", basic.url());
    for (name, more) in EXAMPLES {
        let program = build(name);
        let refusal = if name == "pull" {
            "Cargo.toml"
        } else {
            "status 401"
        };
        for (reference, message) in [
            (None, "usage: "),
            (Some("a b"), "repository name"),
            (Some(place.as_str()), refusal),
        ] {
            let more = reference.map_or(&[][..], |_| more);
            let arguments: Vec<&str> = reference.iter().chain(more).copied().collect();
            let output = run_checked(&program, &arguments, &[]);
            assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
            let lines: Vec<&str> = output.stderr.lines().collect();
            assert!(
                lines.len() == 1 && lines[0].contains(message),
                "{name}: {lines:?}"
            );
        }
    }
}

#[test]
fn what_is_built_has_its_annotations_and_is_refused_if_it_is_wrong() {
    let registry = Registry::start(Options::default());
    let folder = temp::folder();
    let file = folder.path().join("file").display().to_string();
    fs::write(&file, "x").expect("written");
    let place = format!("{}/{NAME}:v1", registry.url());
    let run = |name: &str, more: &[&str]| {
        let arguments = [&[place.as_str()], more].concat();
        run_checked(&build(name), &arguments, &[])
    };
    let manifest = |tag: &str| {
        let (_, bytes) = registry.manifest(NAME, tag).expect("a manifest");
        String::from_utf8(bytes).expect("UTF-8")
    };
    let files = ["a/b", "of=all", &file, "of=one=two"];
    run("push_files", &files).expect_success();
    let text = manifest("v1");
    assert!(text.ends_with(r#","annotations":{"of":"all"}}"#), "{text}");
    assert!(text.contains(r#""of":"one=two""#), "{text}");
    run("annotate", &["v2", "more=1"]).expect_success();
    let with_more = text.replace(r#"{"of":"all"}"#, r#"{"of":"all","more":"1"}"#);
    assert_eq!(manifest("v2"), with_more);
    let image = run("image", &["linux/arm/v7", &file]);
    image.expect_success();
    let config = r#"{"os":"linux","architecture":"arm","variant":"v7","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"]}}"#;
    let digest = of_bytes(Algorithm::Sha256, config.as_bytes());
    assert_eq!(registry.blob(NAME, &digest), Some(config.into()));
    assert!(manifest("v1").contains(&digest));

    let cases: [(&str, &[&str], &str); 7] = [
        ("image", &["linux", &file], "platform"),
        ("image", &["linux/amd64", "none"], "none"),
        ("push_files", &["a b", &file], "a b: "),
        ("push_files", &["a/b", &file, "=x"], "argument"),
        ("attach", &["a/b", "none"], "none"),
        ("attach", &["a/b", &file, "x"], "argument"),
        ("annotate", &["a:b", "x=y"], "annotate: "),
    ];
    for (name, more, message) in cases {
        let output = run(name, more);
        assert_eq!(output.status.code(), Some(1), "{name}: {output:?}");
        assert!(output.stderr.contains(message), "{name}: {output:?}");
    }
}

/// util-linux's script runs it on a terminal.
#[test]
fn a_pull_redraws_its_lines_on_a_terminal() {
    let registry = Registry::start(Options::default());
    let folder = temp::folder();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let layers = ["one", "two", "three"].map(path);
    for layer in &layers {
        fs::write(layer, layer.repeat(10_000)).expect("written");
    }
    let place = format!("{}/{NAME}:v1", registry.url());
    let mut arguments = vec![place.as_str(), "linux/amd64"];
    arguments.extend(layers.iter().map(String::as_str));
    build("image").run(&arguments, &[]).expect_success();
    let pull = build("pull");
    let output = Command::new("script")
        .args(["-qec"])
        .arg(format!(
            "{} {place} {}",
            pull.path().display(),
            path("layout")
        ))
        .arg("/dev/null")
        .env("LD_LIBRARY_PATH", pull.shared_library_folder())
        .stdin(Stdio::null())
        .output()
        .expect("script starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("\u{1b}[1A\u{1b}[Jpulling "), "{text:?}");
    let screen = screen(&text);
    assert_eq!(screen.len(), 6, "{screen:?}");
    let done = |line: &&String| line.starts_with("done ");
    assert_eq!(screen.iter().filter(done).count(), 5, "{screen:?}");
    assert!(screen[5].starts_with("sha256:"), "{screen:?}");
}

/// What a terminal shows: its lines, after "up" and "clear to the end".
fn screen(text: &str) -> Vec<String> {
    let mut screen = Vec::new();
    for line in text.split_terminator('\n') {
        let mut line = line.trim_end_matches('\r');
        if let Some(rest) = line.strip_prefix("\u{1b}[") {
            let (up, rest) = rest.split_once("A\u{1b}[J").expect("up and clear");
            let up: usize = up.parse().expect("a number");
            screen.truncate(screen.len() - up);
            line = rest;
        }
        screen.push(line.to_owned());
    }
    screen
}
