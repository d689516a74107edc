//! Proxies: which requests go through them, in which form, and who is told
//! their user and password.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use embedded_registry::{Options, Registry};
use reggie::{Client, Config, Error, Kind, Level, Response, Step};
use support::child;
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::tinyproxy::TinyProxy;

pub(super) const USER: &str = "someone";
pub(super) const PASSWORD: &str = "prOxypAss";
/// Both in base64, as Basic authentication sends them.
const ENCODED: &str = "c29tZW9uZTpwck94eXBBc3M=";

pub(super) fn through(url: &str) -> Config {
    let mut config = Config::new();
    config.set_proxy(None, Some(url)).expect("a proxy");
    config
}

pub(super) fn send(
    client: &Client,
    method: &str,
    path: &str,
    body: &[u8],
) -> Result<Response, Error> {
    let mut request = client.request(method, path)?;
    if method == "PUT" {
        request.set_body(body.to_vec());
    }
    client.execute(&mut request)
}

pub(super) fn get(url: &str, config: &Config) -> Result<Response, Error> {
    send(&Client::new(url, config)?, "GET", "/v2/", b"")
}

pub(super) fn hello() -> RawServer {
    RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"hello");
        }
    })
}

/// A config that keeps the log.
fn logging(config: &mut Config) -> Arc<Mutex<String>> {
    let log = Arc::new(Mutex::new(String::new()));
    let lines = Arc::clone(&log);
    config.set_debug(true);
    let callback = move |_, line: &str| lines.lock().expect("the log").push_str(line);
    config.set_log_callback(Level::Debug, Some(Arc::new(callback)));
    log
}

#[test]
fn http_goes_to_the_proxy_as_it_is() {
    let Some(proxy) = TinyProxy::start(None) else {
        return;
    };
    let server = hello();
    let client = Client::new(&server.url(), &through(&proxy.authority())).expect("a client");
    let large = vec![b'x'; 3 << 20];
    for (method, body) in [
        ("GET", &b""[..]),
        ("PUT", b"body"),
        ("PUT", &large),
        ("HEAD", b""),
    ] {
        let response = send(&client, method, "/v2/a%2Fb?c=d", body).expect(method);
        assert_eq!(response.status(), 200);
    }
    let authority = server.authority();
    assert!(proxy.says(&format!("GET http://{authority}/v2/a%2Fb?c=d HTTP/1.1")));
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(request.target, "/v2/a%2Fb?c=d");
        assert_eq!(request.header("host"), Some(authority.as_str()));
        assert_eq!(request.header("proxy-authorization"), None);
    }
    assert_eq!(requests[1].body, b"body");
    assert_eq!(requests[2].body, large);
}

#[test]
fn https_goes_through_a_tunnel() {
    let Some(proxy) = TinyProxy::start(None) else {
        return;
    };
    let registry = Registry::start(Options::default().tls());
    let mut config = through(&proxy.authority());
    let ca = registry.ca_path().expect("a ca");
    config.add_ca_file(ca).expect("a ca file");
    let client = Client::new(registry.url(), &config).expect("a client");
    for _ in 0..3 {
        let response = send(&client, "GET", "/v2/", b"").expect("an answer");
        assert_eq!(response.status(), 200);
    }
    assert_eq!(registry.connections(), 1, "the tunnel is kept");
    let authority = registry.url().trim_start_matches("https://").to_owned();
    assert!(proxy.says(&format!("CONNECT {authority} HTTP/1.1")));
}

