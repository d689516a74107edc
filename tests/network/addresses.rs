//! Where servers may lead: judged by the address that would be dialled.
//!
//! Addresses of all kinds are put on the loopback device of a network
//! namespace of the test's own, in which it runs itself once more.

use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use reggie::{Client, Config, Error, IpVersion, Kind, Response, Step};
use support::child;
use support::programs;
use support::raw_conn::Conn;
use support::raw_server::RawServer;

const PUBLIC: &str = "93.184.216.34";
const OTHER_PUBLIC: &str = "93.184.216.35";
const PRIVATE: &str = "10.1.2.3";
const OTHER_PRIVATE: &str = "192.168.7.7";
const LINK: &str = "169.254.9.9";
const METADATA: &str = "169.254.169.254";

fn ip(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn hello(address: &str) -> RawServer {
    RawServer::start_at(ip(address), |conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"{\"token\":\"t\"}");
        }
    })
}

/// Redirects what asks for `/to/x` to the URL x; a challenge with the realm x
/// answers `/realm/x`.
fn leads(conn: &mut Conn) {
    while let Some(request) = conn.read_request() {
        let target = request.target.clone();
        if let Some(to) = target.strip_prefix("/to/") {
            conn.respond("307 Temporary Redirect", &[("Location", to)], b"");
        } else if let (Some(realm), None) = (
            target.strip_prefix("/realm/"),
            request.header("authorization"),
        ) {
            let challenge = format!("Bearer realm=\"{realm}\",scope=\"repository:a:pull\"");
            let headers = [("WWW-Authenticate", challenge.as_str())];
            conn.respond("401 Unauthorized", &headers, b"");
        } else {
            conn.respond("200 OK", &[], b"{\"token\":\"t\"}");
        }
    }
}

fn get(client: &Client, path: &str) -> Result<Response, Error> {
    let mut request = client.request("GET", path)?;
    client.execute(&mut request)
}

/// Whether a registry may lead to a server, both by a redirect and by a realm.
fn leads_to(config: &Config, from: &RawServer, to: &str) -> bool {
    let client = Client::new(&from.url(), config).expect("a client");
    let mut outcomes = Vec::new();
    for (way, step) in [("/to/", Step::Connect), ("/realm/", Step::Token)] {
        match get(&client, &format!("{way}{to}")) {
            Ok(response) => {
                assert_eq!(response.status(), 200, "{way}{to}");
                outcomes.push(true);
            }
            Err(error) => {
                assert_eq!(error.kind(), Kind::AddressRefused, "{way}{to}: {error}");
                assert_eq!(error.step(), step);
                outcomes.push(false);
            }
        }
    }
    assert_eq!(outcomes[0], outcomes[1], "{to}");
    outcomes[0]
}

/// Metadata services of clouds, and other link-local addresses.
const REFUSED_TO_ALL: [&str; 20] = [
    "169.254.169.254",
    "169.254.169.252",
    "169.254.170.2",
    "169.254.170.23",
    "169.254.0.23",
    "169.254.42.42",
    "169.254.1.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "2852039166",
    "0xa9.0xfe.0xa9.0xfe",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::168.63.129.16]",
    "[2002:a9fe:a9fe::]",
    "[fd00:ec2::254]",
    "[fd00:ec2::23]",
    "[fd20:ce::254]",
    "[fd00:42::42]",
    "[fe80::a9fe:a9fe]",
];

#[test]
fn a_server_on_this_host_leads_to_no_clouds_secrets() {
    let server = RawServer::start(leads);
    for host in REFUSED_TO_ALL {
        let to = format!("http://{host}/latest/");
        assert!(!leads_to(&Config::new(), &server, &to), "{to}");
    }
    let other = hello("127.0.0.1");
    assert!(leads_to(&Config::new(), &server, &other.url()));
    let error = get(
        &Client::new(&server.url(), &Config::new()).expect("a client"),
        &format!("/to/http://{METADATA}:81/"),
    )
    .expect_err("refused");
    assert_eq!(error.host(), Some("169.254.169.254:81"));
    assert!(error.message().contains("is cloud metadata"), "{error}");
}

