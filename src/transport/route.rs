//! Routes to servers: the key of the connection pool.

use std::sync::Arc;

use crate::http::url::{Origin, Scheme};
use crate::proxy::{Proxies, Proxy};

/// The server of a connection, and the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Route {
    /// `None`: a proxy that forwards requests to any server.
    to: Option<Arc<Origin>>,
    pub(crate) proxy: Option<Arc<Proxy>>,
}

impl Route {
    pub(crate) fn new(origin: &Arc<Origin>, proxies: &Proxies) -> Route {
        let proxy = match origin.is_socket() {
            true => None,
            false => proxies.choose(origin).cloned(),
        };
        let is_whole =
            origin.scheme == Scheme::Http && proxy.as_ref().is_some_and(|p| p.takes_requests());
        Route {
            to: (!is_whole).then(|| Arc::clone(origin)),
            proxy,
        }
    }

    /// The proxy, if it reads the requests.
    pub(crate) fn forwarder(&self) -> Option<&Arc<Proxy>> {
        self.proxy.as_ref().filter(|_| self.to.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::url::Url;
    use crate::proxy::Choice;

    #[test]
    fn a_forwarding_proxy_is_one_way_to_all_servers() {
        let choice = |url| Choice::Through(Arc::new(Proxy::parse(url).expect("a proxy")));
        let route = |proxy, url| {
            let proxies = Proxies::new(&choice(proxy), &choice(proxy), None, |_| None);
            let url = Url::parse(url).expect("a url");
            Route::new(url.origin_ref(), &proxies.expect("proxies"))
        };
        let (http, other) = ("http://a.example", "http://b.example");
        assert_eq!(route("p.example", http), route("p.example", other));
        assert_ne!(route("p.example", http), route("q.example", http));
        assert_ne!(route("u:p@p.example", http), route("u:q@p.example", http));
        assert_ne!(
            route("socks5://p.example", http),
            route("socks5://p.example", other)
        );
        let tls = "https://a.example";
        assert_ne!(
            route("p.example", tls),
            route("p.example", "https://b.example")
        );
        assert!(route("p.example", http).forwarder().is_some());
        assert!(route("https://p.example", http).forwarder().is_some());
        assert!(route("p.example", tls).forwarder().is_none());
        assert!(route("socks5://p.example", http).forwarder().is_none());
    }
}
