//! Proxy servers and their URLs.

use std::fmt;
use std::hash::{Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::error::position::first_char;
use crate::error::{Error, Kind};
use crate::http::url::Scheme;
use crate::http::url::syntax::{AuthorityProblem, canonical_host, split_authority};
use crate::log::redact::shown;

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ProxyKind {
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS 5; names are resolved locally.
    Socks,
    /// SOCKS 5; the proxy resolves names.
    SocksByName,
}

/// The address and credentials of a proxy.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    /// In lower case; an IPv6 address in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    login: Option<Login>,
}

#[derive(Clone, PartialEq, Eq)]
struct Login {
    username: Zeroizing<Vec<u8>>,
    password: Zeroizing<Vec<u8>>,
}

/// Maximum length of user name and password: SOCKS 5 stores a length in one
/// byte.
const MAX_LOGIN: usize = 255;

impl Proxy {
    /// Parses the URL of a proxy. The default scheme is http; the path is
    /// ignored.
    pub(crate) fn parse(text: &str) -> Result<Proxy, Error> {
        Proxy::read(text)
            .map_err(|problem| Error::new(Kind::InvalidProxy, format!("proxy url {problem}")))
    }

    fn read(text: &str) -> Result<Proxy, String> {
        if let Some(wrong) = first_char(text, |c| c.is_control() || c == ' ') {
            return Err(format!("contains a space or a control character, {wrong}"));
        }
        let (kind, rest) = match text.split_once("://") {
            None => (ProxyKind::Http, text),
            Some((name, rest)) => (kind(name)?, rest),
        };
        // The password may contain an @: the last one precedes the host.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(Login::read(login)?), rest),
            None => (None, rest),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let authority = &rest[..end];
        let (host, port) = match split_authority(Scheme::Http, authority) {
            Ok((host, port)) => (host, port),
            Err(AuthorityProblem::NoHost) => return Err("has no host".to_owned()),
            Err(AuthorityProblem::Host) => return Err("has an invalid host".to_owned()),
            Err(AuthorityProblem::Port) => {
                return Err("has a port that is not 1 to 65535".to_owned());
            }
        };
        let stated = authority.len() > host.len() + 1;
        Ok(Proxy {
            kind,
            host: canonical_host(host),
            port: if stated { port } else { kind.default_port() },
            login,
        })
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// User name and password.
    pub(crate) fn login(&self) -> Option<(&[u8], &[u8])> {
        let login = self.login.as_ref()?;
        Some((&login.username, &login.password))
    }

    /// The value of Proxy-Authorization (RFC 7617).
    pub(crate) fn authorization(&self) -> Option<Zeroizing<String>> {
        let (username, password) = self.login()?;
        let mut both = Zeroizing::new(Vec::with_capacity(username.len() + password.len() + 1));
        both.extend_from_slice(username);
        both.push(b':');
        both.extend_from_slice(password);
        let mut value = Zeroizing::new(String::with_capacity(both.len() * 2 + 16));
        value.push_str("Basic ");
        STANDARD.encode_string(both.as_slice(), &mut value);
        Some(value)
    }

    /// Whether plain http requests are sent to the proxy itself instead of
    /// through a tunnel.
    pub(crate) fn takes_requests(&self) -> bool {
        matches!(self.kind, ProxyKind::Http | ProxyKind::Https)
    }
}

impl Login {
    fn read(text: &str) -> Result<Login, String> {
        let (username, password) = text.split_once(':').unwrap_or((text, ""));
        let login = Login {
            username: percent_decoded(username)?,
            password: percent_decoded(password)?,
        };
        if login.username.contains(&b':') {
            return Err("has a user name that contains a colon".to_owned());
        }
        if login.username.len() > MAX_LOGIN || login.password.len() > MAX_LOGIN {
            return Err(format!(
                "has a user name or password of more than {MAX_LOGIN} bytes"
            ));
        }
        Ok(login)
    }
}

fn kind(name: &str) -> Result<ProxyKind, String> {
    let kinds = [
        ("http", ProxyKind::Http),
        ("https", ProxyKind::Https),
        ("socks5", ProxyKind::Socks),
        ("socks5h", ProxyKind::SocksByName),
    ];
    if let Some((_, kind)) = kinds
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
    {
        return Ok(*kind);
    }
    // An invalid scheme may be part of a password.
    let is_scheme = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    Err(match is_scheme {
        true => format!(
            "has the scheme {}, which is not http, https, socks5 or socks5h",
            shown(name)
        ),
        false => "has an unknown scheme".to_owned(),
    })
}

impl ProxyKind {
    fn default_port(self) -> u16 {
        match self {
            ProxyKind::Http => 80,
            ProxyKind::Https => 443,
            ProxyKind::Socks | ProxyKind::SocksByName => 1080,
        }
    }

