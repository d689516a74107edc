//! The `Link` header (RFC 8288): where the next page of a list is.

use super::quoted;
use crate::http::url::Url;
use crate::http::url::syntax::text_of_header;

/// The link to the next page in the response of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextPage {
    /// There is none.
    None,
    /// At the same origin.
    At(Url),
    /// At another origin, where the credentials must not be sent; as it was
    /// sent.
    Elsewhere(String),
    /// The header is invalid, and may have a link to the next page.
    Invalid,
}

/// The first link with the relation `next` that is at the origin of the response,
/// resolved against its URL.
pub(crate) fn next<'a>(values: impl IntoIterator<Item = &'a [u8]>, from: &Url) -> NextPage {
    let mut found = NextPage::None;
    for value in values {
        let line = text_of_header(value);
        let mut rest: &str = &line;
        while !rest.is_empty() {
            let Some((target, after)) = first_link(rest) else {
                if found == NextPage::None && rest.to_ascii_lowercase().contains("next") {
                    found = NextPage::Invalid;
                }
                break;
            };
            rest = after.trim_start_matches([' ', '\t', ',']);
            let Some(target) = target else {
                continue;
            };
            match from.resolve(target) {
                Ok(url) if url.origin() == from.origin() => return NextPage::At(url),
                _ if matches!(found, NextPage::Elsewhere(_)) => {}
                _ => found = NextPage::Elsewhere(target.to_owned()),
            }
        }
    }
    found
}

/// The first link of a line, if its relation is `next`, and what follows it;
/// `None` at invalid syntax.
fn first_link(line: &str) -> Option<(Option<&str>, &str)> {
    let line = line.trim_start_matches([' ', '\t', ',']);
    let (target, params) = line.strip_prefix('<')?.split_once('>')?;
    let (is_next, after) = read_params(params)?;
    Some((is_next.then_some(target.trim()), after))
}

/// Whether the parameters of a link contain the relation `next`, and the rest
/// of the line.
fn read_params(params: &str) -> Option<(bool, &str)> {
    let mut rest = params;
    let mut relation = None;
    let mut is_of_another = false;
    loop {
        rest = skip_blanks(rest);
        if rest.is_empty() || rest.starts_with(',') {
            let is_next = relation.unwrap_or(false) && !is_of_another;
            return Some((is_next, rest));
        }
        rest = skip_blanks(rest.strip_prefix(';')?);
        let (name, after) = split_at_any(rest, &[' ', '\t', '=', ';', ',']);
        let (value, after) = match skip_blanks(after).strip_prefix('=') {
            Some(after) => read_value(skip_blanks(after))?,
            None => (String::new(), after),
        };
        rest = after;
        if name.eq_ignore_ascii_case("rel") {
            // Only the first counts (RFC 8288, section 3.3).
            relation.get_or_insert_with(|| has_next(&value));
        }
        // The link is about another resource.
        is_of_another |= name.eq_ignore_ascii_case("anchor");
    }
}

fn read_value(text: &str) -> Option<(String, &str)> {
    if text.starts_with('"') {
        return quoted(text);
    }
    let (value, rest) = split_at_any(text, &[' ', '\t', ';', ',']);
    Some((value.to_owned(), rest))
}

fn has_next(relations: &str) -> bool {
    relations
        .split_ascii_whitespace()
        .any(|relation| relation.eq_ignore_ascii_case("next"))
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

fn split_at_any<'a>(text: &'a str, ends: &[char]) -> (&'a str, &'a str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(lines: &[&str]) -> String {
        let from = Url::parse("https://registry.example/v2/a/tags/list?n=2").expect("a url");
        let lines = lines.iter().map(|line| line.as_bytes());
        match next(lines, &from) {
            NextPage::None => "none".to_owned(),
            NextPage::At(url) => url.to_string(),
            NextPage::Elsewhere(target) => format!("elsewhere: {target}"),
            NextPage::Invalid => "invalid".to_owned(),
        }
    }

    #[test]
    fn next_pages() {
        for (lines, target) in [
            (
                &[r#"</v2/a/tags/list?last=b&n=2>; rel="next""#][..],
                Some("/v2/a/tags/list?last=b&n=2"),
            ),
            (&["<list?last=b>;rel=next"], Some("/v2/a/tags/list?last=b")),
            (&["<?last=b>; rel=NEXT"], Some("/v2/a/tags/list?last=b")),
            (
                &["< ?last=b > ; Rel = \"next\""],
                Some("/v2/a/tags/list?last=b"),
            ),
            (
                &["<https://registry.example:443/x?a=%2F+>; rel=next"],
                Some("/x?a=%2F+"),
            ),
            (
                &["</x>; title=\"a; rel=prev, \\\"<b>\"; rel=\"last next\""],
                Some("/x"),
            ),
            (
                &["</p>; rel=prev, </n,>; rel=next, </m>; rel=next"],
                Some("/n,"),
            ),
            (&["</p>; rel=prev", "</n>; rel=next"], Some("/n")),
            (&["</p>; rel=prev; rel=next, </n>; rel=next"], Some("/n")),
            (
                &["</p>; rel=next; anchor=\"/other\", </n>; rel=next"],
                Some("/n"),
            ),
            (&["</p>, </q>;, </n>; rel=next;"], Some("/n")),
            (&["</p>, </q>; crossorigin, </n>; rel=next"], Some("/n")),
            (&["junk", "</n>; rel=next"], Some("/n")),
            // The first that can be followed.
            (&["<//inner/n>; rel=next, </n>; rel=next"], Some("/n")),
            (&["<//inner/n>; rel=next", "</n>; rel=next"], Some("/n")),
            (&["</n>; rel=nextpage"], None),
            (&["</p>; rel=prev", "junk"], None),
            (&["", " , "], None),
            (&[], None),
        ] {
            let expected = match target {
                Some(target) => format!("https://registry.example{target}"),
                None => "none".to_owned(),
            };
            assert_eq!(case(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_invalid_header_may_have_a_next_page() {
        for lines in [
            &["</n> rel=next"][..],
            &["</n>; rel=\"next"],
            &["</n; rel=next"],
            &["/n; rel=next"],
            &["</p>; rel=prev, /n; rel=Next"],
            &["</p>; rel=prev", "/n; rel=next"],
        ] {
            assert_eq!(case(lines), "invalid", "{lines:?}");
        }
        assert_eq!(
            case(&["junk", "</n>; rel=next"]),
            "https://registry.example/n"
        );
    }

    #[test]
    fn other_origins_are_not_followed() {
        for target in [
            "https://evil.example/v2/",
            "//evil.example/v2/",
            "http://registry.example/v2/",
            "https://registry.example:444/v2/",
            "https://u:p@registry.example/v2/",
            "ftp://registry.example/",
            "/a\tb",
        ] {
            let found = case(&[&format!("<{target}>; rel=next")]);
            assert_eq!(found, format!("elsewhere: {target}"));
        }
    }
}
