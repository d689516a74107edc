//! The header, the list of symbols, the library and the files for pkg-config
//! say the same, and the header serves every compiler.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{c, programs, temp};

/// Set to 1, the header and the list of symbols are written anew.
const BLESS: &str = "REGGIE_BLESS";

/// The parts of the header in their order: name, title, and the files of
/// src/ffi whose declarations they contain.
const PARTS: &[(&str, &str, &[&str])] = &[
    ("general", "General", &["library", "callback"]),
    ("statuses", "Statuses", &["status", "status_string"]),
    ("errors", "Errors", &["error_handle", "error"]),
    ("clients", "Clients", &["client"]),
    ("requests", "Requests", &["request", "request_query"]),
    ("headers", "Headers", &["headers"]),
    ("bodies", "Request and response bodies", &["request_body"]),
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
];

/// Stands before a function whose result must not be ignored.
const MUST_USE: &str = "REGGIE_MUST_USE";

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

/// The comment at the top of the header: that of src/ffi/mod.rs, which Doxygen
/// shows as its main page.
fn manual() -> String {
    let mut out = String::from("/**\n * @mainpage ");
    let mut code = false;
    for (number, line) in read("src/ffi/mod.rs").lines().enumerate() {
        let Some(line) = line.strip_prefix("//!") else {
            break;
        };
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

/// The functions that a header declares.
fn functions(header: &str) -> BTreeSet<String> {
    header
        .lines()
        .filter(|line| !line.starts_with(['/', '#', ' ']) && !line.starts_with("typedef"))
        .filter_map(|line| {
            let before = line.split_once('(')?.0;
            let name = before.rsplit([' ', '*']).next()?;
            name.starts_with("reggie_").then(|| name.to_owned())
        })
        .collect()
}

/// Runs a program; its output, or a panic with all that it wrote.
fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}\n{stdout}{stderr}");
    stdout
}

/// Whether a program is installed, after a line on stderr if not.
fn at_hand(program: &str) -> bool {
    let found = programs::find(program).is_some();
    if !found {
        let line = format!("{program} is not installed: its tests are skipped");
        programs::missing(&line, "not in PATH");
    }
    found
}

fn library() -> PathBuf {
    c::library_folder().join("libreggie.so")
}

#[test]
fn the_header_is_what_the_sources_make() {
    golden("include/reggie.h", &generated());
}

#[test]
fn the_symbols_are_the_functions_of_the_header() {
    let declared = functions(&generated());
    let lines: Vec<&str> = declared.iter().map(String::as_str).collect();
    golden("symbols.txt", &(lines.join("\n") + "\n"));
    if !at_hand("nm") {
        return;
    }
    let listed = run(Command::new("nm")
        .args(["-D", "--defined-only"])
        .arg(library()));
    let exported: BTreeSet<String> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .map(str::to_owned)
        .collect();
    assert_eq!(exported, declared);
}

#[test]
fn the_library_has_a_soname_and_stays_in_memory() {
    if !at_hand("readelf") {
        return;
    }
    let dynamic = run(Command::new("readelf").arg("-dW").arg(library()));
    let has = |tag: &str, value: &str| {
        dynamic
            .lines()
            .any(|line| line.contains(tag) && line.contains(value))
    };
    assert!(has("(SONAME)", "[libreggie.so.0]"), "{dynamic}");
    assert!(has("(FLAGS_1)", "NODELETE"), "{dynamic}");
}

#[test]
fn every_declaration_has_a_comment() {
    let header = generated();
    let mut before = "";
    for line in header.lines() {
        let declares = line.starts_with("typedef ")
            || (line.starts_with("#define ") && line != "#define REGGIE_H")
            || functions(line).len() == 1;
        let documented = before.starts_with("///")
            || before == MUST_USE
            || before.starts_with("#if")
            || before == "#else";
        assert!(!declares || documented, "no comment: {line}");
        before = line;
    }
}

