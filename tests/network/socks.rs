//! SOCKS proxies.

use embedded_registry::{Options, Registry};
use reggie::{Client, Kind};
use support::raw_server::RawServer;
use support::socks_server::SocksServer;

use crate::proxy::{PASSWORD, USER, get, hello, send, through};

#[test]
fn socks_by_address_and_by_name() {
    for login in [None, Some((USER, PASSWORD))] {
        let proxy = SocksServer::start(login);
        let server = hello();
        let registry = Registry::start(Options::default().tls());
        let port = server.address().port();
        let at = proxy.authority();
        let login = login.map_or(String::new(), |(user, password)| {
            format!("{user}:{password}@")
        });

        let by_name = through(&format!("socks5h://{login}{at}"));
        let client = Client::new(&format!("http://r.example:{port}"), &by_name).expect("a client");
        for _ in 0..2 {
            send(&client, "GET", "/", b"").expect("an answer");
        }
        let mut by_address = through(&format!("socks5://{login}{at}"));
        by_address
            .add_resolve("r.example", 0, "127.0.0.1")
            .expect("an address");
        get(&format!("http://r.example:{port}"), &by_address).expect("an answer");
        let ca = registry.ca_path().expect("a ca");
        by_address.add_ca_file(ca).expect("a ca file");
        get(registry.url(), &by_address).expect("an answer");

        let asked = proxy.asked();
        assert_eq!(asked.len(), 3, "{asked:?}");
        assert_eq!(asked[0], format!("name r.example:{port}"));
        assert_eq!(asked[1], format!("v4 127.0.0.1:{port}"));
        let requests = server.requests();
        assert_eq!(requests[0].target, "/", "{requests:?}");
    }
}

#[test]
fn socks_that_refuses() {
    let open = SocksServer::start(None);
    let error = get(
        "http://127.0.0.1:1",
        &through(&format!("socks5://{}", open.authority())),
    )
    .expect_err("nobody listens");
    assert_eq!(error.kind(), Kind::Proxy);
    assert!(
        error.message().contains("127.0.0.1:1: connection refused"),
        "{error}"
    );
    let closed = SocksServer::start(Some((USER, PASSWORD)));
    for (login, words) in [
        ("", "requires a user name"),
        ("someone:wrOng@", "rejected the user name"),
    ] {
        let url = format!("socks5://{login}{}", closed.authority());
        let error = get("http://127.0.0.1:1", &through(&url)).expect_err(words);
        assert_eq!(error.kind(), Kind::Proxy);
        assert_eq!(error.host(), Some(closed.authority().as_str()));
        let message = error.message();
        assert!(
            message.contains(words) || message.contains("does not support user"),
            "{error}"
        );
        assert!(!message.contains("wrOng"));
    }
    for answer in [
        &b"HTTP/1.1 400 Bad"[..],
        b"\x05\x00\x04\x00\x00\x01",
        b"\x05",
    ] {
        let server = RawServer::start(move |conn| {
            conn.send(answer);
            conn.finish();
            conn.wait_for_close();
        });
        let config = through(&format!("socks5://{}", server.authority()));
        let error = get("http://127.0.0.1:1", &config).expect_err("no socks 5");
        assert_eq!(error.kind(), Kind::Proxy, "{error}");
    }
}
