//! Token scopes: the actions that a request needs, in the syntax of token
//! servers (`repository:my/repo:pull,push`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An action with its sort order: pull, push, then all others.
type Action = (u8, String);

/// A set of scopes.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub(crate) struct Scopes {
    /// The actions of each resource (`repository:my/repo`).
    resources: BTreeMap<String, BTreeSet<Action>>,
    /// Scopes in other forms, unchanged; some registries use them.
    unstructured: BTreeSet<String>,
}

impl Scopes {
    /// Parses a list separated by spaces.
    pub(crate) fn parse(text: &str) -> Scopes {
        let mut scopes = Scopes::default();
        for word in text.split_ascii_whitespace() {
            // The name may contain colons.
            match word.rsplit_once(':') {
                Some((resource, actions)) if resource.contains(':') => {
                    scopes.add(resource, actions);
                }
                _ => {
                    scopes.unstructured.insert(word.to_owned());
                }
            }
        }
        scopes
    }

    fn add(&mut self, resource: &str, actions: &str) {
        let known = self.resources.entry(resource.to_owned()).or_default();
        let named = actions.split(',').filter(|action| !action.is_empty());
        known.extend(named.map(|action| (rank(action), action.to_owned())));
    }

    /// Whether a token with these scopes is sufficient for `other`.
    pub(crate) fn covers(&self, other: &Scopes) -> bool {
        let all = (rank("*"), "*".to_owned());
        other.unstructured.is_subset(&self.unstructured)
            && other.resources.iter().all(|(resource, actions)| {
                let known = self.resources.get(resource);
                known.is_some_and(|known| known.contains(&all) || actions.is_subset(known))
            })
    }

    /// The union of both sets.
    pub(crate) fn union(&self, other: &Scopes) -> Scopes {
        let mut all = self.clone();
        for (resource, actions) in &other.resources {
            let known = all.resources.entry(resource.clone()).or_default();
            known.extend(actions.iter().cloned());
        }
        all.unstructured.extend(other.unstructured.iter().cloned());
        all
    }

    /// Adds push to the repositories with pull.
    pub(crate) fn with_push(mut self) -> Scopes {
        let pull = (rank("pull"), "pull".to_owned());
        for (resource, actions) in &mut self.resources {
            if resource.starts_with("repository:") && actions.contains(&pull) {
                actions.insert((rank("push"), "push".to_owned()));
            }
        }
        self
    }

    /// The repository, if these are scopes of exactly one.
    pub(crate) fn repository(&self) -> Option<&str> {
        let mut repositories = self
            .resources
            .keys()
            .filter_map(|resource| resource.strip_prefix("repository:"));
        repositories
            .next()
            .filter(|_| repositories.next().is_none())
    }

    /// Whether the only action is pull.
    pub(crate) fn only_pull(&self) -> bool {
        self.unstructured.is_empty()
            && (self.resources.values().flatten()).all(|(_, action)| action == "pull")
    }

    /// The scopes in the form of a request, one per resource, sorted. Scopes
    /// with push come first, since some servers read only the first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = String> + '_ {
        let resources = self.resources.iter().map(|(resource, actions)| {
            let actions: Vec<&str> = actions.iter().map(|(_, action)| action.as_str()).collect();
            format!("{resource}:{}", actions.join(","))
        });
        let mut all: Vec<String> = resources.chain(self.unstructured.iter().cloned()).collect();
        all.sort_by_cached_key(|scope| (!scope.contains("push"), scope.clone()));
        all.into_iter()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, scope) in self.iter().enumerate() {
            let space = if at == 0 { "" } else { " " };
            write!(f, "{space}{scope}")?;
        }
        Ok(())
    }
}

fn rank(action: &str) -> u8 {
    match action {
        "pull" => 0,
        "push" => 1,
        _ => 2,
    }
}

/// The scopes that a request needs, from its method and its path below the
/// registry's address; a query is ignored. `None` if unknown, or if none are
/// needed: the challenge will name them.
pub(crate) fn for_request(method: &str, path: &str) -> Option<Scopes> {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let path = path.strip_prefix("/v2/")?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let mut scopes = Scopes::default();
    if path == "_catalog" {
        if !matches!(method, "GET" | "HEAD") {
            return None;
        }
        scopes.add("registry:catalog", "*");
        return Some(scopes);
    }
    let target = Target::of(path)?;
    let actions = match method {
        "GET" | "HEAD" => "pull",
        "POST" | "PUT" | "PATCH" => "pull,push",
        // Cancelling an upload requires permission to push.
        "DELETE" if target.is_upload => "pull,push",
        "DELETE" => "delete",
        _ => return None,
    };
    scopes.add(&format!("repository:{}", target.name), actions);
    if method == "POST"
        && target.is_upload
        && parameter(query, "mount").is_some()
        && let Some(source) = parameter(query, "from")
        && is_name(&source)
    {
        scopes.add(&format!("repository:{source}"), "pull");
    }
    Some(scopes)
}

