//! The programs of docs about content: references, manifests, blobs, lists.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use embedded_registry::{About, Ending, Fault, Options, Registry, Rule};
use reggie::digest::{Algorithm, of_bytes};
use support::{programs, temp};

use crate::docs_programs::{assert_fails, assert_stdout, build, run};
use crate::examples::run_checked;

const NAME: &str = "reggie/docs";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn registry() -> Registry {
    Registry::start(Options::default())
}

fn place(registry: &Registry) -> String {
    format!("{}/{NAME}", registry.url())
}

/// A manifest of an image with a config and one layer; their digests.
fn put_image(registry: &Registry, tag: &str, config: &str, layer: &str) -> (String, String) {
    let config_size = config.len();
    let config = registry.put_blob(NAME, config);
    let size = layer.len();
    let layer = registry.put_blob(NAME, layer);
    let text = format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{config}","size":{config_size}}},
            "layers":[{{"digest":"{layer}","size":{size}}}]}}"#
    );
    (registry.put_manifest(NAME, tag, MANIFEST, text), layer)
}

#[test]
fn references_prints_each_part() {
    let output = run("references", &["alpine"]);
    let expected = "full     docker.io/library/alpine:latest\n\
                    registry docker.io\n\
                    address  https://registry-1.docker.io\n\
                    name     library/alpine\n\
                    tag      none\n\
                    digest   none\n\
                    target   latest\n\
                    platform ";
    assert!(
        output.expect_success().stdout.starts_with(expected),
        "{output:?}"
    );
    let output = run("references", &["org/app:1.2", "localhost:5000"]);
    for line in [
        "full     localhost:5000/org/app:1.2\n",
        "address  http://localhost:5000\n",
    ] {
        assert!(output.expect_success().stdout.contains(line), "{output:?}");
    }
    assert_fails(&run("references", &["org/app", ""]), "registry");
}

