//! The `WWW-Authenticate` header (RFC 9110, section 11.6.1), including common
//! deviations by registries whose meaning is clear.

use std::borrow::Cow;

/// Maximum number of challenges, and of parameters per challenge.
const MAX_CHALLENGES: usize = 32;
const MAX_PARAMS: usize = 64;

/// Maximum number of bytes of all header lines together that are parsed.
const MAX_INPUT: usize = 64 * 1024;

/// A challenge: one way to authenticate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// In lower case.
    pub(crate) scheme: String,
    /// Replaces the parameters, as in `Negotiate abc==`.
    pub(crate) token68: Option<String>,
    /// Names in lower case, without duplicates.
    pub(crate) params: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter; `name` must be in lower case.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        let mut params = self.params.iter();
        params
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    fn add(&mut self, name: &str, value: String) {
        let name = name.to_ascii_lowercase();
        if self.params.len() < MAX_PARAMS && self.param(&name).is_none() {
            self.params.push((name, value));
        }
    }
}

/// Parses all lines of the header. They form one list, so a challenge may
/// continue in the next line. Invalid syntax is skipped.
pub(crate) fn parse<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Vec<Challenge> {
    let mut found = Found::default();
    let mut left = MAX_INPUT;
    for value in values {
        let read = &value[..value.len().min(left)];
        left -= read.len();
        let mut text = &*decode(read);
        if read.len() < value.len() {
            // Drop the element that was cut at the limit.
            text = text.rfind([',', ' ']).map_or("", |end| &text[..end]);
        }
        parse_line(text, &mut found);
        if left == 0 {
            break;
        }
    }
    found.challenges
}

#[derive(Default)]
struct Found {
    challenges: Vec<Challenge>,
    /// The limit is reached: following parameters belong to a challenge that is
    /// not kept.
    is_full: bool,
}

impl Found {
    fn begin(&mut self, scheme: &str) {
        if self.challenges.len() == MAX_CHALLENGES {
            self.is_full = true;
            return;
        }
        self.challenges.push(Challenge {
            scheme: scheme.to_ascii_lowercase(),
            ..Challenge::default()
        });
    }

    fn current(&mut self) -> Option<&mut Challenge> {
        match self.is_full {
            true => None,
            false => self.challenges.last_mut(),
        }
    }
}

fn parse_line(text: &str, found: &mut Found) {
    let mut cursor = Cursor { rest: text };
    // Whether a comma precedes the next element. Some servers leave it out.
    let mut is_separated = true;
    loop {
        is_separated |= cursor.skip_separators();
        if cursor.rest.is_empty() {
            return;
        }
        match cursor.param() {
            Param::Read(name, value) => {
                if let Some(challenge) = found.current() {
                    challenge.add(name, value);
                }
                is_separated = false;
            }
            Param::Unterminated => return,
            Param::None => match cursor.scheme(is_separated) {
                Some(scheme) => {
                    found.begin(scheme);
                    let token68 = cursor.token68();
                    if let (Some(challenge), Some(token68)) = (found.current(), token68) {
                        challenge.token68 = Some(token68.to_owned());
                    }
                    // Its first parameter follows without a comma.
                    is_separated = false;
                }
                None => cursor.skip_word(),
            },
        }
    }
}

enum Param<'a> {
    Read(&'a str, String),
    /// An unterminated quoted string: nothing after it is reliable.
    Unterminated,
    None,
}