/// The scopes of an upload.
pub(crate) fn for_upload(repository: &str) -> Scopes {
    let mut scopes = Scopes::default();
    scopes.add(&format!("repository:{repository}"), "pull,push");
    scopes
}

/// The object of a path of the distribution protocol.
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) is_upload: bool,
}

impl Target {
    /// Parses a path below the registry's address; a query is ignored.
    pub(crate) fn of_path(path: &str) -> Option<Target> {
        let path = path.split('?').next()?.strip_prefix("/v2/")?;
        Target::of(path.strip_suffix('/').unwrap_or(path))
    }

    /// Parses what follows `/v2/`, without a trailing slash. A repository name
    /// may contain the keywords of the protocol, so the last match is used.
    fn of(path: &str) -> Option<Target> {
        let segments: Vec<&str> = path.split('/').collect();
        let (at, is_upload) = (1..segments.len())
            .rev()
            .find_map(|at| {
                let is_upload = match (segments[at], &segments[at + 1..]) {
                    ("blobs", ["uploads", ..]) => true,
                    ("blobs" | "manifests" | "referrers", [_]) | ("tags", ["list"]) => false,
                    _ => return None,
                };
                Some((at, is_upload))
            })
            // GHCR's uploads are at NAME/blobs/upload/ID.
            .or_else(|| {
                let ends = 1..segments.len().saturating_sub(2);
                let at = ends.rev().find(|&at| segments[at] == "blobs")?;
                Some((at, true))
            })?;
        let name = segments[..at].join("/");
        is_name(&name).then_some(Target { name, is_upload })
    }
}

/// Whether a name can be used in a scope unambiguously.
fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"%?#\"\\<>,".contains(&byte);
    name.split('/')
        .all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_plain))
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let (_, value) = pairs.find(|(known, _)| *known == name)?;
    percent_decode(value)
}

