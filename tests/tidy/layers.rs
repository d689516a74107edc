//! The order of the modules: each may import only modules above it.

use std::collections::{BTreeMap, BTreeSet};

use super::imports;

/// A module and the modules that it may import.
pub(crate) type Layer<'a> = (&'a str, &'a [&'a str]);

/// The table as CONTRIBUTING.md shows it. A module imports only from rows
/// above its own; the test rejects what is missing and what is not needed.
#[rustfmt::skip]
pub(crate) const LAYERS: &[Layer<'static>] = &[
    ("error", &[]),
    ("os", &["error"]),
    ("log", &["error", "os"]),
    ("http", &["error", "os", "log"]),
    ("proxy", &["error", "log", "http"]),
    ("body", &["error", "os", "log"]),
    ("tls", &["error", "os", "http"]),
    ("config", &["error", "os", "log", "http", "proxy", "tls"]),
    ("transport", &["error", "os", "log", "http", "proxy", "body", "tls", "config"]),
    ("request", &["error", "os", "log", "http", "body", "config", "transport"]),
    ("auth", &["error", "os", "log", "http", "config"]),
    ("engine", &["error", "os", "log", "http", "body", "config", "transport", "request", "auth"]),
    ("client", &["error", "os", "log", "http", "body", "config", "transport", "request", "auth", "engine"]),
    ("content", &["error", "os", "log", "http", "body", "config", "request", "client"]),
    ("ffi", &["error", "os", "log", "http", "body", "config", "request", "client", "content"]),
];

/// The parts of the crate that are no layers: the root, which declares the
/// modules, and the entry points for the fuzzer.
const OUTSIDE: [&str; 2] = ["lib", "fuzzing"];

/// One line for each import that the table does not allow, for each entry that
/// nothing needs, and for each module that the table and the tree do not share.
pub(crate) fn check(layers: &[Layer<'_>], sources: &BTreeMap<String, String>) -> Vec<String> {
    let mut lines = check_order(layers);
    let rows: BTreeMap<&str, &[&str]> = layers.iter().copied().collect();
    let mut unused: BTreeSet<(&str, &str)> = layers
        .iter()
        .flat_map(|(module, allowed)| allowed.iter().map(|other| (*module, *other)))
        .collect();
    let mut missing: BTreeSet<&str> = rows.keys().copied().collect();
    for (file, text) in sources {
        let module = imports::module_of(file);
        let own = module[0].as_str();
        if OUTSIDE.contains(&own) {
            continue;
        }
        let Some(allowed) = rows.get(own) else {
            lines.push(format!("{file}: not in the table of layers"));
            continue;
        };
        missing.remove(own);
        for import in imports::imports(file, text) {
            let other = import.path[0].as_str();
            unused.retain(|entry| *entry != (own, other));
            if other != own && !allowed.contains(&other) {
                let (line, path) = (import.line, import.path.join("::"));
                lines.push(format!("src/{file}:{line}: {own} may not import {path}"));
            }
        }
    }
    lines.extend(
        missing
            .iter()
            .map(|module| format!("{module}: no such module")),
    );
    lines.extend(
        unused
            .iter()
            .map(|(module, other)| format!("{module} does not import {other}: drop it")),
    );
    lines
}

fn check_order(layers: &[Layer<'_>]) -> Vec<String> {
    let mut above: BTreeSet<&str> = BTreeSet::new();
    let mut lines = Vec::new();
    for (module, allowed) in layers {
        for other in allowed.iter().filter(|other| !above.contains(*other)) {
            lines.push(format!("{module}: {other} is not above it in the table"));
        }
        above.insert(module);
    }
    lines
}

/// The rows of the table in CONTRIBUTING.md: `| `module` | contents | imports |`.
pub(crate) fn documented(text: &str) -> Vec<(String, Vec<String>)> {
    let rows = text
        .lines()
        .skip_while(|line| !line.starts_with("| module |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
        let quoted = |cell: &str| -> Vec<String> {
            let odd = cell.split('`').skip(1).step_by(2);
            odd.map(str::to_owned).collect()
        };
        (
            quoted(cells[0]).concat(),
            cells.last().map_or_else(Vec::new, |cell| quoted(cell)),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> BTreeMap<String, String> {
        let files = files.iter();
        files
            .map(|&(file, text)| (file.into(), text.into()))
            .collect()
    }

    const TABLE: &[Layer<'_>] = &[
        ("error", &[]),
        ("os", &["error"]),
        ("log", &["error", "os"]),
    ];

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(TABLE, &sources(files))
    }

    const CLEAN: [(&str, &str); 4] = [
        ("error.rs", ""),
        ("lib.rs", "pub use log::Log;"),
        (
            "log/mod.rs",
            "use crate::error::Error; use crate::os::wait; use self::redact::X;",
        ),
        ("os/mod.rs", "use crate::error::Error;"),
    ];

    #[test]
    fn allowed_imports_pass() {
        assert!(found(&CLEAN).is_empty());
    }

    #[test]
    fn forbidden_imports_fail_in_every_form() {
        let forms = [
            "use crate::log::Log;",
            "use crate::{error, log};",
            "use super::super::log::Log;",
            "fn f() { crate::log::write() }",
            "fn f(log: Option<&crate::log::Log>) {}",
        ];
        for form in forms {
            let mut files = CLEAN.to_vec();
            files.push(("os/wait.rs", form));
            let found = found(&files);
            assert_eq!(found.len(), 1, "{form}: {found:?}");
            assert!(found[0].starts_with("src/os/wait.rs:1: os may not import log"));
        }
    }

    #[test]
    fn the_root_of_the_crate_is_no_way_around() {
        let mut files = CLEAN.to_vec();
        files.push(("os/wait.rs", "use crate::Client;"));
        assert_eq!(
            found(&files),
            ["src/os/wait.rs:1: os may not import Client"]
        );
    }

    #[test]
    fn table_and_tree_agree() {
        let lines = check(TABLE, &sources(&[("error.rs", ""), ("new.rs", "")]));
        assert!(lines.contains(&"new.rs: not in the table of layers".to_owned()));
        assert!(lines.contains(&"os: no such module".to_owned()));
        assert!(lines.contains(&"log does not import os: drop it".to_owned()));
        let upside_down = [("os", &["error"][..]), ("error", &[])];
        assert_eq!(
            check_order(&upside_down),
            ["os: error is not above it in the table"]
        );
    }

    #[test]
    fn the_documented_table_is_read() {
        let text = "x\n| module | holds | may import |\n|---|---|---|\n| `error` | `Error` | – |\n| `os` | a | `error`, `b` |\n\n| `c` |";
        let expected = [
            ("error".into(), vec![]),
            ("os".into(), vec!["error".into(), "b".into()]),
        ];
        assert_eq!(documented(text), expected);
    }
}
