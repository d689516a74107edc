//! Searches prose for phrases, and code for names, that style forbids.
//!
//! A phrase pattern is a list of words: `a|b` matches either word, `(a)` is
//! optional, `*` is any one word, `...` any words up to six within a paragraph,
//! and punctuation is a word of its own. Case and line breaks do not matter.

use super::source::{self, Kind};

#[derive(Clone, Debug)]
struct Word {
    line: usize,
    text: String,
}

/// The end of a paragraph, comment or string: no pattern matches across it.
const BREAK: &str = "\n";

/// The prose of a file: all of a document or script, else its comments and
/// strings.
fn prose(file: &str, text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    if [".md", ".sh", ".py"].iter().any(|end| file.ends_with(end)) {
        add_words(&mut words, 1, text, false);
        return words;
    }
    let mut last_line = 0;
    for piece in source::split(text) {
        if piece.kind == Kind::Code {
            continue;
        }
        let goes_on = piece.kind == Kind::Comment && piece.line == last_line + 1;
        if !goes_on {
            words.push(Word {
                line: piece.line,
                text: BREAK.into(),
            });
        }
        add_words(
            &mut words,
            piece.line,
            &piece.text,
            piece.kind == Kind::Comment,
        );
        last_line = match piece.kind {
            Kind::Comment => piece.line + piece.text.matches('\n').count(),
            _ => 0,
        };
    }
    words
}

fn add_words(words: &mut Vec<Word>, line: usize, text: &str, is_comment: bool) {
    for (offset, mut content) in text.lines().enumerate() {
        let line = line + offset;
        if is_comment {
            content = content.trim_start().trim_start_matches(['/', '*', '!']);
        }
        if content.trim().is_empty() {
            words.push(Word {
                line,
                text: BREAK.into(),
            });
        }
        let mut rest = content;
        while let Some(first) = rest.chars().next() {
            let is_part = |c: char| c.is_alphanumeric() || "_'-".contains(c);
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (word, after) =
                rest.split_at(length.max(first.len_utf8() * usize::from(length == 0)));
            if !first.is_whitespace() && first != '`' {
                let text = word.to_lowercase();
                words.push(Word { line, text });
            }
            rest = after;
        }
    }
}

/// One line for each place where a pattern matches.
pub(crate) fn find_phrases(file: &str, text: &str, patterns: &[&str]) -> Vec<String> {
    let words = prose(file, text);
    let patterns: Vec<(&str, Vec<&str>)> = patterns
        .iter()
        .map(|pattern| (*pattern, pattern.split_whitespace().collect()))
        .collect();
    let mut found = Vec::new();
    for (at, word) in words.iter().enumerate() {
        for (pattern, parts) in &patterns {
            if let Some(length) = matches(parts, &words[at..]) {
                let quote: Vec<_> = words[at..at + length]
                    .iter()
                    .map(|w| w.text.as_str())
                    .collect();
                let (line, quote) = (word.line, quote.join(" "));
                found.push(format!("{file}:{line}: \"{quote}\" (pattern: {pattern})"));
            }
        }
    }
    found
}

/// How many words the pattern takes from the start of `words`.
fn matches(parts: &[&str], words: &[Word]) -> Option<usize> {
    let Some((part, parts)) = parts.split_first() else {
        return Some(0);
    };
    if *part == "..." {
        let within = words
            .iter()
            .take(6)
            .take_while(|word| word.text != BREAK)
            .count();
        return (0..=within).find_map(|skipped| Some(skipped + matches(parts, &words[skipped..])?));
    }
    if let Some(part) = part
        .strip_prefix('(')
        .and_then(|part| part.strip_suffix(')'))
    {
        let taken = words.first().filter(|word| is_one_of(part, &word.text));
        let with = taken.and_then(|_| Some(1 + matches(parts, &words[1..])?));
        return with.or_else(|| matches(parts, words));
    }
    let word = words.first().filter(|word| word.text != BREAK)?;
    let is_match = *part == "*" || is_one_of(part, &word.text);
    is_match
        .then(|| matches(parts, &words[1..]))
        .flatten()
        .map(|length| length + 1)
}

fn is_one_of(part: &str, word: &str) -> bool {
    part.split('|').any(|choice| choice == word)
}

/// One line for each identifier outside tests that has a forbidden part.
pub(crate) fn find_names(file: &str, text: &str, parts: &[&str], allowed: &[&str]) -> Vec<String> {
    let tokens = source::without_tests(&source::tokens(text));
    let tokens = tokens
        .iter()
        .filter(|token| !allowed.contains(&token.text.as_str()));
    tokens
        .filter_map(|token| {
            let part = name_parts(&token.text)
                .into_iter()
                .find(|part| parts.contains(&part.as_str()))?;
            Some(format!(
                "{file}:{}: {} (name: {part})",
                token.line, token.text
            ))
        })
        .collect()
}

/// The parts of a name in snake_case or CamelCase, in lower case.
fn name_parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        was_lower = c.is_lowercase();
        if c != '_' {
            parts
                .last_mut()
                .expect("one at least")
                .extend(c.to_lowercase());
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(file: &str, text: &str, pattern: &str) -> usize {
        find_phrases(file, text, &[pattern]).len()
    }

    #[test]
    fn phrases_are_found_across_lines_and_only_in_prose() {
        let source = "/// Not limited, unless\n/// set otherwise.\nfn unless_set() {}\n";
        assert_eq!(
            find_phrases("a.rs", source, &["unless set"]),
            ["a.rs:1: \"unless set\" (pattern: unless set)"]
        );
        assert_eq!(
            count("a.h", "/*\n * Unless\n * set, 30.\n */", "unless set ,"),
            1
        );
        assert_eq!(count("a.go", "x := `unless set`", "unless set"), 1);
        assert_eq!(count("a.md", "It is, Unless\nset, 0", "unless set"), 1);
        assert_eq!(count("a.rs", "let unless = set;", "unless set"), 0);
        assert_eq!(count("a.rs", "// unless\n\n// set", "unless set"), 0);
        assert_eq!(count("a.md", "unless\n\nset", "unless set"), 0);
        assert_eq!(count("a.md", "unless settled", "unless set"), 0);
    }

    #[test]
    fn patterns_have_choices_options_and_gaps() {
        let pattern = "ask|asks (a|the) server|registry";
        assert_eq!(count("a.md", "to ask the registry", pattern), 1);
        assert_eq!(count("a.md", "asks servers; asks server", pattern), 1);
        assert_eq!(count("a.md", "asks my server", pattern), 0);
        let pattern = "how long ... may take";
        assert_eq!(count("a.md", "how long a call may take", pattern), 1);
        assert_eq!(count("a.md", "how long\n\na call may take", pattern), 0);
        assert_eq!(count("a.md", "how long 1 2 3 4 5 6 7 may take", pattern), 0);
        assert_eq!(count("a.md", "has no say.", "has * say ."), 1);
    }

    #[test]
    fn names_are_split_into_parts() {
        let parts = ["most", "led"];
        let source = "fn at_most(isLed: LedTo) { called(foremost, almost) } // most";
        assert_eq!(
            find_names("a.rs", source, &parts, &["isLed"]),
            ["a.rs:1: at_most (name: most)", "a.rs:1: LedTo (name: led)"]
        );
        assert!(find_names("a.rs", "#[cfg(test)] mod t { fn most() {} }", &parts, &[]).is_empty());
    }
}
