//! Keys of credentials: a registry, or the repositories below a path of it.

use std::fmt;

use crate::http::url::{Origin, Url};

/// The canonical host of Docker Hub.
const HUB: &str = "docker.io";
/// Aliases of Docker Hub.
const HUB_ALIASES: [&str; 2] = ["index.docker.io", "registry-1.docker.io"];
/// The key under which Docker and its helpers store credentials of Docker Hub.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A host, optionally with a port and a prefix of repository names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CredentialKey {
    host: String,
    /// `None` means the default port.
    port: Option<u16>,
    path: String,
}

impl CredentialKey {
    /// Parses `host[:port][/path]`.
    pub(crate) fn parse(text: &str) -> Option<CredentialKey> {
        let (authority, path) = match text.split_once('/') {
            Some((authority, path)) => (authority, path),
            None => (text, ""),
        };
        let is_path = path.is_empty()
            || path.split('/').all(|part| {
                !matches!(part, "" | "." | "..")
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            });
        if !is_path || authority.contains(['?', '#', '\\']) {
            return None;
        }
        let url = Url::parse(&format!("https://{authority}")).ok()?;
        let Origin { host, port, .. } = url.origin();
        let has_port = port != 443 || authority.ends_with(":443");
        Some(CredentialKey {
            host: canonical(&host).to_owned(),
            port: has_port.then_some(port),
            path: path.to_owned(),
        })
    }

    /// Parses a key of a credentials file: `host[:port][/path]`, or a URL, of
    /// which only the host is used.
    pub(crate) fn of_key(key: &str) -> Option<CredentialKey> {
        let key = key.trim();
        if let (Some(_), rest) = split_scheme(key) {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            return CredentialKey::parse(&rest[..end]);
        }
        // The format of old Docker versions.
        let bare = key.trim_end_matches('/');
        let bare = ["/v1", "/v2"]
            .iter()
            .find_map(|version| bare.strip_suffix(version))
            .unwrap_or(bare);
        CredentialKey::parse(bare)
    }

    /// The prefix of repository names; empty for all.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Whether it applies to a repository of a registry, or to the registry if
    /// there is no repository.
    pub(crate) fn covers(&self, registry: &Origin, repository: Option<&str>) -> bool {
        let port = self.port.unwrap_or(registry.scheme.default_port());
        if self.host != canonical(&registry.host) || port != registry.port {
            return false;
        }
        if self.path.is_empty() {
            return true;
        }
        repository
            .and_then(|name| name.strip_prefix(&self.path))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl fmt::Display for CredentialKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        if !self.path.is_empty() {
            write!(f, "/{}", self.path)?;
        }
        Ok(())
    }
}

/// How closely a key of a credentials file names a registry; the closest is the
/// least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exactness {
    /// As Docker writes it.
    Exact,
    /// Host and port, in another form.
    Host,
    /// A URL with the scheme of the registry.
    SameScheme,
    OtherScheme,
}

impl Exactness {
    /// For a key that covers the registry.
    pub(crate) fn of(key: &str, registry: &Origin) -> Exactness {
        let key = key.trim();
        let host = key.split('/').next().unwrap_or(key);
        if key == helper_key(registry) || host == registry.authority() {
            return Exactness::Exact;
        }
        match split_scheme(key).0 {
            None => Exactness::Host,
            Some(scheme) if scheme == registry.scheme.as_str() => Exactness::SameScheme,
            Some(_) => Exactness::OtherScheme,
        }
    }
}

/// The scheme of a URL in lower case, and what follows `://`.
fn split_scheme(key: &str) -> (Option<String>, &str) {
    match key.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '.']) => {
            (Some(scheme.to_ascii_lowercase()), rest)
        }
        _ => (None, key),
    }
}

/// The key under which a credential helper stores a registry.
pub(crate) fn helper_key(registry: &Origin) -> String {
    match canonical(&registry.host) {
        HUB => HUB_KEY.to_owned(),
        _ => registry.authority(),
    }
}

