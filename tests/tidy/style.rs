//! The phrases and names that plain technical English does without, and the
//! files in which none may be.

use super::phrases;
use super::source;

/// See the head of `phrases` for how patterns are written.
#[rustfmt::skip]
const PHRASES: &[&str] = &[
    // Defaults, limits and threads.
    "unless (it) (is|was) set",
    "is|are|was|were unless",
    "which it is",
    "as if there were|was",
    "may run at once",
    "at once on|by all|any",
    "all threads may",
    "all threads at once",
    "for all threads",
    "one thread at a time",
    "and not always the same",
    "how long ... may take",
    "longer than it was given",
    "as a whole",
    "the most * that",
    "the most that",
    "the least that",
    "at most unless",
    // Servers, requests and responses.
    "an|the|its|no|first|last|this|each|every|any|another|interim|second|whole answer|answers",
    "answers ... 1|2|3|4|5",
    "server|registry|proxy|host|peer|realm|it answers|answered",
    "has|have|had been answered",
    "ask|asks|asked a|an|the (token) server|servers|registry|registries|host|proxy",
    "ask|asks|asking (for) tokens",
    "is|are|be|was|were|been|not|never asked",
    "left|leave|leaves|leaving alone",
    "asks to be",
    "sent again",
    "reads on",
    "goes on",
    "go on",
    "leads|led no|further|to|elsewhere|there|it",
    "lead to|further|elsewhere",
    "further in",
    "than it stands",
    "it stands",
    "stands for|in|at|there|behind|twice|still|of|on|beside",
    "stand in|for|beside|behind",
    "still to be",
    "to be asked|left|had|told|known",
    "that is|are still",
    "where ... goes|go .",
    "without a word",
    "word|words of|from",
    "server's|registry's|its|their|own|in|few words",
    "speaks",
    "are|is spoken",
    // Ownership.
    "is|are|stay|stays the caller's|library's|program's|user's|client's",
    "is|are ours",
    "of ours",
    "own accord",
    "a text",
    "texts",
    "for people",
    "makes|make no|any sense",
    "what becomes|became of",
    "the last word",
    "a|no say",
    "has|have to say",
    "tells|tell of|it|them|where|how|so|which|whether|what|that|why|us",
    "be|is|are|was|were|been|not|as|stays told",
    "as it|that|which|comment tells",
    "of no use",
    "but for",
    "none but",
    "nobody",
    "nobody's",
    "anybody's",
    "whoever",
    "whom",
    "whomever",
    "who asks|answers",
    "those that",
    "such a one",
    "to be had",
    "be had",
    "them|it|these|those|that|this|memory|server|host|port|client|call|request|origin|registry alone",
    "alone .",
    "alone ,",
    "alone :",
    "alone ;",
    "passed over",
    "passes over",
    "looked|looks|look at|for anew",
    "anew",
    "in vain",
    "at hand",
    "takes back",
    "be it|they|there",
    "as ever",
    "by itself",
    "came|come|comes|sent|is|are|read whole",
    "a moment of",
    "more .",
    "no more than",
    "what|that it has|have",
    "from then|now|0|1 on",
    "two commands",
    "do|does all",
    "look inside",
    "hears",
    "the eldest",
    "to chance",
    "in its|their|a turn",
    "in spite",
    "for as long as",
    "is over",
    "gets its",
    "as they are",
];

/// Parts of names.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    "most", "much", "least", "usual", "led", "told", "words", "wanted", "spent",
    "patience", "patient", "patiently", "program", "reach", "reaches", "bounds", "turn", "turns",
    "answer", "answers", "answered", "answering", "ask", "asks", "asked", "asking",
    "eldest", "alone", "lives", "behind",
];

/// Names with such a part that are not ours to choose.
const FOREIGN_NAMES: &[&str] = &["get_program"];

/// Files that are still to be rewritten: what is found in them passes. One that
/// has become clean fails the test, so that the list only shrinks.
const UNFINISHED_PHRASES: &[&str] = &[];
const UNFINISHED_NAMES: &[&str] = &[];

fn is_read(path: &str) -> bool {
    let is_ours = !path.contains("/target/") && !path.contains("/testdata/");
    is_ours
        && [".rs", ".h", ".c", ".go", ".md", ".sh"]
            .iter()
            .any(|end| path.ends_with(end))
}

fn all_files() -> Vec<String> {
    let folders = ["include", "src", "bindings", "examples-c"];
    let mut files: Vec<String> = folders
        .iter()
        .flat_map(|folder| source::files(folder, is_read))
        .collect();
    files.extend(["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "build.rs"].map(str::to_owned));
    files
}

pub(crate) fn check_phrases() -> Vec<String> {
    check(UNFINISHED_PHRASES, |file, text| {
        phrases::find_phrases(file, text, PHRASES)
    })
}

/// Tests are left out: their names are sentences.
pub(crate) fn check_names() -> Vec<String> {
    check(UNFINISHED_NAMES, |file, text| {
        let is_test =
            file.ends_with("_test.go") || file.contains("/tests") || file.ends_with(".md");
        match is_test {
            true => Vec::new(),
            false => phrases::find_names(file, text, NAMES, FOREIGN_NAMES),
        }
    })
}

fn check(unfinished: &[&str], find: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let mut found = Vec::new();
    let mut clean: Vec<&str> = unfinished.to_vec();
    for file in all_files() {
        let lines = find(&file, &source::read(&file));
        if !unfinished.contains(&file.as_str()) {
            found.extend(lines);
        } else if !lines.is_empty() {
            clean.retain(|other| *other != file);
        }
    }
    found.extend(
        clean
            .iter()
            .map(|file| format!("{file}: clean, drop it from the list")),
    );
    found
}
