//! The header as it is generated from src/ffi: cbindgen's output, sorted into
//! parts, with the manual on top.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The parts of the header in their order: name, title, and the files of
/// src/ffi whose declarations they contain.
const PARTS: &[(&str, &str, &[&str])] = &[
    ("general", "General", &["library", "callback"]),
    ("statuses", "Statuses", &["status", "status_string"]),
    ("errors", "Errors", &["error_handle", "error"]),
    ("clients", "Clients", &["client"]),
    ("requests", "Requests", &["request", "request_query"]),
    ("headers", "Headers", &["headers"]),
    (
        "bodies",
        "Request and response bodies",
        &["request_body", "request_output"],
    ),
    (
        "request_settings",
        "Settings of a request",
        &["request_settings"],
    ),
    ("cancel", "Cancelling calls", &["cancel"]),
    ("send", "Sending requests", &["send"]),
    ("responses", "Responses", &["response"]),
    (
        "response_headers",
        "Pages, ranges, rate limits and warnings",
        &["response_headers"],
    ),
    (
        "response_stats",
        "Timing and statistics",
        &["response_stats"],
    ),
    ("error_lists", "Error lists of registries", &["errors"]),
    ("settings", "Settings of a client", &["config"]),
    ("times", "Time limits", &["config_times"]),
    ("retries", "Retries", &["config_retry"]),
    (
        "authentication",
        "Authentication",
        &["config_credentials", "credential", "config_realm"],
    ),
    ("tls", "TLS", &["config_tls"]),
    (
        "network",
        "Proxies, addresses and connections",
        &["config_network"],
    ),
    ("redirects", "Redirects", &["redirect"]),
    (
        "tracing",
        "Logging and tracing",
        &["config_observe", "exchange"],
    ),
    ("digests", "Digests", &["digest"]),
    ("references", "References", &["reference"]),
    ("descriptors", "Descriptors and platforms", &["descriptor"]),
    ("manifests", "Manifests", &["manifest"]),
    ("json", "JSON", &["json"]),
    ("repositories", "Repositories", &["repository"]),
    ("progress", "Progress of content calls", &["progress"]),
    (
        "options",
        "Options of content calls",
        &[
            "options",
            "options_storage",
            "options_selection",
            "options_copies",
            "options_lists",
        ],
    ),
    (
        "manifest_transfers",
        "Pulling, pushing and deleting manifests",
        &["manifest_transfer"],
    ),
    (
        "blob_pulls",
        "Downloading blobs",
        &["blob_pull", "blob", "bytes", "location"],
    ),
    ("blob_pushes", "Pushing blobs", &["blob_push"]),
    ("uploads", "Incremental uploads", &["upload"]),
    ("building", "Building and pushing artifacts", &["builder"]),
    ("files", "Pulling artifacts", &["files_pull"]),
    ("copying", "Copying", &["copy"]),
    ("batches", "Batches", &["batch", "batch_items"]),
    ("lists", "Lists", &["names", "referrers"]),
];

/// Stands before a function whose result must not be ignored.
pub(crate) const MUST_USE: &str = "REGGIE_MUST_USE";

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(crate) fn generated() -> String {
    let config = root().join("cbindgen.toml");
    let mut config = cbindgen::Config::from_file(config).expect("a readable cbindgen.toml");
    config.header = Some(manual());
    config.after_includes = config.after_includes.map(|text| with_version(&text));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for source in PARTS.iter().flat_map(|(_, _, sources)| *sources) {
        builder = builder.with_src(root().join(format!("src/ffi/{source}.rs")));
    }
    let mut header = Vec::new();
    builder
        .generate()
        .expect("sources that cbindgen reads")
        .write(&mut header);
    in_parts(&String::from_utf8(header).expect("a header in UTF-8"))
}

