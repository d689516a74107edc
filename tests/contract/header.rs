//! The header, the list of symbols, the library and the files for pkg-config
//! say the same, and the header serves every compiler.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{c, programs, temp};

use crate::abi::symbols;
use crate::cdef;
use crate::header_text::{MANUAL, MUST_USE, generated, read, root};

/// Set to 1, the header and the list of symbols are written anew.
const BLESS: &str = "REGGIE_BLESS";

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
pub(crate) fn at_hand(program: &str) -> bool {
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
fn the_declarations_for_bindings_are_those_of_the_header() {
    golden("include/reggie.cdef.h", &cdef::declarations(&generated()));
    let folder = temp::folder();
    let source = folder.path().join("declarations.c");
    let text = "#include <stddef.h>\n#include <stdint.h>\n#include \"reggie.cdef.h\"\n";
    fs::write(&source, text).expect("a writable folder");
    if at_hand("gcc") {
        run(Command::new("gcc")
            .args(["-std=c99", "-pedantic", "-Wall", "-Werror", "-fsyntax-only"])
            .args(["-Wno-unused-variable", "-I"])
            .arg(root().join("include"))
            .arg(&source));
    }
}

#[test]
fn the_symbols_are_the_functions_of_the_header() {
    let declared = functions(&generated());
    let known = symbols();
    let lines = declared.iter().map(|name| {
        let version = known.get(name).map(String::as_str);
        // New functions appear in the version that comes next.
        format!("{name} {}\n", version.unwrap_or(env!("CARGO_PKG_VERSION")))
    });
    golden("symbols.txt", &lines.collect::<String>());
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
    let cxx = ["c++98", "c++11", "c++14", "c++17", "c++20"].as_slice();
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
    let mut out = String::from(
        "#include <poll.h>\n#include <signal.h>\n#include <stdio.h>\n#include \"reggie.h\"\n\
         static const reggie_repository *repository;\nstatic const reggie_manifest *image;\n",
    );
    for source in MANUAL {
        let manual = read(source);
        let prefix = if source.ends_with("mod.rs") {
            "main"
        } else {
            "how_to"
        };
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
                    let place = format!("#line {start} \"{source}\"\n");
                    if code.starts_with("static ") {
                        out += &format!("{place}{code}\n");
                    } else if code.contains("reggie_error *error = NULL") {
                        out += &format!("void {prefix}_{start}(void)\n{{\n{place}{code}\n}}\n");
                    } else {
                        out += &format!(
                            "void {prefix}_{start}(reggie_config *config, const reggie_client *client,\n\
                         reggie_request *request, reggie_response *response, reggie_error **error,\n\
                         const char *location)\n{{\n{place}{code}\n}}\n"
                        );
                    }
                    example = None;
                }
                Some((_, lines)) => lines.push(line),
            }
        }
    }
    out
}

#[test]
fn the_examples_in_the_manual_compile() {
    let folder = temp::folder();
    let source = folder.path().join("examples.c");
    let examples = examples();
    assert!(examples.matches("#line").count() >= 10, "{examples}");
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
fn make_doc_writes_html_and_man_pages_without_warnings() {
    if !["doxygen", "python3", "make"].into_iter().all(at_hand) {
        return;
    }
    let folder = temp::folder();
    let doc = folder.path().join("doc");
    let output = Command::new("make")
        .current_dir(root())
        .args(["-s", "doc"])
        .arg(format!("BUILDDIR={}", folder.path().display()))
        .output()
        .expect("make can be run");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    let read = |path: &str| {
        fs::read_to_string(doc.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let page = read("html/index.html");
    for part in [
        "How to follow pages",
        "group__reggie__tls.html",
        "reggie-tls.html",
    ] {
        assert!(page.contains(part), "{part} is not on the main page");
    }
    read("html/search/all_0.js");
    assert!(read("man/man3/reggie.3").contains("How to follow pages"));
    for name in symbols().into_keys() {
        let page = read(&format!("man/man3/{name}.3"));
        assert!(page.contains(&format!("\n{name} \\- ")), "{page}");
        assert!(page.contains(&format!("{name}(")), "{page}");
    }
    assert!(read("man/man7/reggie-errors.7").contains("REGGIE_PARTIAL_CONTENT"));
    assert!(read("man/man7/reggie-tls.7").contains("reggie_config_add_ca_file"));
    assert!(read("man/man7/reggie-auth.7").contains("docker login"));
    for entry in doc.join("man/man7").read_dir().expect("pages") {
        let path = entry.expect("a page").path();
        let page = read(path.to_str().expect("a path in UTF-8"));
        // Outside of examples, what is still in backquotes or escaped is garbled.
        for part in page.split("\n.EE") {
            let prose = part.split("\n.EX").next().unwrap_or_default();
            let is_garbled = |line: &&str| line.contains('`') || line.contains("&#");
            let garbled = prose.lines().find(is_garbled);
            assert_eq!(garbled, None, "{}", path.display());
        }
    }
    if at_hand("man") {
        man_finds_the_installed_pages(folder.path());
        for section in ["man3", "man7"] {
            for entry in doc.join("man").join(section).read_dir().expect("pages") {
                let mut man = Command::new("man");
                man.args(["--warnings=w", "-l"])
                    .arg(entry.expect("a page").path());
                let output = man.output().expect("man can be run");
                let stderr = String::from_utf8_lossy(&output.stderr);
                assert!(
                    output.status.success() && stderr.is_empty(),
                    "{man:?}: {stderr}"
                );
            }
        }
    }
}

/// What the documentation says that man can be called with works once the pages in
/// `folder` are installed.
fn man_finds_the_installed_pages(folder: &Path) {
    let manual = folder.join("man");
    run(Command::new("make")
        .current_dir(root())
        .args(["-s", "install-doc"])
        .arg(format!("BUILDDIR={}", folder.display()))
        .arg(format!("MANDIR={}", manual.display()))
        .arg(format!("DOCDIR={}", folder.join("installed").display())));
    for (arguments, text) in [
        (["3", "reggie"].as_slice(), "How to follow pages"),
        (&["reggie_client_new"], "Creates a client"),
        (&["reggie_config"], "The settings of a client"),
        (&["reggie-errors"], "REGGIE_INVALID_HEADER"),
        (&["reggie-tls"], "reggie_config_add_ca_file"),
        (&["reggie-auth"], "docker login"),
    ] {
        let page = run(Command::new("man")
            .args(arguments)
            .env("MANPATH", &manual)
            .env("MANWIDTH", "200")
            .env("MANPAGER", "cat"));
        // Without hyphens that are not those of ASCII.
        let page = page.replace('\u{2010}', "-");
        assert!(page.contains(text), "man {arguments:?}: {page}");
    }
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
    assert!(ask(&["--libs", "reggie-static"]).contains(" -lreggie-static "));
}
