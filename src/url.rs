//! http and https URLs, kept byte for byte: the query of an upload's Location
//! is often a signature, so nothing in it is decoded, sorted or encoded anew.

use std::fmt;
use std::net::Ipv6Addr;

use crate::redact::shown;
use crate::{Error, Kind};

/// The longest URL that is sent, in bytes; the HTTP library stops at 65,534.
const MAX_LEN: usize = 65_000;

/// The longest host: a domain name has at most 253 characters and a last dot.
const MAX_HOST: usize = 254;

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

    fn from_name(name: &str) -> Option<Scheme> {
        [Scheme::Http, Scheme::Https]
            .into_iter()
            .find(|scheme| name.eq_ignore_ascii_case(scheme.as_str()))
    }
}

/// What credentials and connections are bound to: two URLs have the same
/// origin where their origins are equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    /// In lower case; an IPv6 address in its shortest form, in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port != self.scheme.default_port() {
            write!(f, ":{}", self.port)?;
        }
        Ok(())
    }
}

/// An absolute http or https URL without user information and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    scheme: Scheme,
    host: String,
    port: u16,
    /// Path and query; starts with a `/`.
    target: String,
    /// Where the `?` stands in it.
    query_at: Option<usize>,
}

impl Url {
    /// Reads an absolute URL. Bytes that a request line cannot carry are
    /// percent-encoded in path and query, but for control characters, which
    /// are refused; all others stay as they are.
    pub(crate) fn parse(text: &str) -> Result<Url, Error> {
        Url::read(text).map_err(invalid)
    }

    /// The problem, where there is one, is said in words that follow "url".
    fn read(text: &str) -> Result<Url, String> {
        check_text(text)?;
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        // What stands before an @ may be a password, wherever it was cut.
        let told = |value: &str| match text.contains('@') {
            true => String::new(),
            false => format!(" {}", shown(value)),
        };
        let Some((name, rest)) = split_scheme(text) else {
            return Err("has no http:// or https:// in front".to_owned());
        };
        let scheme = Scheme::from_name(name);
        let Some(rest) = rest.strip_prefix("//") else {
            return Err(match scheme {
                Some(_) => "has no host".to_owned(),
                None => "has no http:// or https:// in front".to_owned(),
            });
        };
        let Some(scheme) = scheme else {
            return Err(format!(
                "has the scheme{}, only http and https are spoken",
                told(name)
            ));
        };
        let rest = without_fragment(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err("has user information in it".to_owned());
        }
        let (host, port) = split_authority(scheme, authority).map_err(|problem| match problem {
            AuthorityProblem::NoHost => "has no host".to_owned(),
            AuthorityProblem::Host => format!("has an invalid host{}", told(authority)),
            AuthorityProblem::Port => "has a port that is not 1 to 65535".to_owned(),
        })?;
        Url::assemble(scheme, host.to_owned(), port, target)
    }

    fn assemble(scheme: Scheme, host: String, port: u16, target: &str) -> Result<Url, String> {
        let (path, query) = split_query(target);
        let mut target = String::with_capacity(target.len() + 1);
        if !path.starts_with('/') {
            target.push('/');
        }
        encode_into(&mut target, path, cannot_be_in_path);
        let query_at = query.map(|query| {
            let at = target.len();
            target.push('?');
            encode_into(&mut target, query, cannot_be_in_query);
            at
        });
        if "https://".len() + host.len() + ":65535".len() + target.len() > MAX_LEN {
            return Err("too long".to_owned());
        }
        Ok(Url {
            scheme,
            host,
            port,
            target,
            query_at,
        })
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host as it was given; an IPv6 address has its brackets.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin {
            scheme: self.scheme,
            host: canonical_host(&self.host),
            port: self.port,
        }
    }

    /// Host and port; a scheme's default port is left out.
    pub(crate) fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub(crate) fn path(&self) -> &str {
        match self.query_at {
            Some(at) => &self.target[..at],
            None => &self.target,
        }
    }

    /// What follows the `?`, which may be nothing.
    pub(crate) fn query(&self) -> Option<&str> {
        self.query_at.map(|at| &self.target[at + 1..])
    }

    pub(crate) fn path_and_query(&self) -> &str {
        &self.target
    }