/// `None` if an escape is invalid, or if the result is not UTF-8.
fn percent_decode(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        for (text, expected) in [
            ("", ""),
            ("repository:a/b:pull", "repository:a/b:pull"),
            (
                "repository:a:push,delete,pull,*",
                "repository:a:pull,push,*,delete",
            ),
            ("registry:catalog:*  aws", "aws registry:catalog:*"),
            (
                "repository:b:pull repository:a:push repository:b:push,pull",
                "repository:a:push repository:b:pull,push",
            ),
            ("repository(plugin):a/b:pull", "repository(plugin):a/b:pull"),
            ("repository:host:5000/a:pull", "repository:host:5000/a:pull"),
            ("repository:a:", "repository:a:"),
            ("a:b : :: x", ": :: a:b x"),
        ] {
            let scopes = Scopes::parse(text);
            let words: Vec<_> = expected.split_ascii_whitespace().collect();
            assert_eq!(scopes.to_string(), words.join(" "), "{text}");
            assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
            assert_eq!(scopes.iter().count() == 0, expected.is_empty());
        }
    }

    #[test]
    fn covering() {
        for (held, asked, expected) in [
            ("", "", true),
            ("aws", "", true),
            ("", "aws", false),
            ("repository:a:pull,push", "repository:a:pull", true),
            ("repository:a:pull", "repository:a:pull,push", false),
            ("repository:a:pull,push", "repository:b:pull", false),
            ("repository:a:*", "repository:a:delete", true),
            ("repository:a:pull", "repository:a:*", false),
            (
                "repository:a:pull repository:b:pull x",
                "repository:b:pull",
                true,
            ),
        ] {
            let (held, asked) = (Scopes::parse(held), Scopes::parse(asked));
            assert_eq!(held.covers(&asked), expected, "{held} / {asked}");
            let both = Scopes::parse(&format!("{held} {asked}"));
            assert!(both.covers(&held) && both.covers(&asked));
        }
    }

    #[test]
    fn push_is_added_to_pull() {
        for (scopes, expected, repository) in [
            ("", "", None),
            ("repository:a:pull", "repository:a:pull,push", Some("a")),
            (
                "repository:a/b:pull,push",
                "repository:a/b:pull,push",
                Some("a/b"),
            ),
            ("repository:a:delete", "repository:a:delete", Some("a")),
            ("registry:catalog:* aws", "aws registry:catalog:*", None),
            (
                "repository:a:pull repository:b:*",
                "repository:a:pull,push repository:b:*",
                None,
            ),
            (
                "registry:catalog:* repository:a:pull",
                "repository:a:pull,push registry:catalog:*",
                Some("a"),
            ),
        ] {
            let scopes = Scopes::parse(scopes);
            assert_eq!(scopes.repository(), repository, "{scopes}");
            assert_eq!(scopes.with_push().to_string(), expected);
        }
        assert_eq!(for_upload("a/b").to_string(), "repository:a/b:pull,push");
    }

    #[test]
    fn requests() {
        for (method, path, expected) in [
            ("GET", "/v2/", None),
            ("GET", "/v2", None),
            ("GET", "/", None),
            ("GET", "/token?x", None),
            ("GET", "/v2/_catalog?n=10", Some("registry:catalog:*")),
            ("GET", "/v2/a/tags/list", Some("repository:a:pull")),
            (
                "GET",
                "/v2/a/tags/list?n=1&last=b",
                Some("repository:a:pull"),
            ),
            ("GET", "/v2/a/tags/other", None),
            (
                "HEAD",
                "/v2/a/b/manifests/latest",
                Some("repository:a/b:pull"),
            ),
            ("PUT", "/v2/a/manifests/v1", Some("repository:a:pull,push")),
            ("DELETE", "/v2/a/manifests/v1", Some("repository:a:delete")),
            ("GET", "/v2/a/blobs/sha256:x", Some("repository:a:pull")),
            ("GET", "/v2/a/referrers/sha256:x", Some("repository:a:pull")),
            (
                "DELETE",
                "/v2/a/blobs/sha256:x",
                Some("repository:a:delete"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/",
                Some("repository:a:pull,push"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads",
                Some("repository:a:pull,push"),
            ),
            (
                "PATCH",
                "/v2/a/blobs/uploads/1?_state=x",
                Some("repository:a:pull,push"),
            ),
            (
                "DELETE",
                "/v2/a/blobs/uploads/1/2",
                Some("repository:a:pull,push"),
            ),
            ("GET", "/v2/a/blobs/uploads/1", Some("repository:a:pull")),
            (
                "POST",
                "/v2/a/blobs/uploads/?mount=sha256:x&from=b%2Fc",
                Some("repository:a:pull,push repository:b/c:pull"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/?from=b",
                Some("repository:a:pull,push"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/?mount=x&from=%zz",
                Some("repository:a:pull,push"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/?mount=x&from=b%20registry:catalog:*",
                Some("repository:a:pull,push"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/?mount=x&from=%3Fa",
                Some("repository:a:pull,push"),
            ),
            (
                "POST",
                "/v2/a/blobs/uploads/?mount=x&from=%",
                Some("repository:a:pull,push"),
            ),
            (
                "GET",
                "/v2/blobs/manifests/blobs/manifests/latest",
                Some("repository:blobs/manifests/blobs:pull"),
            ),
            (
                "GET",
                "/v2/a/manifests/manifests",
                Some("repository:a:pull"),
            ),
            (
                "GET",
                "/v2/manifests/manifests/tags/list",
                Some("repository:manifests/manifests:pull"),
            ),
            ("GET", "/v2/manifests/latest", None),
            ("GET", "/v2//manifests/latest", None),
            ("GET", "/v2/a/../manifests/latest", None),
            ("GET", "/v2/a%20b/manifests/latest", None),
            ("GET", "/v2/a/manifests/", None),
            ("GET", "/v2/a/_oci/ext", None),
            (
                "PATCH",
                "/v2/a/b/blobs/upload/1?x=y",
                Some("repository:a/b:pull,push"),
            ),
            (
                "PUT",
                "/v2/blobs/blobs/upload/1",
                Some("repository:blobs:pull,push"),
            ),
            ("PUT", "/v2/a/blobs/b/1/2/", Some("repository:a:pull,push")),
            ("DELETE", "/v2/a/blobs/b/1", Some("repository:a:pull,push")),
            ("GET", "/v2/a/blobs/upload/1", Some("repository:a:pull")),
            ("PUT", "/v2/blobs/upload/1", None),
            ("PUT", "/v2/a/uploads/1", None),
            ("OPTIONS", "/v2/a/manifests/latest", None),
        ] {
            let scopes = for_request(method, path).map(|scopes| scopes.to_string());
            assert_eq!(scopes.as_deref(), expected, "{method} {path}");
        }
    }
}