#[test]
fn a_location_that_the_caller_passes_on_leads_to_no_clouds_secrets() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let to = request.target.strip_prefix("/from/").unwrap_or_default();
            let location = format!("http://{to}/v2/a/blobs/uploads/1");
            conn.respond("202 Accepted", &[("Location", &location)], b"");
        }
    });
    let mut config = Config::new();
    config
        .add_resolve("metadata.example", 0, METADATA)
        .expect("an address");
    let client = Client::new(&server.url(), &config).expect("a client");
    for host in [
        "169.254.169.254",
        "[::ffff:168.63.129.16]",
        "metadata.example",
    ] {
        let mut request = client
            .request("POST", &format!("/from/{host}"))
            .expect("a request");
        let response = client.execute(&mut request).expect("a response");
        let location = response.absolute_location().expect("a location");
        let error = get(&client, location).expect_err("not allowed");
        assert_eq!(error.kind(), Kind::AddressRefused, "{host}: {error}");
        assert!(error.message().contains("is cloud metadata"), "{error}");
    }
}

#[test]
fn what_a_proxy_looks_up_is_judged_where_it_is_an_address() {
    let proxy = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let to = request.target.strip_prefix("http://r.example/to/");
            match to {
                Some(to) => conn.respond("307 Temporary Redirect", &[("Location", to)], b""),
                None => conn.respond("200 OK", &[], b""),
            };
        }
    });
    let mut config = Config::new();
    config.set_proxy(None, Some(&proxy.url())).expect("a proxy");
    let client = Client::new("http://r.example", &config).expect("a client");
    for (to, fine) in [
        ("http://a.example/", true),
        ("http://1.1.1.1/", true),
        ("http://127.0.0.1/", false),
        ("http://127.1/", false),
        ("http://127.0.0.1./", false),
        ("http://0x7f.1/", false),
        ("http://localhost/", false),
        ("https://10.0.0.1/", false),
        ("http://2852039166/", false),
        ("http://169.254.169.254/", false),
        ("http://169.254.169.254./", false),
        ("http://0xa9fea9fe./", false),
        ("https://168.63.129.16./", false),
        ("http://425.510.425.510/", false),
        ("http://metadata.google.internal/", false),
    ] {
        let got = get(&client, &format!("/to/{to}"));
        match got {
            Ok(_) => assert!(fine, "{to}"),
            Err(error) => assert_eq!((error.kind(), fine), (Kind::AddressRefused, false), "{to}"),
        }
    }
    let urls: Vec<String> = proxy.requests().into_iter().map(|r| r.target).collect();
    let mut hosts: Vec<&str> = urls
        .iter()
        .filter_map(|url| url.split('/').nth(2))
        .collect();
    hosts.retain(|host| *host != "r.example");
    assert_eq!(hosts, ["a.example", "1.1.1.1"], "{urls:?}");
}

