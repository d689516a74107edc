//! Servers that repeat what they were sent: no message, error list, warning or
//! log shows it.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reggie::{Client, Config, Error, Level, Response};
use support::raw_server::RawServer;

/// Everything that a program, or its user, reads about a call.
#[derive(Default)]
struct Seen(Arc<Mutex<String>>);

impl Seen {
    fn add(&self, text: &str) {
        let mut seen = self.0.lock().expect("no panic elsewhere");
        seen.push_str(text);
        seen.push('\n');
    }

    fn config(&self) -> Config {
        let mut config = Config::new();
        let seen = Seen(Arc::clone(&self.0));
        let log = Arc::new(move |_, text: &str| seen.add(text));
        config.set_log_callback(Level::Debug, Some(log));
        let seen = Seen(Arc::clone(&self.0));
        let warn = Arc::new(move |_: &str, text: &str| seen.add(text));
        config.set_warning_callback(Some(warn));
        config
    }

    fn error(&self, error: &Error) {
        self.add(error.message());
        self.add(error.registry_code().unwrap_or_default());
    }

    fn response(&self, response: &Response) {
        if let Err(error) = response.check() {
            self.error(&error);
        }
        for error in response.errors().unwrap_or_default() {
            self.add(error.code());
            self.add(error.message());
            self.add(error.detail());
        }
        for warning in response.warnings() {
            self.add(warning);
        }
        if let Err(error) = response.check_next_page() {
            self.error(&error);
        }
    }

    fn result(&self, result: Result<Response, Error>) {
        match result {
            Ok(response) => self.response(&response),
            Err(error) => self.error(&error),
        }
    }

    fn text(&self) -> String {
        self.0.lock().expect("no panic elsewhere").clone()
    }

    fn shows_none_of(&self, secrets: &[&str], case: &str) {
        let text = self.text();
        for secret in secrets {
            assert!(!text.contains(secret), "{case}: {secret} shows in:\n{text}");
        }
        assert!(text.contains("[redacted]"), "{case}: {text}");
    }
}

/// Only what a query cannot have: all bytes together could be read as hexadecimal.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |text, byte| {
        match byte.is_ascii_alphanumeric() {
            true => text + &char::from(byte).to_string(),
            false => text + &format!("%{byte:02x}"),
        }
    })
}

fn json(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('/', "\\/")
}

fn utf_16(text: &str) -> String {
    text.encode_utf16()
        .map(|unit| format!("\\u{unit:04x}"))
        .collect()
}

fn html(text: &str) -> String {
    text.chars()
        .map(|c| format!("&#{};", u32::from(c)))
        .collect()
}

/// The encodings of a secret; `scrub`'s own test has all of them.
fn encodings(secret: &str) -> [String; 6] {
    [
        secret.to_owned(),
        percent(secret),
        percent(&percent(secret)),
        json(secret),
        STANDARD.encode(secret),
        html(secret),
    ]
}

