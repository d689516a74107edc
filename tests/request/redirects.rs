//! Redirects: followed by our own rules, and no credential leaves its origin.

use reggie::{Client, Config, Kind};
use support::raw_server::RawServer;

const BASIC: &str = "Basic bXl1c2VyOm15cGFzcw==";

fn config() -> Config {
    let mut config = Config::new();
    config
        .set_credentials("myuser", "mypass")
        .expect("credentials");
    config
}

/// Redirects to `location` with `status`, but answers 200 at `/end`.
fn redirector(status: &'static str, location: String) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.target == "/end" {
                conn.respond("200 OK", &[], b"end");
            } else {
                conn.respond(status, &[("Location", &location)], b"moved");
            }
        }
    })
}

#[test]
fn twenty_redirects_are_followed_and_not_one_more() {
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let left: u32 = request
                .target
                .trim_start_matches('/')
                .parse()
                .expect("a number");
            if left == 0 {
                conn.respond("200 OK", &[], b"end");
            } else {
                let next = format!("/{}", left - 1);
                conn.respond("307 Temporary Redirect", &[("Location", &next)], b"");
            }
        }
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/20").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").body(),
        b"end"
    );
    let mut request = client.request("GET", "/21").expect("a request");
    let error = client.execute(&mut request).expect_err("one too many");
    assert_eq!(error.kind(), Kind::TooManyRedirects);
    // All over one connection: bodies of redirects are read.
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_body_goes_along_whole() {
    let server = redirector("307 Temporary Redirect", "/end".to_owned());
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("PUT", "/start").expect("a request");
    request.set_body(b"the whole body".to_vec());
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    let last = server.requests().pop().expect("a request");
    assert_eq!(
        (last.method.as_str(), last.body),
        ("PUT", b"the whole body".to_vec())
    );
}

#[test]
fn a_303_becomes_a_get_without_a_body() {
    let server = redirector("303 See Other", "/end".to_owned());
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("PUT", "/start").expect("a request");
    request
        .set_header("Content-Type", b"text/plain")
        .expect("a header");
    request.set_body(b"body".to_vec());
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        200
    );
    let last = server.requests().pop().expect("a request");
    assert_eq!((last.method.as_str(), last.body.len()), ("GET", 0));
    assert_eq!(last.header("content-type"), None);
    assert_eq!(last.header("content-length"), None);
}

#[test]
fn an_upload_is_not_sent_on_by_a_302() {
    let server = redirector("302 Found", "/end".to_owned());
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("POST", "/start").expect("a request");
    let error = client.execute(&mut request).expect_err("refused");
    assert_eq!(error.kind(), Kind::RedirectRefused);
    assert_eq!(error.http_status(), 302);
}

#[test]
fn a_redirect_without_location_is_the_answer() {
    let server = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("307 Temporary Redirect", &[], b"nowhere");
        }
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/").expect("a request");
    let response = client.execute(&mut request).expect("an answer");
    assert_eq!((response.status(), response.body()), (307, &b"nowhere"[..]));
}

/// The registry asks for Basic, then redirects to `to`.
fn guarded_redirector(to: String) -> RawServer {
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization") == Some(BASIC) {
                conn.respond("307 Temporary Redirect", &[("Location", &to)], b"");
            } else {
                let challenge = [("WWW-Authenticate", "Basic realm=\"r\"")];
                conn.respond("401 Unauthorized", &challenge, b"");
            }
        }
    })
}

#[test]
fn credentials_do_not_follow_to_another_port() {
    let store = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"blob");
        }
    });
    let server = guarded_redirector(format!("{}/blob?sig=x", store.url()));
    let client = Client::new(&server.url(), &config()).expect("a client");
    let mut request = client.request("GET", "/v2/a/blobs/b").expect("a request");
    request.set_header("Cookie", b"secret=1").expect("a header");
    request
        .set_header("X-Registry-Auth", b"secret")
        .expect("a header");
    request.set_header("Range", b"bytes=0-9").expect("a header");
    assert_eq!(
        client.execute(&mut request).expect("an answer").body(),
        b"blob"
    );
    let seen = store.requests().remove(0);
    for name in ["authorization", "cookie", "x-registry-auth"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("range"), Some("bytes=0-9"));
    assert_eq!(seen.header("host"), Some(store.authority().as_str()));
}

