//! The SSRF policy: a server must not direct the client to a more private
//! network than its own.
//!
//! Otherwise a registry on the internet could use redirects and realms to make
//! the client send requests to services of its own network, its host or its
//! cloud. The policy checks the address of each connection, so that names,
//! spellings and DNS responses cannot bypass it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use crate::error::{Error, Kind};
use crate::http::url::Origin;
use crate::proxy::host_rules;
use crate::proxy::host_rules::HostRule;

/// Classes of addresses, from IANA's special-purpose address registries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Public,
    /// RFC 1918 and RFC 4193.
    Private,
    /// Shared address space of providers, RFC 6598.
    Shared,
    /// RFC 2544.
    Benchmark,
    Documentation,
    Multicast,
    /// Reserved, or not for hosts.
    Reserved,
    /// RFC 3927 and RFC 4291.
    LinkLocal,
    Loopback,
    /// The system treats it as the local host.
    Unspecified,
    /// A cloud metadata service.
    Metadata,
}

impl Class {
    fn description(self) -> &'static str {
        match self {
            Class::Public => "public",
            Class::Private => "private",
            Class::Shared => "shared (RFC 6598)",
            Class::Benchmark => "benchmark",
            Class::Documentation => "documentation",
            Class::Multicast => "multicast",
            Class::Reserved => "reserved",
            Class::LinkLocal => "link-local",
            Class::Loopback => "loopback",
            Class::Unspecified => "unspecified",
            Class::Metadata => "cloud metadata",
        }
    }

    /// How private the class is.
    fn depth(self) -> u8 {
        match self {
            Class::Public => 0,
            Class::Private
            | Class::Shared
            | Class::Benchmark
            | Class::Documentation
            | Class::Multicast
            | Class::Reserved => 1,
            Class::LinkLocal | Class::Metadata => 2,
            Class::Loopback | Class::Unspecified => 3,
        }
    }

    /// Whether a registry of this class may direct the client to another class.
    fn may_redirect_to(self, target: Class) -> bool {
        match target {
            Class::Metadata => matches!(self, Class::LinkLocal | Class::Metadata),
            _ => target.depth() <= self.depth(),
        }
    }
}

pub(crate) fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => classify_v6(v6),
    }
}

fn classify_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [169, 254, 169, 254] | [100, 100, 100, 200] => Class::Metadata,
        [0, 0, 0, 0] => Class::Unspecified,
        [127, ..] => Class::Loopback,
        [10, ..] | [192, 168, ..] => Class::Private,
        [172, second, ..] if second & 0xf0 == 16 => Class::Private,
        [169, 254, ..] => Class::LinkLocal,
        [100, second, ..] if second & 0xc0 == 64 => Class::Shared,
        [198, 18 | 19, ..] => Class::Benchmark,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Class::Documentation,
        [224..=239, ..] => Class::Multicast,
        [0 | 240..=255, ..] | [192, 0, 0, _] | [192, 88, 99, _] => Class::Reserved,
        _ => Class::Public,
    }
}

fn classify_v6(address: Ipv6Addr) -> Class {
    let segments = address.segments();
    let v4 = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        classify_v4(Ipv4Addr::from_bits(bits))
    };
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Class::Metadata,
        // IPv4 embedded in IPv6: compatible, mapped, translated (RFC 2765, RFC
        // 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // Local-use translation (RFC 8215).
        [0x64, 0xff9b, 1, ..] => Class::Private,
        // 6to4, and Teredo, which stores the client's address inverted.
        [0x2002, high, low, ..] => v4(high, low),
        [0x2001, 0, _, _, _, _, high, low] => v4(!high, !low),
        [0x2001, 2, 0, ..] => Class::Benchmark,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Class::Documentation,
        [0x2001, 0..=0x1ff, ..] | [0x100, 0, 0, 0, ..] => Class::Reserved,
        [first, ..] if first & 0xfe00 == 0xfc00 => Class::Private,
        [first, ..] if first & 0xffc0 == 0xfe80 => Class::LinkLocal,
        // Site-local, the deprecated predecessor of private addresses.
        [first, ..] if first & 0xffc0 == 0xfec0 => Class::Private,
        [first, ..] if first & 0xff00 == 0xff00 => Class::Multicast,
        [first, ..] if first & 0xe000 == 0x2000 => Class::Public,
        _ => Class::Reserved,
    }
}

/// The policy of one client.
#[derive(Debug)]
pub(crate) struct SsrfPolicy {
    /// The registry's own origin, which is exempt.
    own: Origin,
    /// The class of the registry's last known address.
    stands: Mutex<Option<Class>>,
    allowed: Vec<HostRule>,
}

