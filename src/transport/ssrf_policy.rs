//! The SSRF policy: a server must not direct the client to a more private
//! network than its own.
//!
//! Otherwise a registry on the internet could use redirects and realms to make
//! the client send requests to services of its own network, its host or its
//! cloud. The policy checks the address of each connection, so that names,
//! spellings and DNS responses cannot bypass it. The network of a server is
//! that of the connection that delivered its response: the same name may have
//! another address for the next connection.

use std::net::IpAddr;

use super::address_class::{AddressClass, classify, is_metadata_name};
use crate::error::{Error, Kind};
use crate::http::url::Origin;
use crate::proxy::host_rules;
use crate::proxy::host_rules::HostRule;

/// Who chose the URL of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Director {
    #[default]
    Caller,
    /// A server at an address of this class, by a redirect or a challenge.
    Server(AddressClass),
}

impl Director {
    /// A server that may direct requests to public addresses only.
    pub(crate) fn public_server() -> Director {
        Director::Server(AddressClass::Public)
    }

    /// A name, to keep it in a string.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Director::Caller => "caller",
            Director::Server(class) => class.description(),
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Director> {
        match name {
            "caller" => Some(Director::Caller),
            name => AddressClass::from_description(name).map(Director::Server),
        }
    }
}

/// The policy of one client.
#[derive(Debug)]
pub(crate) struct SsrfPolicy {
    /// The registry's own origin, which is exempt.
    own: Origin,
    allowed: Vec<HostRule>,
}

/// The target of a request.
struct Target<'a> {
    origin: &'a Origin,
    /// `None`: a name that a proxy resolves.
    address: Option<IpAddr>,
    class: AddressClass,
}

impl SsrfPolicy {
    pub(crate) fn new(own: Origin, allowed: Vec<HostRule>) -> SsrfPolicy {
        SsrfPolicy { own, allowed }
    }

    /// Whether a request may go to `address` of `origin`.
    pub(crate) fn check(
        &self,
        director: Director,
        origin: &Origin,
        address: IpAddr,
    ) -> Result<(), Error> {
        let class = classify(address);
        let address = Some(address);
        self.judge(
            director,
            &Target {
                origin,
                address,
                class,
            },
        )
    }

    /// Whether a request may go to a host that a proxy resolves. Only literal
    /// addresses and known names can be checked.
    pub(crate) fn check_name(&self, director: Director, origin: &Origin) -> Result<(), Error> {
        let host = &origin.host;
        let named = |class| Target {
            origin,
            address: None,
            class,
        };
        if host_rules::is_localhost(host) {
            return self.judge(director, &named(AddressClass::Loopback));
        }
        if is_metadata_name(host) {
            return self.judge(director, &named(AddressClass::Metadata));
        }
        let readings = host_rules::readings(host);
        if readings.is_empty() && host_rules::ends_in_number(host) {
            // No domain ends in a number, so a proxy can only read it as an
            // address, in a way that is unknown here.
            let is_exempt = *origin == self.own || self.is_allowed(origin, None);
            if matches!(director, Director::Server(_)) && !is_exempt {
                return Err(refused(origin, "the host is not a valid address"));
            }
        }
        readings
            .into_iter()
            .try_for_each(|address| self.check(director, origin, address))
    }

    fn is_allowed(&self, origin: &Origin, address: Option<IpAddr>) -> bool {
        let mut rules = self.allowed.iter();
        rules.any(|rule| rule.names(&origin.host, address, origin.port))
    }

    fn judge(&self, director: Director, target: &Target) -> Result<(), Error> {
        let &Target {
            origin,
            address,
            class,
        } = target;
        let is_own = *origin == self.own;
        let may = match director {
            // The URL may be a Location that the caller passes on.
            Director::Caller => is_own || class != AddressClass::Metadata,
            Director::Server(from) if class == AddressClass::Metadata => {
                // The client is for a registry there.
                is_own && from == AddressClass::Metadata
            }
            Director::Server(from) => is_own || from.may_redirect_to(class),
        };
        if may || self.is_allowed(origin, address) {
            return Ok(());
        }
        let target = match address {
            Some(address) => format!("the address {address} is {}", class.description()),
            None => format!("the name is {}", class.description()),
        };
        let rule = match director {
            Director::Caller => {
                "which is not allowed at another origin than the registry's".to_owned()
            }
            Director::Server(from) => {
                let from = from.description();
                format!("which a server at a {from} address must not direct requests to")
            }
        };
        Err(refused(origin, &format!("{target}, {rule}")))
    }
}

