//! Splits a source file into code, comments and string literals. Good enough
//! for Rust, C and Go as this project writes them.

use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    Comment,
    Text,
}

/// A run of one kind that starts on `line`, counted from 1.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    pub(crate) kind: Kind,
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A word, or a single other character, of code.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub(crate) line: usize,
    pub(crate) text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below `folder` that `keep` accepts, as sorted paths relative to
/// the project.
pub(crate) fn files(folder: &str, keep: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut pending: Vec<PathBuf> = vec![root().join(folder)];
    while let Some(next) = pending.pop() {
        for entry in next.read_dir().expect("a folder of the project") {
            let entry = entry.expect("an entry");
            let path = entry.path();
            if entry.file_type().expect("a file type").is_dir() {
                pending.push(path);
                continue;
            }
            let relative = path.strip_prefix(root()).expect("below the project");
            let relative = relative.to_str().expect("UTF-8").to_owned();
            if keep(&relative) {
                found.push(relative);
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn split(text: &str) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let (kind, length) = next_piece(rest);
        let (piece, after) = rest.split_at(length);
        match pieces.last_mut() {
            Some(last) if kind == Kind::Code && last.kind == Kind::Code => {
                last.text.push_str(piece)
            }
            _ => pieces.push(Piece {
                kind,
                line,
                text: piece.to_owned(),
            }),
        }
        line += piece.matches('\n').count();
        rest = after;
    }
    pieces
}

/// Kind and length of what `text` starts with; code comes word by word.
fn next_piece(text: &str) -> (Kind, usize) {
    let first = text.chars().next().expect("not empty");
    if text.starts_with("//") {
        return (Kind::Comment, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (Kind::Comment, end_after(text, 2, "*/"));
    }
    if first == '`' {
        return (Kind::Text, end_after(text, 1, "`"));
    }
    if let Some(length) = raw_string(text) {
        return (Kind::Text, length);
    }
    if first == '"' {
        return (Kind::Text, end_of_quoted(text, '"'));
    }
    if first == '\'' {
        // A lifetime has no closing quote after one character.
        let mut chars = text.chars().skip(1);
        let is_literal = match chars.next() {
            Some('\\') => true,
            Some(_) => chars.next() == Some('\''),
            None => false,
        };
        return match is_literal {
            true => (Kind::Text, end_of_quoted(text, '\'')),
            false => (Kind::Code, 1),
        };
    }
    let word = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (
        Kind::Code,
        word.max(if word == 0 { first.len_utf8() } else { 0 }),
    )
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn end_after(text: &str, start: usize, end: &str) -> usize {
    match text[start..].find(end) {
        Some(at) => start + at + end.len(),
        None => text.len(),
    }
}

fn end_of_quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a raw string of Rust, `r"..."`, `r#"..."#` or `br"..."`.
fn raw_string(text: &str) -> Option<usize> {
    let after = text.strip_prefix('b').unwrap_or(text).strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    if !after[hashes..].starts_with('"') {
        return None;
    }
    let start = text.len() - after.len() + hashes + 1;
    Some(end_after(text, start, &format!("\"{}", &after[..hashes])))
}

pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for piece in split(text) {
        if piece.kind != Kind::Code {
            continue;
        }
        let mut rest = piece.text.as_str();
        let mut line = piece.line;
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
            let length = if word == 0 { first.len_utf8() } else { word };
            let (token, after) = rest.split_at(length);
            if !first.is_whitespace() {
                let text = token.to_owned();
                tokens.push(Token { line, text });
            }
            line += usize::from(first == '\n');
            rest = after;
        }
    }
    tokens
}

/// The tokens outside items that are marked `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let is_mark = tokens.len() >= at + MARK.len()
            && MARK
                .iter()
                .zip(&tokens[at..])
                .all(|(mark, token)| *mark == token.text);
        if is_mark {
            at = end_of_item(tokens, at + MARK.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// Where the item ends: at a `;` outside brackets, or with its block.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "{" | "(" | "[" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        let text = "a /* b */ \"c // \\\" d\" e // f\n'g' &'h i r#\"j \"k\"#; \"l\n\" m";
        assert_eq!(words(text), ["a", "e", "&", "'", "h", "i", ";", "m"]);
        let comments: Vec<_> = split(text)
            .into_iter()
            .filter(|piece| piece.kind == Kind::Comment)
            .map(|piece| (piece.line, piece.text))
            .collect();
        assert_eq!(comments, [(1, "/* b */".into()), (1, "// f".into())]);
        assert_eq!(tokens(text).last().map(|token| token.line), Some(3));
    }

    #[test]
    fn items_for_tests_are_left_out() {
        let text = "a; #[cfg(test)] mod tests; b #[cfg(test)] mod t { { c } d } e";
        let kept: Vec<_> = without_tests(&tokens(text))
            .into_iter()
            .map(|token| token.text)
            .collect();
        assert_eq!(kept, ["a", ";", "b", "e"]);
    }
}