#[test]
fn manifests_adds_a_tag_to_the_image_for_this_machine() {
    let registry = registry();
    let blob = registry.put_blob(NAME, "x");
    let descriptor = format!(r#"{{"digest":"{blob}","size":1}}"#);
    let text = format!(r#"{{"schemaVersion":2,"config":{descriptor},"layers":[{descriptor}]}}"#);
    let digest = registry.put_manifest(NAME, "", MANIFEST, text);
    let architectures = [
        "amd64", "386", "arm64", "arm", "riscv64", "s390x", "ppc64le",
    ];
    let entries = architectures.map(|architecture| {
        let platform = format!(r#"{{"os":"linux","architecture":"{architecture}"}}"#);
        format!(r#"{{"digest":"{digest}","platform":{platform}}}"#)
    });
    let index = format!(r#"{{"manifests":[{}]}}"#, entries.join(","));
    registry.put_manifest(NAME, "v1", INDEX, index);
    let reference = format!("{}/{NAME}:v1", registry.url());
    let output = run("manifests", &[&reference, "v1-here"]);
    assert_stdout(&output, &format!("layer {blob}\n"));
    assert_eq!(
        registry.manifest(NAME, "v1-here"),
        registry.manifest(NAME, &digest)
    );
    let reference = format!("{}/{NAME}:v2", registry.url());
    assert_fails(&run("manifests", &[&reference, "v3"]), "MANIFEST_UNKNOWN");
}

#[test]
fn descriptors_saves_a_manifest_and_prints_what_it_contains() {
    let registry = registry();
    let folder = temp::folder();
    let path = folder.path().join("manifest");
    let path = path.to_str().expect("a path in UTF-8");
    let digest = |bytes: &str| of_bytes(Algorithm::Sha256, bytes.as_bytes());
    let (empty, other) = (digest("{}"), digest("other"));
    let text = format!(
        r#"{{"schemaVersion":2,"artifactType":"text/plain","annotations":{{"a":"1"}},
            "config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{empty}",
                       "size":2,"data":"e30="}},
            "layers":[{{"digest":"{other}","size":5,"urls":["https://example.com/x"],
                        "annotations":{{"org.opencontainers.image.title":"x"}}}}],
            "subject":{{"digest":"{other}","size":5}}}}"#
    );
    registry.put_manifest(NAME, "v1", MANIFEST, text.clone());
    let reference = format!("{}:v1", place(&registry));
    let output = run("descriptors", &[&reference, path]);
    let found = digest(&text);
    let octets = "application/octet-stream";
    let expected = format!(
        "manifest: {found}, {MANIFEST}\n  artifact type: text/plain\n  a: 1\n\
         subject: {other}, {octets}\n\
         config: {empty}, application/vnd.oci.empty.v1+json\n  content: 2 bytes\n\
         layer: {other}, {octets}\n  url: https://example.com/x\n  \
         org.opencontainers.image.title: x\ntype: text/plain\n"
    );
    assert_stdout(&output, &expected);
    assert_eq!(fs::read_to_string(path).expect("the file"), text);

    // An index, of another type.
    let own = "application/vnd.example.index+json";
    registry.put_manifest(NAME, "v2", own, r#"{"a":1}"#);
    let reference = format!("{}:v2", place(&registry));
    let output = run("descriptors", &[&reference, path, own]);
    assert!(output.expect_success().stdout.contains(own), "{output:?}");
    let accepted = registry.requests().pop().expect("a request");
    let accepted = accepted.header("Accept").unwrap_or_default().to_owned();
    assert!(accepted.contains(own), "{accepted}");
    assert_fails(&run("descriptors", &[&reference, path, "a"]), "media type");

    let platform = r#"{"os":"linux","architecture":"riscv64"}"#;
    let index =
        format!(r#"{{"manifests":[{{"digest":"{other}","size":5,"platform":{platform}}}]}}"#);
    registry.put_manifest(NAME, "v3", INDEX, index);
    let reference = format!("{}:v3", place(&registry));
    let output = run("descriptors", &[&reference, path]);
    assert!(
        output
            .expect_success()
            .stdout
            .contains("  platform: linux/riscv64\n"),
        "{output:?}"
    );
}

#[test]
fn json_prints_labels_and_the_history_of_an_image() {
    let registry = registry();
    let config = r#"{"config":{"Labels":{"version":"1","other":2}},
        "history":[{"created_by":"COPY x"},{"created_by":"ENV a=b","empty_layer":true},{}]}"#;
    let (_, layer) = put_image(&registry, "v1", config, "x");
    let output = run("json", &[&format!("{}:v1", place(&registry))]);
    let expected = format!(
        "schema version 2\nversion=1\n{layer}: COPY x\nno layer: ENV a=b\nno layer: unknown\n"
    );
    assert_stdout(&output, &expected);
    put_image(&registry, "v2", "[", "x");
    let output = run("json", &[&format!("{}:v2", place(&registry))]);
    assert_fails(&output, "json: ");
}

#[test]
fn pull_pulls_to_a_file_and_to_stdout() {
    let registry = registry();
    let digest = registry.put_blob(NAME, "some text");
    let folder = temp::folder();
    let path = folder.path().join("blob");
    let path = path.to_str().expect("a path in UTF-8");
    assert_stdout(&run("pull", &[&place(&registry), &digest]), "some text");
    assert_stdout(&run("pull", &[&place(&registry), &digest, path]), "");
    assert_eq!(fs::read_to_string(path).expect("the file"), "some text");
    let absent = format!("sha256:{}", "0".repeat(64));
    let output = run("pull", &[&place(&registry), &absent]);
    assert_fails(
        &output,
        &format!("content: {absent}\nHTTP status 404, code BLOB_UNKNOWN\n"),
    );
}

#[test]
fn reading_reads_the_start_and_then_the_whole_blob() {
    let registry = registry();
    for (content, compression) in [
        ("", "not compressed"),
        ("some text", "not compressed"),
        ("\x28", "not compressed"),
    ] {
        let digest = registry.put_blob(NAME, content);
        let output = run("reading", &[&place(&registry), &digest]);
        assert_stdout(&output, content);
        let expected = format!("{} bytes\n{compression}\n", content.len());
        assert_eq!(output.stderr, expected);
    }
    for (content, compression) in [
        (&b"\x1f\x8b\x08"[..], "gzip"),
        (b"\x28\xb5\x2f\xfd..", "zstd"),
    ] {
        let digest = registry.put_blob(NAME, content);
        let output = run("reading", &[&place(&registry), &digest]);
        let expected = format!("{} bytes\n{compression}\n", content.len());
        assert_eq!(output.expect_success().stderr, expected);
    }
    let absent = format!("sha256:{}", "0".repeat(64));
    assert_fails(&run("reading", &[&place(&registry), &absent]), "404");
}

#[test]
fn options_pulls_the_layers_of_an_image_once() {
    let registry = registry();
    let (_, layer) = put_image(&registry, "v1", "{}", "some text");
    let folder = temp::folder();
    let path = folder.path().to_str().expect("a path in UTF-8");
    let reference = format!("{}:v1", place(&registry));
    registry.add_rule(
        Rule::new(Fault::serve().cut_body(4, Ending::Reset))
            .path(&layer)
            .times(1),
    );
    let output = run("options", &[&reference, path]);
    let stdout = &output.expect_success().stdout;
    let expected = format!("{layer}: 9 bytes, 0 from an earlier run\n");
    assert!(stdout.ends_with(&expected), "{stdout}");
    let file = folder.path().join(&layer);
    assert_eq!(fs::read_to_string(file).expect("the file"), "some text");
    registry.clear_requests();
    let output = run("options", &[&reference, path]);
    let stderr = &output.expect_success().stderr;
    assert!(stderr.ends_with(": exists\n"), "{stderr}");
    let of_layer = |path: &str| path.contains(&layer);
    assert!(
        !registry
            .requests()
            .iter()
            .any(|request| of_layer(request.path()))
    );
}

#[test]
fn files_pulls_what_the_filter_includes() {
    let registry = registry();
    let title = "org.opencontainers.image.title";
    let layers: Vec<String> = ["one", ".hidden", "sub/two"]
        .iter()
        .map(|name| {
            let digest = registry.put_blob(NAME, *name);
            let size = name.len();
            format!(r#"{{"digest":"{digest}","size":{size},"annotations":{{"{title}":"{name}"}}}}"#)
        })
        .collect();
    let text = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        layers[0],
        layers.join(",")
    );
    registry.put_manifest(NAME, "v1", MANIFEST, text);
    let place_of_files = temp::folder();
    let path = place_of_files.path().join("new");
    let folder = path.to_str().expect("a path in UTF-8");
    let reference = format!("{}:v1", place(&registry));
    let output = run("files", &[&reference, folder]);
    let stdout = &output.expect_success().stdout;
    let mut lines: Vec<&str> = stdout.lines().map(|line| &line[4..]).collect();
    assert!(lines[1].starts_with(".hidden: skipped"), "{stdout}");
    lines.sort();
    assert!(lines[1].starts_with("one: pulled"), "{stdout}");
    for (name, is_there) in [("one", true), (".hidden", false), ("sub/two", true)] {
        assert_eq!(path.join(name).exists(), is_there, "{name}");
    }
    let output = run("files", &[&reference, folder, "linux"]);
    assert_fails(&output, "invalid platform");
}

#[test]
fn push_pushes_an_artifact_from_a_file_or_stdin() {
    let registry = registry();
    let folder = temp::folder();
    let path = |name: &str| folder.path().join(name).to_str().expect("UTF-8").to_owned();
    fs::write(path("in"), "some text").expect("a file");
    fs::create_dir(path("state")).expect("a folder");
    let reference = format!("{}:v1", place(&registry));
    let output = run(
        "push",
        &[&reference, "text/plain", &path("in"), &path("state")],
    );
    let digest = output.expect_success().stdout.trim().to_owned();
    let (media_type, bytes) = registry.manifest(NAME, "v1").expect("a manifest");
    assert_eq!(
        (media_type.as_str(), of_bytes(Algorithm::Sha256, &bytes)),
        (MANIFEST, digest)
    );
    let text = String::from_utf8(bytes).expect("UTF-8");
    let layer = of_bytes(Algorithm::Sha256, b"some text");
    assert!(
        text.contains(&format!(
            r#""mediaType":"text/plain","digest":"{layer}","size":9"#
        )),
        "{text}"
    );
    assert!(registry.has_blob(NAME, &layer));

    // It is mounted where the registry has it in the other repository.
    let other = format!("{}/other:v1", registry.url());
    registry.clear_requests();
    run(
        "push",
        &[&other, "text/plain", &path("in"), &path("state"), NAME],
    )
    .expect_success();
    assert!(registry.has_blob("other", &layer));
    let mounts = |target: &str| target.contains("mount=") && target.contains(&layer[7..]);
    assert!(
        registry
            .requests()
            .iter()
            .any(|request| mounts(&request.target))
    );

    // Without stdin, it is empty.
    let output = run("push", &[&reference, "text/plain", "-", &path("state")]);
    output.expect_success();
    assert!(registry.has_blob(NAME, &of_bytes(Algorithm::Sha256, b"")));
    assert_fails(
        &run("push", &[&reference, "a", &path("in"), &path("state")]),
        "media type",
    );
    assert_fails(
        &run("push", &[&reference, "a/b", &path("none"), &path("state")]),
        "none",
    );
}

#[test]
fn incremental_uploads_stores_output_unless_the_command_fails() {
    let registry = registry();
    let command = "head -c 3000000 /dev/zero";
    let output = run("incremental-uploads", &[&place(&registry), command]);
    let digest = of_bytes(Algorithm::Sha256, &vec![0; 3_000_000]);
    assert_stdout(&output, &format!("{digest} 3000000\n"));
    assert_eq!(
        registry.blob(NAME, &digest).map(|bytes| bytes.len()),
        Some(3_000_000)
    );
    let output = run(
        "incremental-uploads",
        &[&place(&registry), "echo abc; exit 3"],
    );
    assert_fails(&output, "the command failed");
    assert!(!registry.has_blob(NAME, &of_bytes(Algorithm::Sha256, b"abc\n")));
    assert_eq!(registry.open_uploads(), 0);
    registry.add_rule(Rule::new(Fault::status(403)).method("PATCH"));
    assert_fails(
        &run("incremental-uploads", &[&place(&registry), command]),
        "403",
    );
}

#[test]
fn lists_prints_tags_and_repositories() {
    let registry = registry();
    for (name, tag) in [(NAME, "v1"), (NAME, "v2"), ("other", "v3")] {
        registry.put_manifest(name, tag, MANIFEST, "{}");
    }
    let output = run("lists", &[&place(&registry)]);
    assert_stdout(&output, &format!("v1\nv2\nother\n{NAME}\n"));
    let output = run("lists", &[&format!("{}/none", registry.url())]);
    assert_fails(&output, "NAME_UNKNOWN");
}

#[test]
fn deleting_deletes_a_tag_or_a_manifest() {
    let registry = registry();
    let digest = registry.put_manifest(NAME, "v1", MANIFEST, "{}");
    registry.put_manifest(NAME, "v2", MANIFEST, "{}");
    let output = run("deleting", &[&format!("{}:v1", place(&registry))]);
    assert_stdout(&output, &format!("deleted v1 of {NAME}\n"));
    assert_eq!(registry.manifest(NAME, "v1"), None);
    let by_digest = format!("{}@{digest}", place(&registry));
    let output = run("deleting", &[&by_digest]);
    assert_stdout(&output, &format!("deleted {digest} of {NAME}\n"));
    assert_eq!(registry.manifest(NAME, "v2"), None);
    assert_fails(&run("deleting", &[&by_digest]), "404");
}

#[test]
fn deleting_takes_the_detour_only_if_it_is_confirmed() {
    let registry = registry();
    put_image(&registry, "v1", "{}", "x");
    registry.add_rule(
        Rule::new(Fault::status(405))
            .method("DELETE")
            .path_end("/v1"),
    );
    let program = build("deleting");
    let reference = format!("{}:v1", place(&registry));
    for (answer, is_deleted) in [("n", false), ("y", true)] {
        let mut child = program
            .command(&[&reference])
            .stdin(Stdio::piped())
            .spawn()
            .expect("a program that starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(answer.as_bytes()).expect("written");
        drop(stdin);
        assert_eq!(child.wait().expect("its end").success(), is_deleted);
        assert_eq!(registry.manifest(NAME, "v1").is_none(), is_deleted);
    }
}

#[test]
fn locating_downloads_with_curl_and_gets_a_new_token() {
    if programs::find("curl").is_none() {
        let line = "curl is not installed: its test is skipped";
        return programs::missing(line, "it is not in PATH");
    }
    let registry = registry();
    let digest = registry.put_blob(NAME, "some text");
    let folder = temp::folder();
    let path = folder.path().join("a \"blob\"");
    let path = path.to_str().expect("a path in UTF-8");
    // The first request is for the location, the second one that of curl.
    let refusal = Rule::new(Fault::status(401)).path(&digest);
    registry.add_rule(refusal.skip(1).times(1));
    let program = build("locating");
    let output = run_checked(&program, &[&place(&registry), &digest, path], &[]);
    output.expect_success();
    assert_eq!(fs::read_to_string(path).expect("the file"), "some text");
    assert_eq!(registry.count(About::Blob), 4);

    registry.add_rule(Rule::new(Fault::serve().corrupt_body(0)).path(&digest));
    let output = program.run(&[&place(&registry), &digest, path], &[]);
    assert_fails(&output, "not the content of the blob");
}

#[test]
fn batches_copies_images_and_pulls_their_content() {
    let (from, to) = (registry(), registry());
    let images = ["v1", "v2"].map(|tag| put_image(&from, tag, "{}", tag));
    let folder = temp::folder();
    let path = folder.path().to_str().expect("a path in UTF-8");
    let places = [place(&from), place(&to)];
    let output = run("batches", &[&places[0], &places[1], path, "v1", "v2"]);
    let stdout = output.expect_success().stdout.clone();
    for (tag, (image, layer)) in ["v1", "v2"].into_iter().zip(&images) {
        assert_eq!(to.manifest(NAME, tag), from.manifest(NAME, tag));
        assert_eq!(stdout.matches(&format!("done: {image}\n")).count(), 2);
        assert!(stdout.contains(&format!("blobs/{layer}\n")), "{stdout}");
        let found = fs::read_to_string(folder.path().join(layer));
        assert_eq!(found.expect("a file"), tag);
    }
    let output = run("batches", &[&places[0], &places[1], path, "v1", "v3"]);
    assert_fails(&output, "MANIFEST_UNKNOWN");
    assert!(output.stdout.contains("done: "), "{output:?}");
}

#[test]
fn event_loops_pushes_and_pulls() {
    let registry = registry();
    let blob = registry.put_blob(NAME, "some text");
    let folder = temp::folder();
    let path = folder.path().join("file");
    fs::write(&path, "a file").expect("written");
    let path = path.to_str().expect("a path in UTF-8");
    let output = run("event-loops", &[&place(&registry), &blob, path]);
    assert_eq!(output.expect_success().stdout, "some text");
    assert!(output.stderr.contains(", 2 of 2\n"), "{output:?}");
    let digest = of_bytes(Algorithm::Sha256, b"a file");
    assert_eq!(
        registry.blob(NAME, &digest).as_deref(),
        Some(b"a file".as_slice())
    );
    let output = run("event-loops", &[&place(&registry), &blob, "/nowhere"]);
    assert_fails(&output, "/nowhere");
}

#[test]
fn copying_copies_between_registries_and_layouts() {
    let (from, to) = (registry(), registry());
    let (image, layer) = put_image(&from, "v1", "{}", "some text");
    let folder = temp::folder();
    let layout = folder.path().join("layout").display().to_string();
    let source = format!("{}:v1", place(&from));
    let output = run("copying", &[&source, &layout]);
    let stdout = output.expect_success().stdout.clone();
    assert!(stdout.ends_with(&format!("{image}\n")), "{stdout}");
    let shown = &layer["sha256:".len()..][..12];
    assert!(stdout.contains(&format!("copied {shown}\n")), "{stdout}");
    assert_stdout(&run("copying", &[&source, &layout]), &format!("{image}\n"));
    run("copying", &[&layout, &place(&to), "v2"]).expect_success();
    assert_eq!(to.manifest(NAME, "v2"), from.manifest(NAME, "v1"));
    run("copying", &[&layout, &place(&to), "v3", "v1"]).expect_success();
    assert_eq!(to.manifest(NAME, "v3"), from.manifest(NAME, "v1"));
    assert_fails(&run("copying", &[&source, "/"]), "layout");
}
