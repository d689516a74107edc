//! Classes of addresses: how private the network of an address is, and whether
//! it is a metadata service of a cloud.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Classes of addresses, from IANA's special-purpose address registries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum AddressClass {
    #[default]
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
    /// A service that gives credentials or configuration to a machine in a
    /// cloud without authentication.
    Metadata,
}

use AddressClass as Class;

const ALL: [AddressClass; 11] = [
    Class::Public,
    Class::Private,
    Class::Shared,
    Class::Benchmark,
    Class::Documentation,
    Class::Multicast,
    Class::Reserved,
    Class::LinkLocal,
    Class::Loopback,
    Class::Unspecified,
    Class::Metadata,
];

/// The metadata services, by the documentation of their vendors. Many vendors
/// that are not named use 169.254.169.254 too.
const METADATA_V4: [Ipv4Addr; 11] = [
    // Amazon EC2, Azure, Google Cloud, Oracle Cloud, IBM Cloud, DigitalOcean,
    // Hetzner, OpenStack: instance metadata service.
    Ipv4Addr::new(169, 254, 169, 254),
    // Google Kubernetes Engine, "Workload Identity Federation for GKE": the
    // metadata server of a node.
    Ipv4Addr::new(169, 254, 169, 252),
    // Rancher 1.6, "Metadata Service".
    Ipv4Addr::new(169, 254, 169, 250),
    // Amazon ECS, "Task IAM role".
    Ipv4Addr::new(169, 254, 170, 2),
    // Amazon EKS, "Pod Identity Agent".
    Ipv4Addr::new(169, 254, 170, 23),
    // Tencent Cloud, "Querying Instance Metadata": metadata.tencentyun.com.
    Ipv4Addr::new(169, 254, 0, 23),
    Ipv4Addr::new(169, 254, 10, 10),
    // Scaleway, "Instance metadata".
    Ipv4Addr::new(169, 254, 42, 42),
    // Alibaba Cloud ECS, "Instance metadata".
    Ipv4Addr::new(100, 100, 100, 200),
    // Azure, "What is IP address 168.63.129.16?": WireServer.
    Ipv4Addr::new(168, 63, 129, 16),
    // Oracle Cloud Infrastructure Classic, "Retrieving Instance Metadata".
    Ipv4Addr::new(192, 0, 0, 192),
];

const METADATA_V6: [Ipv6Addr; 6] = [
    // Google Compute Engine, "Access VM metadata".
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    // Oracle Cloud Infrastructure, "Instance metadata service".
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    // Scaleway, "Instance metadata".
    Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42),
    // Akamai (Linode), "Metadata service API".
    Ipv6Addr::new(0xfd00, 0xa9fe, 0xa9fe, 0, 0, 0, 0, 1),
    // Akamai (Linode) and OpenStack.
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    // Alibaba Cloud ECS, "Instance metadata".
    Ipv6Addr::new(0xfd00, 0x100, 0, 0, 0, 0, 0x100, 0x200),
];

/// Names of metadata services in the DNS of their clouds, and short forms of
/// them: Google Compute Engine, Amazon EC2, Tencent Cloud, Rancher 1.6.
const METADATA_NAMES: [&str; 7] = [
    "metadata.google.internal",
    "metadata.goog",
    "metadata",
    "instance-data.ec2.internal",
    "instance-data",
    "metadata.tencentyun.com",
    "rancher-metadata",
];

impl AddressClass {
    pub(crate) fn description(self) -> &'static str {
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