/// Each place of a response that reaches a message, an error list or a log: the
/// status line, fields and the body, in which `{}` is the secret.
const PLACES: [(&str, &str, &str); 14] = [
    (
        "403 Forbidden",
        "",
        r#"{"errors":[{"code":"DENIED","message":"no {}"}]}"#,
    ),
    (
        "403 Forbidden",
        "",
        r#"{"errors":[{"code":"{}","message":"no"}]}"#,
    ),
    (
        "404 Not Found",
        "",
        r#"{"errors":[{"code":"X","detail":{"sent":"{}"}}]}"#,
    ),
    ("400 Bad Request", "", r#"{"errors":"{}"}"#),
    ("400 Bad Request", "", r#"{"message":"no {}"}"#),
    ("400 Bad Request", "", r#"{"error":{"message":"{}"}}"#),
    (
        "502 Bad Gateway",
        "Content-Type: text/html\r\n",
        "<html><title>{}</title>",
    ),
    (
        "502 Bad Gateway",
        "Content-Type: text/plain\r\n",
        "no {} here",
    ),
    ("200 OK", "Warning: 299 - \"{}\"\r\n", ""),
    (
        "200 OK",
        "Link: <http://{}/x>; rel=next\r\nX-Echo: {}\r\n",
        "",
    ),
    (
        "200 OK",
        "Content-Type: application/json\r\nDocker-Upload-UUID: {}\r\n",
        r#"["{}"]"#,
    ),
    (
        "307 Temporary Redirect",
        "Location: http://bad host/{}\r\n",
        "",
    ),
    (
        "307 Temporary Redirect",
        "Location: ftp://{}/{}?x={}\r\n",
        "",
    ),
    (
        "401 Unauthorized",
        "WWW-Authenticate: Digest realm=\"{}\"\r\n",
        "{}",
    ),
];

/// A server that requires Basic, and then repeats something in one place.
fn echoing((status, fields, body): (&str, &str, &str), text: &str) -> RawServer {
    let (fields, body) = (fields.replace("{}", text), body.replace("{}", text));
    let length = body.len();
    let response = format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}");
    RawServer::start(move |conn| {
        while let Some(request) = conn.read_request() {
            if request.header("authorization").is_none() {
                let basic = [("WWW-Authenticate", "Basic realm=\"r\"")];
                conn.respond("401 Unauthorized", &basic, b"");
            } else {
                conn.send(response.as_bytes());
            }
        }
    })
}

#[test]
fn a_password_shows_nowhere() {
    let password = "p\"a/Sw%rd\\1";
    let pair = STANDARD.encode(format!("alice:{password}"));
    for place in PLACES {
        for form in encodings(password).iter().chain([&pair]) {
            // What JSON requires, and what a header field cannot have.
            let form = match place.2.starts_with(['{', '[']) {
                true if *form == password => json(form),
                _ => form.clone(),
            };
            let seen = Seen::default();
            let server = echoing(place, &form);
            let mut config = seen.config();
            config
                .set_credentials("alice", password)
                .expect("credentials");
            let client = Client::new(&server.url(), &config).expect("a client");
            let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
            seen.result(client.execute(&mut request));
            let case = format!("{place:?} with {form}");
            seen.shows_none_of(&[password, &pair, &form], &case);
            assert!(
                seen.text().contains(&place.0[..3]),
                "{case}: {}",
                seen.text()
            );
        }
    }
}

#[test]
fn a_cookie_of_the_server_shows_nowhere() {
    let secret = "c00kie-of-the-server";
    for form in encodings(secret) {
        let seen = Seen::default();
        let server = RawServer::start({
            let form = form.clone();
            move |conn| {
                while let Some(request) = conn.read_request() {
                    let cookie = format!("session={secret}; Path=/");
                    match request.header("cookie") {
                        None => conn.respond("200 OK", &[("Set-Cookie", &cookie)], b""),
                        Some(_) => conn.respond("403 Forbidden", &[], form.as_bytes()),
                    };
                }
            }
        });
        let mut config = seen.config();
        config.set_cookies(true);
        let client = Client::new(&server.url(), &config).expect("a client");
        for _ in 0..2 {
            let mut request = client.request("GET", "/v2/").expect("a request");
            seen.result(client.execute(&mut request));
        }
        assert!(seen.text().contains("403"), "{}", seen.text());
        seen.shows_none_of(&[secret, &form], &form);
    }
}

#[test]
fn secrets_in_the_programs_headers_and_urls_show_nowhere() {
    let secret = "s3cret-of-the-program";
    for (name, value) in [
        ("X-Api-Key", secret.to_owned()),
        ("PRIVATE-TOKEN", secret.to_owned()),
        ("X-JFrog-Art-Api", secret.to_owned()),
        ("X-Amz-Security-Token", secret.to_owned()),
        ("X-Registry-Auth", secret.to_owned()),
        ("Cookie", format!("a=b; session={secret}")),
        ("Authorization", format!("Bearer {secret}")),
        (
            "Authorization",
            format!("Basic {}", STANDARD.encode(format!("me:{secret}"))),
        ),
        ("X-Plain", "sig".to_owned()),
    ] {
        for form in encodings(secret) {
            let seen = Seen::default();
            let server = RawServer::start({
                let form = form.clone();
                move |conn| {
                    while conn.read_request().is_some() {
                        conn.respond("403 Forbidden", &[], form.as_bytes());
                    }
                }
            });
            let client = Client::new(&server.url(), &seen.config()).expect("a client");
            let path = format!("/v2/?X-Amz-Signature={secret}");
            let path = if name == "X-Plain" { &path } else { "/v2/" };
            let mut request = client.request("GET", path).expect("a request");
            request
                .set_header(name, value.as_bytes())
                .expect("a header");
            seen.result(client.execute(&mut request));
            seen.shows_none_of(&[secret, &form], &format!("{name} with {form}"));
        }
    }
}

#[test]
fn a_token_that_was_rejected_shows_nowhere() {
    let server = RawServer::start(|conn| {
        let mut tokens = 0;
        let mut first = String::new();
        while let Some(request) = conn.read_request() {
            let url = format!("http://{}", request.header("host").expect("a host"));
            if request.target.starts_with("/token") {
                tokens += 1;
                let body = format!("{{\"token\":\"T0KEN-{tokens}-abcdef\"}}");
                conn.respond("200 OK", &[], body.as_bytes());
                continue;
            }
            let sent = request.header("authorization").unwrap_or_default();
            if first.is_empty() {
                sent.clone_into(&mut first);
            }
            let challenge = format!("Bearer realm=\"{url}/token\",error=\"invalid_token\"");
            let body = format!(
                "{{\"errors\":[{{\"code\":\"{first}\",\"message\":\"not {first}, not {sent}\"}}]}}"
            );
            conn.respond(
                "401 Unauthorized",
                &[("WWW-Authenticate", &challenge)],
                body.as_bytes(),
            );
        }
    });
    let seen = Seen::default();
    let client = Client::new(&server.url(), &seen.config()).expect("a client");
    for _ in 0..3 {
        let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
        seen.result(client.execute(&mut request));
    }
    seen.shows_none_of(&["T0KEN-"], "rejected");
    assert!(server.requests().len() > 6);
}

#[test]
fn a_derived_client_knows_the_secrets_of_the_first() {
    let seen = Seen::default();
    let password = "pa55word-1";
    let server = echoing(PLACES[4], password);
    let mut config = seen.config();
    config
        .set_credentials("alice", password)
        .expect("credentials");
    let client = Client::new(&server.url(), &config).expect("a client");
    let mut other = seen.config();
    other
        .set_credentials("bob", "another-1")
        .expect("credentials");
    let derived = client.derive(&other).expect("a client");
    let mut request = derived
        .request("GET", "/v2/a/tags/list")
        .expect("a request");
    seen.result(derived.execute(&mut request));
    seen.shows_none_of(&[password], "derived");
}

#[test]
fn a_token_server_repeats_nothing() {
    let password = "pa55w\"rd/1";
    for (status, body) in [
        (
            "401 Unauthorized",
            format!("{{\"details\":\"bad {}\"}}", json(password)),
        ),
        (
            "403 Forbidden",
            format!("{{\"errors\":[{{\"code\":\"{}\"}}]}}", utf_16(password)),
        ),
        ("400 Bad Request", format!("bad {}", percent(password))),
        (
            "401 Unauthorized",
            format!("<title>{}</title>", html(password)),
        ),
        (
            "200 OK",
            format!("{{\"message\":\"bad {}\"}}", STANDARD.encode(password)),
        ),
        // It cannot be told from a token.
        ("200 OK", "\"T0KEN-1-abcdef\"".to_owned()),
        ("200 OK", "[\"T0KEN-1-abcdef\"]".to_owned()),
        ("200 OK", "T0KEN-1-abcdef".to_owned()),
    ] {
        let server = RawServer::start({
            let body = body.clone();
            move |conn| {
                while let Some(request) = conn.read_request() {
                    if request.target.starts_with("/token") {
                        conn.respond(status, &[], body.as_bytes());
                        continue;
                    }
                    let url = format!("http://{}", request.header("host").expect("a host"));
                    let challenge = format!("Bearer realm=\"{url}/token\"");
                    conn.respond("401 Unauthorized", &[("WWW-Authenticate", &challenge)], b"");
                }
            }
        });
        let seen = Seen::default();
        let mut config = seen.config();
        config
            .set_credentials("alice", password)
            .expect("credentials");
        let client = Client::new(&server.url(), &config).expect("a client");
        let mut request = client.request("GET", "/v2/a/tags/list").expect("a request");
        let error = client.execute(&mut request).expect_err("refused");
        assert!(
            error.message().starts_with("token from 127.0.0.1"),
            "{error}"
        );
        seen.error(&error);
        let forms = [
            password,
            "T0KEN",
            "cGE1NXc",
            "%70%61",
            "&#112;",
            "u0070",
            "pa55w\\\"rd",
        ];
        seen.shows_none_of(&forms, &body);
    }
}
