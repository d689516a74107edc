//! Blobs, manifests, layouts, copies and batches, as C programs use them.

use std::fs;

use embedded_registry::{Ending, Fault, Options, Registry, Rule};
use support::c::Compiler;
use support::temp;

use super::programs::*;
use super::servers::*;

#[test]
fn manifests_and_lists_belong_to_the_caller() {
    for has_referrers in [true, false] {
        let options = Options::default().referrers(has_referrers);
        let registry = Registry::start(options);
        everywhere("content", &[vec![registry.url().to_owned()]]);
    }
}

#[test]
fn blobs_are_pushed_and_uploaded() {
    for options in [Options::default(), Options::default().tls()] {
        let registry = Registry::start(options);
        let folder = temp::folder();
        let arguments = vec![
            registry.url().to_owned(),
            registry_ca(&registry),
            folder.path().display().to_string(),
        ];
        everywhere("uploads", &[arguments]);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}

#[test]
fn layouts_are_written_and_artifacts_are_built() {
    let folder = temp::folder();
    let layout = folder.path().join("layout").display().to_string();
    everywhere("building", &[vec![layout]]);
}

#[test]
fn layouts_are_synced_unless_told_otherwise() {
    let folder = temp::folder();
    let layout = folder.path().join("layout").display().to_string();
    everywhere("syncs", &[vec![layout]]);
}

#[test]
fn content_is_copied_between_registries_and_layouts() {
    let folder = temp::folder();
    let layout = folder.path().join("layout").display().to_string();
    for options in [Options::default(), Options::default().tls()] {
        let registry = Registry::start(options);
        let arguments = vec![
            registry.url().to_owned(),
            registry_ca(&registry),
            layout.clone(),
        ];
        everywhere("copying", &[arguments]);
    }
}

#[test]
fn artifacts_of_several_files_are_pushed_and_pulled() {
    let folder = temp::folder();
    everywhere("files", &[vec![folder.path().display().to_string()]]);
}

#[test]
fn blobs_are_pulled_by_all_ways_and_belong_to_the_caller() {
    let folder = temp::folder();
    let path = folder.path().join("blob").display().to_string();
    let size = 300_000;
    let registries = [Options::default(), Options::default().tls()].map(Registry::start);
    let places = registries.each_ref().map(|registry| {
        let digest = registry.put_synthetic_blob("a/b", size, 3);
        let url = registry.url().to_owned();
        vec![
            url,
            registry_ca(registry),
            digest,
            size.to_string(),
            path.clone(),
        ]
    });
    everywhere_and_linked_statically("blobs", &places);
}

#[test]
fn handles_of_content_are_freed_in_any_order() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_synthetic_blob("a/b", 300, 3);
    let blob = format!(r#"{{"digest":"{digest}","size":300}}"#);
    let text = format!(r#"{{"schemaVersion":2,"config":{blob},"layers":[{blob}]}}"#);
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    registry.put_manifest("a/b", "v1", media_type, text);
    everywhere(
        "content_ownership",
        &[vec![registry.url().to_owned(), digest]],
    );
}

#[test]
fn calls_about_content_are_cancelled_in_each_phase() {
    let registry = Registry::start(Options::default());
    let digest = registry.put_synthetic_blob("works", 8 << 20, 5);
    for name in ["half", "busy"] {
        registry.put_synthetic_blob(name, 8 << 20, 5);
    }
    let stall = || Fault::hang_up(Ending::Stall);
    let half = Fault::serve().cut_body(100_000, Ending::Stall);
    registry.add_rule(Rule::new(stall()).path("/v2/hang/"));
    registry.add_rule(Rule::new(half).path("/v2/half/blobs/"));
    registry.add_rule(Rule::new(stall()).path("/v2/takes/").method("PUT"));
    registry.add_rule(Rule::new(stall()).path("/v2/takes/").method("PATCH"));
    registry.add_rule(Rule::new(Fault::status(503)).path("/v2/busy/"));
    let layer = |title: &str| {
        format!(
            r#"{{"digest":"{digest}","size":{},"annotations":{{"org.opencontainers.image.title":"{title}"}}}}"#,
            8 << 20
        )
    };
    let text = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{},{}]}}"#,
        layer(""),
        layer("one"),
        layer("two")
    );
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    registry.put_manifest("half", "v1", media_type, text);
    let folder = temp::folder();
    let path = folder.path().display().to_string();
    everywhere(
        "content_cancel",
        &[vec![registry.url().to_owned(), digest, path]],
    );
}

#[test]
fn copies_are_cancelled_in_each_direction() {
    let registries = [Options::default(), Options::default()].map(Registry::start);
    let blob = |number| {
        let size = 300_000 + number;
        let put = |registry: &Registry, name| registry.put_synthetic_blob(name, size, number);
        let digest = put(&registries[0], "works");
        put(&registries[0], "half");
        format!(r#"{{"digest":"{digest}","size":{size}}}"#)
    };
    let blobs: Vec<String> = (0..7).map(blob).collect();
    let text = format!(
        r#"{{"schemaVersion":2,"config":{},"layers":[{}]}}"#,
        blobs[0],
        blobs[1..].join(",")
    );
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    registries[0].put_manifest("works", "v1", media_type, &*text);
    registries[0].put_manifest("half", "v1", media_type, &*text);
    let stall = || Fault::hang_up(Ending::Stall);
    let half = Fault::serve().cut_body(100_000, Ending::Stall);
    registries[0].add_rule(Rule::new(half).path("/v2/half/blobs/").method("GET"));
    for registry in &registries {
        registry.add_rule(Rule::new(stall()).path("/v2/hang/"));
    }
    registries[1].add_rule(Rule::new(stall()).path("/v2/takes/").method("PUT"));
    registries[1].add_rule(Rule::new(stall()).path("/v2/takes/").method("PATCH"));
    let folder = temp::folder();
    let urls = registries.each_ref().map(|one| one.url().to_owned());
    let path = folder.path().display().to_string();
    everywhere("copy_cancel", &[[&urls[..], &[path]].concat()]);
}

#[test]
fn batches_run_under_an_event_loop() {
    let registry = Registry::start(Options::default());
    let stall = Fault::hang_up(Ending::Stall);
    registry.add_rule(Rule::new(stall).path("/v2/hang/"));
    let mut list = String::new();
    let mut layer = String::new();
    for number in 0..30 {
        let size = 300_000 + number;
        let digest = registry.put_synthetic_blob("works", size, number);
        list += &format!("{digest} {size}\n");
        layer = format!(r#"{{"digest":"{digest}","size":{size}}}"#);
    }
    let text = format!(r#"{{"schemaVersion":2,"config":{layer},"layers":[{layer}]}}"#);
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    registry.put_manifest("works", "v1", media_type, text);
    let folder = temp::folder();
    fs::write(folder.path().join("blobs"), list).expect("the folder is writable");
    let path = folder.path().display().to_string();
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked("batches", false);
    let arguments = [registry.url(), &path];
    for way in WAYS {
        // How late a timer was, and how long threads took to end.
        print!("{way}: {}", run(&program, way, &arguments));
    }
    run_in_valgrind(&program, "main", &arguments);
}
