//! Headers with secrets that the program sets: they reach the registry, and
//! nobody else.

use reggie::{Client, Config};
use support::raw_server::RawServer;
use support::spy::{HEADER, PASSWORD, Spy, USER};

/// Names under which programs pass secrets.
const NAMES: [&str; 18] = [
    "Authorization",
    "X-Api-Key",
    "X-NuGet-ApiKey",
    "PRIVATE-TOKEN",
    "JOB-TOKEN",
    "X-JFrog-Art-Api",
    "X-Amz-Security-Token",
    "X-Vault-Token",
    "X-Registry-Auth",
    "X-Registry-Config",
    "X-Auth-Key",
    "X-Auth-User",
    "X-Session-Id",
    "Ocp-Apim-Subscription-Key",
    "Cf-Access-Jwt-Assertion",
    "Cookie",
    "Proxy-Authorization",
    "X_PASSWORD",
];

/// Values that are secret whatever the header's name is.
fn values() -> [(&'static str, String); 4] {
    [
        ("X-Custom", format!("Bearer {HEADER}")),
        ("X-Forwarded", format!("basic {HEADER}")),
        ("Referer", format!("https://r.example/?sig={HEADER}")),
        ("X-Comment", format!("my password is {PASSWORD}")),
    ]
}

/// A registry that leads to `spy` in each way, and that must get the headers.
fn registry(spy: &Spy) -> RawServer {
    let (to, realm) = (spy.url(), spy.url());
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            let to = format!("{to}/v2/a/blobs/uploads/1");
            let realm = format!("Bearer realm=\"{realm}/token\",service=\"s\"");
            let link = format!("<{to}>; rel=\"next\"");
            match request.target.as_str() {
                "/v2/redirect" => conn.respond("307 T", &[("Location", &to)], b""),
                "/v2/upload" => conn.respond("202 Accepted", &[("Location", &to)], b""),
                "/v2/list" => conn.respond("200 OK", &[("Link", &link)], b"{}"),
                _ => conn.respond("401 U", &[("WWW-Authenticate", &realm)], b""),
            };
        }
    })
}

#[test]
fn a_secret_of_the_program_stays_at_the_origin() {
    let mut headers: Vec<(&str, String)> = NAMES
        .iter()
        .map(|name| (*name, HEADER.to_owned()))
        .collect();
    headers.extend(values());
    let spy = Spy::start_at("127.0.0.2", |conn, _| {
        conn.respond("200 OK", &[], b"{\"token\":\"t\"}");
    });
    let server = registry(&spy);
    let mut config = Config::new();
    config.set_credentials(USER, PASSWORD).expect("credentials");
    let client = Client::new(&server.url(), &config).expect("a client");
    let send_by = |client: &Client, path: &str, value: &(&str, String)| {
        let mut request = client.request("POST", path).expect("a request");
        request
            .set_header(value.0, value.1.as_bytes())
            .expect("a header");
        client.execute(&mut request)
    };
    let send = |path: &str, value| send_by(&client, path, value);
    for header in &headers {
        let before = (server.requests().len(), spy.requests().len());
        let value = header.1.clone();
        // A redirect.
        send("/v2/redirect", header).expect("a response");
        // A Location of an upload, and a Link.
        let response = send("/v2/upload", header).expect("a response");
        let location = response.absolute_location().expect("a location").to_owned();
        send(&location, header).expect("a response");
        let response = send("/v2/list", header).expect("a response");
        assert_eq!(response.next_page(), None, "it is at another origin");
        // A realm, to which a client without a token goes.
        let anonymous = Client::new(&server.url(), &Config::new()).expect("a client");
        // It does not know the password either, and its log would show it.
        let header = &(header.0, header.1.replace(PASSWORD, "another"));
        let response = send_by(&anonymous, "/v2/token", header).expect("a response");
        assert!(response.is_unauthorized());
        let requests = server.requests();
        for request in &requests[before.0..before.0 + 3] {
            let sent = request.header(header.0).map(str::to_owned);
            assert_eq!(sent.as_ref(), Some(&value), "{}", request.head);
        }
        for request in &spy.requests()[before.1..] {
            assert_eq!(request.header(header.0), None, "{}", request.head);
        }
        assert_eq!(spy.requests().len(), before.1 + 3);
    }
    spy.saw_no_secret();
}

#[test]
fn other_headers_of_the_program_follow_a_redirect() {
    let spy = Spy::start(|conn, _| {
        conn.respond("200 OK", &[], b"");
    });
    let server = registry(&spy);
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/v2/redirect").expect("a request");
    for (name, value) in [
        ("Accept", "application/json"),
        ("Range", "bytes=0-1"),
        ("X-Request-Id", "1"),
        ("User-Agent", "a/1 (https://r.example)"),
        ("Host", "virtual.example"),
    ] {
        request
            .set_header(name, value.as_bytes())
            .expect("a header");
    }
    client.execute(&mut request).expect("a response");
    let followed = &spy.requests()[0];
    for name in ["Accept", "Range", "X-Request-Id", "User-Agent"] {
        assert!(followed.header(name).is_some(), "{name}");
    }
    let host = spy.server().authority();
    assert_eq!(followed.header("host"), Some(host.as_str()));
}

#[test]
fn messages_about_invalid_headers_name_a_byte_and_show_no_value() {
    let client = Client::new("http://127.0.0.1:1", &Config::new()).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    for (name, value, expected) in [
        (
            "Authorization",
            format!("Bearer {PASSWORD}\n"),
            format!(
                "header Authorization: the value has a control character, byte 0x0a at offset {}",
                7 + PASSWORD.len()
            ),
        ),
        (
            "X-Api-Key",
            format!(" {PASSWORD}"),
            "header X-Api-Key: the value starts or ends with white space, byte 0x20 at offset 0"
                .to_owned(),
        ),
        // Name and value in the wrong order.
        (
            &format!("Bearer {PASSWORD}"),
            "Authorization".to_owned(),
            "header name: is not a token, byte 0x20 at offset 6".to_owned(),
        ),
    ] {
        let error = request.set_header(name, value.as_bytes());
        assert_eq!(error.expect_err(name).message(), expected);
    }
}