impl SsrfPolicy {
    pub(crate) fn new(own: Origin, allowed: Vec<HostRule>) -> SsrfPolicy {
        // The class of a literal address; a name counts as public until it is
        // resolved.
        let spelled = if own.is_socket() {
            Some(Class::Loopback)
        } else {
            spelled(&own.host)
        };
        SsrfPolicy {
            own,
            stands: Mutex::new(spelled),
            allowed,
        }
    }

    /// Records the address of a connection to the registry itself.
    pub(crate) fn note(&self, origin: &Origin, address: IpAddr) {
        if *origin == self.own {
            *self.stands.lock().unwrap_or_else(PoisonError::into_inner) = Some(classify(address));
        }
    }

    /// Whether a server may direct the client to `address` of `origin`.
    pub(crate) fn check(&self, origin: &Origin, address: IpAddr) -> Result<(), Error> {
        self.judge(
            origin,
            Some(address),
            classify(address),
            &address.to_string(),
        )
    }

    /// Whether a server may direct the client to a host that a proxy resolves:
    /// only literal addresses can be checked.
    pub(crate) fn check_name(&self, origin: &Origin) -> Result<(), Error> {
        match spelled(&origin.host) {
            Some(class) => {
                let address = host_rules::literal(&origin.host);
                let shown = address.map_or(origin.host.clone(), |address| address.to_string());
                self.judge(origin, address, class, &shown)
            }
            None => Ok(()),
        }
    }

    fn judge(
        &self,
        origin: &Origin,
        address: Option<IpAddr>,
        target: Class,
        shown: &str,
    ) -> Result<(), Error> {
        let stands = self.stands.lock().unwrap_or_else(PoisonError::into_inner);
        let stands = stands.unwrap_or(Class::Public);
        let allowed = || {
            let mut rules = self.allowed.iter();
            rules.any(|rule| rule.names(&origin.host, address, origin.port))
        };
        if *origin == self.own || stands.may_redirect_to(target) || allowed() {
            return Ok(());
        }
        let host = origin.authority();
        let message = format!(
            "connect to {host}: the address {shown} is {}, which a registry at a {} address must not direct requests to",
            target.description(),
            stands.description()
        );
        Err(Error::new(Kind::AddressRefused, message).with_host(&host))
    }
}