#[test]
fn every_compiler_takes_the_header() {
    let folder = temp::folder();
    let once = folder.path().join("once.c");
    let twice = folder.path().join("twice.c");
    let include = "#include \"reggie.h\"\n";
    fs::write(&once, include).expect("a writable folder");
    fs::write(&twice, include.repeat(2)).expect("a writable folder");
    let c = ["c99", "c11", "c17"].as_slice();
    let cxx = ["c++11", "c++14", "c++17", "c++20"].as_slice();
    for (compiler, language, standards) in [
        ("gcc", "c", c),
        ("clang", "c", c),
        ("g++", "c++", cxx),
        ("clang++", "c++", cxx),
    ] {
        if !at_hand(compiler) {
            continue;
        }
        for standard in standards {
            for source in [&once, &twice] {
                run(Command::new(compiler)
                    .arg(format!("-std={standard}"))
                    .args(["-pedantic", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"])
                    .args(["-x", language, "-I"])
                    .arg(root().join("include"))
                    .arg(source));
            }
        }
    }
}

#[test]
fn the_macros_say_what_the_functions_say() {
    if !c::Compiler::System.is_at_hand() {
        return;
    }
    let folder = temp::folder();
    let source = folder.path().join("version.c");
    fs::write(&source, VERSION_PROGRAM).expect("a writable folder");
    for static_library in [false, true] {
        let options = c::BuildOptions {
            static_library,
            ..c::BuildOptions::default()
        };
        let program = c::Program::build(&source, &options).expect("a program that compiles");
        let output = program.run::<&OsStr>(&[], &[]);
        output.expect_success();
        assert_eq!(output.stdout, env!("CARGO_PKG_VERSION"));
    }
}

/// The examples in the manual, each with its line. One that is no function goes
/// into one, with the variables that it uses.
fn examples() -> String {
    let manual = read("src/ffi/mod.rs");
    let mut out = String::from("#include <signal.h>\n#include <stdio.h>\n#include \"reggie.h\"\n");
    let mut example: Option<(usize, Vec<&str>)> = None;
    for (number, line) in manual.lines().enumerate() {
        let Some(line) = line.strip_prefix("//!") else {
            break;
        };
        let line = line.strip_prefix(' ').unwrap_or(line);
        match &mut example {
            None if line == "```c" => example = Some((number + 2, Vec::new())),
            None => {}
            Some((start, lines)) if line == "```" => {
                let code = lines.join("\n");
                let place = format!("#line {start} \"src/ffi/mod.rs\"\n");
                if code.starts_with("static ") {
                    out += &format!("{place}{code}\n");
                } else if code.starts_with("reggie_client *client") {
                    out += &format!("void example_{start}(void)\n{{\n{place}{code}\n}}\n");
                } else {
                    out += &format!(
                        "void example_{start}(reggie_config *config, const reggie_client *client,\n\
                         reggie_request *request, reggie_response *response, reggie_error **error,\n\
                         const char *location)\n{{\n{place}{code}\n}}\n"
                    );
                }
                example = None;
            }
            Some((_, lines)) => lines.push(line),
        }
    }
    out
}

#[test]
fn the_examples_in_the_manual_compile() {
    let folder = temp::folder();
    let source = folder.path().join("examples.c");
    let examples = examples();
    assert!(examples.matches("#line").count() >= 6, "{examples}");
    fs::write(&source, examples).expect("a writable folder");
    for compiler in ["gcc", "clang"] {
        if !at_hand(compiler) {
            continue;
        }
        run(Command::new(compiler)
            .args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only"])
            .args(["-Wno-unused-parameter", "-Wno-unused-but-set-variable"])
            .args(["-Wno-unused-function", "-I"])
            .arg(root().join("include"))
            .arg(&source));
    }
}

#[test]
fn ignored_results_are_warned_about() {
    if !at_hand("gcc") {
        return;
    }
    let folder = temp::folder();
    let source = folder.path().join("ignored.c");
    let program = "#include \"reggie.h\"\nvoid f(void) { reggie_config_new(); }\n";
    fs::write(&source, program).expect("a writable folder");
    let output = Command::new("gcc")
        .args(["-Werror", "-c", "-o"])
        .arg(folder.path().join("ignored.o"))
        .arg("-I")
        .arg(root().join("include"))
        .arg(&source)
        .output()
        .expect("a compiler that runs");
    assert!(!output.status.success());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("warn_unused_result"), "{stderr}");
}

#[test]
fn doxygen_reads_the_header_without_warnings() {
    if !at_hand("doxygen") {
        return;
    }
    let folder = temp::folder();
    let settings = folder.path().join("Doxyfile");
    let text = format!(
        "INPUT = {}\nOUTPUT_DIRECTORY = {}\nOPTIMIZE_OUTPUT_FOR_C = YES\nQUIET = YES\n\
         WARN_AS_ERROR = FAIL_ON_WARNINGS\nGENERATE_LATEX = NO\nHAVE_DOT = NO\nPREDEFINED = __GNUC__\n",
        root().join("include/reggie.h").display(),
        folder.path().display()
    );
    fs::write(&settings, text).expect("a writable folder");
    run(Command::new("doxygen").arg(&settings));
    let page = fs::read_to_string(folder.path().join("html/index.html")).expect("a main page");
    assert!(
        page.contains("How to follow pages"),
        "no manual on the main page"
    );
}

const VERSION_PROGRAM: &str = r#"
#include <stdio.h>
#include <string.h>
#include "reggie.h"

int main(void)
{
    char text[64];
    uint32_t number = REGGIE_VERSION_MAJOR * 1000000 + REGGIE_VERSION_MINOR * 1000
                      + REGGIE_VERSION_PATCH;

    sprintf(text, "%d.%d.%d", REGGIE_VERSION_MAJOR, REGGIE_VERSION_MINOR,
            REGGIE_VERSION_PATCH);
    if (strcmp(text, REGGIE_VERSION) != 0 || strcmp(text, reggie_version()) != 0)
        return 1;
    if (number != REGGIE_VERSION_NUMBER || number != reggie_version_number())
        return 2;
    fputs(reggie_version(), stdout);
    return 0;
}
"#;

#[test]
fn pkg_config_finds_the_source_tree() {
    if !at_hand("pkg-config") {
        return;
    }
    let ask = |arguments: &[&str]| {
        run(Command::new("pkg-config")
            .env("PKG_CONFIG_PATH", root())
            .args(arguments))
    };
    for package in ["reggie", "reggie-static"] {
        let version = ask(&["--modversion", package]);
        assert_eq!(version.trim(), env!("CARGO_PKG_VERSION"), "{package}");
        let cflags = ask(&["--cflags", package]);
        assert_eq!(cflags.trim(), format!("-I{}/include", root().display()));
        let libs = ask(&["--libs", package]);
        let folder = format!("-L{}/target/release", root().display());
        assert!(libs.starts_with(&folder), "{libs}");
    }
    assert!(ask(&["--libs", "reggie"]).trim().ends_with(" -lreggie"));
    assert!(ask(&["--libs", "reggie-static"]).contains(" -l:libreggie.a "));
}
