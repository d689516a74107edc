//! References such as `ghcr.io/org/app:1.2`: a registry, a repository, and a tag
//! or a digest.

use std::fmt;
use std::net::Ipv4Addr;

use crate::body::digest::Digest;
use crate::error::{Error, Kind};
use crate::http::url::Url;
use crate::log::redact::shown;

const DOCKER_HUB: &str = "docker.io";
const DOCKER_HUB_ADDRESS: &str = "https://registry-1.docker.io";
/// An older name of Docker Hub.
const DOCKER_HUB_INDEX: &str = "index.docker.io";

const MAX_NAME: usize = 255;
const MAX_TAG: usize = 128;

/// A parsed reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// `http` or `https` if the reference says so.
    scheme: Option<&'static str>,
    registry: String,
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl Reference {
    /// Parses `[http[s]://][registry/]name[:tag][@digest]`. A reference without a
    /// registry belongs to `default_registry`, by default Docker Hub; if that is
    /// empty, it is an error.
    pub fn parse(text: &str, default_registry: Option<&str>) -> Result<Reference, Error> {
        let refused =
            |text: &str, problem: &str| invalid(format!("reference {}: {problem}", shown(text)));
        // A digest has no slash: before the @ may be a password.
        if let Some((_, after)) = text
            .rsplit_once('@')
            .filter(|(_, after)| after.contains('/'))
        {
            let text = format!("[redacted]@{after}");
            return Err(refused(&text, "contains credentials"));
        }
        read(text, default_registry).map_err(|problem| refused(text, &problem))
    }

    /// As usually written, such as `docker.io`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The address for a client.
    pub fn address(&self) -> String {
        match self.scheme {
            None if self.registry == DOCKER_HUB => DOCKER_HUB_ADDRESS.to_owned(),
            Some("https") if self.registry == DOCKER_HUB => DOCKER_HUB_ADDRESS.to_owned(),
            Some(scheme) => format!("{scheme}://{}", self.registry),
            None if is_local(&self.registry) => format!("http://{}", self.registry),
            None => format!("https://{}", self.registry),
        }
    }

    /// The repository, such as `library/alpine`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag, if there is one.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, if there is one.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_ref().map(Digest::as_str)
    }

    /// What to request: the digest, else the tag, else `latest`.
    pub fn target(&self) -> &str {
        self.digest().or(self.tag()).unwrap_or("latest")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Some(scheme) => write!(f, "{scheme}://")?,
            // Or the registry would be read as a part of the name.
            None if !is_registry(&self.registry) => write!(f, "https://")?,
            None => {}
        }
        write!(f, "{}/{}", self.registry, self.name)?;
        match (self.tag(), self.digest()) {
            (None, None) => write!(f, ":latest"),
            (tag, digest) => {
                tag.map_or(Ok(()), |tag| write!(f, ":{tag}"))?;
                digest.map_or(Ok(()), |digest| write!(f, "@{digest}"))
            }
        }
    }
}

fn read(text: &str, default_registry: Option<&str>) -> Result<Reference, String> {
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    let (scheme, rest) = split_scheme(text);
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (rest, Some(read_digest(digest)?)),
        None => (rest, None),
    };
    let (registry, path) = match rest.split_once('/') {
        Some((first, path)) if scheme.is_some() || is_registry(first) => (Some(first), path),
        _ if scheme.is_some() => return Err("has no repository name".to_owned()),
        _ => (None, rest),
    };
    let registry = match (registry, default_registry) {
        (Some(registry), _) => registry,
        (None, None) => DOCKER_HUB,
        (None, Some("")) => return Err("has no registry".to_owned()),
        (None, Some(registry)) => registry,
    };
    check_registry(registry)?;
    let registry = match registry {
        DOCKER_HUB_INDEX => DOCKER_HUB,
        other => other,
    };
    let (name, tag) = match path.split_once(':') {
        Some((name, tag)) => {
            check_tag(tag).map_err(message_of)?;
            (name, Some(tag.to_owned()))
        }
        None => (path, None),
    };
    let name = match registry {
        DOCKER_HUB if !name.contains('/') => format!("library/{name}"),
        _ => name.to_owned(),
    };
    check_name(&name).map_err(message_of)?;
    Ok(Reference {
        scheme,
        registry: registry.to_owned(),
        name,
        tag,
        digest,
    })
}

fn split_scheme(text: &str) -> (Option<&'static str>, &str) {
    for scheme in ["http", "https"] {
        let rest = text.strip_prefix(scheme);
        if let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) {
            return (Some(scheme), rest);
        }
    }
    (None, text)
}

