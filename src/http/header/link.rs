//! The `Link` header (RFC 8288): where the next page of a list is.

use super::quoted;
use crate::http::url::Url;
use crate::http::url::syntax::text_of_header;

/// The target of the first link with the relation `next`, resolved against the
/// URL of the response; `None` if it is at another origin, where the
/// credentials must not be sent.
pub(crate) fn next<'a>(values: impl IntoIterator<Item = &'a [u8]>, from: &Url) -> Option<Url> {
    let target = values
        .into_iter()
        .find_map(|value| next_target(&text_of_header(value)).map(str::to_owned))?;
    let url = from.resolve(&target).ok()?;
    (url.origin() == from.origin()).then_some(url)
}

/// The target of the first such link in a line. Stops at invalid syntax.
fn next_target(line: &str) -> Option<&str> {
    let mut rest = line;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let (target, params) = rest.strip_prefix('<')?.split_once('>')?;
        let (is_next, after) = read_params(params)?;
        if is_next {
            return Some(target.trim());
        }
        rest = after;
    }
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

    fn case(lines: &[&str]) -> Option<String> {
        let from = Url::parse("https://registry.example/v2/a/tags/list?n=2").expect("a url");
        let lines = lines.iter().map(|line| line.as_bytes());
        next(lines, &from).map(|url| url.to_string())
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
            (&["</n> rel=next"], None),
            (&["</n>; rel=\"next"], None),
            (&["</n>; rel=nextpage"], None),
            (&["</n; rel=next"], None),
            (&["/n; rel=next"], None),
            (&[""], None),
            (&[], None),
        ] {
            let expected = target.map(|target| format!("https://registry.example{target}"));
            assert_eq!(case(lines), expected, "{lines:?}");
        }
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
            assert_eq!(case(&[&format!("<{target}>; rel=next")]), None, "{target}");
        }
    }
}
