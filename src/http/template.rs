//! The placeholders of a request's path: `/v2/<name>/manifests/<reference>`.

use crate::error::position::byte_at;
use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// The values of the placeholders.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Values<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) reference: Option<&'a str>,
    pub(crate) digest: Option<&'a str>,
    pub(crate) session_id: Option<&'a str>,
}

impl<'a> Values<'a> {
    /// The value of a word in angle brackets; `None` if it is not a
    /// placeholder.
    fn of(&self, word: &str) -> Option<(Kind, Option<&'a str>)> {
        Some(match word {
            "name" => (Kind::InvalidName, self.name),
            "reference" => (Kind::InvalidReference, self.reference),
            "digest" => (Kind::InvalidDigest, self.digest),
            "session_id" => (Kind::InvalidSessionId, self.session_id),
            _ => return None,
        })
    }
}

/// Replaces the placeholders by their values in one pass, so values are not
/// expanded again. A path without placeholders, which may be the Location of an
/// upload, is returned unchanged.
pub(crate) fn expand(path: &str, values: &Values) -> Result<String, Error> {
    let mut out = String::with_capacity(path.len() + 64);
    let mut rest = path;
    while let Some((before, word, after)) = next_word(rest) {
        let Some((invalid, value)) = values.of(word) else {
            let message = format!("path has an unknown placeholder {}", shown(word));
            return Err(Error::new(Kind::InvalidPath, message));
        };
        let Some(value) = value else {
            let message = format!("placeholder <{word}> has no value");
            return Err(Error::new(Kind::MissingValue, message));
        };
        check_value(invalid, word, value)?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    if rest.len() == path.len() {
        return Ok(path.to_owned());
    }
    out.push_str(rest);
    if has_empty_segment(&out) {
        let message = "path has an empty segment (//)";
        return Err(Error::new(Kind::InvalidPath, message));
    }
    Ok(out)
}

/// Rejects a value that would change the structure of a path.
pub(crate) fn check_value(kind: Kind, what: &str, value: &str) -> Result<(), Error> {
    let forbidden = |character: char| {
        character.is_control() || character.is_whitespace() || "?#%<>\\\"".contains(character)
    };
    if value.is_empty() {
        return Err(Error::new(kind, format!("{what} is empty")));
    }
    let found = value.char_indices().find(|(_, c)| forbidden(*c));
    let (problem, offset) = if let Some((offset, character)) = found {
        let problem = match character {
            _ if character.is_control() => "contains a control character".to_owned(),
            _ if character.is_whitespace() => "contains white space".to_owned(),
            _ => format!("contains {character}"),
        };
        (problem, offset)
    } else if let Some(offset) = segment_at(value, str::is_empty) {
        ("has an empty segment".to_owned(), offset)
    } else if let Some(offset) = segment_at(value, |segment| matches!(segment, "." | "..")) {
        ("has a dot segment".to_owned(), offset)
    } else {
        return Ok(());
    };
    let wrong = byte_at(value, offset);
    let message = format!("{what} {} {problem}, {wrong}", shown(value));
    Err(Error::new(kind, message))
}

/// The offset of the first segment that is invalid.
fn segment_at(value: &str, is_invalid: impl Fn(&str) -> bool) -> Option<usize> {
    let mut offset = 0;
    for segment in value.split('/') {
        if is_invalid(segment) {
            return Some(offset);
        }
        offset += segment.len() + 1;
    }
    None
}

/// The first `<word>`, with the text before and after it.
fn next_word(text: &str) -> Option<(&str, &str, &str)> {
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    for (start, _) in text.match_indices('<') {
        if let Some((word, after)) = text[start + 1..].split_once('>')
            && !word.is_empty()
            && word.bytes().all(in_word)
        {
            return Some((&text[..start], word, after));
        }
    }
    None
}

/// Whether the path before the query contains `//`, except after the scheme of
/// an absolute URL.
fn has_empty_segment(path: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => rest,
        _ => path,
    };
    path.contains("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Values = Values {
        name: Some("my/repo"),
        reference: Some("v1.0"),
        digest: Some("sha256:ab"),
        session_id: None,
    };

    #[test]
    fn placeholders_are_replaced() {
        for (path, expected) in [
            ("/v2/<name>/tags/list", "/v2/my/repo/tags/list"),
            (
                "/v2/<name>/manifests/<reference>",
                "/v2/my/repo/manifests/v1.0",
            ),
            ("/u?x=<digest>&y=<digest>", "/u?x=sha256:ab&y=sha256:ab"),
            ("/<name>?a=//", "/my/repo?a=//"),
            ("https://r.io/v2/<name>/", "https://r.io/v2/my/repo/"),
            ("/v2/", "/v2/"),
            ("/a//b?<c", "/a//b?<c"),
            ("/a<b/<>/c>d", "/a<b/<>/c>d"),
            ("/<<name>", "/<my/repo"),
            ("", ""),
        ] {
            assert_eq!(expand(path, &VALUES).unwrap(), expected);
        }
    }

    #[test]
    fn paths_that_are_refused() {
        for (path, kind, words) in [
            (
                "/v2/<name>/blobs/uploads/<session_id>",
                Kind::MissingValue,
                "<session_id>",
            ),
            ("/v2/<nmae>/", Kind::InvalidPath, "\"nmae\""),
            ("/v2/<Name>/", Kind::InvalidPath, "\"Name\""),
            ("/v2//<name>/", Kind::InvalidPath, "//"),
            ("//r.io/<name>", Kind::InvalidPath, "//"),
            ("/v2/x?<session-id>", Kind::InvalidPath, "\"session-id\""),
        ] {
            let error = expand(path, &VALUES).unwrap_err();
            assert_eq!(error.kind(), kind, "{path}");
            assert!(error.message().contains(words), "{path}: {error}");
        }
        let again = Values {
            name: Some("<digest>"),
            ..VALUES
        };
        let error = expand("/v2/<name>", &again).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidName);
    }

    #[test]
    fn values() {
        for value in [
            "a",
            "a/b",
            "sha256:ab",
            "v1.0",
            "a..b",
            ".a",
            "a@b&c=d+e",
            "é",
        ] {
            assert!(
                check_value(Kind::InvalidName, "name", value).is_ok(),
                "{value}"
            );
        }
        for (value, words) in [
            ("", "name is empty"),
            ("a b", "white space"),
            ("a\u{a0}b", "white space"),
            ("a\u{2028}b", "white space"),
            ("a\nb", "name \"a\\nb\" contains a control character"),
            ("a\0", "control"),
            ("\u{9b}", "control"),
            ("a?b", "contains ?"),
            ("a#b", "contains #"),
            ("a%2fb", "contains %"),
            ("<digest>", "contains <"),
            ("a>", "contains >"),
            ("a\\b", "contains \\"),
            ("a\"", "contains \""),
            (".", "dot segment"),
            ("a/../b", "dot segment"),
            ("a/.", "dot segment"),
            ("/a", "empty segment"),
            ("a/", "empty segment"),
            ("a//b", "empty segment"),
        ] {
            let error = check_value(Kind::InvalidName, "name", value).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidName);
            assert!(error.message().contains(words), "{value:?}: {error}");
        }
        let long = check_value(Kind::InvalidDigest, "digest", &"x ".repeat(5000)).unwrap_err();
        assert!(long.message().len() < 150, "{long}");
    }
}
