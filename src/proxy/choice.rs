//! The choice of a proxy: settings, environment and exceptions.

use std::ffi::OsString;
use std::sync::Arc;

use super::host_rules;
use super::host_rules::HostRule;
use super::server::Proxy;
use crate::error::{Error, Kind};
use crate::http::url::{Origin, Scheme};

/// The proxy setting for one URL scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Choice {
    /// Use the environment.
    #[default]
    Unset,
    /// Use no proxy.
    Direct,
    Through(Arc<Proxy>),
}

/// The proxies of a client.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies {
    http: Option<Chosen>,
    https: Option<Chosen>,
    exceptions: Vec<HostRule>,
}

#[derive(Clone, Debug)]
struct Chosen {
    proxy: Arc<Proxy>,
    from_environment: bool,
}

impl Proxies {
    /// Combines the settings with the environment, which is read through
    /// `variable`.
    pub(crate) fn new(
        http: &Choice,
        https: &Choice,
        exceptions: Option<&[HostRule]>,
        variable: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Proxies, Error> {
        let first = |names: &[&str]| -> Result<Option<(String, String)>, Error> {
            let set = names.iter().find_map(|&name| {
                let value = variable(name).filter(|value| !value.is_empty())?;
                Some((name, value))
            });
            let Some((name, value)) = set else {
                return Ok(None);
            };
            let value = value.into_string().map_err(|_| {
                let message = format!("environment variable {name}: not valid utf-8");
                Error::new(Kind::InvalidProxy, message)
            })?;
            Ok(Some((name.to_owned(), value)))
        };
        let choose = |choice: &Choice, names: &[&str]| match choice {
            Choice::Direct => Ok(None),
            Choice::Through(proxy) => Ok(Some(Chosen {
                proxy: Arc::clone(proxy),
                from_environment: false,
            })),
            Choice::Unset => first(names)?
                .map(|(name, value)| {
                    let proxy = Proxy::parse(&value).map_err(|error| {
                        let message = format!("environment variable {name}: {}", error.message());
                        Error::new(Kind::InvalidProxy, message)
                    })?;
                    Ok(Chosen {
                        proxy: Arc::new(proxy),
                        from_environment: true,
                    })
                })
                .transpose(),
        };
        // CGI servers set HTTP_PROXY to the value of the client's Proxy header.
        let for_http: &[&str] = match variable("REQUEST_METHOD") {
            None => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
            Some(_) => &["http_proxy", "all_proxy", "ALL_PROXY"],
        };
        let for_https = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        Ok(Proxies {
            http: choose(http, for_http)?,
            https: choose(https, &for_https)?,
            exceptions: match exceptions {
                Some(exceptions) => exceptions.to_vec(),
                // Invalid entries are ignored, as in other programs.
                None => first(&["no_proxy", "NO_PROXY"])?
                    .map(|(_, list)| entries(&list).flatten().collect())
                    .unwrap_or_default(),
            },
        })
    }

    /// All proxies that may be used.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Proxy> {
        let chosen = [&self.http, &self.https].into_iter().flatten();
        chosen.map(|chosen| chosen.proxy.as_ref())
    }

    /// The proxy for requests to an origin. Proxies from the environment are
    /// not used for loopback addresses.
    pub(crate) fn choose(&self, origin: &Origin) -> Option<&Arc<Proxy>> {
        let chosen = match origin.scheme {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        }?;
        let host = &origin.host;
        let address = host_rules::literal(host);
        let is_here = || {
            host_rules::is_localhost(host)
                || address.is_some_and(|address| address.to_canonical().is_loopback())
        };
        let excepted = (chosen.from_environment && is_here())
            || self
                .exceptions
                .iter()
                .any(|rule| rule.names(host, address, origin.port));
        (!excepted).then_some(&chosen.proxy)
    }
}

