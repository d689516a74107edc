//! Rules that match hosts and networks, as in no_proxy lists, and addresses
//! written as host names.

use std::net::{IpAddr, Ipv4Addr};

/// An entry of a list: hosts or a network, optionally with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostRule {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Any,
    /// The first `bits` bits of an address.
    Network(IpAddr, u8),
    /// A name, in lower case and without a trailing dot.
    Host(String),
    /// A name and its subdomains.
    Domain(String),
    /// The subdomains of a name.
    Below(String),
}

impl HostRule {
    /// Parses an entry of a no_proxy list by Go's rules: `*` matches all hosts,
    /// `example.com` the host and its subdomains, `.example.com` and
    /// `*.example.com` only the subdomains. An address or a CIDR network
    /// matches hosts that are written as addresses. A port may follow a name or
    /// an address.
    pub(crate) fn in_no_proxy(text: &str) -> Option<HostRule> {
        if text == "*" {
            return Some(HostRule {
                what: What::Any,
                port: None,
            });
        }
        read(text, |name| {
            match name.strip_prefix("*.").or_else(|| name.strip_prefix('.')) {
                Some(name) => (What::Below as fn(String) -> What, name),
                None => (What::Domain as fn(String) -> What, name),
            }
        })
    }

    /// Parses a host, optionally with a port, or a network. Subdomains do not
    /// match.
    pub(crate) fn exact(text: &str) -> Option<HostRule> {
        read(text, |name| (What::Host as fn(String) -> What, name))
    }

    /// Whether the rule matches the host, or its address if that is known.
    pub(crate) fn names(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        if self.port.is_some_and(|only| only != port) {
            return false;
        }
        let host = host.strip_suffix('.').unwrap_or(host);
        let below = |name: &str| {
            let (Some(at), true) = (host.len().checked_sub(name.len()), host.is_ascii()) else {
                return false;
            };
            at > 1 && host[at..].eq_ignore_ascii_case(name) && host[..at].ends_with('.')
        };
        match &self.what {
            What::Any => true,
            What::Network(network, bits) => {
                address.is_some_and(|address| is_within(address.to_canonical(), *network, *bits))
            }
            What::Host(name) => host.eq_ignore_ascii_case(name),
            What::Domain(name) => host.eq_ignore_ascii_case(name) || below(name),
            What::Below(name) => below(name),
        }
    }
}

fn read(text: &str, of_name: impl Fn(&str) -> (fn(String) -> What, &str)) -> Option<HostRule> {
    if let Some((address, bits)) = text.split_once('/') {
        let address: IpAddr = address.parse().ok()?;
        let bits = digits(bits)?;
        let max = if address.is_ipv4() { 32 } else { 128 };
        return (bits <= max).then_some(HostRule {
            what: What::Network(address, u8::try_from(bits).ok()?),
            port: None,
        });
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(HostRule {
            what: single(address),
            port: None,
        });
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => {
            (host, Some(digits(port).filter(|&port| port > 0)?))
        }
        _ => (text, None),
    };
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let what = match bare {
        Some(address) => single(address.parse().ok()?),
        None => match host.parse::<IpAddr>() {
            Ok(address) if address.is_ipv4() => single(address),
            _ => {
                let (make, name) = of_name(host);
                let name = name.strip_suffix('.').unwrap_or(name);
                let is_name = !name.is_empty()
                    && name.split('.').all(|label| {
                        !label.is_empty()
                            && label
                                .bytes()
                                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
                    });
                if !is_name {
                    return None;
                }
                make(name.to_ascii_lowercase())
            }
        },
    };
    Some(HostRule { what, port })
}

fn single(address: IpAddr) -> What {
    let address = address.to_canonical();
    What::Network(address, if address.is_ipv4() { 32 } else { 128 })
}

fn digits(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

fn is_within(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let (address, network, length) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits(), b.to_bits(), 128),
        _ => return false,
    };
    let rest = length - u32::from(bits);
    // Shifting by all bits would overflow.
    rest == 128 || (address ^ network) >> rest == 0
}

/// The address that a host represents, in any form that the system's resolver
/// accepts: `[::1]`, `127.0.0.1`, `127.1`, `0x7f000001`; also with a trailing
/// dot, which other resolvers accept.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    plain(host).or_else(|| loose_v4(bare(host), Zeros::Octal).map(IpAddr::V4))
}

