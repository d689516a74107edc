//! Network settings: proxies, addresses, connections.

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::error::position::{first_char, odd_byte, offset_in};
use crate::error::{Error, Kind};
use crate::proxy;
use crate::proxy::host_rules::HostRule;
use crate::proxy::{Choice, Proxies, Proxy};

/// The network settings of a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Network {
    http: Choice,
    https: Choice,
    /// Hosts for which no proxy is used; replaces the environment's no_proxy.
    exceptions: Option<Vec<HostRule>>,
    /// Hosts and networks to which servers may redirect.
    pub(crate) allowed: Vec<HostRule>,
    pub(crate) addresses: Addresses,
    pub(crate) keep_alive: KeepAlive,
    /// The maximum number of connections per host; `None` means no limit.
    pub(crate) max_connections: Option<NonZero<usize>>,
}

/// Which idle connections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeepAlive {
    pub(crate) max_per_host: usize,
    pub(crate) max_idle_time: Duration,
}

impl Default for KeepAlive {
    fn default() -> KeepAlive {
        KeepAlive {
            max_per_host: usize::MAX,
            // Most servers close theirs after a minute or more.
            max_idle_time: Duration::from_secs(60),
        }
    }
}

/// Name resolution settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses {
    fixed: Vec<Fixed>,
    pub(crate) version: IpVersion,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Fixed {
    host: String,
    /// `None` means any port.
    port: Option<u16>,
    addresses: Vec<IpAddr>,
}

/// The IP versions to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IpVersion {
    /// Use both.
    #[default]
    Any,
    /// Use IPv4 only.
    V4,
    /// Use IPv6 only.
    V6,
}

impl IpVersion {
    pub(crate) fn includes(self, address: IpAddr) -> bool {
        match self {
            IpVersion::Any => true,
            IpVersion::V4 => address.is_ipv4(),
            IpVersion::V6 => address.is_ipv6(),
        }
    }
}

/// The maximum number of addresses of a host.
const MAX_ADDRESSES: usize = 64;

impl Addresses {
    /// The addresses set for a host.
    pub(crate) fn fixed(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let matches = |fixed: &&Fixed| {
            fixed.host.eq_ignore_ascii_case(host) && fixed.port.is_none_or(|only| only == port)
        };
        // The last setting wins, and one for the port before one for any port.
        let mut found = self.fixed.iter().rev().filter(matches);
        let first = found.next()?;
        let exact = std::iter::once(first)
            .chain(found)
            .find(|fixed| fixed.port.is_some());
        Some(&exact.unwrap_or(first).addresses)
    }
}

impl Config {
    /// Sets the proxy for a scheme, or for both if it is `None`; no URL means no
    /// proxy.
    pub fn set_proxy(&mut self, scheme: Option<&str>, url: Option<&str>) -> Result<(), Error> {
        let choice = match url {
            None => Choice::Direct,
            Some(url) => Choice::Through(Arc::new(Proxy::parse(url)?)),
        };
        let network = &mut self.network;
        match scheme {
            None => {
                network.http = choice.clone();
                network.https = choice;
            }
            Some(name) if name.eq_ignore_ascii_case("http") => network.http = choice,
            Some(name) if name.eq_ignore_ascii_case("https") => network.https = choice,
            Some(_) => {
                let message = "scheme: neither http nor https";
                return Err(Error::new(Kind::InvalidArgument, message));
            }
        }
        Ok(())
    }

    /// Sets the hosts for which no proxy is used, overriding the environment.
    pub fn set_no_proxy(&mut self, list: &str) -> Result<(), Error> {
        let refuse =
            |why: String| Error::new(Kind::InvalidArgument, format!("no_proxy list: {why}"));
        if let Some(wrong) = first_char(list, char::is_control) {
            return Err(refuse(format!("has a control character, {wrong}")));
        }
        let entries: Result<Vec<HostRule>, &str> = proxy::entries(list).collect();
        self.network.exceptions = Some(entries.map_err(|entry| {
            // Without the entry, which may be a URL with a password by mistake.
            let offset = offset_in(list, entry);
            refuse(format!(
                "the entry at offset {offset} is no host, address or network"
            ))
        })?);
        Ok(())
    }

    /// Sets whether environment variables are read when a client is created.
    pub fn set_use_environment(&mut self, use_it: bool) {
        self.use_environment = use_it;
    }