    fn scheme(self) -> &'static str {
        match self {
            ProxyKind::Http => "http",
            ProxyKind::Https => "https",
            ProxyKind::Socks => "socks5",
            ProxyKind::SocksByName => "socks5h",
        }
    }
}

fn percent_decoded(text: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let wrong = || "has an invalid percent escape in user name or password".to_owned();
    let mut out = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(wrong());
        };
        let byte = u8::try_from(high << 4 | low).map_err(|_| wrong())?;
        if byte.is_ascii_control() {
            return Err("has a control character in user name or password".to_owned());
        }
        out.push(byte);
    }
    Ok(out)
}

impl Hash for Proxy {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.kind, &self.host, self.port).hash(state);
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.kind.scheme(), self.authority())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies() {
        for (text, expected) in [
            ("proxy.example", "http://proxy.example:80"),
            ("Proxy.example:3128", "http://proxy.example:3128"),
            ("http://proxy.example/", "http://proxy.example:80"),
            ("http://proxy.example:80?x", "http://proxy.example:80"),
            ("https://proxy.example", "https://proxy.example:443"),
            ("HTTPS://[0:0::1]:8443/x", "https://[::1]:8443"),
            ("socks5://10.0.0.1", "socks5://10.0.0.1:1080"),
            ("socks5h://u:p@proxy.example:9", "socks5h://proxy.example:9"),
        ] {
            let proxy = Proxy::parse(text).expect(text);
            assert_eq!(format!("{proxy:?}"), expected);
        }
    }

    #[test]
    fn logins_are_percent_decoded() {
        for (text, username, password) in [
            ("http://user:pass@p.example", "user", "pass"),
            ("user:pass@p.example:1", "user", "pass"),
            ("http://user@p.example", "user", ""),
            ("http://:pass@p.example", "", "pass"),
            ("http://u%40x:p%3A%2f@p.example", "u@x", "p:/"),
            ("http://user:a/b?c#d@e@p.example", "user", "a/b?c#d@e"),
            ("socks5://u%C3%A9:p:q@p.example", "ué", "p:q"),
        ] {
            let proxy = Proxy::parse(text).expect(text);
            assert_eq!(proxy.host, "p.example");
            let expected = (username.as_bytes(), password.as_bytes());
            assert_eq!(proxy.login(), Some(expected), "{text}");
            assert!(!format!("{proxy:?}").contains("pass"));
        }
        let proxy = Proxy::parse("http://user:pass@p.example").expect("a proxy");
        let value = proxy.authorization().expect("a login");
        assert_eq!(value.as_str(), "Basic dXNlcjpwYXNz");
    }

    #[test]
    fn urls_of_no_proxy() {
        let long = format!("http://{}:x@p.example", "a".repeat(256));
        for (text, words) in [
            ("", "no host"),
            ("http://", "no host"),
            ("http://user:secret@", "no host"),
            ("socks4://p.example", "the scheme \"socks4\""),
            ("socks://p.example", "the scheme \"socks\""),
            ("ftp://u:secret@p.example", "the scheme \"ftp\""),
            ("u:secret://p.example", "unknown scheme"),
            ("http://p.example:0", "a port"),
            ("http://p.example:secret", "a port"),
            ("http://p example", "a space"),
            ("http://p.example\r\nsecret", "a control"),
            ("http://p..example", "invalid host"),
            ("http://u:secret%@p.example", "percent"),
            ("http://u:secret%4@p.example", "percent"),
            ("http://u:secret%zz@p.example", "percent"),
            ("http://u:secret%0a@p.example", "a control"),
            ("http://u%3Ax:secret@p.example", "a colon"),
            (&long, "more than 255"),
        ] {
            let error = Proxy::parse(text).expect_err(text);
            assert_eq!(error.kind(), Kind::InvalidProxy);
            assert!(error.message().contains(words), "{text}: {error}");
            assert!(!error.message().contains("secret"), "{text}: {error}");
        }
    }
}