#[derive(Clone, Copy)]
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// Skips white space and commas; returns whether there was a comma.
    fn skip_separators(&mut self) -> bool {
        let after = self.rest.trim_start_matches([' ', '\t', ',']);
        let skipped = &self.rest[..self.rest.len() - after.len()];
        self.rest = after;
        skipped.contains(',')
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !accepts(character));
        let (taken, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        taken
    }

    /// Reads `name = value`; consumes nothing if that does not follow.
    fn param(&mut self) -> Param<'a> {
        let mut ahead = *self;
        let name = ahead.take_while(is_token);
        ahead.skip_space();
        let Some(rest) = ahead.rest.strip_prefix('=') else {
            return Param::None;
        };
        if name.is_empty() {
            return Param::None;
        }
        ahead.rest = rest;
        ahead.skip_space();
        let value = if ahead.rest.starts_with('"') {
            match ahead.quoted() {
                Some(value) => value,
                None => return Param::Unterminated,
            }
        } else {
            // Accept more than a token, since some servers send unquoted URLs.
            // A "=" here is token68 padding.
            match ahead.take_while(|character| !matches!(character, ' ' | '\t' | ',' | '"')) {
                value if value.is_empty() || value.starts_with('=') => return Param::None,
                value => value.to_owned(),
            }
        };
        *self = ahead;
        Param::Read(name, value)
    }

    /// Reads a quoted string. If it is unterminated, consumes everything and
    /// returns `None`.
    fn quoted(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(value);
                }
                '\\' => value.extend(characters.next().map(|(_, escaped)| escaped)),
                _ => value.push(character),
            }
        }
        self.rest = "";
        None
    }

    /// Reads the name of a scheme; consumes nothing if there is none. Without a
    /// preceding comma, it must be followed by a parameter, since it could be
    /// part of an unquoted value.
    fn scheme(&mut self, is_separated: bool) -> Option<&'a str> {
        let mut ahead = *self;
        let scheme = ahead.take_while(is_token);
        if scheme.is_empty() || !(ahead.rest.is_empty() || ahead.rest.starts_with([' ', '\t', ',']))
        {
            return None;
        }
        let mut after = ahead;
        after.skip_space();
        if !is_separated && !matches!(after.param(), Param::Read(..)) {
            return None;
        }
        *self = ahead;
        Some(scheme)
    }

    /// Reads a token68 after a scheme.
    fn token68(&mut self) -> Option<&'a str> {
        let mut ahead = *self;
        ahead.skip_space();
        if !matches!(ahead.param(), Param::None) {
            return None;
        }
        let start = ahead.rest;
        let body = ahead.take_while(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        ahead.take_while(|character| character == '=');
        let token68 = &start[..start.len() - ahead.rest.len()];
        ahead.skip_space();
        if body.is_empty() || !(ahead.rest.is_empty() || ahead.rest.starts_with(',')) {
            return None;
        }
        *self = ahead;
        Some(token68)
    }

    /// Skips invalid syntax up to white space or a comma. Skips complete
    /// quoted strings, so that nothing is found inside of one.
    fn skip_word(&mut self) {
        loop {
            self.take_while(|character| !matches!(character, ' ' | '\t' | ',' | '"'));
            if !self.rest.starts_with('"') {
                return;
            }
            self.quoted();
        }
    }
}

fn is_token(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
}