    /// The URL that a reference means when this URL answered with it
    /// (RFC 3986, section 5.2.2). Some registries leave out the scheme:
    /// `host:port/path` is read so where host and port are those of this URL.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Url, Error> {
        self.read_reference(reference).map_err(invalid)
    }

    fn read_reference(&self, reference: &str) -> Result<Url, String> {
        check_text(reference)?;
        let reference = without_fragment(reference);
        if let Some(target) = self.without_own_authority(reference) {
            return self.with_target(target);
        }
        if let Some((name, rest)) = split_scheme(reference) {
            if Scheme::from_name(name).is_none() {
                return Err(format!(
                    "has the scheme {}, only http and https are spoken",
                    shown(name)
                ));
            }
            if !rest.starts_with("//") {
                return Err("has no host".to_owned());
            }
            let url = Url::read(reference)?;
            return url.with_target(&url.target);
        }
        if reference.starts_with("//") {
            let url = Url::read(&format!("{}:{reference}", self.scheme.as_str()))?;
            return url.with_target(&url.target);
        }
        let (path, query) = split_query(reference);
        if path.is_empty() {
            // The path stays as it is here, dot segments and all.
            let target = match query {
                Some(query) => format!("{}?{query}", self.path()),
                None => self.target.clone(),
            };
            return Url::assemble(self.scheme, self.host.clone(), self.port, &target);
        }
        if path.starts_with('/') {
            return self.with_target(reference);
        }
        let folder = self.path().rfind('/').map_or(0, |at| at + 1);
        self.with_target(&format!("{}{reference}", &self.path()[..folder]))
    }

    /// This origin's URL of a path and query, dot segments of the path removed.
    fn with_target(&self, target: &str) -> Result<Url, String> {
        let (path, query) = split_query(target);
        let mut target = remove_dot_segments(path);
        if let Some(query) = query {
            target.push('?');
            target.push_str(query);
        }
        Url::assemble(self.scheme, self.host.clone(), self.port, &target)
    }

    /// What follows this URL's own host and port at the start of a reference
    /// without a scheme.
    fn without_own_authority<'a>(&self, reference: &'a str) -> Option<&'a str> {
        let (authority, target) = reference.split_at(reference.find('/')?);
        let (host, port) = split_authority(self.scheme, authority).ok()?;
        if port != self.port || canonical_host(host) != canonical_host(&self.host) {
            return None;
        }
        // A single word can be the first segment of a relative path as well.
        let is_host = authority.contains(['.', ':'])
            || host.eq_ignore_ascii_case("localhost")
            || target.starts_with("/v2/");
        is_host.then_some(target)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.scheme.as_str();
        write!(f, "{scheme}://{}{}", self.authority(), self.target)
    }
}

/// A registry's address: an origin, and the path prefix under which the
/// registry's paths stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Its path is the prefix, or "/" where there is none.
    url: Url,
    prefix: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Address, Error> {
        let refuse =
            |problem: &str| Error::new(Kind::InvalidAddress, format!("registry address {problem}"));
        let url = Url::read(text).map_err(|problem| refuse(&problem))?;
        if url.query().is_some() {
            return Err(refuse("has a query"));
        }
        if text.contains('#') {
            return Err(refuse("has a fragment"));
        }
        // Dot segments would be removed from every Location that is resolved,
        // which then would not be under the prefix any more.
        let path = remove_dot_segments(url.path());
        let prefix = path.strip_suffix('/').unwrap_or(&path).to_owned();
        let url = url
            .with_target(&prefix)
            .map_err(|problem| refuse(&problem))?;
        Ok(Address { url, prefix })
    }

    /// "" or a path that starts with a `/` and does not end in one.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }

    /// The URL of a path, with or without a query, that starts with a `/`:
    /// the path is appended to the prefix as it is.
    pub(crate) fn url_for(&self, path: &str) -> Result<Url, Error> {
        if !path.starts_with('/') {
            let message = format!(
                "path {} does not start with a slash",
                shown(path_only(path))
            );
            return Err(Error::new(Kind::InvalidPath, message));
        }
        check_text(path).map_err(invalid)?;
        let target = format!("{}{}", self.prefix, without_fragment(path));
        Url::assemble(
            self.url.scheme,
            self.url.host.clone(),
            self.url.port,
            &target,
        )
        .map_err(invalid)
    }

    /// Path and query of a URL under this address, less the prefix: what
    /// [`Address::url_for`] makes that URL from, up to the spelling of the
    /// host. None at another origin or outside the prefix.
    pub(crate) fn relative(&self, url: &Url) -> Option<String> {
        if url.origin() != self.origin() {
            return None;
        }
        let rest = url.path_and_query().strip_prefix(&self.prefix)?;
        rest.starts_with('/').then(|| rest.to_owned())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.scheme.as_str();
        write!(f, "{scheme}://{}{}", self.url.authority(), self.prefix)
    }
}

