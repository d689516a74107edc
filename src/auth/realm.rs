//! Whether credentials may be sent to the token server that a registry names.

use std::net::IpAddr;

use crate::http::url::{Origin, Scheme, socket};

/// Known token servers at another site: the domain of the registry, and that of
/// the token server.
const PAIRS: [(&str, &str); 5] = [
    ("docker.io", "auth.docker.io"),
    ("docker.com", "auth.docker.io"),
    ("redhat.io", "sso.redhat.com"),
    ("icr.io", "iam.cloud.ibm.com"),
    ("nvcr.io", "authn.nvidia.com"),
];

/// Domains with independent subdomains: two names below one of them may have
/// different owners.
const SHARED: [&str; 16] = [
    "amazonaws.com",
    "appspot.com",
    "azurecr.io",
    "azurewebsites.net",
    "cloudapp.azure.com",
    "cloudfront.net",
    "digitaloceanspaces.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "pages.dev",
    "run.app",
    "vercel.app",
    "workers.dev",
];

/// Second-level names that are used like top-level domains, as in `co.uk`.
const SECOND_LEVEL: [&str; 10] = [
    "ac", "co", "com", "edu", "gov", "mil", "ne", "net", "or", "org",
];

/// Whether registry and token server belong together, judging by their names.
pub(crate) fn belongs(registry: &Origin, realm: &Origin) -> bool {
    let (registry, realm) = (bare(&registry.host), bare(&realm.host));
    if registry == realm {
        return true;
    }
    if PAIRS
        .iter()
        .any(|(domain, server)| is_under(&registry, domain) && realm == *server)
    {
        return true;
    }
    match (site(&registry), site(&realm)) {
        (Some(one), Some(other)) => one == other,
        _ => false,
    }
}

/// Whether the caller allows a token server, by `host`, `host:port` or
/// `.domain`.
pub(crate) fn is_allowed(realm: &Origin, allowed: &[String]) -> bool {
    let host = bare(&realm.host);
    allowed.iter().any(|entry| match entry.strip_prefix('.') {
        Some(domain) => is_under(&host, domain),
        None => {
            *entry == host
                || *entry == realm.host
                || *entry == format!("{}:{}", realm.host, realm.port)
                || *entry == format!("{host}:{}", realm.port)
        }
    })
}

/// Whether the registry uses TLS and the token server does not.
pub(crate) fn loses_tls(registry: &Origin, realm: &Origin) -> bool {
    registry.scheme == Scheme::Https && realm.scheme == Scheme::Http
}

/// Whether a host is this machine: a loopback name or a Unix domain socket.
pub(crate) fn is_loopback(host: &str) -> bool {
    let host = bare(host);
    socket::is_socket(&host)
        || host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn bare(host: &str) -> String {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.trim_end_matches('.').to_ascii_lowercase()
}

fn is_under(host: &str, domain: &str) -> bool {
    host == domain
        || host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.'))
}

/// The registrable domain of a host; `None` for addresses, single-label names
/// and names below a shared domain.
fn site(host: &str) -> Option<String> {
    if host.parse::<IpAddr>().is_ok() || SHARED.iter().any(|domain| is_under(host, domain)) {
        return None;
    }
    let labels: Vec<&str> = host.split('.').collect();
    let count = labels.len();
    let is_country = labels.last().is_some_and(|label| label.len() == 2);
    let required = match count.checked_sub(2).map(|at| labels[at]) {
        Some(second) if is_country && SECOND_LEVEL.contains(&second) => 3,
        _ => 2,
    };
    (count >= required).then(|| labels[count - required..].join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    fn origin(text: &str) -> Origin {
        Url::parse(text).expect("a url").origin()
    }

    #[test]
    fn what_belongs_together() {
        for (registry, realm, expected) in [
            (
                "https://r.example.com",
                "https://r.example.com:8443/t",
                true,
            ),
            ("https://r.example.com", "https://auth.example.com/t", true),
            ("https://example.com", "https://auth.example.com/t", true),
            (
                "https://registry-1.docker.io",
                "https://auth.docker.io/token",
                true,
            ),
            (
                "https://registry.redhat.io",
                "https://sso.redhat.com/t",
                true,
            ),
            (
                "https://registry.gitlab.com",
                "https://gitlab.com/jwt/auth",
                true,
            ),
            ("http://127.0.0.1:5000", "http://127.0.0.1:6000/t", true),
            ("http://127.0.0.1:5000", "http://localhost:6000/t", false),
            ("http://[::1]:5000", "http://127.0.0.2:6000/t", false),
            ("https://r.example.com", "https://auth.example.net/t", false),
            (
                "https://r.example.com",
                "https://example.com.evil.example/t",
                false,
            ),
            (
                "https://r.example.co.uk",
                "https://auth.evil.co.uk/t",
                false,
            ),
            (
                "https://r.example.co.uk",
                "https://auth.example.co.uk/t",
                true,
            ),
            ("https://me.azurecr.io", "https://evil.azurecr.io/t", false),
            ("https://1.2.3.4", "https://9.2.3.4/t", false),
            ("https://1.2.3.4", "https://127.0.0.1/t", false),
            ("https://registry", "https://auth/t", false),
            ("https://r.example.com.", "https://R.EXAMPLE.com/t", true),
        ] {
            assert_eq!(
                belongs(&origin(registry), &origin(realm)),
                expected,
                "{registry} {realm}"
            );
        }
    }

    #[test]
    fn what_a_caller_allows() {
        let allowed: Vec<String> = ["auth.example", ".sso.example", "t.example:8443"]
            .map(str::to_owned)
            .to_vec();
        for (realm, expected) in [
            ("https://auth.example/t", true),
            ("https://auth.example:99/t", true),
            ("https://x.auth.example/t", false),
            ("https://a.sso.example/t", true),
            ("https://sso.example/t", true),
            ("https://evilsso.example/t", false),
            ("https://t.example:8443/t", true),
            ("https://t.example/t", false),
        ] {
            assert_eq!(is_allowed(&origin(realm), &allowed), expected, "{realm}");
        }
    }
}
