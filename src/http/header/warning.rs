//! The `Warning` header (RFC 7234, section 5.5) as restricted by the OCI
//! Distribution Specification: `299 - "text"`.

use super::quoted;
use crate::error::is_unprintable;

/// Maximum total length of the warnings of one response, in bytes; the
/// specification sets the same limit.
pub(crate) const MAX_LENGTH: usize = 4096;

/// Maximum number of bytes of all header lines together that are parsed.
const MAX_INPUT: usize = 4 * MAX_LENGTH;

/// The distinct warnings, with control characters escaped. Warnings beyond the
/// maximum length, and the rest of a line after invalid syntax, are ignored.
pub(crate) fn read<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut left = MAX_LENGTH;
    let mut unread = MAX_INPUT;
    for value in values {
        let read = &value[..value.len().min(unread)];
        unread -= read.len();
        let line = String::from_utf8_lossy(read);
        let mut rest: &str = &line;
        while let Some((text, after)) = warning(rest) {
            rest = after;
            let Some(text) = text.filter(|text| text.len() <= left) else {
                continue;
            };
            if !found.contains(&text) {
                left -= text.len();
                found.push(text);
            }
        }
        if unread == 0 {
            break;
        }
    }
    found
}

/// The first warning of a list, and what follows it. The text is `None` if the
/// warning does not have the specified form.
fn warning(list: &str) -> Option<(Option<String>, &str)> {
    let list = list.trim_start_matches([' ', '\t', ',']);
    let (code, rest) = list.split_once(' ')?;
    let (agent, rest) = rest.trim_start_matches(' ').split_once(' ')?;
    let (text, rest) = quoted(rest.trim_start_matches(' '))?;
    let mut rest = rest.trim_start_matches([' ', '\t']);
    let mut has_date = false;
    if rest.starts_with('"') {
        has_date = true;
        rest = quoted(rest)?.1.trim_start_matches([' ', '\t']);
    }
    if !rest.is_empty() && !rest.starts_with(',') {
        return None;
    }
    let shown = escaped(&text);
    let is_known = code == "299" && agent == "-" && !has_date && !shown.is_empty();
    Some((is_known.then_some(shown), rest))
}

/// Escapes what could disturb a line of a terminal.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.trim().chars() {
        if is_unprintable(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(lines: &[&str]) -> Vec<String> {
        read(lines.iter().map(|line| line.as_bytes()))
    }

    #[test]
    fn warnings() {
        for (lines, expected) in [
            (
                &[r#"299 - "Your token expires in 30 seconds.""#][..],
                &["Your token expires in 30 seconds."][..],
            ),
            (
                &[r#"299 - "a", 299 - "b""#, r#"299 - "c""#],
                &["a", "b", "c"],
            ),
            (
                &[r#"299 - "a",299  -  "b" , , 299 - "a""#, r#"299 - "b""#],
                &["a", "b"],
            ),
            (
                &[r#"299 - "say \"hi\", \\ 299 - \"x\"""#],
                &[r#"say "hi", \ 299 - "x""#],
            ),
            (
                &["299 - \"tab\tand \u{1b}[31m \u{85}.\""],
                &["tab\\tand \\u{1b}[31m \\u{85}."],
            ),
            // Other codes and agents, and dates, are not in the specification.
            (&[r#"199 - "a", 299 - "b""#], &["b"]),
            (&[r#"299 proxy "a", 299 - "b""#], &["b"]),
            (
                &[r#"299 - "a" "Sun, 06 Nov 1994 08:49:37 GMT", 299 - "b""#],
                &["b"],
            ),
            (&[r#"299 - """#, r#"299 - " ""#], &[]),
            // Unterminated, unquoted or followed by something else.
            (&[r#"299 - "a", 299 - "b"#], &["a"]),
            (&["299 - a"], &[]),
            (&[r#"299 - "a" b, 299 - "c""#, r#"299 - "d""#], &["d"]),
            (&["299", "", ",", "299 -", "299 - "], &[]),
        ] {
            assert_eq!(case(lines), expected, "{lines:?}");
        }
        assert_eq!(read([&b"299 - \"\xe9\""[..]]), ["\u{fffd}"]);
    }

    #[test]
    fn all_texts_together_are_bounded() {
        let warning = |length| format!("299 - \"{}\"", "a".repeat(length));
        let lines = [warning(MAX_LENGTH - 1), warning(2), warning(1), warning(3)];
        let found = read(lines.iter().map(|line| line.as_bytes()));
        let lengths: Vec<usize> = found.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LENGTH - 1, 1]);
        assert!(case(&[&warning(MAX_LENGTH + 1)]).is_empty());
        let many: Vec<String> = (0..5000).map(|i| format!("299 - \"{i}\"")).collect();
        let found = read(many.iter().map(|line| line.as_bytes()));
        assert!(found.iter().map(String::len).sum::<usize>() <= MAX_LENGTH);
    }
}