/// Percent-encodes the name or the value of a query parameter. `:` and `/` are
/// legal there, and registries show digests and names with them.
pub(crate) fn encode_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text, |byte| {
        !byte.is_ascii_alphanumeric() && !b"-._~:/".contains(&byte)
    });
    out
}

fn invalid(problem: String) -> Error {
    Error::new(Kind::InvalidPath, format!("url {problem}"))
}

fn path_only(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn check_text(text: &str) -> Result<(), String> {
    if text.len() > MAX_LEN {
        return Err("too long".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("has a control character in it".to_owned());
    }
    Ok(())
}

fn without_fragment(text: &str) -> &str {
    text.split('#').next().unwrap_or_default()
}

fn split_query(target: &str) -> (&str, Option<&str>) {
    match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    }
}

/// The scheme of an absolute URL, and what follows its colon.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once(':')?;
    let valid = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    valid.then_some((name, rest))
}

enum AuthorityProblem {
    NoHost,
    Host,
    Port,
}

fn split_authority(scheme: Scheme, authority: &str) -> Result<(&str, u16), AuthorityProblem> {
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
    // "+443" is a number to the standard library.
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

fn canonical_host(host: &str) -> String {
    match in_brackets(host).and_then(|address| address.parse::<Ipv6Addr>().ok()) {
        Some(address) => format!("[{address}]"),
        None => host.to_ascii_lowercase(),
    }
}

/// RFC 3986, section 5.2.4, for a path that starts with a `/`.
fn remove_dot_segments(path: &str) -> String {
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

// The two tables are those of the HTTP library's request line.

fn cannot_be_in_path(byte: u8) -> bool {
    matches!(byte, b' ' | b'<' | b'>' | b'`')
}

fn cannot_be_in_query(byte: u8) -> bool {
    matches!(byte, b' ' | b'"' | b'<' | b'>')
}

fn encode_into(out: &mut String, text: &str, must: impl Fn(u8) -> bool) {
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
        // All bytes of a character above ASCII are treated alike.
        if !must(buffer[0]) {
            out.push(character);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_urls() {
        for (text, shown, host, port, path, query) in [
            ("https://r.io", "https://r.io/", "r.io", 443, "/", None),
            ("HTTPS://R.io:443/", "https://R.io/", "R.io", 443, "/", None),
            ("http://r.io:/a", "http://r.io/a", "r.io", 80, "/a", None),
            (
                "http://r_1.:5000?x",
                "http://r_1.:5000/?x",
                "r_1.",
                5000,
                "/",
                Some("x"),
            ),
            (
                "http://[::1]:80/v2/",
                "http://[::1]/v2/",
                "[::1]",
                80,
                "/v2/",
                None,
            ),
            (
                "http://1.2.3.4/a?",
                "http://1.2.3.4/a?",
                "1.2.3.4",
                80,
                "/a",
                Some(""),
            ),
            (
                "https://r/a//b/../%2e?_state=aA+/=%2B&x=?{}|\\^`é#frag",
                "https://r/a//b/../%2e?_state=aA+/=%2B&x=?{}|\\^`é",
                "r",
                443,
                "/a//b/../%2e",
                Some("_state=aA+/=%2B&x=?{}|\\^`é"),
            ),
            (
                "http://r/a b<c>`\"|?a b\"<>",
                "http://r/a%20b%3Cc%3E%60\"|?a%20b%22%3C%3E",
                "r",
                80,
                "/a%20b%3Cc%3E%60\"|",
                Some("a%20b%22%3C%3E"),
            ),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(
                (url.host(), url.port(), url.path(), url.query()),
                (host, port, path, query)
            );
            assert_eq!(Url::parse(shown).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn urls_that_cannot_be_sent() {
        for (text, words) in [
            ("", "empty"),
            ("/v2/", "has no http"),
            ("r.io/v2/", "has no http"),
            ("localhost:5000", "has no http"),
            ("ftp://r.io/", "scheme \"ftp\""),
            ("https:r.io", "has no host"),
            ("https:///v2/", "has no host"),
            ("https://:443/v2/", "has no host"),
            ("https://secret@r.io/", "user information"),
            ("https://u:secret@r.io/", "user information"),
            ("https://u:sec/secret@r.io/", "has a port"),
            ("https://sec ret/secret@r.io/", "invalid host"),
            ("https://r.io:0/", "port"),
            ("https://r.io:65536/", "port"),
            ("https://r.io:+443/", "port"),
            ("https://r.io:4a/", "port"),
            ("https://a:b:1/", "port"),
            ("https://a..b/", "invalid host"),
            ("https://./", "invalid host"),
            ("https://a b/", "invalid host \"a b\""),
            ("https://a%20b/", "invalid host"),
            ("https://r\\@evil/", "user information"),
            ("https://ré.io/", "invalid host"),
            ("https://[::1%25eth0]/", "invalid host"),
            ("https://[::1]x/", "invalid host"),
            ("https://[::1/", "invalid host"),
            ("https://::1]/", "invalid host"),
            ("https://r.io/a\r\nb", "control"),
            ("https://r.io/a?b\0", "control"),
            ("https://r.io/\u{85}", "control"),
        ] {
            let error = Url::parse(text).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidPath, "{text}");
            assert!(error.message().contains(words), "{text}: {error}");
            assert!(!error.message().contains("sec"), "{text}: {error}");
        }
        let long = format!("https://r.io/{}", "a".repeat(65_000));
        assert_eq!(Url::parse(&long).unwrap_err().message(), "url too long");
        let grows = format!("https://r.io/{}", " ".repeat(30_000));
        assert_eq!(Url::parse(&grows).unwrap_err().message(), "url too long");
    }

    #[test]
    fn origins() {
        let origin = |text| Url::parse(text).unwrap().origin();
        assert_eq!(origin("https://R.io/a"), origin("https://r.IO:443/b?c"));
        assert_eq!(origin("http://[0:0::1]/"), origin("http://[::1]:80/"));
        assert_ne!(origin("http://r.io:443/"), origin("https://r.io/"));
        assert_ne!(origin("https://r.io:444/"), origin("https://r.io/"));
        assert_ne!(origin("https://a.r.io/"), origin("https://r.io/"));
        assert_eq!(origin("https://R.io:443/").to_string(), "https://r.io");
        assert_eq!(
            origin("http://[::1]:5000/").to_string(),
            "http://[::1]:5000"
        );
    }

    #[test]
    fn references_of_rfc_3986() {
        let base = Url::parse("http://a/b/c/d;p?q").unwrap();
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            (";x", "http://a/b/c/;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("/a//../b", "http://a/a/b"),
            ("/..//x", "http://a//x"),
        ] {
            assert_eq!(
                base.resolve(reference).unwrap().to_string(),
                expected,
                "{reference}"
            );
        }
    }

    #[test]
    fn references_of_registries() {
        let base = Url::parse("https://R.io:5000/v2/x/blobs/uploads/").unwrap();
        for (reference, expected) in [
            ("https://cdn.io/./a/../b?s=/../", "https://cdn.io/b?s=/../"),
            ("HTTP://r.io:5000/x", "http://r.io:5000/x"),
            ("//cdn.io:1/b?c", "https://cdn.io:1/b?c"),
            (
                "r.io:5000/v2/u?_state=a%2F+",
                "https://R.io:5000/v2/u?_state=a%2F+",
            ),
            (
                "r.io/v2/u",
                "https://R.io:5000/v2/x/blobs/uploads/r.io/v2/u",
            ),
            (
                "id-1?_state=a:b/c==",
                "https://R.io:5000/v2/x/blobs/uploads/id-1?_state=a:b/c==",
            ),
        ] {
            assert_eq!(
                base.resolve(reference).unwrap().to_string(),
                expected,
                "{reference}"
            );
        }
        for (base, reference, expected) in [
            (
                "http://[::1]:5000/a",
                "[0::1]:5000/b",
                "http://[::1]:5000/b",
            ),
            ("https://r.io/a", "r.io:443/../b", "https://r.io/b"),
            ("https://r.io/a", "r.io/b", "https://r.io/b"),
            ("http://localhost/a", "localhost/b", "http://localhost/b"),
            (
                "http://blobs/v2/x/",
                "blobs/uploads/1",
                "http://blobs/v2/x/blobs/uploads/1",
            ),
            ("http://blobs/v2/x/", "blobs/v2/x", "http://blobs/v2/x"),
            ("http://r/a/../b?c", "?d", "http://r/a/../b?d"),
        ] {
            let base = Url::parse(base).unwrap();
            assert_eq!(
                base.resolve(reference).unwrap().to_string(),
                expected,
                "{reference}"
            );
        }
        for (reference, words) in [
            ("ftp://r.io/", "scheme \"ftp\""),
            ("file:///etc/passwd", "scheme \"file\""),
            ("other.io:5000/v2/", "scheme \"other.io\""),
            ("https:/v2/", "no host"),
            ("//u:p@r.io/", "user information"),
            ("///v2/", "no host"),
            ("/v2/\n", "control"),
        ] {
            let error = base.resolve(reference).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidPath);
            assert!(error.message().contains(words), "{reference}: {error}");
        }
    }

    #[test]
    fn addresses() {
        for (text, shown, prefix) in [
            ("https://r.io", "https://r.io", ""),
            ("https://r.io/", "https://r.io", ""),
            ("HTTP://R.io:80/a/b/", "http://R.io/a/b", "/a/b"),
            (
                "http://[::1]:5000/a/./c/../b",
                "http://[::1]:5000/a/b",
                "/a/b",
            ),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.prefix()),
                (shown, prefix)
            );
        }
        for (text, words) in [
            ("", "is empty"),
            ("r.io", "no http"),
            ("localhost:5000", "no http"),
            ("unix:///run/r.sock", "scheme \"unix\""),
            ("https://", "no host"),
            ("https://me:secret@r.io", "user information"),
            ("https://r.io?x=secret", "query"),
            ("https://r.io/#secret", "fragment"),
            ("https://r.io/a b\t", "control"),
        ] {
            let error = Address::parse(text).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidAddress);
            assert!(error.message().contains(words), "{text}: {error}");
            assert!(!error.message().contains("secret"));
        }
    }

    #[test]
    fn paths_under_an_address() {
        let address = Address::parse("https://r.io/pre/fix/").unwrap();
        for path in ["/v2/", "/v2/a?_state=%2B+/&x", "/", "//x/y", "/?q", "/a?"] {
            let url = address.url_for(path).unwrap();
            assert_eq!(url.path_and_query(), format!("/pre/fix{path}"));
            assert_eq!(address.relative(&url).as_deref(), Some(path));
        }
        for other in [
            "https://r.io/v2/",
            "https://r.io/pre/fixed/v2/",
            "https://r.io/pre/fix",
            "https://r.io/pre/fix?x",
            "http://r.io/pre/fix/v2/",
            "https://r.io:444/pre/fix/v2/",
            "https://r.io.evil/pre/fix/v2/",
        ] {
            assert_eq!(
                address.relative(&Url::parse(other).unwrap()),
                None,
                "{other}"
            );
        }
        let same = Url::parse("https://R.IO:443/pre/fix/v2/").unwrap();
        assert_eq!(address.relative(&same).as_deref(), Some("/v2/"));
        for path in ["", "v2/", "?x", "https://r.io/"] {
            assert_eq!(address.url_for(path).unwrap_err().kind(), Kind::InvalidPath);
        }
        let bare = Address::parse("https://r.io").unwrap();
        assert_eq!(
            bare.url_for("//evil.io/x").unwrap().to_string(),
            "https://r.io//evil.io/x"
        );
    }

    #[test]
    fn query_values_are_encoded() {
        for (text, expected) in [
            ("sha256:ab/c-d._~", "sha256:ab/c-d._~"),
            ("a b&c=d?e#f%g+é", "a%20b%26c%3Dd%3Fe%23f%25g%2B%C3%A9"),
            ("", ""),
        ] {
            assert_eq!(encode_query(text), expected);
        }
    }
}