    /// Allows servers to redirect to a host, with or without a port, or a network.
    pub fn add_allowed_network(&mut self, text: &str) -> Result<(), Error> {
        let rule = HostRule::exact(text).ok_or_else(|| {
            let wrong = odd_byte(text);
            let message = format!("allowed network: no host, address or network{wrong}");
            Error::new(Kind::InvalidArgument, message)
        })?;
        self.network.allowed.push(rule);
        Ok(())
    }

    /// Sets the addresses of a host, overriding name resolution. Port 0 means
    /// any port.
    pub fn add_resolve(&mut self, host: &str, port: u16, addresses: &str) -> Result<(), Error> {
        let refuse = |why: String| Err(Error::new(Kind::InvalidArgument, why));
        if let Some(wrong) = first_char(host, |c| !c.is_ascii() || c.is_control()) {
            return refuse(format!("host: cannot be a host's name, {wrong}"));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return refuse("host: is empty".to_owned());
        }
        let mut parsed = Vec::new();
        for text in addresses.split(',').map(str::trim) {
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            match bare.parse() {
                Ok(address) if parsed.len() < MAX_ADDRESSES => parsed.push(address),
                Ok(_) => return refuse(format!("addresses: more than {MAX_ADDRESSES}")),
                Err(_) => {
                    let offset = offset_in(addresses, text);
                    return refuse(format!(
                        "addresses: the one at offset {offset} is no IPv4 or IPv6 address"
                    ));
                }
            }
        }
        self.network.addresses.fixed.push(Fixed {
            host: host.to_owned(),
            port: (port != 0).then_some(port),
            addresses: parsed,
        });
        Ok(())
    }

    /// The IP versions to use.
    pub fn set_ip_version(&mut self, version: IpVersion) {
        self.network.addresses.version = version;
    }

    /// Sets how many idle connections are kept per host, and for how long.
    pub fn set_max_idle_connections(&mut self, per_host: usize, time: Duration) {
        self.network.keep_alive = KeepAlive {
            max_per_host: per_host,
            max_idle_time: time,
        };
    }

    /// Sets the maximum number of connections per host; 0 means no limit.
    pub fn set_max_connections(&mut self, per_host: usize) {
        self.network.max_connections = NonZero::new(per_host);
    }

    /// An environment variable, if the environment may be read.
    pub(crate) fn variable(&self, name: &str) -> Option<OsString> {
        if self.use_environment {
            std::env::var_os(name)
        } else {
            None
        }
    }

    /// The proxies from the settings and from the current environment.
    pub(crate) fn proxies(&self) -> Result<Proxies, Error> {
        let network = &self.network;
        let exceptions = network.exceptions.as_deref();
        Proxies::new(&network.http, &network.https, exceptions, |name| {
            self.variable(name)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_addresses() {
        let mut config = Config::new();
        for (host, port, addresses) in [
            ("r.example", 0, "10.0.0.1"),
            ("R.example", 443, "10.0.0.2, ::1"),
            ("r.example", 0, "[::2]"),
            ("r.example", 80, "10.0.0.3"),
        ] {
            config.add_resolve(host, port, addresses).expect("fixed");
        }
        let found = |host, port| {
            let fixed = config.network.addresses.fixed(host, port);
            fixed.map(|all| all.iter().map(ToString::to_string).collect::<Vec<_>>())
        };
        let all = |texts: &[&str]| Some(texts.iter().map(|&text| text.to_owned()).collect());
        assert_eq!(found("r.EXAMPLE", 443), all(&["10.0.0.2", "::1"]));
        assert_eq!(found("r.example", 80), all(&["10.0.0.3"]));
        assert_eq!(found("r.example", 81), all(&["::2"]));
        assert_eq!(found("a.r.example", 80), None);
        for (host, addresses) in [
            ("", "10.0.0.1"),
            ("é", "10.0.0.1"),
            ("r.example", ""),
            ("r.example", "10.0.0.1,"),
            ("r.example", "10.1"),
            ("r.example", "a.example"),
        ] {
            let error = config.add_resolve(host, 0, addresses).expect_err(addresses);
            assert_eq!(error.kind(), Kind::InvalidArgument);
        }
        let many = vec!["10.0.0.1"; MAX_ADDRESSES + 1].join(",");
        config.add_resolve("r.example", 0, &many).expect_err("many");
    }
}