/// All addresses that resolvers may read in a host: some take a number with
/// leading zeros as decimal. Empty for a name.
pub(crate) fn readings(host: &str) -> Vec<IpAddr> {
    if let Some(address) = plain(host) {
        return vec![address];
    }
    let read = |zeros| loose_v4(bare(host), zeros).map(IpAddr::V4);
    let mut found: Vec<IpAddr> = [read(Zeros::Octal), read(Zeros::Decimal)]
        .into_iter()
        .flatten()
        .collect();
    found.dedup();
    found
}

/// Whether the last label of a host is a number, as in no domain name.
pub(crate) fn ends_in_number(host: &str) -> bool {
    let last = bare(host).rsplit('.').next().unwrap_or_default();
    let is_all = |digits: &str, is_digit: fn(&u8) -> bool| digits.bytes().all(|b| is_digit(&b));
    match last.strip_prefix("0x").or_else(|| last.strip_prefix("0X")) {
        Some(digits) => is_all(digits, u8::is_ascii_hexdigit),
        None => !last.is_empty() && is_all(last, u8::is_ascii_digit),
    }
}

/// An address in its usual form.
fn plain(host: &str) -> Option<IpAddr> {
    let in_brackets = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    in_brackets.unwrap_or(bare(host)).parse().ok()
}

/// Without the dot of the root.
fn bare(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The meaning of leading zeros.
#[derive(Clone, Copy)]
enum Zeros {
    Octal,
    Decimal,
}

/// inet_aton(3): one to four numbers in base 8, 10 or 16; the last one fills
/// the remaining bytes.
fn loose_v4(host: &str, zeros: Zeros) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = host.split('.').collect();
    let (last, first) = parts.split_last()?;
    if first.len() > 3 {
        return None;
    }
    let mut bits = 0u32;
    for (place, part) in first.iter().enumerate() {
        let octet = u8::try_from(loose_number(part, zeros)?).ok()?;
        bits |= u32::from(octet) << (24 - 8 * place);
    }
    let rest = loose_number(last, zeros)?;
    let room = 32 - 8 * u32::try_from(first.len()).ok()?;
    (u64::from(rest) < 1 << room).then(|| Ipv4Addr::from_bits(bits | rest))
}

fn loose_number(text: &str, zeros: Zeros) -> Option<u32> {
    let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, base) = match (hex, zeros) {
        // As in inet_aton(3), 0x alone is 0.
        (Some(""), _) => ("0", 16),
        (Some(digits), _) => (digits, 16),
        (None, Zeros::Octal) if text.starts_with('0') && text.len() > 1 => (&text[1..], 8),
        (None, _) => (text, 10),
    };
    // The standard library parses "+1" as a number.
    let is_number = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number
        .then(|| u32::from_str_radix(digits, base).ok())
        .flatten()
}