/// Whether the first component of a reference is a registry.
fn is_registry(component: &str) -> bool {
    component == "localhost"
        || component.contains(['.', ':'])
        || component.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn check_registry(registry: &str) -> Result<(), String> {
    let problem = |why: &str| Err(format!("registry {} {why}", shown(registry)));
    if let Some(byte) = registry.chars().find(|c| !is_host_character(*c)) {
        return problem(&format!("contains {}", shown(&byte.to_string())));
    }
    match Url::parse(&format!("https://{registry}/")) {
        Ok(url) if url.path() == "/" => Ok(()),
        _ => problem("is not a host with an optional port"),
    }
}

fn is_host_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-_:[]".contains(character)
}

/// Whether a registry is on this machine, where http is usual.
fn is_local(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host == "::1"
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

fn read_digest(text: &str) -> Result<Digest, String> {
    Digest::parse(text).map_err(message_of)
}

fn message_of(error: Error) -> String {
    error.message().to_owned()
}

fn invalid(message: String) -> Error {
    Error::new(Kind::InvalidReference, message)
}

/// Checks a repository name (OCI Distribution Specification, Pulling manifests).
pub fn check_name(name: &str) -> Result<(), Error> {
    let problem = |why: &str| {
        let message = format!("repository name {} {why}", shown(name));
        Err(invalid(message))
    };
    if name.is_empty() {
        return Err(invalid("no repository name".to_owned()));
    }
    if name.len() > MAX_NAME {
        return problem(&format!("is longer than {MAX_NAME} characters"));
    }
    if let Some(character) = name.chars().find(|c| !is_name_character(*c)) {
        let what = match character.is_uppercase() {
            true => "the upper-case letter ",
            false => "",
        };
        return problem(&format!("contains {what}{}", shown(&character.to_string())));
    }
    if name.split('/').any(|component| !is_component(component)) {
        return problem("has a component that is empty or has misplaced separators");
    }
    Ok(())
}

fn is_name_character(character: char) -> bool {
    matches!(character, 'a'..='z' | '0'..='9' | '.' | '_' | '-' | '/')
}

/// Letters and digits, separated by one period, one or two underscores, or any
/// number of hyphens.
fn is_component(component: &str) -> bool {
    let mut rest = component;
    loop {
        let word = rest.find(['.', '_', '-']).unwrap_or(rest.len());
        if word == 0 {
            return false;
        }
        rest = &rest[word..];
        if rest.is_empty() {
            return true;
        }
        let end = rest.find(|c: char| c.is_ascii_alphanumeric());
        let Some(end) = end else { return false };
        let separator = &rest[..end];
        if !matches!(separator, "." | "_" | "__") && separator.bytes().any(|byte| byte != b'-') {
            return false;
        }
        rest = &rest[end..];
    }
}

/// Checks a tag (OCI Distribution Specification, Pulling manifests).
pub fn check_tag(tag: &str) -> Result<(), Error> {
    let problem = |why: &str| Err(invalid(format!("tag {} {why}", shown(tag))));
    let mut bytes = tag.bytes();
    match bytes.next() {
        None => return problem("is empty"),
        Some(b'.' | b'-') => return problem("starts with a separator"),
        Some(_) => {}
    }
    if tag.len() > MAX_TAG {
        return problem(&format!("is longer than {MAX_TAG} characters"));
    }
    let invalid = |c: &char| !c.is_ascii_alphanumeric() && !"._-".contains(*c);
    match tag.chars().find(invalid) {
        Some(character) => problem(&format!("contains {}", shown(&character.to_string()))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn references_have_a_registry_a_name_and_a_target() {
        let digest = format!("sha256:{HEX}");
        let by_digest = format!("ghcr.io/a/b@{digest}");
        let by_both = format!("ghcr.io/a/b:1@{digest}");
        let hub = "https://registry-1.docker.io";
        for (text, address, name, target, full) in [
            (
                "alpine",
                hub,
                "library/alpine",
                "latest",
                "docker.io/library/alpine:latest",
            ),
            (
                "alpine:3",
                hub,
                "library/alpine",
                "3",
                "docker.io/library/alpine:3",
            ),
            ("a/b", hub, "a/b", "latest", "docker.io/a/b:latest"),
            (
                "index.docker.io/b",
                hub,
                "library/b",
                "latest",
                "docker.io/library/b:latest",
            ),
            (
                "https://docker.io/b",
                hub,
                "library/b",
                "latest",
                "https://docker.io/library/b:latest",
            ),
            (
                "ghcr.io/a/b:1.2",
                "https://ghcr.io",
                "a/b",
                "1.2",
                "ghcr.io/a/b:1.2",
            ),
            (
                "localhost/a",
                "http://localhost",
                "a",
                "latest",
                "localhost/a:latest",
            ),
            (
                "localhost:5000/a:b",
                "http://localhost:5000",
                "a",
                "b",
                "localhost:5000/a:b",
            ),
            (
                "127.1.2.3/a",
                "http://127.1.2.3",
                "a",
                "latest",
                "127.1.2.3/a:latest",
            ),
            (
                "[::1]:5000/a:b",
                "http://[::1]:5000",
                "a",
                "b",
                "[::1]:5000/a:b",
            ),
            (
                "[2001:db8::1]/a",
                "https://[2001:db8::1]",
                "a",
                "latest",
                "[2001:db8::1]/a:latest",
            ),
            ("HOST/a", "https://HOST", "a", "latest", "HOST/a:latest"),
            (
                "host:1/a",
                "https://host:1",
                "a",
                "latest",
                "host:1/a:latest",
            ),
            (
                "https://localhost/a",
                "https://localhost",
                "a",
                "latest",
                "https://localhost/a:latest",
            ),
            (
                "http://host/a:b",
                "http://host",
                "a",
                "b",
                "http://host/a:b",
            ),
            (&by_digest, "https://ghcr.io", "a/b", &digest, &by_digest),
            (&by_both, "https://ghcr.io", "a/b", &digest, &by_both),
        ] {
            let reference = Reference::parse(text, None).expect(text);
            assert_eq!(reference.address(), address, "{text}");
            assert_eq!(reference.name(), name, "{text}");
            assert_eq!(reference.target(), target, "{text}");
            assert_eq!(reference.to_string(), full, "{text}");
            let again = Reference::parse(full, Some("")).expect(full);
            assert_eq!(
                (again.to_string(), again.address()),
                (full.to_owned(), address.to_owned())
            );
        }
    }

    #[test]
    fn the_default_registry_is_the_callers() {
        let reference = Reference::parse("a:b", Some("r.example:5000")).expect("valid");
        assert_eq!(reference.to_string(), "r.example:5000/a:b");
        assert_eq!(
            (reference.registry(), reference.tag()),
            ("r.example:5000", Some("b"))
        );
        let reference = Reference::parse("ghcr.io/a", Some("r.example")).expect("valid");
        assert_eq!(reference.registry(), "ghcr.io");
        let reference = Reference::parse("a", Some("registry")).expect("valid");
        assert_eq!(reference.to_string(), "https://registry/a:latest");
        assert!(Reference::parse("a/b", Some("")).is_err());
        assert!(Reference::parse("a", Some("no host")).is_err());
    }

    #[test]
    fn errors_say_where_the_problem_is() {
        let long_name = format!("r.example/{}", "a".repeat(256));
        let long_tag = format!("r.example/a:{}", "b".repeat(129));
        let upper = format!("r.example/a@sha256:{}", HEX.to_uppercase());
        for (text, words) in [
            ("", "is empty"),
            ("r.example/", "no repository name"),
            ("http://r.example", "no repository name"),
            ("https://", "no repository name"),
            ("r.example/A", "upper-case letter"),
            ("r.example/a b", "contains"),
            ("r.example/a//b", "component"),
            ("r.example/a/", "component"),
            ("r.example/-a", "component"),
            ("r.example/a-", "component"),
            ("r.example/a..b", "component"),
            ("r.example/a___b", "component"),
            ("r.example/a._b", "component"),
            ("r.example/../b", "component"),
            ("r.example/a?b", "contains"),
            ("r.example/\u{e4}", "contains"),
            (&long_name, "longer than 255"),
            ("r.example/a:", "tag"),
            ("r.example/a:-b", "tag"),
            ("r.example/a:b/c", "tag"),
            ("r.example/a:b:c", "tag"),
            (&long_tag, "longer than 128"),
            ("r.example/a@", "digest"),
            ("r.example/a@sha256:12", "digest"),
            ("r.example/a@md5:12", "digest"),
            (&upper, "digest"),
            ("user@r.example/a", "contains credentials"),
            ("https://user:pass@r.example/a", "[redacted]@r.example/a"),
            ("r.example:port/a", "registry"),
            ("r.example:70000/a", "registry"),
            ("[::1/a", "registry"),
            ("http:///a", "registry"),
            ("a\nb.example/c", "registry"),
        ] {
            let error = Reference::parse(text, None).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidReference);
            assert!(error.message().contains(words), "{error}");
            assert!(!error.message().contains('\n'), "{error}");
            assert!(!error.message().contains("pass"), "{error}");
        }
    }

    #[test]
    fn names_have_single_separators() {
        for name in [
            "a",
            "a/b",
            "a.b",
            "a_b",
            "a__b",
            "a---b",
            "0/1",
            "a.b-c__d/e",
        ] {
            check_name(name).expect(name);
        }
    }
}