#[test]
fn credentials_do_not_follow_to_another_scheme_or_host_name() {
    let store = RawServer::start_tls(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"blob");
        }
    });
    let server = guarded_redirector(format!("{}/blob", store.url()));
    let mut config = config();
    config
        .add_ca_file(&store.ca_path().expect("a ca"))
        .expect("a ca file");
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/a/blobs/b").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").body(),
        b"blob"
    );
    assert_eq!(store.requests()[0].header("authorization"), None);

    // The same address by another name is another origin.
    let port = server.address().port();
    let other_name = guarded_redirector(format!("http://localhost:{port}/v2/"));
    let client = Client::new(&other_name.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        401
    );
    let last = server.requests().pop().expect("a request");
    assert_eq!(last.header("authorization"), None);
}

#[test]
fn an_authorization_of_the_callers_stays_too() {
    let store = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"blob");
        }
    });
    let server = redirector("307 Temporary Redirect", format!("{}/blob", store.url()));
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/start").expect("a request");
    request
        .set_header("Authorization", b"Bearer mine")
        .expect("a header");
    client.execute(&mut request).expect("an answer");
    assert_eq!(
        server.requests()[0].header("authorization"),
        Some("Bearer mine")
    );
    assert_eq!(store.requests()[0].header("authorization"), None);
}

#[test]
fn a_401_after_leaving_the_origin_gets_no_credentials() {
    let stranger = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            let challenge = [("WWW-Authenticate", "Basic realm=\"give me\"")];
            conn.respond("401 Unauthorized", &challenge, b"");
        }
    });
    let server = redirector("307 Temporary Redirect", format!("{}/x", stranger.url()));
    let client = Client::new(&server.url(), &config()).expect("a client");
    let mut request = client.request("GET", "/v2/a/blobs/b").expect("a request");
    assert_eq!(
        client.execute(&mut request).expect("an answer").status(),
        401
    );
    assert_eq!(stranger.requests().len(), 1);
    assert_eq!(stranger.requests()[0].header("authorization"), None);
}

#[test]
fn https_never_leads_to_plain_http() {
    let plain = RawServer::start(|conn| {
        while conn.read_request().is_some() {
            conn.respond("200 OK", &[], b"");
        }
    });
    let to = format!("{}/x", plain.url());
    let server = RawServer::start_tls(move |conn| {
        while conn.read_request().is_some() {
            conn.respond("307 Temporary Redirect", &[("Location", &to)], b"");
        }
    });
    let mut config = config();
    config
        .add_ca_file(&server.ca_path().expect("a ca"))
        .expect("a ca file");
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    let error = client.execute(&mut request).expect_err("refused");
    assert_eq!(error.kind(), Kind::RedirectRefused);
    assert_eq!(plain.connections(), 0);
}

#[test]
fn bytes_outside_ascii_in_a_location_are_percent_encoded() {
    const BYTES: [&[u8]; 3] = ["ü".as_bytes(), b"\xfc", "日本".as_bytes()];
    const SENT: [&str; 3] = ["%C3%BC", "%FC", "%E6%97%A5%E6%9C%AC"];
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            let mut parts = request.target.split('/').skip(1);
            let (way, number) = (parts.next(), parts.next());
            let number: usize = number.and_then(|text| text.parse().ok()).unwrap_or(9);
            let (status, start, end): (_, _, &[u8]) = match way {
                Some("redirect") => ("307 T", "Location: /end/", b""),
                Some("upload") => ("202 A", "Location: /end/", b""),
                Some("list") => ("200 OK", "Link: </end/", b">; rel=\"next\""),
                _ => {
                    conn.respond("200 OK", &[], request.target.as_bytes());
                    continue;
                }
            };
            let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{start}");
            conn.send(&[head.as_bytes(), BYTES[number], end, b"\r\n\r\n"].concat());
        }
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let get = |path: &str| {
        let mut request = client.request("GET", path).expect("a request");
        client.execute(&mut request).expect("an answer")
    };
    for (number, sent) in SENT.iter().enumerate() {
        let end = format!("/end/{sent}");
        let response = get(&format!("/redirect/{number}"));
        assert_eq!(response.body(), end.as_bytes());
        let response = get(&format!("/upload/{number}"));
        let absolute = format!("{}{end}", server.url());
        assert_eq!(response.absolute_location(), Some(absolute.as_str()));
        assert_eq!(response.relative_location(), Some(end.as_str()));
        assert_eq!(get(&end).body(), end.as_bytes());
        let response = get(&format!("/list/{number}"));
        assert_eq!(response.next_page(), Some(end.as_str()));
    }
}
