//! http and https URLs, kept byte for byte: the query of an upload's Location
//! is often signed, so nothing in it is decoded, sorted or re-encoded.

pub(crate) mod socket;
pub(crate) mod syntax;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use self::syntax::Scheme;
use self::syntax::{
    AuthorityProblem, MAX_LEN, cannot_be_in_path, cannot_be_in_query, canonical_host, check_text,
    encode_into, remove_dot_segments, split_authority, split_query, split_scheme, without_fragment,
};
use crate::error::{Error, Kind};
use crate::log::redact::shown;

/// The error for a URL without a scheme.
pub(crate) const NO_SCHEME: &str = "does not start with http:// or https://";

/// Scheme, host and port: the scope of credentials and connections.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    /// In lower case; an IPv6 address in its shortest form, in brackets; for a
    /// Unix domain socket its path, percent-encoded.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// Whether this is a Unix domain socket.
    pub(crate) fn is_socket(&self) -> bool {
        socket::is_socket(&self.host)
    }

    /// The path of the Unix domain socket, if it is one.
    pub(crate) fn socket_path(&self) -> Option<PathBuf> {
        socket::path(&self.host)
    }

    /// Host and port; a scheme's default port is left out.
    pub(crate) fn authority(&self) -> String {
        authority(self.scheme, &self.host, self.port)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_socket() {
            return f.write_str(&socket::show_address(&self.host));
        }
        write!(f, "{}://{}", self.scheme.as_str(), self.authority())
    }
}

/// An absolute http or https URL without user information and fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// The complete URL, since it is used more often than its parts. The host
    /// is spelled as given.
    text: String,
    /// Offset of the path, which starts with `/`.
    path_at: usize,
    /// Offset of the `?`.
    query_at: Option<usize>,
    origin: Arc<Origin>,
}

impl Url {
    /// Parses an absolute URL. Bytes that a request line cannot carry are
    /// percent-encoded in path and query; control characters are rejected.
    pub(crate) fn parse(text: &str) -> Result<Url, Error> {
        Url::read(text).map_err(invalid)
    }

    /// Like [`Url::parse`], for URLs from the caller, which may also name a
    /// Unix domain socket.
    pub(crate) fn parse_own(text: &str) -> Result<Url, Error> {
        match socket::split_url(text) {
            None => Url::parse(text),
            Some(split) => split
                .and_then(|(host, target)| {
                    check_text(target)?;
                    Url::of_socket(host, without_fragment(target))
                })
                .map_err(invalid),
        }
    }

    /// The root URL of the socket that `unix:///path` names; `None` for other
    /// schemes.
    pub(crate) fn read_socket(text: &str) -> Option<Result<Url, String>> {
        let host = socket::host_of_address(text)?;
        Some(host.and_then(|host| Url::of_socket(host, "/")))
    }

    fn of_socket(host: String, target: &str) -> Result<Url, String> {
        Url::assemble(Scheme::Http, host, Scheme::Http.default_port(), target)
    }