/// The class of a literal address or a local name.
fn spelled(host: &str) -> Option<Class> {
    if host_rules::is_localhost(host) {
        return Some(Class::Loopback);
    }
    host_rules::literal(host).map(classify)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    #[test]
    fn classes_of_addresses() {
        for (class, addresses) in [
            (
                Class::Public,
                &[
                    "1.1.1.1",
                    "93.184.216.34",
                    "9.255.255.255",
                    "11.0.0.0",
                    "172.15.255.255",
                    "172.32.0.0",
                    "100.63.255.255",
                    "100.128.0.0",
                    "169.253.255.255",
                    "192.167.255.255",
                    "198.17.255.255",
                    "198.20.0.0",
                    "223.255.255.255",
                    "126.255.255.255",
                    "128.0.0.0",
                    "2606:4700::1111",
                    "2a00::1",
                    "::ffff:1.1.1.1",
                    "64:ff9b::1.1.1.1",
                    "2002:101:101::1",
                    "2001:0:4136:e378:8000:63bf:fefe:fefe",
                    "2001:4860:4860::8888",
                ][..],
            ),
            (
                Class::Private,
                &[
                    "10.0.0.0",
                    "10.255.255.255",
                    "172.16.0.0",
                    "172.31.255.255",
                    "192.168.0.0",
                    "192.168.255.255",
                    "fc00::",
                    "fdff::1",
                    "fd00:ec2::255",
                    "::ffff:10.0.0.1",
                    "::10.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "64:ff9b:1::1",
                    "2002:a00:1::",
                    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
                    "fec0::1",
                ],
            ),
            (
                Class::Loopback,
                &[
                    "127.0.0.1",
                    "127.255.255.255",
                    "::1",
                    "::ffff:127.0.0.1",
                    "::127.0.0.1",
                    "64:ff9b::7f00:1",
                    "2002:7f00:1::1",
                    "::ffff:0:127.0.0.1",
                ],
            ),
            (
                Class::LinkLocal,
                &[
                    "169.254.0.1",
                    "169.254.170.2",
                    "fe80::1",
                    "febf::1",
                    "::ffff:169.254.1.1",
                ],
            ),
            (
                Class::Metadata,
                &[
                    "169.254.169.254",
                    "100.100.100.200",
                    "fd00:ec2::254",
                    "::ffff:169.254.169.254",
                    "64:ff9b::a9fe:a9fe",
                    "2002:a9fe:a9fe::",
                ],
            ),
            (Class::Shared, &["100.64.0.0", "100.127.255.255"]),
            (Class::Unspecified, &["0.0.0.0", "::", "::ffff:0.0.0.0"]),
            (
                Class::Multicast,
                &["224.0.0.1", "239.255.255.255", "ff02::1"],
            ),
            (
                Class::Benchmark,
                &["198.18.0.0", "198.19.255.255", "2001:2::1"],
            ),
            (
                Class::Documentation,
                &[
                    "192.0.2.1",
                    "198.51.100.1",
                    "203.0.113.1",
                    "2001:db8::1",
                    "3fff::1",
                ],
            ),
            (
                Class::Reserved,
                &[
                    "0.0.0.1",
                    "240.0.0.1",
                    "255.255.255.255",
                    "192.0.0.1",
                    "192.88.99.1",
                    "100::1",
                    "2001:10::1",
                    "4000::1",
                    "::2:0:0:1",
                ],
            ),
        ] {
            for text in addresses {
                let address = text.parse().expect(text);
                assert_eq!(classify(address), class, "{text}");
            }
        }
    }

    fn origin(url: &str) -> Origin {
        Url::parse(url).expect("a url").origin()
    }

    #[test]
    fn a_registry_leads_no_further_in_than_it_stands() {
        let public = "93.184.216.34";
        let private = "10.0.0.1";
        let link = "169.254.1.1";
        let metadata = "169.254.169.254";
        for (registry, yes, no) in [
            (
                public,
                &["1.1.1.1"][..],
                &[
                    private,
                    "127.0.0.1",
                    "0.0.0.0",
                    link,
                    metadata,
                    "100.64.0.1",
                    "::1",
                ][..],
            ),
            (
                private,
                &[public, "192.168.0.1", "fd00::1", "100.64.0.1"],
                &["127.0.0.1", "0.0.0.0", link, metadata],
            ),
            (
                link,
                &[public, private, link, metadata],
                &["127.0.0.1", "::"],
            ),
            (
                "127.0.0.1",
                &[public, private, link, "::1", "0.0.0.0", "127.0.0.2"],
                &[metadata, "fd00:ec2::254"],
            ),
        ] {
            let ssrf_policy = SsrfPolicy::new(origin("https://r.example"), Vec::new());
            ssrf_policy.note(
                &origin("https://other.example"),
                "::1".parse().expect("one"),
            );
            ssrf_policy.note(&origin("https://r.example"), registry.parse().expect("one"));
            let to = origin("https://to.example:444");
            for target in yes {
                let address = target.parse().expect("an address");
                ssrf_policy.check(&to, address).expect(target);
            }
            for target in no {
                let error = ssrf_policy
                    .check(&to, target.parse().expect("an address"))
                    .expect_err(target);
                assert_eq!(error.kind(), Kind::AddressRefused);
                assert_eq!(error.host(), Some("to.example:444"));
                assert!(error.message().contains(target), "{error}");
            }
            let own = origin("https://R.example:443");
            let address = metadata.parse().expect("an address");
            ssrf_policy
                .check(&own, address)
                .expect("the registry itself");
        }
    }

    #[test]
    fn what_the_caller_allows() {
        let allowed = ["token.example:5001", "10.0.0.0/8", "169.254.169.254"]
            .map(|text| HostRule::exact(text).expect("a rule"));
        let ssrf_policy = SsrfPolicy::new(origin("https://r.example"), allowed.to_vec());
        let case = |url: &str, address: &str| {
            let address = address.parse().expect("an address");
            ssrf_policy.check(&origin(url), address).is_ok()
        };
        assert!(case("https://token.example:5001", "127.0.0.1"));
        assert!(!case("https://token.example", "127.0.0.1"));
        assert!(case("https://any.example", "10.1.2.3"));
        assert!(case("https://any.example", "::ffff:10.1.2.3"));
        assert!(!case("https://any.example", "192.168.0.1"));
        assert!(case("http://169.254.169.254", "169.254.169.254"));
    }

    #[test]
    fn hosts_that_a_proxy_looks_up() {
        let ssrf_policy = SsrfPolicy::new(origin("https://r.example"), Vec::new());
        for refused in [
            "http://127.1",
            "http://2130706433",
            "http://0x7f.1",
            "http://0177.0.0.1",
            "http://localhost",
            "http://[::1]",
            "http://2852039166",
            "http://10.0.0.1",
        ] {
            let error = ssrf_policy.check_name(&origin(refused)).expect_err(refused);
            assert_eq!(error.kind(), Kind::AddressRefused);
        }
        for fine in ["http://a.example", "http://1.1.1.1", "https://r.example"] {
            ssrf_policy.check_name(&origin(fine)).expect(fine);
        }
        let local = SsrfPolicy::new(origin("http://127.0.0.1:5000"), Vec::new());
        local
            .check_name(&origin("http://localhost"))
            .expect("as deep");
    }
}