/// The entries of a no_proxy list; as they are where they are invalid.
pub(crate) fn entries(list: &str) -> impl Iterator<Item = Result<HostRule, &str>> {
    list.split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| HostRule::in_no_proxy(entry).ok_or(entry))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    fn chosen(variables: &[(&str, &str)], urls: &[&str]) -> Vec<String> {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        };
        let unset = Choice::Unset;
        let proxies = Proxies::new(&unset, &unset, None, variable).expect("proxies");
        let choose = |url: &&str| {
            let origin = Url::parse(url).expect("a url").origin();
            let proxy = proxies.choose(&origin);
            proxy.map_or("-".to_owned(), |proxy| proxy.host.clone())
        };
        urls.iter().map(choose).collect()
    }

    #[test]
    fn variables_by_scheme() {
        let urls = ["http://r.example", "https://r.example"];
        for (variables, expected) in [
            (&[][..], ["-", "-"]),
            (&[("http_proxy", "a")], ["a", "-"]),
            (&[("HTTP_PROXY", "a")], ["a", "-"]),
            (
                &[("HTTP_PROXY", "a"), ("REQUEST_METHOD", "GET")],
                ["-", "-"],
            ),
            (
                &[("http_proxy", "a"), ("REQUEST_METHOD", "GET")],
                ["a", "-"],
            ),
            (&[("http_proxy", "a"), ("HTTP_PROXY", "b")], ["a", "-"]),
            (&[("http_proxy", ""), ("HTTP_PROXY", "b")], ["b", "-"]),
            (&[("https_proxy", "a")], ["-", "a"]),
            (&[("HTTPS_PROXY", "a")], ["-", "a"]),
            (&[("all_proxy", "a")], ["a", "a"]),
            (&[("ALL_PROXY", "a"), ("https_proxy", "b")], ["a", "b"]),
            (
                &[("all_proxy", "a"), ("ALL_PROXY", "b"), ("http_proxy", "c")],
                ["c", "a"],
            ),
            (&[("all_proxy", "a"), ("no_proxy", "*")], ["-", "-"]),
            (
                &[
                    ("all_proxy", "a"),
                    ("NO_PROXY", " x.example , r.example:443,"),
                ],
                ["a", "-"],
            ),
            (
                &[("all_proxy", "a"), ("no_proxy", "x"), ("NO_PROXY", "*")],
                ["a", "a"],
            ),
            (
                &[("all_proxy", "a"), ("no_proxy", "10.0.0.0/99,::x,*.")],
                ["a", "a"],
            ),
        ] {
            assert_eq!(chosen(variables, &urls), expected, "{variables:?}");
        }
    }

    #[test]
    fn this_host_is_never_asked_through_the_environments_proxy() {
        let urls = [
            "http://localhost:5000",
            "http://a.localhost",
            "http://127.0.0.1",
            "http://127.1",
            "http://[::1]",
            "http://10.0.0.1",
        ];
        let expected = ["-", "-", "-", "-", "-", "a"];
        assert_eq!(chosen(&[("all_proxy", "a")], &urls), expected);
    }

    #[test]
    fn what_is_set_goes_before_the_environment() {
        let variable = |name: &str| match name {
            "no_proxy" => Some(OsString::from("r.example")),
            _ => Some(OsString::from("environment")),
        };
        let proxy = Arc::new(Proxy::parse("set").expect("a proxy"));
        let through = Choice::Through(Arc::clone(&proxy));
        let origin = |url| Url::parse(url).expect("a url").origin();
        let proxies = Proxies::new(&through, &Choice::Direct, None, variable).expect("proxies");
        assert_eq!(proxies.choose(&origin("http://a.example")), Some(&proxy));
        assert_eq!(proxies.choose(&origin("http://127.0.0.1")), Some(&proxy));
        assert_eq!(proxies.choose(&origin("http://r.example")), None);
        assert_eq!(proxies.choose(&origin("https://a.example")), None);
        let none = Some(&[][..]);
        let proxies = Proxies::new(&through, &Choice::Unset, none, variable).expect("proxies");
        assert_eq!(proxies.choose(&origin("http://r.example")), Some(&proxy));
    }

    #[test]
    fn a_wrong_variable_is_named() {
        let variable =
            |name: &str| (name == "https_proxy").then(|| OsString::from("ftp://u:secret@p"));
        let unset = Choice::Unset;
        let error = Proxies::new(&unset, &unset, None, variable).expect_err("no proxy");
        assert_eq!(error.kind(), Kind::InvalidProxy);
        let start = "environment variable https_proxy: proxy url has the scheme \"ftp\"";
        assert!(error.message().starts_with(start), "{error}");
        assert!(!error.message().contains("secret"));
    }
}
