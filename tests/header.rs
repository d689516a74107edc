//! The header, the list of symbols, the library and the files for pkg-config
//! say the same, and the header serves every compiler.

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{c, programs, temp};

/// Set to 1, the header and the list of symbols are written anew.
const BLESS: &str = "REGGIE_BLESS";

/// The sources of the header, in its order.
const SOURCES: [&str; 13] = [
    "version",
    "status",
    "error",
    "callback",
    "config",
    "client",
    "request",
    "request_headers",
    "request_query",
    "request_body",
    "response",
    "errors",
    "digest",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares a file with what it should hold, or writes it if that was asked for.
fn golden(path: &str, wanted: &str) {
    if std::env::var_os(BLESS).is_some_and(|value| value == "1") {
        fs::write(root().join(path), wanted).expect("the source tree is writable");
    }
    let present = fs::read_to_string(root().join(path)).unwrap_or_default();
    let line = present
        .lines()
        .zip(wanted.lines())
        .take_while(|(present, wanted)| present == wanted)
        .count();
    assert!(
        present == wanted,
        "{path} is out of date from line {} on; {BLESS}=1 writes it anew",
        line + 1
    );
}

fn generated() -> String {
    let config = root().join("cbindgen.toml");
    let mut config = cbindgen::Config::from_file(config).expect("a readable cbindgen.toml");
    config.header = Some(manual());
    config.after_includes = config.after_includes.map(|text| with_version(&text));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in SOURCES {
        builder = builder.with_src(root().join(format!("src/ffi/{source}.rs")));
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("sources that cbindgen reads")
        .write(&mut header);
    String::from_utf8(header).expect("a header in UTF-8")
}

/// The comment on top of the header: that of the module.
fn manual() -> String {
    let mut out = String::from("/*\n");
    let mut code = false;
    for line in read("src/ffi/mod.rs").lines() {
        let Some(line) = line.strip_prefix("//!") else {
            break;
        };
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            code = !code;
            continue;
        }
        let (indent, line) = match line.strip_prefix("# ") {
            _ if code => ("    ", line.to_owned()),
            Some(heading) => ("", heading.to_uppercase()),
            None => ("", line.to_owned()),
        };
        out.push_str(format!(" * {indent}{line}").trim_end());
        out.push('\n');
    }
    out.push_str(" */");
    out
}

fn with_version(text: &str) -> String {
    let part = |text: &str| -> u32 { text.parse().expect("a number") };
    let (major, minor, patch) = (
        part(env!("CARGO_PKG_VERSION_MAJOR")),
        part(env!("CARGO_PKG_VERSION_MINOR")),
        part(env!("CARGO_PKG_VERSION_PATCH")),
    );
    let number = major * 1_000_000 + minor * 1_000 + patch;
    text.replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@MAJOR@", &major.to_string())
        .replace("@MINOR@", &minor.to_string())
        .replace("@PATCH@", &patch.to_string())
        .replace("@NUMBER@", &number.to_string())
}

#[test]
fn the_header_is_what_the_sources_make() {
    golden("include/reggie.h", &generated());
}