/// Whether a name is localhost (RFC 6761, section 6.3).
pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    last.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(rule: &HostRule, host: &str, port: u16) -> bool {
        rule.names(host, literal(host), port)
    }

    #[test]
    fn entries_of_no_proxy_lists() {
        for (rule, yes, no) in [
            ("*", &["a.example:1", "10.0.0.1:80"][..], &[][..]),
            (
                "example.com",
                &["example.com:80", "EXAMPLE.com.:443", "a.b.Example.com:1"],
                &["badexample.com:80", "example.com.evil:80", "com:80"],
            ),
            (
                ".example.com",
                &["a.example.com:80"],
                &["example.com:80", ".example.com:80", "aexample.com:80"],
            ),
            ("*.example.com", &["a.example.com:80"], &["example.com:80"]),
            (
                "Example.com:5000",
                &["example.com:5000", "a.example.com:5000"],
                &["example.com:443"],
            ),
            (
                "10.0.0.1",
                &["10.0.0.1:80", "[::ffff:10.0.0.1]:80"],
                &["10.0.0.2:80"],
            ),
            (
                "10.0.0.1:80",
                &["10.0.0.1:80", "10.0.0.1.:80"],
                &["10.0.0.1:81"],
            ),
            (
                "10.0.0.0/8",
                &["10.255.0.1:80", "0xa.1:80"],
                &["11.0.0.1:80", "ten.example:80", "[fd00::1]:80"],
            ),
            ("0.0.0.0/0", &["1.2.3.4:80"], &["a.example:80", "[::1]:80"]),
            ("::/0", &["[::1]:80"], &["1.2.3.4:80"]),
            ("fd00::/8", &["[fd12::1]:80"], &["[fe80::1]:80"]),
            ("::1", &["[::1]:80", "[0:0::1]:80"], &["[::2]:80"]),
            ("[::1]", &["[::1]:80"], &["[::2]:80"]),
            ("[::1]:80", &["[::1]:80"], &["[::1]:81"]),
        ] {
            let parsed = HostRule::in_no_proxy(rule).expect(rule);
            for (hosts, expected) in [(yes, true), (no, false)] {
                for host in hosts {
                    let (host, port) = host.rsplit_once(':').expect("a port");
                    let port = port.parse().expect("a number");
                    assert_eq!(names(&parsed, host, port), expected, "{rule}: {host}");
                }
            }
        }
    }

    #[test]
    fn entries_that_name_nothing() {
        for rule in [
            "",
            ".",
            "*.",
            "a..b",
            "a b",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "::/129",
            "a.example/8",
            "a.example:",
            "a.example:0",
            "a.example:65536",
            "[::1",
            "[a]",
            "é",
            "http://a.example",
            "a*",
        ] {
            assert_eq!(HostRule::in_no_proxy(rule), None, "{rule}");
            assert_eq!(HostRule::exact(rule), None, "{rule}");
        }
    }

    #[test]
    fn what_is_allowed_is_that_alone() {
        let rule = HostRule::exact("token.example:5001").expect("a rule");
        assert!(names(&rule, "Token.example", 5001));
        assert!(!names(&rule, "a.token.example", 5001));
        assert!(!names(&rule, "token.example", 443));
        let network = HostRule::exact("10.0.0.0/8").expect("a rule");
        let address = Some("10.1.2.3".parse().expect("an address"));
        assert!(network.names("token.example", address, 443));
        assert!(!network.names("token.example", None, 443));
        assert_eq!(HostRule::exact("*"), None);
        assert_eq!(HostRule::exact(".example"), None);
    }

    #[test]
    fn hosts_that_spell_out_an_address() {
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0X7F000001", "127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("0", "0.0.0.0"),
            ("10.258", "10.0.1.2"),
            ("1.2.772", "1.2.3.4"),
            ("0x", "0.0.0.0"),
            ("127.0.0.1.", "127.0.0.1"),
            ("127.1.", "127.0.0.1"),
            ("0x7f000001.", "127.0.0.1"),
            ("1.", "0.0.0.1"),
            ("[::1]", "::1"),
            ("[::ffff:127.0.0.1]", "::ffff:127.0.0.1"),
        ] {
            assert_eq!(literal(host), address.parse().ok(), "{host}");
        }
        for host in [
            "a.example",
            "1.2.3.4.5",
            "256.1.1.1",
            "4294967296",
            "1.2.3.256",
            "08.1",
            "",
            ".",
            "1..2",
            "1..",
            "+1",
            "a",
            "face",
            "0xg",
            "::1",
        ] {
            let found = literal(host);
            assert!(found.is_none() || host == "::1", "{host}: {found:?}");
        }
    }

    #[test]
    fn hosts_that_resolvers_read_in_several_ways() {
        for (host, addresses) in [
            ("10.0.0.1", &["10.0.0.1"][..]),
            ("010.0.0.1", &["8.0.0.1", "10.0.0.1"]),
            ("08.1.", &["8.0.0.1"]),
            ("0100.100.100.200", &["64.100.100.200", "100.100.100.200"]),
            ("00.0", &["0.0.0.0"]),
            ("[::1]", &["::1"]),
            ("a.example", &[]),
            ("256.1.1.1", &[]),
        ] {
            let expected: Vec<IpAddr> = addresses.iter().flat_map(|text| text.parse()).collect();
            assert_eq!(readings(host), expected, "{host}");
        }
        for (host, expected) in [
            ("1.2.3.4.5", true),
            ("a.08.", true),
            ("a.0xG", false),
            ("a.0x1f", true),
            ("a.1f", false),
            ("a.example", false),
            ("[::1]", false),
            ("", false),
        ] {
            assert_eq!(ends_in_number(host), expected, "{host}");
        }
    }

    #[test]
    fn names_of_the_host_itself() {
        for host in ["localhost", "LOCALHOST.", "a.localhost"] {
            assert!(is_localhost(host), "{host}");
        }
        for host in ["localhost.example", "mylocalhost", "", "127.0.0.1"] {
            assert!(!is_localhost(host), "{host}");
        }
    }
}