    /// The class with that description.
    pub(crate) fn from_description(text: &str) -> Option<AddressClass> {
        ALL.into_iter().find(|class| class.description() == text)
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

    /// Whether a server of this class may direct the client to another class:
    /// not to a more private one. Link-local addresses are only for servers on
    /// the same link, since their range has more metadata services than are
    /// listed here; and no server may redirect to metadata services.
    pub(crate) fn may_redirect_to(self, target: Class) -> bool {
        match target {
            Class::Metadata => false,
            Class::LinkLocal => matches!(self, Class::LinkLocal | Class::Metadata),
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

/// Whether a name is that of a metadata service.
pub(crate) fn is_metadata_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    METADATA_NAMES
        .iter()
        .any(|name| host.eq_ignore_ascii_case(name))
}

fn classify_v4(address: Ipv4Addr) -> Class {
    if METADATA_V4.contains(&address) {
        return Class::Metadata;
    }
    match address.octets() {
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
    if METADATA_V6.contains(&address) {
        return Class::Metadata;
    }
    let segments = address.segments();
    let v4 = |high: u16, low: u16| {
        let bits = u32::from(high) << 16 | u32::from(low);
        classify_v4(Ipv4Addr::from_bits(bits))
    };
    let class = match segments {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Loopback,
        // Amazon VPC reserves the block for services of EC2 and EKS: metadata,
        // credentials of pods, names, time.
        [0xfd00, 0xec2, ..] => Class::Metadata,
        // IPv4 embedded in IPv6: compatible, mapped, translated (RFC 2765, RFC
        // 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        // Local-use translation (RFC 8215).
        [0x64, 0xff9b, 1, ..] => local_translation(address),
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
    };
    // The interface identifier of ISATAP (RFC 5214, section 6.1) ends in the
    // IPv4 address of the host.
    match segments {
        [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => deeper(class, v4(high, low)),
        _ => class,
    }
}

/// The class of an address in 64:ff9b:1::/48. Each network chooses the length
/// of its prefix there, which determines the place of the IPv4 address (RFC
/// 6052, section 2.2).
fn local_translation(address: Ipv6Addr) -> Class {
    let octets = address.octets();
    let places = [
        [6, 7, 9, 10],
        [7, 9, 10, 11],
        [9, 10, 11, 12],
        [12, 13, 14, 15],
    ];
    places
        .map(|places| classify_v4(places.map(|at| octets[at]).into()))
        .into_iter()
        // Zeros, which are the other places of a shorter address.
        .filter(|class| *class != Class::Unspecified)
        .fold(Class::Private, deeper)
}

fn deeper(one: Class, other: Class) -> Class {
    match (one, other) {
        (Class::Metadata, _) | (_, Class::Metadata) => Class::Metadata,
        _ if other.depth() > one.depth() => other,
        _ => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                    "fd00:ec1::254",
                    "fd00:ec3::254",
                    "fd20:ce::255",
                    "fd00:42::43",
                    "::ffff:10.0.0.1",
                    "::10.0.0.1",
                    "64:ff9b::10.0.0.1",
                    "64:ff9b:1::1",
                    "2002:a00:1::",
                    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
                    "fec0::1",
                    "2606:4700::200:5efe:10.0.0.1",
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
                    "2606:4700::5efe:127.0.0.1",
                    "64:ff9b:1::127.0.0.1",
                ],
            ),
            (
                Class::LinkLocal,
                &[
                    "169.254.0.1",
                    "169.254.170.1",
                    "fe80::1",
                    "febf::1",
                    "::ffff:169.254.1.1",
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

    #[test]
    fn metadata_services_in_every_form() {
        let v4 = [
            "169.254.169.254",
            "169.254.169.252",
            "169.254.169.250",
            "169.254.170.2",
            "169.254.170.23",
            "169.254.0.23",
            "169.254.10.10",
            "169.254.42.42",
            "100.100.100.200",
            "168.63.129.16",
            "192.0.0.192",
        ];
        assert_eq!(v4.len(), METADATA_V4.len());
        let v6 = [
            "fd00:ec2::254",
            "fd00:ec2::23",
            "fd00:ec2::253",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:42::42",
            "fd00:a9fe:a9fe::1",
            "fe80::a9fe:a9fe",
            "fd00:100::100:200",
        ];
        let is_metadata = |address: IpAddr, text: &str| {
            assert_eq!(classify(address), Class::Metadata, "{text} as {address}");
        };
        for text in v6 {
            is_metadata(text.parse().expect(text), text);
        }
        for text in v4 {
            let address: Ipv4Addr = text.parse().expect(text);
            is_metadata(address.into(), text);
            let [a, b, c, d] = address.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            for segments in [
                [0, 0, 0, 0, 0, 0, high, low],
                [0, 0, 0, 0, 0, 0xffff, high, low],
                [0, 0, 0, 0, 0xffff, 0, high, low],
                [0x64, 0xff9b, 0, 0, 0, 0, high, low],
                [0x64, 0xff9b, 1, high, c, d << 8, 0, 0],
                [0x64, 0xff9b, 1, a, b, c << 8 | d, 0, 0],
                [0x64, 0xff9b, 1, 0, a, b << 8 | c, d << 8, 0],
                [0x64, 0xff9b, 1, 2, 3, 4, high, low],
                [0x2002, high, low, 0, 0, 0, 0, 1],
                [0x2001, 0, 1, 2, 3, 4, !high, !low],
                [0xfe80, 0, 0, 0, 0, 0x5efe, high, low],
                [0x2606, 0x4700, 0, 0, 0x200, 0x5efe, high, low],
            ] {
                is_metadata(Ipv6Addr::from(segments).into(), text);
            }
        }
        for name in [
            "Metadata.google.internal",
            "metadata.tencentyun.com.",
            "instance-data",
        ] {
            assert!(is_metadata_name(name), "{name}");
        }
        for name in ["metadata.example", "google.internal", "xmetadata.goog", ""] {
            assert!(!is_metadata_name(name), "{name}");
        }
    }
}
