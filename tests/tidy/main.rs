//! Rules that the compiler does not check: the order of modules, where unsafe
//! code and C types are, the size of files, and plain English.

mod imports;
mod layers;
mod phrases;
mod source;
mod style;

use std::collections::BTreeMap;

/// The files below src that are no tests, by their path in it, with their text.
fn sources() -> BTreeMap<String, String> {
    let files = source::files("src", |path| {
        path.ends_with(".rs") && !path.contains("/tests")
    });
    files
        .into_iter()
        .map(|path| (path["src/".len()..].to_owned(), source::read(&path)))
        .collect()
}

#[track_caller]
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n{}\n", found.join("\n"));
}

#[test]
fn modules_import_only_modules_above_them() {
    assert_none("imports", &layers::check(layers::LAYERS, &sources()));
}

#[test]
fn contributing_shows_the_same_layers() {
    let expected: Vec<(String, Vec<String>)> = layers::LAYERS
        .iter()
        .map(|(module, allowed)| {
            let allowed = allowed.iter().map(|other| (*other).to_owned());
            ((*module).to_owned(), allowed.collect())
        })
        .collect();
    assert_eq!(
        layers::documented(&source::read("CONTRIBUTING.md")),
        expected
    );
}

#[test]
fn files_do_not_import_each_other_without_a_reason() {
    let lines = imports::Graph::new(&sources()).cycles();
    assert_none("cycles", &lines);
}

#[test]
fn src_has_at_most_17_entries() {
    let entries = source::root().join("src").read_dir().expect("src");
    assert!(entries.count() <= 17);
}

#[test]
fn files_have_fewer_than_500_lines() {
    let mut found = Vec::new();
    for (file, text) in sources() {
        let lines = text.lines().count();
        if lines >= 500 {
            found.push(format!("src/{file}: {lines} lines"));
        }
    }
    assert_none("files that are too long", &found);
}

/// Uses of words in code outside the files that `may_use` accepts.
fn tokens_outside(may_use: impl Fn(&str) -> bool, is_meant: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for (file, text) in sources().iter().filter(|(file, _)| !may_use(file)) {
        let tokens = source::tokens(text);
        for token in tokens.iter().filter(|token| is_meant(&token.text)) {
            found.push(format!("src/{file}:{}: {}", token.line, token.text));
        }
    }
    found
}

fn is_ffi(file: &str) -> bool {
    file.starts_with("ffi/")
}

fn is_system_calls(file: &str) -> bool {
    file == "os/sys.rs" || file.starts_with("os/sys/")
}

#[test]
fn unsafe_code_is_at_the_c_boundary_and_in_system_calls() {
    let may_use = |file: &str| is_ffi(file) || is_system_calls(file);
    assert_none(
        "unsafe code",
        &tokens_outside(may_use, |word| word == "unsafe"),
    );
}

#[test]
fn c_types_are_at_the_c_boundary() {
    let is_c = |word: &str| {
        let is_ours = word.starts_with("reggie_") && word != "reggie_test_log";
        is_ours || word.starts_with("c_") || matches!(word, "CStr" | "CString")
    };
    let may_use = |file: &str| is_ffi(file) || is_system_calls(file);
    assert_none("C types", &tokens_outside(may_use, is_c));
}

#[test]
fn texts_are_in_plain_english() {
    assert_none("phrases", &style::check_phrases());
}

#[test]
fn names_are_terms_of_the_field() {
    assert_none("names", &style::check_names());
}
