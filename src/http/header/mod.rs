//! Parsers of response headers. They limit what a server can send, and ignore
//! values that they cannot parse.

pub(crate) mod link;
pub(crate) mod range;
pub(crate) mod rate_limit;
pub(crate) mod retry_after;
pub(crate) mod warning;

/// A number that consists only of digits: no sign, no spaces.
pub(crate) fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// A number as servers send them where an integer is specified: also negative,
/// with a fraction, with an exponent, or of any size.
pub(crate) fn decimal(text: &str) -> Option<f64> {
    let is_number = |byte: u8| byte.is_ascii_digit() || b".eE+-".contains(&byte);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let begins = digits.starts_with(|first: char| first.is_ascii_digit());
    if begins && digits.bytes().all(is_number) {
        text.parse().ok()
    } else {
        None
    }
}

/// A whole number that is not negative, rounded down; the maximum if it is too
/// large.
fn amount(text: &str) -> Option<u64> {
    let text = text.trim().trim_matches('"');
    match number(text) {
        Some(number) => Some(number),
        // The conversion is saturating.
        None => decimal(text).filter(|n| *n >= 0.0).map(|n| n as u64),
    }
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
    fn numbers_as_servers_send_them() {
        for (text, expected) in [
            ("5", Some(5)),
            (" \"5\" ", Some(5)),
            ("1.9", Some(1)),
            ("1e3", Some(1000)),
            ("1.5E+1", Some(15)),
            ("0.0", Some(0)),
            ("-0.0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", Some(u64::MAX)),
            ("1e400", Some(u64::MAX)),
            ("-1", None),
            ("+1", None),
            (".5", None),
            ("1e", None),
            ("1-2", None),
            ("1.2.3", None),
            ("inf", None),
            ("NaN", None),
            ("0x10", None),
            ("1_000", None),
            ("", None),
            ("-", None),
        ] {
            assert_eq!(amount(text), expected, "{text}");
        }
        assert_eq!(decimal("-2.5"), Some(-2.5));
    }

    #[test]
    fn numbers() {
        assert_eq!(number("18446744073709551615"), Some(u64::MAX));
        for text in ["", "+1", "-1", " 1", "1.0", "18446744073709551616"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
