//! Every function about content occurs in a program that users read: one of
//! docs, an example, or that of the README.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use support::root;

/// The part of the header with which those about content begin.
const FIRST_PART: &str = "@defgroup reggie_references ";

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A source in C without comments and strings.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'', '/']) {
        code.push_str(&rest[..start]);
        rest = &rest[start..];
        let after = if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/").map_or("", |(_, after)| after)
        } else if rest.starts_with("//") {
            rest.split_once('\n').map_or("", |(_, after)| after)
        } else if let Some(after) = rest.strip_prefix('/') {
            code.push('/');
            after
        } else {
            literal_end(rest)
        };
        rest = after;
    }
    code + rest
}

/// What follows a string or a character.
fn literal_end(text: &str) -> &str {
    let quote = text.as_bytes()[0];
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return &text[index + 1..],
            _ => {}
        }
    }
    ""
}

/// The functions that a source calls or declares.
fn functions(code: &str) -> BTreeSet<&str> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices("reggie_")
        .filter(|(start, _)| !code[..*start].ends_with(is_part))
        .filter_map(|(start, _)| {
            let name = code[start..].split(|c| !is_part(c)).next()?;
            code[start + name.len()..].starts_with('(').then_some(name)
        })
        .collect()
}

#[test]
fn comments_and_strings_are_no_calls() {
    let source = "a = 1 / 2; /* reggie_a() */ reggie_b(\"reggie_c(\\\"reggie_d(\", '\"', reggie_e()); // reggie_f()\n\
                  not_reggie_g(reggie_h, &reggie_i);";
    let found: Vec<_> = functions(&code(source))
        .into_iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(found, ["reggie_b", "reggie_e"]);
}

#[test]
fn every_function_about_content_is_shown_in_a_program() {
    let header = read(&root().join("include/reggie.h"));
    let start = header.find(FIRST_PART).expect("a part");
    let declarations: String = header[start..]
        .lines()
        .filter(|line| !line.starts_with("///"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let declared = functions(&declarations);
    assert!(declared.len() > 130, "{}", declared.len());

    let mut programs = String::new();
    for directory in ["docs/programs", "examples-c"] {
        let entries = root().join(directory).read_dir().expect("a directory");
        for entry in entries {
            let path = entry.expect("an entry").path();
            let extension = path.extension().unwrap_or_default();
            if extension == "c" || extension == "h" {
                programs.push_str(&code(&read(&path)));
            }
        }
    }
    let shown = functions(&programs);
    let missing: Vec<_> = declared.difference(&shown).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