/// Sorts the declarations of a header into parts: constants of cbindgen.toml,
/// handles, and then the parts of [`PARTS`].
fn in_parts(header: &str) -> String {
    let names = names();
    let (mut out, rest) = header.split_once("#include <stdint.h>\n").map_or_else(
        || panic!("no includes"),
        |(before, rest)| (format!("{before}#include <stdint.h>\n"), rest),
    );
    let mut constants = Vec::new();
    let mut handles = Vec::new();
    let mut parts: Vec<[Vec<&str>; 3]> = PARTS.iter().map(|_| Default::default()).collect();
    for block in rest.split("\n\n").map(str::trim) {
        let Some(declaration) = block
            .lines()
            .find(|line| !line.starts_with("///") && *line != MUST_USE)
        else {
            continue;
        };
        if declaration.starts_with("#ifdef __cplusplus") || declaration.starts_with("#endif") {
            continue;
        }
        if declaration.starts_with("typedef struct") {
            handles.push(block);
            continue;
        }
        let rank = match declaration {
            _ if declaration.starts_with("typedef int32_t") => 0,
            _ if declaration.starts_with('#') => 0,
            _ if declaration.starts_with("typedef") => 1,
            _ => 2,
        };
        match declared(declaration).and_then(|name| names.get(name)) {
            Some(&part) => parts[part][rank].push(block),
            None => constants.push(block),
        }
    }
    open_part(
        &mut out,
        "constants",
        "Versions, methods and algorithms",
        &constants,
    );
    out.push_str("\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    open_part(&mut out, "handles", "Handles", &handles);
    for ((name, title, _), blocks) in PARTS.iter().zip(&parts) {
        open_part(&mut out, name, title, &blocks.concat());
    }
    out.push_str("\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* REGGIE_H */\n");
    out
}

fn open_part(out: &mut String, name: &str, title: &str, blocks: &[&str]) {
    out.push_str(&format!(
        "\n/* {title:->74} */\n",
        title = format!(" {title}")
    ));
    out.push_str(&format!(
        "\n/**\n * @defgroup reggie_{name} {title}\n * @{{\n */\n"
    ));
    for block in blocks {
        out.push_str(&format!("\n{block}\n"));
    }
    out.push_str("\n/** @} */\n");
}

/// The name that a declaration declares.
fn declared(declaration: &str) -> Option<&str> {
    let name = |text: &str| text.len() - text.trim_start_matches(is_name).len();
    let start = match declaration {
        _ if declaration.starts_with("#define ") => "#define ".len(),
        _ if declaration.contains("(*") => declaration.find("(*")? + 2,
        _ => declaration
            .match_indices("reggie_")
            .map(|(place, _)| place)
            .find(|&place| {
                declaration[place + name(&declaration[place..])..].starts_with(['(', ';'])
            })?,
    };
    let rest = &declaration[start..];
    Some(&rest[..name(rest)])
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The part of each name that the sources declare.
fn names() -> BTreeMap<String, usize> {
    let mut names = BTreeMap::new();
    for (part, (_, _, sources)) in PARTS.iter().enumerate() {
        for source in *sources {
            for line in read(format!("src/ffi/{source}.rs")).lines() {
                let Some(declaration) = line.strip_prefix("pub ") else {
                    continue;
                };
                let found = ["reggie_", "REGGIE_"]
                    .iter()
                    .filter_map(|prefix| declaration.find(prefix))
                    .min();
                if let Some(start) = found {
                    let name = declaration[start..].split(|other| !is_name(other)).next();
                    names.insert(name.unwrap_or_default().to_owned(), part);
                }
            }
        }
    }
    names
}

/// The sources of the comment at the top of the header, in their order.
pub(super) const MANUAL: [&str; 2] = ["src/ffi/mod.rs", "src/ffi/how_to.rs"];

/// The comment at the top of the header, which Doxygen shows as its main page.
fn manual() -> String {
    let mut out = String::from("/**\n * @mainpage ");
    let mut code = false;
    let sources = MANUAL.map(read).map(|text| {
        let comment = text.lines().take_while(|line| line.starts_with("//!"));
        comment.collect::<Vec<_>>().join("\n")
    });
    for (number, line) in sources.join("\n//!\n").lines().enumerate() {
        let line = line.trim_start_matches("//!");
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            code = !code;
            continue;
        }
        let lines = match line.strip_prefix("# ") {
            _ if number == 0 => vec![line.to_owned()],
            _ if code => vec![format!("    {line}")],
            Some(heading) => vec![heading.to_owned(), "-".repeat(heading.len())],
            None => vec![line.to_owned()],
        };
        for (index, line) in lines.iter().enumerate() {
            let start = if number == 0 && index == 0 { "" } else { " * " };
            out.push_str(format!("{start}{line}").trim_end());
            out.push('\n');
        }
    }
    out.push_str(" *\n * Parts of this header\n * --------------------\n *\n");
    for (_, title, _) in PARTS {
        out.push_str(&format!(" * - {title}\n"));
    }
    out.push_str(" */\n\n/**\n * @file reggie.h\n * The interface of libreggie. The main page has its manual.\n */");
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