/// Decodes UTF-8, or else Latin-1.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Challenges as `scheme[token68]{name=value|...}`.
    fn show(lines: &[&[u8]]) -> String {
        let mut shown = Vec::new();
        for challenge in parse(lines.iter().copied()) {
            let token68 = challenge
                .token68
                .map_or(String::new(), |t| format!("[{t}]"));
            let params: Vec<_> = challenge
                .params
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            shown.push(format!(
                "{}{token68}{{{}}}",
                challenge.scheme,
                params.join("|")
            ));
        }
        shown.join(" ")
    }

    #[test]
    fn one_line() {
        for (line, expected) in [
            (
                r#"Bearer realm="https://a.io/token",service="r.io",scope="repository:a/b:pull,push""#,
                "bearer{realm=https://a.io/token|service=r.io|scope=repository:a/b:pull,push}",
            ),
            ("Basic realm=x", "basic{realm=x}"),
            ("BASIC", "basic{}"),
            ("", ""),
            (" , ,\t,", ""),
            (
                ",, Basic ,, realm=x ,, charset=\"UTF-8\",",
                "basic{realm=x|charset=UTF-8}",
            ),
            (
                "Bearer REALM = \"x\" ,Service\t=\ty",
                "bearer{realm=x|service=y}",
            ),
            ("Negotiate abc==", "negotiate[abc==]{}"),
            ("Negotiate abc=", "negotiate[abc=]{}"),
            (
                "Negotiate a+/b-._~ , Basic realm=x",
                "negotiate[a+/b-._~]{} basic{realm=x}",
            ),
            (
                "Negotiate, NTLM, Basic realm=\"x\"",
                "negotiate{} ntlm{} basic{realm=x}",
            ),
            (
                r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#,
                "newauth{realm=apps|type=1|title=Login to \"apps\"} basic{realm=simple}",
            ),
            (
                r#"Bearer realm="https://basic.example/?a=Bearer x, Basic realm=y""#,
                "bearer{realm=https://basic.example/?a=Bearer x, Basic realm=y}",
            ),
            (r#"Bearer realm="a",realm="b""#, "bearer{realm=a}"),
            (r#"Bearer realm="\\\a\"""#, "bearer{realm=\\a\"}"),
            (r#"Bearer realm="""#, "bearer{realm=}"),
            (
                "Bearer realm=https://a.io/t?x=y,service=z",
                "bearer{realm=https://a.io/t?x=y|service=z}",
            ),
            // Without commas.
            (
                r#"Bearer realm="a" service="b""#,
                "bearer{realm=a|service=b}",
            ),
            (
                r#"Bearer realm="a" Basic realm="b""#,
                "bearer{realm=a} basic{realm=b}",
            ),
            (
                "Bearer error=you: please login, realm=\"x\"",
                "bearer{error=you:|realm=x}",
            ),
            // Invalid syntax.
            ("=, \"Basic realm=x\" , Basic realm=y", "basic{realm=y}"),
            ("realm=x, Basic realm=y", "basic{realm=y}"),
            ("Bearer @@@ realm=x", "bearer{realm=x}"),
            (r#"Bearer a="b"c"Basic d=e", f=g"#, "bearer{a=b|f=g}"),
            (
                r#"Basic realm=x, Bearer realm="https://a.io, Basic y=z"#,
                "basic{realm=x} bearer{}",
            ),
            (r#"Bearer realm="x\"#, "bearer{}"),
            ("é Basic realm=é", "basic{realm=é}"),
        ] {
            assert_eq!(show(&[line.as_bytes()]), expected, "{line}");
        }
    }

    #[test]
    fn several_lines() {
        let lines: [&[u8]; 3] = [b"Bearer realm=\"x\"", b"service=y", b"Basic realm=\"z\""];
        assert_eq!(show(&lines), "bearer{realm=x|service=y} basic{realm=z}");
        let lines: [&[u8]; 2] = [b"Bearer realm=\"x", b"Basic realm=\"z\""];
        assert_eq!(show(&lines), "bearer{} basic{realm=z}");
    }

    #[test]
    fn bytes_that_are_not_utf_8() {
        assert_eq!(
            show(&[b"Basic realm=\"caf\xe9 \x80\""]),
            "basic{realm=café \u{80}}"
        );
        assert_eq!(show(&[b"\xff\xfe, Basic realm=\"x\""]), "basic{realm=x}");
    }

    #[test]
    fn limits() {
        let many = "A b=c, ".repeat(33) + "d=e";
        let challenges = parse([many.as_bytes()]);
        assert_eq!(challenges.len(), MAX_CHALLENGES);
        assert!(
            challenges
                .iter()
                .all(|challenge| challenge.param("d").is_none())
        );

        let params: String = (0..100).map(|n| format!("p{n}=v,")).collect();
        let challenges = parse([format!("A {params}").as_bytes()]);
        assert_eq!(challenges[0].params.len(), MAX_PARAMS);

        let start = format!(
            "Basic realm=x, Bearer realm=\"y\", a={}",
            "b".repeat(MAX_INPUT)
        );
        let lines = [start.as_bytes(), b"Late realm=z"];
        assert_eq!(show(&lines), "basic{realm=x} bearer{realm=y}");
        let quoted = format!("Basic realm=x, Bearer realm=\"{}\"", "b,".repeat(MAX_INPUT));
        assert_eq!(show(&[quoted.as_bytes()]), "basic{realm=x} bearer{}");
    }
}