    /// The error is a predicate that follows "url".
    pub(crate) fn read(text: &str) -> Result<Url, String> {
        check_text(text)?;
        if text.is_empty() {
            return Err("is empty".to_owned());
        }
        // What precedes an @ may be a password, even in a part of the URL.
        let quoted = |value: &str| match text.contains('@') {
            true => String::new(),
            false => format!(" {}", shown(value)),
        };
        let Some((name, rest)) = split_scheme(text) else {
            return Err(NO_SCHEME.to_owned());
        };
        let scheme = Scheme::from_name(name);
        let Some(rest) = rest.strip_prefix("//") else {
            return Err(match scheme {
                Some(_) => "has no host".to_owned(),
                None => NO_SCHEME.to_owned(),
            });
        };
        let Some(scheme) = scheme else {
            return Err(format!(
                "has the scheme {}, only http and https are supported",
                shown(name)
            ));
        };
        let rest = without_fragment(rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        if authority.contains('@') {
            return Err("contains user information".to_owned());
        }
        let (host, port) = split_authority(scheme, authority).map_err(|problem| match problem {
            AuthorityProblem::NoHost => "has no host".to_owned(),
            AuthorityProblem::Host => format!("has an invalid host{}", quoted(authority)),
            AuthorityProblem::Port => "has a port that is not 1 to 65535".to_owned(),
        })?;
        Url::assemble(scheme, host.to_owned(), port, target)
    }

    fn assemble(scheme: Scheme, host: String, port: u16, target: &str) -> Result<Url, String> {
        let front = match socket::is_socket(&host) {
            true => socket::show_url(&host, ""),
            false => format!("{}://{}", scheme.as_str(), authority(scheme, &host, port)),
        };
        let host = canonical_host(&host);
        Url::at(Arc::new(Origin { scheme, host, port }), &front, target)
    }

    /// Builds the URL of a target at an origin; `front` is the spelling of what
    /// precedes the path.
    fn at(origin: Arc<Origin>, front: &str, target: &str) -> Result<Url, String> {
        let (path, query) = split_query(target);
        let mut text = String::with_capacity(front.len() + target.len() + 1);
        text.push_str(front);
        if !path.starts_with('/') {
            text.push('/');
        }
        encode_into(&mut text, path, cannot_be_in_path);
        let query_at = query.map(|query| {
            let at = text.len();
            text.push('?');
            encode_into(&mut text, query, cannot_be_in_query);
            at
        });
        if text.len() > MAX_LEN {
            return Err("too long".to_owned());
        }
        Ok(Url {
            text,
            path_at: front.len(),
            query_at,
            origin,
        })
    }

    pub(crate) fn scheme(&self) -> Scheme {
        self.origin.scheme
    }

    /// Whether the server is reached through a Unix domain socket.
    pub(crate) fn is_socket(&self) -> bool {
        self.origin.is_socket()
    }

    /// The value of the Host field; a server behind a Unix domain socket is
    /// localhost.
    pub(crate) fn host_field(&self) -> &str {
        match self.is_socket() {
            true => "localhost",
            false => &self.text[self.scheme().as_str().len() + "://".len()..self.path_at],
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::clone(&self.origin)
    }

    /// Whether the URL has this origin.
    pub(crate) fn is_at(&self, origin: &Origin) -> bool {
        *self.origin == *origin
    }

    /// The shared origin.
    pub(crate) fn origin_ref(&self) -> &Arc<Origin> {
        &self.origin
    }

    /// Host and port; a scheme's default port is left out. For a socket, its
    /// path.
    pub(crate) fn authority(&self) -> String {
        match self.is_socket() {
            true => self.origin.authority(),
            false => self.host_field().to_owned(),
        }
    }

    pub(crate) fn path(&self) -> &str {
        &self.text[self.path_at..self.query_at.unwrap_or(self.text.len())]
    }

    /// What follows the `?`; it may be empty.
    pub(crate) fn query(&self) -> Option<&str> {
        self.query_at.map(|at| &self.text[at + 1..])
    }

    pub(crate) fn path_and_query(&self) -> &str {
        &self.text[self.path_at..]
    }

    /// Resolves a reference that this URL returned (RFC 3986, section 5.2.2).
    /// Some registries leave out the scheme: `host:port/path` is accepted if
    /// host and port are those of this URL.
    pub(crate) fn resolve(&self, reference: &str) -> Result<Url, Error> {
        self.read_reference(reference).map_err(invalid)
    }

    fn read_reference(&self, reference: &str) -> Result<Url, String> {
        check_text(reference)?;
        let reference = without_fragment(reference);
        if let Some(target) = self.without_own_authority(reference) {
            return self.with_clean_target(target);
        }
        if let Some((name, rest)) = split_scheme(reference) {
            if Scheme::from_name(name).is_none() {
                return Err(format!(
                    "has the scheme {}, only http and https are supported",
                    shown(name)
                ));
            }
            if !rest.starts_with("//") {
                return Err("has no host".to_owned());
            }
            return self.clean_or_own(&Url::read(reference)?);
        }
        if reference.starts_with("//") {
            let url = Url::read(&format!("{}:{reference}", self.scheme().as_str()))?;
            return self.clean_or_own(&url);
        }
        let (path, query) = split_query(reference);
        if path.is_empty() {
            // Keep the path unchanged, including dot segments.
            let target = match query {
                Some(query) => format!("{}?{query}", self.path()),
                None => self.path_and_query().to_owned(),
            };
            return self.with_target(&target);
        }
        if path.starts_with('/') {
            return self.with_clean_target(reference);
        }
        let folder = self.path().rfind('/').map_or(0, |at| at + 1);
        self.with_clean_target(&format!("{}{reference}", &self.path()[..folder]))
    }

    /// An absolute reference, with dot segments removed. A server behind a Unix
    /// domain socket names itself by its Host header.
    fn clean_or_own(&self, url: &Url) -> Result<Url, String> {
        let (own, other) = (&self.origin, &url.origin);
        let is_own = self.is_socket()
            && other.scheme == own.scheme
            && other.port == own.port
            && other.host == "localhost";
        match is_own {
            true => self.with_clean_target(url.path_and_query()),
            false => url.with_clean_target(url.path_and_query()),
        }
    }

    /// A URL of this origin with the given path and query, unchanged.
    pub(crate) fn with_target(&self, target: &str) -> Result<Url, String> {
        Url::at(Arc::clone(&self.origin), &self.text[..self.path_at], target)
    }

    /// A URL of this origin with the given path and query, dot segments
    /// removed.
    pub(crate) fn with_clean_target(&self, target: &str) -> Result<Url, String> {
        let (path, query) = split_query(target);
        let mut target = remove_dot_segments(path);
        if let Some(query) = query {
            target.push('?');
            target.push_str(query);
        }
        self.with_target(&target)
    }

    /// What follows this URL's own host and port at the start of a reference
    /// without a scheme.
    fn without_own_authority<'a>(&self, reference: &'a str) -> Option<&'a str> {
        let (authority, target) = reference.split_at(reference.find('/')?);
        let (host, port) = split_authority(self.scheme(), authority).ok()?;
        if port != self.origin.port || canonical_host(host) != self.origin.host {
            return None;
        }
        // A single word could also be the first segment of a relative path.
        let is_host = authority.contains(['.', ':'])
            || host.eq_ignore_ascii_case("localhost")
            || target.starts_with("/v2/");
        is_host.then_some(target)
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Percent-encodes the name or value of a query parameter. Keeps `:` and `/`,
/// which are legal and occur in digests and names.
pub(crate) fn encode_query(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    encode_into(&mut out, text, |byte| {
        !byte.is_ascii_alphanumeric() && !b"-._~:/".contains(&byte)
    });
    out
}

fn authority(scheme: Scheme, host: &str, port: u16) -> String {
    if let Some(path) = socket::path(host) {
        return path.display().to_string();
    }
    if port == scheme.default_port() {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    }
}

/// An error whose message starts with "url".
pub(crate) fn invalid(problem: String) -> Error {
    Error::new(Kind::InvalidPath, format!("url {problem}"))
}

#[cfg(test)]
mod tests;
