//! What compiled programs rely on: differences from the last release are found, and
//! symbols and packages have their versions.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::temp;

use crate::header::at_hand;
use crate::header_text::{read, root};

/// The symbols of the library, each with the version in which it appeared.
pub(crate) fn symbols() -> BTreeMap<String, String> {
    let list = read("symbols.txt");
    let pairs = list.lines().filter_map(|line| line.split_once(' '));
    pairs
        .map(|(name, version)| (name.to_owned(), version.to_owned()))
        .collect()
}

#[test]
fn symbols_appeared_in_a_version_up_to_this_one() {
    let number = |version: &str| -> Vec<u32> {
        let parts = version.split('.').map(str::parse);
        parts.collect::<Result<_, _>>().expect("a version")
    };
    for (name, version) in symbols() {
        let version = number(&version);
        assert_eq!(version.len(), 3, "{name}");
        assert!(version <= number(env!("CARGO_PKG_VERSION")), "{name}");
    }
}

#[test]
fn packages_have_the_version_of_the_library() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, start) in [
        ("packaging/debian/changelog", "libreggie ("),
        ("packaging/libreggie.spec", "Version:        "),
    ] {
        let text = read(file);
        let found = text.lines().find_map(|line| line.strip_prefix(start));
        let found = found.and_then(|rest| rest.split('-').next());
        assert_eq!(found, Some(version), "{file}");
    }
}

/// Runs packaging/abi in a copy of what it reads.
fn abi(tree: &Path, arguments: &[&str]) -> Output {
    // Not executed itself: a child that another thread has just forked may still have
    // the copy open for writing.
    Command::new("bash")
        .arg(tree.join("packaging/abi"))
        .args(arguments)
        .output()
        .expect("packaging/abi can be run")
}

fn copy(tree: &Path) {
    for folder in ["include", "packaging"] {
        fs::create_dir(tree.join(folder)).expect("a writable folder");
    }
    for file in ["Makefile", "include/reggie.cdef.h", "packaging/abi"] {
        fs::copy(root().join(file), tree.join(file)).expect("a file of the source tree");
    }
}

/// Replaces `from` in a file of the tree, which must contain it.
fn edit(tree: &Path, file: &str, from: &str, to: &str) {
    let text = fs::read_to_string(tree.join(file)).expect("a text file");
    assert!(text.contains(from), "{file}: {from}");
    fs::write(tree.join(file), text.replacen(from, to, 1)).expect("a writable file");
}

/// Changes of the interface: what is replaced, by what, what the report says, and
/// whether programs break.
const CHANGES: [(&str, &str, &str, bool); 9] = [
    (
        "REGGIE_BUSY = 20",
        "REGGIE_BUSY = 21",
        "from value '20' to '21'",
        true,
    ),
    ("    REGGIE_BUSY = 20,\n", "", "1 enumerator deletion", true),
    (
        "    REGGIE_BUSY = 20,",
        "    REGGIE_BUSY = 20,\n    REGGIE_NEW = 25,",
        "REGGIE_NEW",
        false,
    ),
    ("18446744073709551615u", "1u", "REGGIE_UNKNOWN_SIZE", true),
    (
        "const char *reggie_version(void);\n",
        "",
        "[D] 'function const char* reggie_version()'",
        true,
    ),
    (
        "const char *reggie_version(void);\n",
        "const char *reggie_version(void);\nint reggie_new(void);\n",
        "[A] 'function int reggie_new()'",
        false,
    ),
    (
        "typedef int32_t reggie_status;",
        "typedef int64_t reggie_status;",
        "type size changed",
        true,
    ),
    (
        "(*reggie_rewind_callback)(void *userdata)",
        "(*reggie_rewind_callback)(void *userdata, int times)",
        "parameter 2 of type 'int' was added",
        true,
    ),
    (
        "int reggie_response_status(const reggie_response *",
        "int reggie_response_status(reggie_response *",
        "function int reggie_response_status",
        true,
    ),
];

#[test]
fn changes_that_break_programs_are_found() {
    if !["abidiff", "abidw", "gcc"].into_iter().all(at_hand) {
        return;
    }
    let folder = temp::folder();
    copy(folder.path());
    let original = read("include/reggie.cdef.h");
    let old = folder.path().join("old.h");
    fs::write(&old, &original).expect("a writable folder");
    let new = folder.path().join("new.h");
    for (from, to, report, breaks) in CHANGES {
        assert_eq!(original.matches(from).count(), 1, "{from}");
        fs::write(&new, original.replacen(from, to, 1)).expect("a writable folder");
        let paths = [&old, &new].map(|path| path.to_str().expect("UTF-8"));
        let output = abi(folder.path(), &["compare", paths[0], paths[1]]);
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.contains(report), "{report}: {stdout}");
        let expected = if breaks { 1 } else { 0 };
        assert_eq!(output.status.code(), Some(expected), "{report}: {stdout}");
    }
}

#[test]
fn after_a_release_only_a_new_soname_may_break_programs() {
    if !["abidiff", "abidw", "gcc"].into_iter().all(at_hand) {
        return;
    }
    let folder = temp::folder();
    let tree = folder.path();
    copy(tree);
    let changelog = tree.join("CHANGELOG.md");
    fs::write(&changelog, "## 0.1.0 (unreleased)\n").expect("a writable folder");
    let status = |arguments: &[&str]| abi(tree, arguments).status.code();
    assert_eq!(status(&["write"]), Some(0));
    let same = abi(tree, &[]);
    assert_eq!(String::from_utf8_lossy(&same.stdout), "");
    assert_eq!(same.status.code(), Some(0));

    edit(
        tree,
        "include/reggie.cdef.h",
        "REGGIE_BUSY = 20",
        "REGGIE_BUSY = 21",
    );
    let before = abi(tree, &[]);
    let printed = String::from_utf8_lossy(&before.stdout);
    assert!(printed.contains("REGGIE_BUSY"), "{printed}");
    assert_eq!(before.status.code(), Some(0));
    let released = "## 0.2.0 (unreleased)\n\n## 0.1.0 (2026-01-31)\n";
    fs::write(&changelog, released).expect("a writable folder");
    assert_eq!(status(&[]), Some(1));
    edit(tree, "Makefile", "SOVERSION := 0", "SOVERSION := 1");
    assert_eq!(status(&[]), Some(0));
}