#[test]
fn the_proxy_alone_is_told_who_asks() {
    let Some(proxy) = TinyProxy::start(Some((USER, PASSWORD))) else {
        return;
    };
    let server = hello();
    let registry = Registry::start(Options::default().tls());
    let authority = proxy.authority();
    for url in [server.url(), registry.url().to_owned()] {
        let given = |login: &str| {
            let mut config = through(&format!("http://{login}{authority}"));
            let log = logging(&mut config);
            if url.starts_with("https") {
                let ca = registry.ca_path().expect("a ca");
                config.add_ca_file(ca).expect("a ca file");
            }
            let got = get(&url, &config);
            let log = log.lock().expect("the log").clone();
            for secret in [PASSWORD, ENCODED, "wrOng", "d3JPbmc"] {
                assert!(!log.contains(secret), "{log}");
                if let Err(error) = &got {
                    assert!(!error.message().contains(secret), "{error}");
                }
            }
            got
        };
        let right = given(&format!("{USER}:pr%4Fxyp%41ss@"));
        assert_eq!(right.expect(&url).status(), 200);
        let error = given("").expect_err("a login is wanted");
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::Proxy, 407),
            "{error}"
        );
        assert_eq!(error.host(), Some(authority.as_str()));
        assert!(error.message().contains("requires a user name"), "{error}");
        assert!(!error.is_retryable());
        for login in ["someone:wrOng@", "wrOng@"] {
            // This proxy says 401 then, which for http is an answer.
            match given(login) {
                Ok(response) => assert_eq!((response.status(), &url[..5]), (401, "http:")),
                Err(error) => {
                    let found = (error.kind(), error.http_status());
                    assert_eq!(found, (Kind::Proxy, 401), "{error}");
                }
            }
        }
    }
    for request in server.requests() {
        assert_eq!(request.header("proxy-authorization"), None);
    }
}

#[test]
fn a_wrong_login_is_the_proxys_refusal() {
    let proxy = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let said = request.header("proxy-authorization").unwrap_or_default();
            let words = format!("407 Not {said}");
            conn.respond(&words, &[("X-Echo", said)], said.as_bytes());
        }
    });
    for url in ["http://r.example", "https://r.example"] {
        let mut config = through(&format!("http://{USER}:{PASSWORD}@{}", proxy.authority()));
        let log = logging(&mut config);
        let client = Client::new(url, &config).expect("a client");
        for (method, body) in [("GET", &b""[..]), ("PUT", &[b'x'; 300_000])] {
            let error = send(&client, method, "/v2/", body).expect_err(url);
            assert_eq!(
                (error.kind(), error.http_status()),
                (Kind::Proxy, 407),
                "{error}"
            );
            assert!(
                error.message().contains("rejected the user name"),
                "{error}"
            );
            assert!(!error.message().contains(ENCODED), "{error}");
        }
        let log = log.lock().expect("the log");
        assert!(!log.contains(PASSWORD) && !log.contains(ENCODED), "{log}");
    }
}

#[test]
fn a_proxy_that_is_not_there() {
    let server = hello();
    let error = get(&server.url(), &through("http://127.0.0.1:1")).expect_err("no proxy");
    assert_eq!(error.kind(), Kind::Connect);
    assert_eq!(error.host(), Some("127.0.0.1:1"));
    assert_eq!(
        error.message(),
        "connect to proxy 127.0.0.1:1: connection refused"
    );
    assert_eq!(server.connections(), 0);
}

#[test]
fn what_a_proxy_answers_to_connect() {
    let long = format!("HTTP/1.1 200 OK\r\nA: {}\r\n\r\n", "a".repeat(70_000));
    let fields = "A: b\r\n".repeat(300);
    let fields = format!("HTTP/1.1 407 No\r\n{fields}B : c\r\n d\r\n\r\n");
    for (answer, words, status) in [
        ("HTTP/1.1 403 Filtered\tx\r\n\r\n", "403 Filtered\\tx", 403),
        (
            "HTTP/1.1 503 \r\n\r\n",
            "refused to connect to registry.example: 503",
            503,
        ),
        (
            "HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n",
            "302 Found",
            302,
        ),
        (
            "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.0 407 No\r\n\r\n",
            "407 No",
            407,
        ),
        ("hello\r\n\r\n", "does not respond with http", 0),
        ("HTTP/1.1 200 OK\r\n\r\nmore", "sent data before", 0),
        ("HTTP/1.1 200", "was closed within the headers", 0),
        ("HTTP/1.1 101 Other\r\n\r\n", "101 Other", 101),
        ("", "closed the connection", 0),
        (&long, "longer than 65536 bytes", 0),
        (&fields, "407 No", 407),
    ] {
        let answer = answer.to_owned();
        let proxy = RawServer::start(move |conn| {
            conn.read_head();
            conn.send(answer.as_bytes());
        });
        let config = through(&proxy.url());
        let error = get("https://registry.example", &config).expect_err(words);
        assert_eq!(
            (error.kind(), error.http_status()),
            (Kind::Proxy, status),
            "{error}"
        );
        assert_eq!(error.step(), Step::Connect);
        assert_eq!(error.is_retryable(), status == 503);
        assert!(error.message().contains(words), "{error}");
    }
}

