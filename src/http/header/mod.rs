//! Parsers of response headers. They limit what a server can send, and ignore
//! values that they cannot parse.

pub(crate) mod link;
pub(crate) mod range;
pub(crate) mod rate_limit;
pub(crate) mod retry_after;
pub(crate) mod warning;

/// A number that consists only of digits: no sign, no spaces.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The unescaped content of the quoted string (RFC 9110, section 5.6.4) at the
/// start of `text`, and what follows it; `None` if it does not end.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let inside = text.strip_prefix('"')?;
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((out, &inside[at + 1..])),
            '\\' => out.push(characters.next()?.1),
            _ => out.push(character),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_strings() {
        for (text, expected) in [
            (r#""a b", c"#, Some(("a b", ", c"))),
            (r#""a\"b\\" "#, Some((r#"a"b\"#, " "))),
            (r#""""#, Some(("", ""))),
            ("\"\u{e9}\\\u{fc}\"", Some(("\u{e9}\u{fc}", ""))),
            (r#""a"#, None),
            (r#""a\"#, None),
            ("a", None),
            ("", None),
        ] {
            let found = quoted(text);
            let found = found.as_ref().map(|(text, rest)| (text.as_str(), *rest));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for text in ["", "+1", "-1", " 1", "1.0", "18446744073709551616"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