fn canonical(host: &str) -> &str {
    if HUB_ALIASES.contains(&host) {
        HUB
    } else {
        host
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Url::parse(url).expect("a url").origin()
    }

    #[test]
    fn a_key_covers_repositories_below_it() {
        for (place, registry, repository, expected) in [
            ("r.example", "https://r.example", None, true),
            ("R.Example", "https://r.example", Some("a/b"), true),
            ("r.example:443", "https://r.example", None, true),
            ("r.example", "http://r.example", None, true),
            ("r.example:443", "http://r.example", None, false),
            ("r.example", "https://r.example:5000", None, false),
            ("r.example:5000", "http://r.example:5000", None, true),
            ("r.example", "https://a.r.example", None, false),
            ("[::1]:5000", "http://[::1]:5000", None, true),
            ("r.example/a", "https://r.example", None, false),
            ("r.example/a", "https://r.example", Some("a"), true),
            ("r.example/a", "https://r.example", Some("a/b"), true),
            ("r.example/a", "https://r.example", Some("ab"), false),
            ("r.example/a/b", "https://r.example", Some("a"), false),
            ("docker.io", "https://registry-1.docker.io", None, true),
            ("index.docker.io", "https://docker.io", None, true),
            ("docker.io", "https://auth.docker.io", None, false),
        ] {
            let covers = CredentialKey::parse(place)
                .expect(place)
                .covers(&origin(registry), repository);
            assert_eq!(covers, expected, "{place} {registry} {repository:?}");
        }
        for text in [
            "",
            "/a",
            "r.example//a",
            "r.example/../a",
            "r.example/a b",
            "me@r.example",
            "r.example?x",
            "r.example:port",
            "https://r.example",
        ] {
            assert_eq!(CredentialKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn keys_of_files() {
        for (key, expected) in [
            ("https://index.docker.io/v1/", Some("docker.io")),
            ("index.docker.io/v1/", Some("docker.io")),
            ("https://r.example/v2/", Some("r.example")),
            ("http://r.example:5000", Some("r.example:5000")),
            ("https://r.example/team/app", Some("r.example")),
            ("r.example/team/app", Some("r.example/team/app")),
            ("r.example:5000/v1", Some("r.example:5000")),
            ("r.example/", Some("r.example")),
            ("HTTPS://R.Example:5000/V2", Some("r.example:5000")),
            ("https://r.example?x", Some("r.example")),
            ("https://r.example#x", Some("r.example")),
            ("  r.example\n", Some("r.example")),
            ("https://index.docker.io/v1/access-token", Some("docker.io")),
            ("unix:///run/r.sock", None),
            ("", None),
            ("https://", None),
        ] {
            let place = CredentialKey::of_key(key).map(|place| place.to_string());
            assert_eq!(place.as_deref(), expected, "{key}");
        }
        for (key, registry, expected) in [
            ("r.example", "https://r.example", Exactness::Exact),
            ("r.example/team", "https://r.example", Exactness::Exact),
            ("R.Example", "https://r.example", Exactness::Host),
            ("r.example:443", "https://r.example", Exactness::Host),
            ("r.example:5000", "http://r.example:5000", Exactness::Exact),
            (
                "https://r.example",
                "https://r.example",
                Exactness::SameScheme,
            ),
            (
                "HTTPS://r.example/v1/",
                "https://r.example",
                Exactness::SameScheme,
            ),
            (
                "http://r.example",
                "https://r.example",
                Exactness::OtherScheme,
            ),
            (HUB_KEY, "https://registry-1.docker.io", Exactness::Exact),
            ("docker.io", "https://registry-1.docker.io", Exactness::Host),
            (
                "https://index.docker.io/v2/",
                "https://docker.io",
                Exactness::SameScheme,
            ),
        ] {
            let exactness = Exactness::of(key, &origin(registry));
            assert_eq!(exactness, expected, "{key} {registry}");
        }
        assert_eq!(helper_key(&origin("https://docker.io")), HUB_KEY);
        assert_eq!(
            helper_key(&origin("https://r.example:5000")),
            "r.example:5000"
        );
    }
}