#[test]
fn a_proxy_sends_interim_responses_without_end() {
    let interim = "HTTP/1.1 103 Early\r\nA: b\r\n\r\n".repeat(3000);
    let proxy = RawServer::start(move |conn| {
        conn.read_head();
        conn.send(interim.as_bytes());
        conn.hold();
    });
    let config = through(&proxy.url());
    let error = get("https://registry.example", &config).expect_err("no end");
    assert_eq!(
        (error.kind(), error.step()),
        (Kind::Protocol, Step::Connect)
    );
    let words = "more than 65536 bytes of interim responses";
    assert!(error.message().ends_with(words), "{error}");
}

/// Does as a proxy does with CONNECT, to a server on loopback.
fn tunnel(conn: &mut Conn) {
    let Some(head) = conn.read_head() else { return };
    assert_eq!(head.method, "CONNECT");
    let Ok(mut target) = TcpStream::connect(&head.target) else {
        conn.respond("502 Bad Gateway", &[], b"");
        return;
    };
    conn.send(b"HTTP/1.1 201 Any 2xx will do\r\nA: b\r\n\r\n");
    // Within TLS, one thread has to carry both ways.
    let turn = Some(Duration::from_millis(1));
    let limited = conn.socket().map(|socket| socket.set_read_timeout(turn));
    limited.expect("it is open").expect("a time limit");
    target.set_read_timeout(turn).expect("a time limit");
    let mut piece = [0; 16 * 1024];
    loop {
        for forth in [true, false] {
            let read = match forth {
                true => conn.read(&mut piece),
                false => target.read(&mut piece),
            };
            let length = match read {
                Ok(0) => return,
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
                Err(_) => return,
            };
            let written = match forth {
                true => target.write_all(&piece[..length]),
                false => conn.write_all(&piece[..length]).and_then(|()| conn.flush()),
            };
            if written.is_err() {
                return;
            }
        }
    }
}

#[test]
fn a_proxy_with_tls_carries_a_server_with_tls() {
    let proxy = RawServer::start_tls(tunnel);
    let large = vec![b'y'; 1 << 20];
    let body = large.clone();
    let server = RawServer::start_tls(move |conn| {
        while let Some(request) = conn.read_request() {
            let echo = if request.body.is_empty() {
                &body
            } else {
                &request.body
            };
            conn.respond("200 OK", &[], echo);
        }
    });
    let mut config = through(&proxy.url());
    for with_ca in [&proxy, &server] {
        let error = get(&server.url(), &config).expect_err("not trusted");
        assert_eq!(error.kind(), Kind::Certificate, "{error}");
        let host = error.host().map(str::to_owned);
        assert_eq!(host, Some(with_ca.authority()));
        config
            .add_ca_file(&with_ca.ca_path().expect("a ca"))
            .expect("a ca");
    }
    let client = Client::new(&server.url(), &config).expect("a client");
    let before = server.connections();
    for _ in 0..2 {
        let response = send(&client, "GET", "/", b"").expect("an answer");
        assert!(response.body() == large);
        let sent = vec![b'z'; 700_000];
        let response = send(&client, "PUT", "/", &sent).expect("an answer");
        assert!(response.body() == sent);
    }
    assert_eq!(server.connections() - before, 1);
}