/// Run by the test below, in a namespace where the addresses are this host's.
#[test]
#[ignore = "run by public_servers_lead_to_public_ones"]
fn within_a_namespace() {
    let public = RawServer::start_at(ip(PUBLIC), leads);
    let private = RawServer::start_at(ip(PRIVATE), leads);
    let link = RawServer::start_at(ip(LINK), leads);
    let metadata = RawServer::start_at(ip(METADATA), leads);
    let (to_public, to_private) = (hello(OTHER_PUBLIC), hello(OTHER_PRIVATE));
    let to_loopback = hello("127.0.0.1");
    let plain = Config::new();
    let port = to_loopback.address().port();
    assert!(leads_to(&plain, &public, &to_public.url()));
    assert!(leads_to(&plain, &public, &public.url()));
    for refused in [
        to_private.url(),
        metadata.url(),
        to_loopback.url(),
        format!("http://127.1:{port}"),
        format!("http://2130706433:{port}"),
        format!("http://0x7f.1:{port}"),
        format!("http://0177.0.0.1:{port}"),
        format!("http://0.0.0.0:{port}"),
        format!("http://[::ffff:127.0.0.1]:{port}"),
        format!("http://localhost:{port}"),
    ] {
        assert!(!leads_to(&plain, &public, &refused), "{refused}");
    }
    assert!(leads_to(&plain, &private, &to_public.url()));
    assert!(leads_to(&plain, &private, &to_private.url()));
    assert!(!leads_to(&plain, &private, &metadata.url()));
    assert!(!leads_to(&plain, &private, &to_loopback.url()));

    for host in REFUSED_TO_ALL {
        let to = format!("http://{host}/");
        assert!(!leads_to(&plain, &public, &to), "{to}");
        assert!(!leads_to(&plain, &private, &to), "{to}");
        if host != "169.254.1.1" {
            assert!(!leads_to(&plain, &link, &to), "{to}");
        }
    }
    assert!(leads_to(&plain, &link, &link.url()));
    assert!(leads_to(&plain, &metadata, &metadata.url()));

    // A server in between has its own network: one in the private network may
    // lead to a public one, but that one not back.
    let around = format!("{}/to/{}", to_public.url(), to_private.url());
    assert!(leads_to(&plain, &private, &around));
    let around = format!("{}/to/{}", public.url(), to_private.url());
    let client = Client::new(&private.url(), &plain).expect("a client");
    let error = get(&client, &format!("/to/{around}")).expect_err("public to private");
    assert_eq!(error.kind(), Kind::AddressRefused, "{error}");
    let mut config = Config::new();
    config.add_allowed_network(METADATA).expect("an address");
    assert!(leads_to(&config, &public, &metadata.url()));

    // The caller's own URL may lead anywhere, and its connection is then no
    // way in for a server.
    let client = Client::new(&public.url(), &plain).expect("a client");
    get(&client, &to_private.url()).expect("the caller's own wish");
    let connections = to_private.connections();
    get(&client, &format!("/to/{}", to_private.url())).expect_err("not the caller's");
    get(&client, &to_private.url()).expect("the caller's own wish");
    assert!(to_private.connections() <= connections + 1);

    // Names count by what they stand for, each address for itself.
    let mut config = Config::new();
    config
        .add_resolve("inside.example", 0, OTHER_PRIVATE)
        .expect("an address");
    let both = format!("{OTHER_PRIVATE},{OTHER_PUBLIC}");
    config
        .add_resolve("both.example", 0, &both)
        .expect("addresses");
    let port = to_private.address().port();
    assert!(!leads_to(
        &config,
        &public,
        &format!("http://inside.example:{port}")
    ));
    let port = to_public.address().port();
    assert!(leads_to(
        &config,
        &public,
        &format!("http://both.example:{port}")
    ));

    // What the caller allows.
    let port = to_private.address().port();
    for allowed in [
        "192.168.0.0/16".to_owned(),
        OTHER_PRIVATE.to_owned(),
        format!("{OTHER_PRIVATE}:{port}"),
    ] {
        let mut config = Config::new();
        config.add_allowed_network(&allowed).expect("a rule");
        assert!(leads_to(&config, &public, &to_private.url()), "{allowed}");
        assert!(!leads_to(&config, &public, &to_loopback.url()), "{allowed}");
    }
    let mut config = Config::new();
    config.add_allowed_network("10.0.0.0/8").expect("a rule");
    assert!(!leads_to(&config, &public, &to_private.url()));

    // The registry of a name stands where it was reached.
    let mut config = Config::new();
    config
        .add_resolve("r.example", 0, PRIVATE)
        .expect("an address");
    let address = format!("http://r.example:{}", private.address().port());
    let client = Client::new(&address, &config).expect("a client");
    get(&client, &format!("/to/{}", to_private.url())).expect("private to private");
    rebinding(&to_private);
}

