//! The pages of docs: each shows the programs that are compiled and run here, links
//! lead somewhere, and every name exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::root;

/// Directories whose documents are not ours.
const OTHER_DIRECTORIES: [&str; 2] = ["target", "vendor"];
/// Names in the pages that are not names of the library.
const OTHER_NAMES: [&str; 1] = ["REGGIE_BLESS"];

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files in a directory, without subdirectories.
fn files(directory: &str) -> Vec<PathBuf> {
    let entries = root().join(directory).read_dir().expect("a directory");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

fn pages() -> Vec<PathBuf> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "md");
    files("docs").into_iter().filter(is_page).collect()
}

/// All documents below a directory.
fn documents(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in directory.read_dir().expect("a directory") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().expect("a type").is_dir() {
            if !name.starts_with('.') && !OTHER_DIRECTORIES.contains(&name.as_str()) {
                found.extend(documents(&entry.path()));
            }
        } else if name.ends_with(".md") {
            found.push(entry.path());
        }
    }
    found
}

/// The code blocks of a page, with their languages.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = text.split("\n```").collect();
    assert!(parts.len() % 2 == 1, "a block has no end");
    let blocks = parts.iter().skip(1).step_by(2);
    blocks
        .map(|block| block.split_once('\n').expect("a language"))
        .collect()
}

/// A page without its code blocks and, if `spans` is false, without code spans.
fn prose(text: &str, spans: bool) -> String {
    let parts = text.split("\n```").step_by(2);
    let prose = parts.collect::<Vec<_>>().join("\n");
    match spans {
        true => prose,
        false => prose.split('`').step_by(2).collect(),
    }
}

#[test]
fn every_block_of_code_is_a_program_that_is_tested() {
    let mut shown = BTreeSet::new();
    for page in pages() {
        let stem = page.file_stem().expect("a name").to_string_lossy();
        for (language, block) in blocks(&read(&page)) {
            let program = match language {
                "c" => format!("{stem}.c"),
                "python" => format!("{stem}.py"),
                "cmake" | "meson" => {
                    let file = match language {
                        "cmake" => "examples-c/cmake/CMakeLists.txt",
                        _ => "examples-c/meson/meson.build",
                    };
                    let example = read(file);
                    for line in block.lines() {
                        assert!(example.lines().any(|other| other == line), "{stem}: {line}");
                    }
                    continue;
                }
                "sh" => continue,
                other => panic!("{stem}: no test for {other}"),
            };
            let tested = read(format!("docs/programs/{program}"));
            assert_eq!(
                format!("{block}\n"),
                tested,
                "{stem} shows another {program}"
            );
            shown.insert(program);
        }
    }
    for program in files("docs/programs") {
        let name = program.file_name().expect("a name").to_string_lossy();
        assert!(shown.contains(name.as_ref()), "{name} is in no page");
    }
}

#[test]
fn the_list_of_pages_is_complete() {
    let list = read("docs/README.md");
    for page in pages() {
        let name = page.file_name().expect("a name").to_string_lossy();
        let is_listed = list.contains(&format!("]({name})"));
        assert!(
            is_listed || name == "README.md" || name == "releasing.md",
            "{name}"
        );
    }
}

/// The anchor of a heading, as GitHub makes it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// The targets of the links in a document.
fn links(text: &str) -> Vec<String> {
    let prose = prose(text, false);
    let targets = prose.split("](").skip(1);
    targets
        .map(|rest| {
            rest.split_once(')')
                .expect("the end of a link")
                .0
                .to_owned()
        })
        .collect()
}

#[test]
fn links_lead_to_files_and_headings() {
    let documents = documents(root());
    assert!(documents.len() > pages().len() + 5, "{documents:?}");
    let mut count = 0;
    for document in documents {
        for link in links(&read(&document)) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = match file {
                "" => document.clone(),
                file => document.parent().expect("a directory").join(file),
            };
            let place = format!("{}: {link}", document.display());
            assert!(target.exists(), "{place}");
            if !heading.is_empty() {
                let text = read(&target);
                let headings = text.lines().filter(|line| line.starts_with('#'));
                assert!(
                    headings.map(anchor).any(|other| other == heading),
                    "{place}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 60, "{count} links");
}

#[test]
fn every_name_in_the_pages_is_in_the_header() {
    let header = read("include/reggie.h");
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let known: BTreeSet<&str> = header.split(|c| !is_part(c)).collect();
    for page in pages().into_iter().chain([root().join("README.md")]) {
        let text = read(&page);
        for name in prose(&text, true).split(|c| !is_part(c)) {
            let is_ours = name.starts_with("reggie_") || name.starts_with("REGGIE_");
            let is_known = known.contains(name) || OTHER_NAMES.contains(&name);
            // Such as reggie_config_set_...
            let is_start = name.ends_with('_') && header.contains(name);
            assert!(
                !is_ours || is_known || is_start,
                "{}: {name}",
                page.display()
            );
        }
    }
}