#[test]
fn a_proxy_with_tls_takes_requests() {
    let proxy = RawServer::start_tls(|conn| {
        while let Some(request) = conn.read_request() {
            assert_eq!(request.target, "http://registry.example:5000/v2/");
            assert_eq!(request.header("host"), Some("registry.example:5000"));
            let value = format!("Basic {ENCODED}");
            assert_eq!(request.header("proxy-authorization"), Some(value.as_str()));
            conn.respond("200 OK", &[], b"");
        }
    });
    let address = proxy.authority();
    let mut config = through(&format!("https://{USER}:{PASSWORD}@{address}"));
    config
        .add_ca_file(&proxy.ca_path().expect("a ca"))
        .expect("a ca");
    let client = Client::new("http://registry.example:5000", &config).expect("a client");
    for _ in 0..2 {
        send(&client, "GET", "/v2/", b"").expect("an answer");
    }
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn one_connection_to_a_proxy_serves_all_servers() {
    let proxy = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let body = format!("{} {}", conn.number(), request.target);
            match request.target.as_str() {
                "http://a.example/v2/" => {
                    let to = [("Location", "http://b.example/x?y")];
                    conn.respond("307 Temporary Redirect", &to, b"")
                }
                _ => conn.respond("200 OK", &[], body.as_bytes()),
            };
        }
    });
    let response = get("http://a.example", &through(&proxy.url())).expect("an answer");
    assert_eq!(response.body(), b"0 http://b.example/x?y");
    assert_eq!(response.remote_address(), Some(proxy.address()));
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_proxy_that_is_silent_is_bound_by_the_deadline() {
    let proxy = RawServer::start(|conn| conn.hold());
    for scheme in ["http", "https", "socks5", "socks5h"] {
        let mut config = through(&format!("{scheme}://{}", proxy.authority()));
        config.set_timeout(Some(Duration::from_millis(100)));
        let error = get("https://127.0.0.1:1", &config).expect_err(scheme);
        assert_eq!(error.kind(), Kind::Deadline, "{error}");
    }
}

#[test]
fn hosts_without_a_proxy() {
    let server = hello();
    let mut config = through("http://127.0.0.1:1");
    config
        .set_no_proxy("other.example, 127.0.0.0/8")
        .expect("a list");
    get(&server.url(), &config).expect("not through the proxy");
    let mut config = through("http://127.0.0.1:1");
    config.set_proxy(Some("HTTP"), None).expect("none");
    get(&server.url(), &config).expect("not through the proxy");
    let mut config = Config::new();
    config
        .set_proxy(Some("https"), Some("http://127.0.0.1:1"))
        .expect("a proxy");
    get(&server.url(), &config).expect("not through the proxy");
}

/// What the environment's test runs in a process with another environment.
#[test]
#[ignore = "run by the_environment_names_proxies"]
fn within_an_environment() {
    let server = hello();
    let url = "http://registry.example:5000";
    let response = get(url, &Config::new()).expect("through the proxy");
    assert_eq!(
        response.body(),
        b"by proxy http://registry.example:5000/v2/"
    );
    // Not this host, and not what no_proxy names.
    get(&server.url(), &Config::new()).expect("an answer");
    let mut config = Config::new();
    let port = server.address().port();
    config
        .add_resolve("direct.example", 0, "127.0.0.1")
        .expect("an address");
    config
        .add_resolve("registry.example", 0, "127.0.0.1")
        .expect("an address");
    let response = get(&format!("http://a.direct.example:{port}"), &config);
    assert_eq!(response.expect_err("not fixed").kind(), Kind::Resolve);
    get(&format!("http://direct.example:{port}"), &config).expect("an answer");
    // Nor where the environment does not count.
    config.set_use_environment(false);
    let response = get(&format!("http://registry.example:{port}"), &config);
    assert_eq!(response.expect("an answer").body(), b"hello");
    let error = Client::new(url, &Config::new());
    assert!(error.is_ok());
}

#[test]
fn the_environment_names_proxies() {
    let proxy = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let body = format!("by proxy {}", request.target);
            conn.respond("200 OK", &[], body.as_bytes());
        }
    });
    let mut command = child::command(within_an_environment);
    command
        .env_remove("REQUEST_METHOD")
        .env("http_proxy", proxy.url())
        .env("no_proxy", "direct.example");
    child::run(command);
    assert_eq!(proxy.requests().len(), 1);
}
