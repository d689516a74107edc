//! The address of a registry, as the caller gives it.

use std::fmt;

use std::sync::Arc;

use crate::error::{Error, Kind};
use crate::http::url::syntax::{check_text, remove_dot_segments, without_fragment};
use crate::http::url::{NO_SCHEME, Origin, Url, invalid};
use crate::log::redact::shown;

/// A registry's address: an origin, and the path prefix under which the
/// registry's paths stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// Its path is the prefix, or "/" where there is none.
    url: Url,
    /// "" or a path that starts with a `/` and does not end in one.
    prefix: String,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Address, Error> {
        let refuse =
            |problem: &str| Error::new(Kind::InvalidAddress, format!("registry address {problem}"));
        if let Some(url) = Url::read_socket(text) {
            return Ok(Address {
                url: url.map_err(|problem| refuse(&problem))?,
                prefix: String::new(),
            });
        }
        let url = Url::read(text).map_err(|problem| match problem.as_str() {
            NO_SCHEME => refuse(&without_scheme(text)),
            problem => refuse(problem),
        })?;
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
            .with_clean_target(&prefix)
            .map_err(|problem| refuse(&problem))?;
        Ok(Address { url, prefix })
    }

    pub(crate) fn origin(&self) -> Origin {
        self.url.origin()
    }

    /// The origin, for as long as the address is there.
    pub(crate) fn origin_ref(&self) -> &Arc<Origin> {
        self.url.origin_ref()
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
        let path = without_fragment(path);
        match self.prefix.as_str() {
            "" => self.url.with_target(path),
            prefix => self.url.with_target(&format!("{prefix}{path}")),
        }
        .map_err(invalid)
    }

    /// Path and query of a URL under this address, less the prefix: what
    /// [`Address::url_for`] makes that URL from, up to the spelling of the
    /// host. None at another origin or outside the prefix.
    pub(crate) fn relative<'a>(&self, url: &'a Url) -> Option<&'a str> {
        if !url.is_at(self.url.origin_ref()) {
            return None;
        }
        let rest = url.path_and_query().strip_prefix(&self.prefix)?;
        rest.starts_with('/').then_some(rest)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.url.is_socket() {
            return self.origin().fmt(f);
        }
        let scheme = self.url.scheme().as_str();
        write!(f, "{scheme}://{}{}", self.url.authority(), self.prefix)
    }
}

/// What precedes an @ may be a password, and a query may have a token.
fn without_scheme(text: &str) -> String {
    let value = match text.contains('@') {
        true => String::new(),
        false => format!("{} ", shown(path_only(text))),
    };
    format!("{value}does not start with http://, https:// or unix://")
}

fn path_only(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (text, shown, prefix) in [
            ("https://r.io", "https://r.io", ""),
            ("https://r.io/", "https://r.io", ""),
            ("unix:///run/r.sock", "unix:///run/r.sock", ""),
            ("HTTP://R.io:80/a/b/", "http://R.io/a/b", "/a/b"),
            (
                "http://[::1]:5000/a/./c/../b",
                "http://[::1]:5000/a/b",
                "/a/b",
            ),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (address.to_string().as_str(), address.prefix.as_str()),
                (shown, prefix)
            );
        }
        for (text, words) in [
            ("", "is empty"),
            (
                "r.io?x=secret",
                "registry address \"r.io\" does not start with http://, https:// or unix://",
            ),
            ("localhost:5000", "address \"localhost:5000\" does not"),
            ("me:secret@r.io", "registry address does not start with"),
            ("unix://run/r.sock", "no absolute path"),
            ("http+unix://%2Frun%2Fr.sock", "scheme \"http+unix\""),
            ("ftp://me:secret@r.io", "has the scheme \"ftp\", only"),
            ("docker://r.io", "has the scheme \"docker\", only"),
            (
                "oci+http://r.io/@secret",
                "has the scheme \"oci+http\", only",
            ),
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
            assert_eq!(address.relative(&url), Some(path));
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
        assert_eq!(address.relative(&same), Some("/v2/"));
        for path in ["", "v2/", "?x", "https://r.io/"] {
            assert_eq!(address.url_for(path).unwrap_err().kind(), Kind::InvalidPath);
        }
        let bare = Address::parse("https://r.io").unwrap();
        assert_eq!(
            bare.url_for("//evil.io/x").unwrap().to_string(),
            "https://r.io//evil.io/x"
        );
    }
}
