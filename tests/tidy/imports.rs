//! Which file imports which: `use` declarations and paths inside the code.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{self, Token};

/// A path of the crate that a file names, such as `os::deadline::CallLimits`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Import {
    pub(crate) line: usize,
    pub(crate) path: Vec<String>,
    /// Whether a comment `// Cycle: reason` above it justifies a cycle.
    pub(crate) is_justified: bool,
}

/// The module path of a file below src: `os/mod.rs` and `os.rs` are `os`.
pub(crate) fn module_of(file: &str) -> Vec<String> {
    let path = file.strip_suffix(".rs").unwrap_or(file);
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

/// The imports of a file of the crate outside its tests.
pub(crate) fn imports(file: &str, text: &str) -> Vec<Import> {
    let tokens = source::without_tests(&source::tokens(text));
    let justified = justified_lines(text);
    let children = children(&tokens);
    let mut scope = Scope::new(module_of(file));
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        scope.enter(&tokens, at);
        if starts_path(&tokens, at, &children) {
            let line = tokens[at].line;
            let mut paths = Vec::new();
            at = read_tree(&tokens, at, Vec::new(), &mut paths);
            for path in paths {
                if let Some(path) = scope.resolve(&path) {
                    let is_justified = justified.contains(&line);
                    found.push(Import {
                        line,
                        path,
                        is_justified,
                    });
                }
            }
        } else {
            at += 1;
        }
    }
    found
}

/// The modules that a file declares and does not contain: `mod name;`.
fn children(tokens: &[Token]) -> BTreeSet<&str> {
    let declarations = tokens.windows(3);
    declarations
        .filter(|words| words[0].text == "mod" && words[2].text == ";")
        .map(|words| words[1].text.as_str())
        .collect()
}

/// Whether a path begins here that starts at the crate or is relative.
fn starts_path(tokens: &[Token], at: usize, children: &BTreeSet<&str>) -> bool {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    (matches!(text(at), "crate" | "super" | "self") || children.contains(text(at)))
        && (text(at + 1), text(at + 2)) == (":", ":")
        && (at == 0 || text(at - 1) != ":" && text(at - 1) != "in")
}

/// Reads a path with its braces; returns where it ends.
fn read_tree(
    tokens: &[Token],
    mut at: usize,
    mut prefix: Vec<String>,
    paths: &mut Vec<Vec<String>>,
) -> usize {
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    loop {
        match text(at) {
            "{" => {
                at += 1;
                while !matches!(text(at), "}" | "") {
                    at = match text(at) {
                        "," => at + 1,
                        _ => read_tree(tokens, at, prefix.clone(), paths),
                    };
                }
                return at + 1;
            }
            "*" => {
                paths.push(prefix);
                return at + 1;
            }
            // The arguments of a generic type are paths of their own.
            "<" => {
                paths.push(prefix);
                return at;
            }
            "self" if !prefix.is_empty() => {}
            name => prefix.push(name.to_owned()),
        }
        at += 1;
        if text(at) == "as" {
            at += 2;
        }
        if (text(at), text(at + 1)) != (":", ":") {
            paths.push(prefix);
            return at;
        }
        at += 2;
    }
}

/// The module that the code at a place belongs to.
struct Scope {
    module: Vec<String>,
    /// Inline modules, with the depth of braces outside them.
    inner: Vec<(String, usize)>,
    depth: usize,
}

impl Scope {
    fn new(module: Vec<String>) -> Scope {
        Scope {
            module,
            inner: Vec::new(),
            depth: 0,
        }
    }

    fn enter(&mut self, tokens: &[Token], at: usize) {
        match tokens[at].text.as_str() {
            "{" => {
                if at >= 2 && tokens[at - 2].text == "mod" {
                    self.inner.push((tokens[at - 1].text.clone(), self.depth));
                }
                self.depth += 1;
            }
            "}" => {
                self.depth = self.depth.saturating_sub(1);
                if self
                    .inner
                    .last()
                    .is_some_and(|(_, depth)| *depth == self.depth)
                {
                    self.inner.pop();
                }
            }
            _ => {}
        }
    }

    /// The path from the root of the crate, `None` if it is that root itself.
    fn resolve(&self, path: &[String]) -> Option<Vec<String>> {
        let mut base: Vec<String> = self.module.clone();
        base.extend(self.inner.iter().map(|(name, _)| name.clone()));
        let mut rest = path;
        if rest[0] == "crate" {
            base.clear();
            rest = &rest[1..];
        } else {
            while let Some(first) = rest.first() {
                match first.as_str() {
                    "self" => {}
                    "super" => {
                        base.pop();
                    }
                    _ => break,
                }
                rest = &rest[1..];
            }
        }
        base.extend(rest.iter().cloned());
        (!base.is_empty()).then_some(base)
    }
}

/// The lines of statements below a comment `// Cycle: reason`.
fn justified_lines(text: &str) -> BTreeSet<usize> {
    let mut lines = BTreeSet::new();
    let mut is_comment = false;
    let mut is_statement = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        let reason = line.strip_prefix("// Cycle:");
        if reason.is_some_and(|reason| !reason.trim().is_empty()) {
            is_comment = true;
        } else if is_comment && !line.starts_with("//") {
            is_comment = false;
            is_statement = true;
        }
        if is_statement {
            lines.insert(index + 1);
            is_statement = !line.ends_with(';');
        }
    }
    lines
}