/// A name that leads to another address for the second connection: the redirect
/// of the first is judged by the first.
fn rebinding(to_private: &RawServer) {
    let public = TcpListener::bind((ip(PUBLIC), 0)).expect("a port");
    let port = public.local_addr().expect("an address").port();
    let private = TcpListener::bind((ip(PRIVATE), port)).expect("the same port");
    let mut config = Config::new();
    let both = format!("{PUBLIC},{PRIVATE}");
    config
        .add_resolve("r.example", 0, &both)
        .expect("addresses");
    let client = Client::new(&format!("http://r.example:{port}"), &config).expect("a client");
    let location = format!("Location: {}/\r\n", to_private.url());
    let realm = format!(
        "WWW-Authenticate: Bearer realm=\"{}/token\"\r\n",
        to_private.url()
    );
    let answers = [
        format!("HTTP/1.1 307 T\r\n{location}Content-Length: 0\r\n\r\n"),
        format!("HTTP/1.1 401 U\r\n{realm}Content-Length: 0\r\n\r\n"),
    ];
    thread::scope(|scope| {
        let calls = ["/redirect", "/challenge"].map(|path| {
            let client = &client;
            let call = scope.spawn(move || get(client, path));
            let (mut socket, _) = public.accept().expect("a connection");
            read_head(&mut socket);
            (call, socket)
        });
        drop(public);
        let later = scope.spawn(|| get(&client, "/"));
        let (mut socket, _) = private.accept().expect("a connection");
        read_head(&mut socket);
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        socket.write_all(ok).expect("it is open");
        let response = later.join().expect("no panic").expect("a response");
        assert_eq!(response.remote_address(), socket.local_addr().ok());
        for ((call, mut socket), answer) in calls.into_iter().zip(answers) {
            socket.write_all(answer.as_bytes()).expect("it is open");
            let error = call
                .join()
                .expect("no panic")
                .expect_err("public to private");
            assert_eq!(error.kind(), Kind::AddressRefused, "{error}");
            assert!(error.message().contains("at a public address"), "{error}");
        }
    });
}

fn read_head(socket: &mut TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("a head");
        head.extend(byte);
    }
}

#[test]
fn public_servers_lead_to_public_ones() {
    let line = "no network namespace can be made: its test is skipped";
    for program in ["unshare", "ip"] {
        if programs::find(program).is_none() {
            return programs::missing(line, program);
        }
    }
    let probe = Command::new("unshare").args(["-rn", "true"]).output();
    let allowed = probe.expect("it can be run");
    if !allowed.status.success() {
        // Where containers forbid it, nothing that is installed would help.
        eprintln!("{line}: {}", String::from_utf8_lossy(&allowed.stderr));
        return;
    }
    let mut script = "ip link set lo up".to_owned();
    for address in [PUBLIC, OTHER_PUBLIC, PRIVATE, OTHER_PRIVATE, LINK, METADATA] {
        script += &format!(" && ip address add {address}/32 dev lo");
    }
    script += " && exec \"$0\" \"$@\"";
    let itself = std::env::current_exe().expect("a path");
    let mut command = Command::new("unshare");
    command
        .args(["-rn", "sh", "-c", &script])
        .arg(itself)
        .args(child::arguments(within_a_namespace));
    child::run(command);
}

#[test]
fn addresses_that_are_set() {
    let server = hello("127.0.0.1");
    let port = server.address().port();
    let mut config = Config::new();
    config
        .add_resolve("r.example", port, "127.0.0.1")
        .expect("an address");
    let client = Client::new(&format!("http://R.example:{port}"), &config).expect("a client");
    get(&client, "/").expect("an answer");
    let host = server.requests()[0].header("host").map(str::to_lowercase);
    assert_eq!(host, Some(format!("r.example:{port}")));

    config.set_ip_version(IpVersion::V6);
    let client = Client::new(&format!("http://r.example:{port}"), &config).expect("a client");
    let error = get(&client, "/").expect_err("no such address");
    assert_eq!(error.kind(), Kind::Resolve, "{error}");
    config
        .add_resolve("r.example", port, "::1, 127.0.0.1")
        .expect("addresses");
    config.set_ip_version(IpVersion::V4);
    let client = Client::new(&format!("http://r.example:{port}"), &config).expect("a client");
    get(&client, "/").expect("an answer");
}

#[test]
fn idle_connections_are_kept_as_is_set() {
    for (per_host, time, connections) in [(0, 60, 3), (1, 0, 3), (1, 60, 1)] {
        let server = hello("127.0.0.1");
        let mut config = Config::new();
        config.set_max_idle_connections(per_host, std::time::Duration::from_secs(time));
        let client = Client::new(&server.url(), &config).expect("a client");
        for _ in 0..3 {
            get(&client, "/").expect("an answer");
        }
        assert_eq!(server.connections(), connections);
    }
}
