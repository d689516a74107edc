//! The programs of `tests/c`, built and run in all ways.

use std::fs;
use std::path::{Path, PathBuf};

use support::c::{BuildOptions, Compiler, Output, Program};

/// Where the body of a program runs: its main thread, one with a small stack,
/// a child.
pub(super) const WAYS: [&str; 3] = ["main", "thread", "child"];

pub(super) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/c")
}

pub(super) fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub(super) fn build(name: &str, options: &BuildOptions) -> Program {
    Program::build(sources().join(format!("{name}.c")), options)
        .unwrap_or_else(|words| panic!("{name}.c\n{words}"))
}

pub(super) fn build_linked(name: &str, static_library: bool) -> Program {
    let options = BuildOptions {
        static_library,
        ..BuildOptions::default()
    };
    build(name, &options)
}

/// What a program said before "done", after it ended well and in silence.
pub(super) fn said(output: &Output) -> String {
    output.expect_success();
    assert_eq!(output.stderr, "", "the library prints nothing");
    let said = output.stdout.strip_suffix("done\n");
    said.expect("a program says that it is done").to_owned()
}

pub(super) fn run(program: &Program, way: &str, arguments: &[&str]) -> String {
    said(&program.run(&[&[way], arguments].concat(), &[]))
}

pub(super) fn run_in_valgrind(program: &Program, way: &str, arguments: &[&str]) -> Option<String> {
    let output = program.valgrind(&[&[way], arguments].concat(), &[])?;
    Some(said(&output))
}

/// Runs a program in all ways, and under valgrind, for each of the arguments.
pub(super) fn everywhere<A: AsRef<str>>(name: &str, arguments: &[Vec<A>]) {
    run_linked(name, arguments, false);
}

/// As [`everywhere`], and then linked with the static library.
pub(super) fn everywhere_and_linked_statically<A: AsRef<str>>(name: &str, arguments: &[Vec<A>]) {
    run_linked(name, arguments, false);
    run_linked(name, arguments, true);
}

pub(super) fn run_linked<A: AsRef<str>>(name: &str, arguments: &[Vec<A>], static_library: bool) {
    if !Compiler::System.is_at_hand() {
        return;
    }
    let program = build_linked(name, static_library);
    for arguments in arguments {
        let arguments: Vec<&str> = arguments.iter().map(AsRef::as_ref).collect();
        for way in WAYS {
            run(&program, way, &arguments);
        }
        if !static_library {
            run_in_valgrind(&program, "main", &arguments);
        }
    }
}
