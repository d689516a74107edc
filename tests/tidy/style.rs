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
    "the most * that",
    "the most that",
    "the least that",
    "at most unless",
    // Servers, requests and responses.
    "an|the|its|no|first|last|this|each|every|any|another|interim|second|whole answer|answers",
    "answers tell|of|to|from|is|are",
    "server|registry|proxy|host|peer|realm|it answers|answered",
    "has|have|had been answered",
    "ask|asks|asked a|an|the (token) server|servers|registry|registries|host|proxy",
    "ask|asks|asking (for) tokens",
    "is|are|be|was|were|been|not|never asked",
    "left|leave|leaves|leaving alone",
    "asks to be",
    "reads on",
    "goes on",
    "go on",
    "leads|led no|further|to|elsewhere|there|it",
    "lead to|further|elsewhere",
    "further in",
    "than it stands",
    "it stands",
    "stands in|at|there|behind|twice|still|of|on|beside",
    "stand in|for|beside|behind",
    "still to be",
    "to be asked|left|had|told|known",
    "where ... goes|go .",
    "without a word",
    "word|words of|from",
    "server's|registry's|its|their|own|in|few words",
    "speaks",
    "are|is spoken",
    // Ownership.
    "is|are|stay|stays the caller's|library's|user's|client's",
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
    "tells a|an machine|person|program|user",
    "tells|tell of|it|them|where|how|so|which|whether|what|that|why|us",
    "be|is|are|was|were|been|not|as|stays told",
    "as it|that|which|comment tells",
    "of no use",
    "but for",
    "none but",
    "nobody",
    "nobody's",
    "anybody's",
    "whomever",
    "who asks|answers",
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
    "came|come|comes|sent|is|are|read whole",
    "a moment of",
    "from 0|1 on",
    "two commands do",
    "than it was given",
    "why something is",
    "do|does all",
    "look inside",
    "hears",
    "the eldest",
    "to chance",
    "in its|their|a turn",
    "in spite",
    "time is over",
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

fn is_read(path: &str) -> bool {
    let is_ours = !path.contains("/target/") && !path.contains("/testdata/");
    is_ours
        && [".rs", ".h", ".c", ".go", ".md", ".sh", ".py"]
            .iter()
            .any(|end| path.ends_with(end))
}

fn all_files() -> Vec<String> {
    let folders = ["include", "src", "bindings", "examples-c", "docs"];
    let mut files: Vec<String> = folders
        .iter()
        .flat_map(|folder| source::files(folder, is_read))
        .collect();
    let single = [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "build.rs",
    ];
    files.extend(single.map(str::to_owned));
    files
}

pub(crate) fn check_phrases() -> Vec<String> {
    check(|file, text| phrases::find_phrases(file, text, PHRASES))
}

/// Tests are left out: their names are sentences.
pub(crate) fn check_names() -> Vec<String> {
    check(|file, text| {
        let is_test = file.ends_with("_test.go")
            || file.contains("/tests")
            || file.ends_with(".md")
            || file.ends_with(".sh")
            || file.ends_with(".py");
        match is_test {
            true => Vec::new(),
            false => phrases::find_names(file, text, NAMES, FOREIGN_NAMES),
        }
    })
}

fn check(find: impl Fn(&str, &str) -> Vec<String>) -> Vec<String> {
    let files = all_files();
    let found = files.iter().map(|file| find(file, &source::read(file)));
    found.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_find_the_phrases_they_were_made_from() {
        for phrase in [
            "Unless set, 30 seconds.",
            "which it is unless set",
            "It may run at once on all threads that use the client.",
            "all threads may read it at once",
            "One thread at a time may use it.",
            "Without an answer of the server",
            "to ask a server",
            "Returns a text that is never freed",
            "A header there has no say",
            "is the caller's, who frees it with",
            "What becomes of a redirect: it is followed.",
            "Why something is sent: the request is sent again, after it failed.",
            "The version of IP: IPv4 alone.",
            "the body that is still to be read",
            "Sets how long a request may take",
            "Two commands do all on a fresh machine",
            "Who asks",
            "Look inside",
            "What answers tell",
            "Where a request goes.",
            "A server leads no further in than it stands.",
            "an address where a cloud tells a machine its secrets",
            "each left to chance in full",
            "has the last word",
            "The call took longer than it was given as a whole.",
            "The server asks to be left alone for longer than is waited",
            "a value of its own accord",
            "Reads on in the body",
            "closed without a word to the server",
            "Where a client finds out who asks.",
            "Hosts without a story have none to be told.",
            "There is nobody to tell",
            "A Logger gets what a client has to say.",
            "None is kept, as unless set.",
        ] {
            assert!(
                !phrases::find_phrases("a.md", phrase, PHRASES).is_empty(),
                "{phrase}"
            );
        }
    }

    #[test]
    fn plain_english_passes() {
        for phrase in [
            "Default: 30 s.",
            "May be called concurrently from several threads.",
            "safe for concurrent use; not safe for concurrent use",
            "the caller must free it with",
            "A retry after a failure. Sends a request to a server.",
            "Servers cannot redirect to a more private network.",
            "Return 0 to continue, nonzero to stop the call.",
            "Reads up to `size` more bytes of the body into `buffer`.",
            "Ignored: an earlier error is being returned.",
        ] {
            let found = phrases::find_phrases("a.md", phrase, PHRASES);
            assert!(found.is_empty(), "{found:?}");
        }
        let names = "max_count server_directed default_paths reported stderr elapsed required";
        assert!(phrases::find_names("a.rs", names, NAMES, FOREIGN_NAMES).is_empty());
        let names =
            "mostRedirects is_led usual Told words spent patience program reach bounds turn";
        assert_eq!(
            phrases::find_names("a.rs", names, NAMES, FOREIGN_NAMES).len(),
            11
        );
    }
}