fn refused(origin: &Origin, why: &str) -> Error {
    let host = origin.authority();
    Error::new(Kind::AddressRefused, format!("connect to {host}: {why}")).with_host(&host)
}

/// Whether a server at a public address may redirect through a proxy to a host.
#[cfg(fuzzing)]
pub(crate) fn may_name_to_proxy(origin: &Origin) -> bool {
    let own = Origin {
        host: "registry.example".to_owned(),
        ..origin.clone()
    };
    let director = Director::Server(AddressClass::Public);
    SsrfPolicy::new(own, Vec::new())
        .check_name(director, origin)
        .is_ok()
}

/// The class of a server that was reached at `address`, or through a Unix domain
/// socket or a proxy that resolved its name.
pub(crate) fn class_of_server(origin: &Origin, address: Option<IpAddr>) -> AddressClass {
    let address = address.or_else(|| host_rules::literal(&origin.host));
    match address {
        Some(address) => classify(address),
        None if origin.is_socket() || host_rules::is_localhost(&origin.host) => {
            AddressClass::Loopback
        }
        None => AddressClass::Public,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;

    fn origin(url: &str) -> Origin {
        Url::parse(url).expect("a url").origin()
    }

    const METADATA: &str = "169.254.169.254";

    fn policy(own: &str) -> SsrfPolicy {
        SsrfPolicy::new(origin(own), Vec::new())
    }

    /// The director that a server of `origin` at an address is.
    fn server(at: &str) -> Director {
        let address = at.parse().expect("an address");
        Director::Server(class_of_server(&origin("https://r.example"), Some(address)))
    }

    #[test]
    fn servers_redirect_to_no_more_private_network() {
        let public = "93.184.216.34";
        let private = "10.0.0.1";
        let link = "169.254.1.1";
        for (from, yes, no) in [
            (
                public,
                &["1.1.1.1"][..],
                &[private, "127.0.0.1", "0.0.0.0", link, "100.64.0.1", "::1"][..],
            ),
            (
                private,
                &[public, "192.168.0.1", "fd00::1", "100.64.0.1"],
                &["127.0.0.1", "0.0.0.0", link, "fe80::1"],
            ),
            (link, &[public, private, link], &["127.0.0.1", "::"]),
            (
                "127.0.0.1",
                &[public, private, "::1", "0.0.0.0", "127.0.0.2"],
                &[link, "fe80::1"],
            ),
        ] {
            let ssrf_policy = policy("https://r.example");
            let to = origin("https://to.example:444");
            for target in yes {
                let address = target.parse().expect("an address");
                ssrf_policy.check(server(from), &to, address).expect(target);
            }
            let metadata = [METADATA, "fd00:ec2::254", "168.63.129.16"];
            for target in no.iter().chain(&metadata) {
                let address = target.parse().expect("an address");
                let error = ssrf_policy
                    .check(server(from), &to, address)
                    .expect_err(target);
                assert_eq!(error.kind(), Kind::AddressRefused);
                assert_eq!(error.host(), Some("to.example:444"));
                assert!(error.message().contains(target), "{error}");
            }
        }
    }

    #[test]
    fn the_registry_itself_is_exempt_but_not_where_it_moves_to_a_metadata_service() {
        let ssrf_policy = policy("https://r.example");
        let own = origin("https://R.example:443");
        let address = |text: &str| text.parse().expect("an address");
        for private in ["10.0.0.1", "127.0.0.1", "169.254.1.1"] {
            ssrf_policy
                .check(server("1.1.1.1"), &own, address(private))
                .expect(private);
        }
        for (from, may) in [("1.1.1.1", false), ("169.254.1.1", false), (METADATA, true)] {
            let checked = ssrf_policy.check(server(from), &own, address(METADATA));
            assert_eq!(checked.is_ok(), may, "{from}");
        }
        ssrf_policy
            .check(Director::Caller, &own, address(METADATA))
            .expect("the client is for it");
    }

    #[test]
    fn a_url_of_the_caller_may_go_anywhere_but_to_a_metadata_service() {
        let ssrf_policy = policy("https://r.example");
        let to = origin("https://to.example");
        for (target, may) in [
            ("10.0.0.1", true),
            ("127.0.0.1", true),
            ("169.254.1.1", true),
            (METADATA, false),
            ("::ffff:168.63.129.16", false),
        ] {
            let address = target.parse().expect("an address");
            let checked = ssrf_policy.check(Director::Caller, &to, address);
            assert_eq!(checked.is_ok(), may, "{target}");
        }
    }

    #[test]
    fn classes_of_servers() {
        let address = Some("10.0.0.1".parse().expect("an address"));
        for (url, address, class) in [
            ("http://r.example", address, AddressClass::Private),
            ("http://127.0.0.1", address, AddressClass::Private),
            ("http://r.example", None, AddressClass::Public),
            ("http://127.1.", None, AddressClass::Loopback),
            ("http://localhost.", None, AddressClass::Loopback),
        ] {
            assert_eq!(class_of_server(&origin(url), address), class, "{url}");
        }
        let socket = Url::parse_own("http+unix://%2Fr.sock/").expect("a url");
        let class = class_of_server(socket.origin_ref(), None);
        assert_eq!(class, AddressClass::Loopback);
    }

    #[test]
    fn what_the_caller_allows() {
        let allowed = ["token.example:5001", "10.0.0.0/8", METADATA]
            .map(|text| HostRule::exact(text).expect("a rule"));
        let ssrf_policy = SsrfPolicy::new(origin("https://r.example"), allowed.to_vec());
        let case = |url: &str, address: &str| {
            let address = address.parse().expect("an address");
            let by = server("1.1.1.1");
            ssrf_policy.check(by, &origin(url), address).is_ok()
        };
        assert!(case("https://token.example:5001", "127.0.0.1"));
        assert!(!case("https://token.example", "127.0.0.1"));
        assert!(case("https://any.example", "10.1.2.3"));
        assert!(case("https://any.example", "::ffff:10.1.2.3"));
        assert!(!case("https://any.example", "192.168.0.1"));
        assert!(case("http://169.254.169.254", METADATA));
        assert!(!case("http://169.254.170.2", "169.254.170.2"));
        let name = origin("http://169.254.169.254.");
        let checked = ssrf_policy.check_name(server("1.1.1.1"), &name);
        checked.expect("allowed in every form");
    }

    #[test]
    fn hosts_that_a_proxy_looks_up() {
        let ssrf_policy = policy("https://r.example");
        for refused in [
            "http://127.1",
            "http://127.0.0.1.",
            "http://2130706433",
            "http://0x7f.1",
            "http://0X7F000001.",
            "http://0177.0.0.1",
            "http://localhost",
            "http://localhost.",
            "http://[::1]",
            "http://10.0.0.1",
            // 8.0.0.1 or 10.0.0.1, depending on who reads it.
            "http://010.0.0.1",
            "http://169.254.169.254.",
            "http://2852039166",
            "http://2852039166.",
            "http://0xa9fea9fe",
            "http://0xa9.0xfe.0xa9.0xfe.",
            "http://0251.0376.0251.0376",
            "http://169.254.43518",
            "http://[::ffff:169.254.169.254]",
            "http://[::ffff:a9fe:a9fe]",
            "http://[64:ff9b::a9fe:a9fe]",
            "http://[2002:a9fe:a9fe::1]",
            "http://metadata.google.internal",
            "http://Metadata.Google.Internal.",
            // Not valid, so a proxy may read it in any way.
            "http://425.510.425.510",
            "http://4294967296.",
            "http://169.254.169.254.0",
            "http://0xa9fea9fe0",
            "http://0169.0254.0169.0254",
        ] {
            let error = ssrf_policy
                .check_name(server("1.1.1.1"), &origin(refused))
                .expect_err(refused);
            assert_eq!(error.kind(), Kind::AddressRefused);
        }
        for fine in [
            "http://a.example",
            "http://1.1.1.1",
            "http://1.1.1.1.",
            "https://r.example",
            "http://1a.example",
            "http://x.1e",
        ] {
            ssrf_policy
                .check_name(server("1.1.1.1"), &origin(fine))
                .expect(fine);
        }
        let local = policy("http://127.0.0.1:5000");
        local
            .check_name(server("127.0.0.1"), &origin("http://localhost"))
            .expect("as deep");
        // Forms that are no host of a URL.
        for no_host in [
            "http://[fe80::1%25eth0]/",
            "http://[fe80::a9fe:a9fe%eth0]/",
            "http://169.254.169.254%2e/",
            "http://%31%36%39.254.169.254/",
            "http://[169.254.169.254]/",
            "http://169.254.169.254../",
            "http://１６９.254.169.254/",
            "http://169。254。169。254/",
            "http://169.254.169.254\\@r.example/",
            "http://r.example@169.254.169.254/",
        ] {
            Url::parse(no_host).expect_err(no_host);
        }
    }
}