/// The files of the crate and what each imports.
pub(crate) struct Graph {
    files: BTreeMap<Vec<String>, String>,
    edges: BTreeMap<String, Vec<(String, Import)>>,
}

impl Graph {
    /// Of files below src, with their text. The root of the crate is left out:
    /// it declares all modules.
    pub(crate) fn new(sources: &BTreeMap<String, String>) -> Graph {
        let sources = sources.iter().filter(|(file, _)| *file != "lib.rs");
        let files: BTreeMap<_, _> = sources
            .clone()
            .map(|(file, _)| (module_of(file), file.clone()))
            .collect();
        let mut graph = Graph {
            files,
            edges: BTreeMap::new(),
        };
        for (file, text) in sources {
            let edges = imports(file, text)
                .into_iter()
                .filter_map(|import| Some((graph.file_of(&import.path)?.to_owned(), import)))
                .filter(|(target, _)| target != file)
                .collect();
            graph.edges.insert(file.clone(), edges);
        }
        graph
    }

    fn file_of(&self, path: &[String]) -> Option<&str> {
        let prefixes = (1..=path.len()).rev();
        let mut files = prefixes.filter_map(|length| self.files.get(&path[..length]));
        files.next().map(String::as_str)
    }

    /// One line for each cycle of imports that no comment justifies, and for
    /// each comment that justifies none.
    pub(crate) fn cycles(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut reported = BTreeSet::new();
        for file in self.edges.keys() {
            let cycle = self.cycle_through(file, false);
            if !cycle.is_empty() && reported.insert(cycle.clone()) {
                let cycle: Vec<_> = cycle.into_iter().collect();
                lines.push(format!("import cycle: {}", cycle.join(", ")));
            }
            for (target, import) in &self.edges[file] {
                if import.is_justified && !self.reach(target, true).contains(file) {
                    let line = import.line;
                    lines.push(format!(
                        "{file}:{line}: no cycle for the comment to justify"
                    ));
                }
            }
        }
        lines
    }

    /// The files that import `file`, directly or not, and are imported by it.
    fn cycle_through(&self, file: &str, with_justified: bool) -> BTreeSet<String> {
        let mut members = self.reach(file, with_justified);
        members.retain(|other| self.reach(other, with_justified).contains(file));
        members
    }

    /// All files that `file` imports, directly or not.
    fn reach(&self, file: &str, with_justified: bool) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut pending = vec![file];
        while let Some(next) = pending.pop() {
            for (target, import) in &self.edges[next] {
                if (with_justified || !import.is_justified) && found.insert(target.clone()) {
                    pending.push(target);
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(file: &str, text: &str) -> Vec<String> {
        let imports = imports(file, text).into_iter();
        imports.map(|import| import.path.join("::")).collect()
    }

    #[test]
    fn paths_are_found_in_every_form() {
        let text = "
            use crate::os::{self, wait::{READABLE, wait as w}, sys::*};
            use super::sibling::Name;
            pub(super) use self::child::{A};
            use std::io;
            pub(in crate::auth) fn f(x: &crate::log::Log) -> Vec<crate::http::Url> {
                super::super::body::read::<crate::tls::Trust>() // crate::comment::X
            }
            #[cfg(test)] mod tests { use crate::client::Client; }
            mod inline { use super::own; use super::super::upper; }
        ";
        assert_eq!(
            paths("auth/token.rs", text),
            [
                "os",
                "os::wait::READABLE",
                "os::wait::wait",
                "os::sys",
                "auth::sibling::Name",
                "auth::token::child::A",
                "log::Log",
                "http::Url",
                "body::read",
                "tls::Trust",
                "auth::token::own",
                "auth::upper",
            ]
        );
        assert_eq!(paths("auth/mod.rs", "use super::os;"), ["os"]);
        assert_eq!(
            paths(
                "auth/mod.rs",
                "mod scope; pub use scope::Scope; use http::scope::X;"
            ),
            ["auth::scope::Scope"]
        );
    }

    fn graph(files: &[(&str, &str)]) -> Graph {
        let files = files.iter();
        Graph::new(
            &files
                .map(|&(file, text)| (file.into(), text.into()))
                .collect(),
        )
    }

    #[test]
    fn cycles_are_found_unless_justified() {
        let cyclic = graph(&[
            ("a/mod.rs", "use b::X; use self::b::Y;"),
            ("a/b.rs", "use crate::c::Z;"),
            ("c.rs", "fn f() { crate::a::f() }"),
            ("d.rs", "use crate::a;"),
            ("lib.rs", "use crate::d; mod a;"),
        ]);
        assert_eq!(cyclic.cycles(), ["import cycle: a/b.rs, a/mod.rs, c.rs"]);

        let justified = graph(&[
            (
                "a.rs",
                "// Cycle: a calls b,\n// which calls back.\nuse crate::b::{\n    X,\n};",
            ),
            ("b.rs", "use crate::a::Y;"),
        ]);
        assert!(justified.cycles().is_empty());

        let needless = graph(&[
            (
                "a.rs",
                "// Cycle: none.\nuse crate::b::X;\nuse crate::b::Y;",
            ),
            ("b.rs", ""),
        ]);
        assert_eq!(
            needless.cycles(),
            ["a.rs:2: no cycle for the comment to justify"]
        );
    }
}
