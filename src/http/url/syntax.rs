//! The syntax of URLs: validation, splitting, comparison and encoding.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use crate::error::position::first_char;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    pub(crate) fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https]
            .into_iter()
            .find(|scheme| name.eq_ignore_ascii_case(scheme.as_str()))
    }
}

/// Maximum length of a URL, in bytes; the HTTP library stops at 65,534.
pub(crate) const MAX_LEN: usize = 65_000;

/// Maximum length of a host: a domain name has at most 253 characters and a
/// trailing dot.
const MAX_HOST: usize = 254;

pub(crate) fn check_text(text: &str) -> Result<(), String> {
    if text.len() > MAX_LEN {
        return Err("too long".to_owned());
    }
    if has_control(text) {
        let wrong = first_char(text, char::is_control).unwrap_or_default();
        return Err(format!("contains a control character, {wrong}"));
    }
    Ok(())
}

/// Whether the string contains a C0 or C1 control character.
fn has_control(text: &str) -> bool {
    match text.is_ascii() {
        // Without early exit, this processes many bytes at once.
        true => text
            .bytes()
            .fold(false, |found, byte| found | byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    }
}

pub(crate) fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

pub(crate) fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// The scheme of an absolute URL, and what follows the colon.
pub(crate) fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(':')?;
    let valid = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    valid.then_some((name, rest))
}

pub(crate) enum AuthorityProblem {
    NoHost,
    Host,
    Port,
}

pub(crate) fn split_authority(
    scheme: Scheme,
    authority: &str,
) -> Result<(&str, u16), AuthorityProblem> {
    let (host, port) = match authority.rfind(']').map(|at| at + 1) {
        Some(end) => match &authority[end..] {
            "" => (authority, ""),
            rest => match rest.strip_prefix(':') {
                Some(port) => (&authority[..end], port),
                None => return Err(AuthorityProblem::Host),
            },
        },
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    if host.is_empty() {
        return Err(AuthorityProblem::NoHost);
    }
    if !is_host(host) {
        return Err(AuthorityProblem::Host);
    }
    if port.is_empty() {
        return Ok((host, scheme.default_port()));
    }
    // The standard library parses "+443" as a number.
    if !port.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(AuthorityProblem::Port);
    }
    match port.parse() {
        Ok(0) | Err(_) => Err(AuthorityProblem::Port),
        Ok(port) => Ok((host, port)),
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = in_brackets(host) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    host.len() <= MAX_HOST
        && name
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(in_label))
}

fn in_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

pub(crate) fn canonical_host(host: &str) -> String {
    match in_brackets(host).and_then(|address| address.parse::<Ipv6Addr>().ok()) {
        Some(address) => format!("[{address}]"),
        // The path of a Unix domain socket.
        None if host.starts_with('%') => host.to_owned(),
        None => host.to_ascii_lowercase(),
    }
}

/// RFC 3986, section 5.2.4, for a path that starts with `/`.
pub(crate) fn remove_dot_segments(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_dots = segment == "." || segment == "..";
        if segment == ".." {
            kept.pop();
        }
        if !is_dots {
            kept.push(segment);
        } else if segments.peek().is_none() {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

// Both tables match the request line of the HTTP library, which also accepts
// bytes outside ASCII; servers need not (RFC 3986, section 2).

pub(crate) fn cannot_be_in_path(byte: u8) -> bool {
    matches!(byte, b' ' | b'<' | b'>' | b'`' | 0x80..)
}

pub(crate) fn cannot_be_in_query(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'<' | b'>' | 0x80..)
}

/// The text of a URL in a header, in any encoding: bytes outside ASCII are
/// percent-encoded. In a host, they stay invalid.
pub(crate) fn text_of_header(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes)
        && text.is_ascii()
    {
        return Cow::Borrowed(text);
    }
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        match byte {
            0x80.. => text.push_str(&format!("%{byte:02X}")),
            _ => text.push(char::from(byte)),
        }
    }
    Cow::Owned(text)
}

pub(crate) fn encode_into(out: &mut String, text: &str, must: impl Fn(u8) -> bool) {
    if !text.bytes().any(&must) {
        out.push_str(text);
        return;
    }
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut buffer = [0; 4];
    for character in text.chars() {
        for &byte in character.encode_utf8(&mut buffer).as_bytes() {
            if !must(byte) {
                continue;
            }
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
        // All bytes of a non-ASCII character are treated alike.
        if !must(buffer[0]) {
            out.push(character);
        }
    }
}
