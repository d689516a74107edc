//! Credentials of each source, with registries that ask for them.

mod helpers;
#[path = "../auth/image.rs"]
mod image;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use embedded_registry::{About, Options, Registry};
use image::{pull, push, try_pull};
use reggie::{Client, Config, Credential, Kind, Level};
use support::raw_conn::Conn;
use support::raw_server::RawServer;
use support::registries::{DockerForm, DockerRegistry, Olareg, OlaregForm, PASSWORD, USER};
use support::temp;
use tempfile::TempDir;

const NAME: &str = "team/app";

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

/// A file with a password for one place.
fn file_for(place: &str, user: &str, password: &str) -> (TempDir, PathBuf) {
    let folder = temp::folder();
    let path = folder.path().join("auth.json");
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let text = format!(r#"{{"auths":{{"{place}":{{"auth":"{auth}"}}}}}}"#);
    fs::write(&path, text).expect("the folder is writable");
    (folder, path)
}

fn config_with(path: &Path) -> Config {
    let mut config = Config::new();
    config.add_credentials_file(path).expect("a path");
    config
}

#[test]
fn a_file_opens_docker_registry_and_olareg() {
    let registries = [
        DockerRegistry::start(DockerForm::Basic),
        Olareg::start(OlaregForm::Basic),
        Olareg::start(OlaregForm::Token),
    ];
    for registry in registries.into_iter().flatten() {
        let (_folder, path) = file_for(&registry.authority(), USER, PASSWORD);
        let client = Client::new(&registry.url(), &config_with(&path)).expect("a client");
        push(&client, NAME);
        pull(&client, NAME);
    }
}

/// A registry that refers to a token server, its own or itself, and shows in
/// the token who asked.
fn showing_who_asks() -> RawServer {
    RawServer::start(|conn: &mut Conn| {
        while let Some(request) = conn.read_request() {
            let host = request.header("host").expect("a host").to_owned();
            let sent = request.header("authorization").map(str::to_owned);
            let goes_on = match (request.target.starts_with("/token"), sent) {
                (true, sent) => {
                    let sent = sent.unwrap_or_default();
                    let token = sent.replace(' ', "-").replace('=', "");
                    let body = format!(r#"{{"token":"{token}"}}"#);
                    conn.respond("200 OK", &[], body.as_bytes())
                }
                (false, Some(sent)) => conn.respond("200 OK", &[], sent.as_bytes()),
                (false, None) => {
                    let challenge = format!("Bearer realm=\"http://{host}/token\",service=\"s\"");
                    let headers = [("WWW-Authenticate", challenge.as_str())];
                    conn.respond("401 Unauthorized", &headers, b"")
                }
            };
            if !goes_on {
                return;
            }
        }
    })
}

fn who_asks(client: &Client, name: &str) -> String {
    let mut get = client
        .request("GET", "/v2/<name>/tags/list")
        .expect("a request");
    get.set_name(name).expect("a name");
    let response = client.execute(&mut get).expect("an answer");
    let body = response.body();
    String::from_utf8(body.to_vec()).expect("a text")
}

#[test]
fn each_repository_is_asked_for_by_its_own_user() {
    let server = showing_who_asks();
    let place = |path: &str| format!("{}{path}", server.authority());
    let mut config = Config::new();
    for (path, user) in [("", "all"), ("/team", "team"), ("/team/app", "app")] {
        let credential = Credential::password(user, "password").expect("a credential");
        config
            .add_credential(&place(path), credential)
            .expect("a place");
    }
    let client = Client::new(&server.url(), &config).expect("a client");
    for (name, user) in [
        ("team/app", "app"),
        ("team/app/deeper", "app"),
        ("team/application", "team"),
        ("other", "all"),
        ("team/app", "app"),
    ] {
        let token = basic(&format!("{user}:password"))
            .replace(' ', "-")
            .replace('=', "");
        assert_eq!(who_asks(&client, name), format!("Bearer {token}"), "{name}");
    }
}

#[test]
fn a_bearer_token_asks_no_token_server() {
    let server = showing_who_asks();
    let mut config = Config::new();
    let token = Credential::bearer_token("ready-made").expect("a token");
    config
        .add_credential(&server.authority(), token)
        .expect("a place");
    let client = Client::new(&server.url(), &config).expect("a client");
    for _ in 0..2 {
        assert_eq!(who_asks(&client, NAME), "Bearer ready-made");
    }
    let targets: Vec<String> = server
        .requests()
        .into_iter()
        .map(|request| request.target)
        .collect();
    assert_eq!(targets, ["/v2/team/app/tags/list"; 3]);
}

#[test]
fn an_identity_token_with_a_name_falls_back_to_get() {
    for options in [Options::jfrog(USER, PASSWORD), Options::gcr(USER, PASSWORD)] {
        let registry = Registry::start(options);
        // Where only passwords are known, the token is one.
        let token = Credential::identity_token(USER, PASSWORD).expect("a token");
        let mut config = Config::new();
        config
            .add_credential(&registry.host(), token)
            .expect("a place");
        let client = Client::new(registry.url(), &config).expect("a client");
        push(&client, NAME);
        pull(&client, NAME);
        // What the realm speaks is remembered: POST and GET, then GET alone.
        let methods: Vec<String> = registry
            .requests()
            .into_iter()
            .filter(|request| request.about() == About::Token)
            .map(|request| request.method)
            .collect();
        assert_eq!(methods[..2], ["POST", "GET"]);
        assert!(
            methods[2..].iter().all(|method| method == "GET"),
            "{methods:?}"
        );
    }
}

type Lines = Arc<Mutex<Vec<String>>>;

fn logged(config: &mut Config, level: Level) -> Lines {
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    config.set_log_callback(
        level,
        Some(Arc::new(move |_, text| {
            kept.lock().expect("no panic").push(text.to_owned());
        })),
    );
    lines
}

#[test]
fn the_log_explains_what_was_tried() {
    let registry = Registry::start(Options::default().token(USER, PASSWORD));
    let (_folder, path) = file_for(&registry.host(), USER, PASSWORD);
    let mut config = config_with(&path);
    config.set_credential_callback(Some(Arc::new(|_, _| Ok(None))));
    let lines = logged(&mut config, Level::Info);
    let client = Client::new(registry.url(), &config).expect("a client");
    push(&client, NAME);
    let lines = lines.lock().expect("no panic").join("\n");
    let host = registry.host();
    for told in [
        format!(
            "credentials for {host}/{NAME}: {}, nothing in the credential callback",
            path.display()
        ),
        format!("token from {host} by GET for repository:{NAME}:pull,push"),
    ] {
        assert!(lines.contains(&told), "{told}: {lines}");
    }
    assert!(!lines.contains(PASSWORD), "{lines}");
}

#[test]
fn the_log_explains_basic_too() {
    let registry = Registry::start(Options::default().basic(USER, PASSWORD));
    let (_folder, path) = file_for(&registry.host(), USER, PASSWORD);
    let mut config = config_with(&path);
    let lines = logged(&mut config, Level::Info);
    let client = Client::new(registry.url(), &config).expect("a client");
    push(&client, NAME);
    let told = format!(
        "credentials for {}/{NAME}: {}",
        registry.host(),
        path.display()
    );
    assert_eq!(lines.lock().expect("no panic")[..], [told]);
}

#[test]
fn a_refusal_says_where_the_credentials_were_from() {
    let registry = Registry::start(Options::default().token(USER, PASSWORD));
    let (_folder, path) = file_for(&registry.host(), USER, "of long ago");
    let client = Client::new(registry.url(), &config_with(&path)).expect("a client");
    let error = try_pull(&client, NAME).expect_err("refused");
    assert_eq!(error.kind(), Kind::TokenRefused);
    let source = format!("(credentials: {})", path.display());
    assert!(error.message().ends_with(&source), "{error}");
    assert!(!error.message().contains("of long ago"), "{error}");

    let (_folder, path) = file_for("elsewhere.example", USER, PASSWORD);
    let client = Client::new(registry.url(), &config_with(&path)).expect("a client");
    let error = try_pull(&client, NAME).expect_err("refused");
    let tried = format!("(no credentials in {})", path.display());
    assert!(error.message().ends_with(&tried), "{error}");
}

#[test]
fn a_401_says_where_the_credentials_were_from_with_basic_too() {
    let registry = Registry::start(Options::default().basic(USER, PASSWORD));
    let status = "status 401: UNAUTHORIZED authentication required";
    let fails = |config: &mut Config, note: &str| {
        let lines = logged(config, Level::Info);
        let client = Client::new(registry.url(), config).expect("a client");
        // The second call sends Basic before a challenge.
        for _ in 0..2 {
            lines.lock().expect("no panic").clear();
            let path = format!("/v2/{NAME}/tags/list");
            let mut request = client.request("GET", &path).expect("a request");
            let response = client.execute(&mut request).expect("a response");
            let error = response.check().expect_err("401");
            let expected = format!("{}: {status} {note}", registry.host());
            assert_eq!(error.message(), expected);
            let lines = lines.lock().expect("no panic").join("\n");
            assert!(!lines.contains("of long ago"), "{lines}");
            let logged = note
                .strip_prefix("(credentials: ")
                .and_then(|source| source.strip_suffix(')'))
                .filter(|source| *source != "none")
                .map(|source| format!("{NAME}: those from {source} were rejected"));
            match logged {
                Some(logged) => assert!(lines.ends_with(&logged), "{lines}"),
                None => assert!(!lines.contains("rejected"), "{lines}"),
            }
        }
    };
    let (_folder, wrong) = file_for(&registry.host(), USER, "of long ago");
    fails(
        &mut config_with(&wrong),
        &format!("(credentials: {})", wrong.display()),
    );
    let (_folder, other) = file_for("elsewhere.example", USER, PASSWORD);
    fails(
        &mut config_with(&other),
        &format!("(no credentials in {})", other.display()),
    );
    let mut config = Config::new();
    config.set_credentials(USER, "of long ago").expect("valid");
    fails(&mut config, "(credentials: the client's settings)");
    fails(&mut Config::new(), "(no credentials)");

    // What the program sends itself is not the client's.
    let client = Client::new(registry.url(), &Config::new()).expect("a client");
    let mut request = client.request("GET", "/v2/").expect("a request");
    request
        .set_header("Authorization", b"Basic b2xk")
        .expect("valid");
    let response = client.execute(&mut request).expect("a response");
    let error = response.check().expect_err("401");
    assert!(error.message().ends_with(status), "{error}");
}

#[test]
fn a_401_with_a_token_says_where_the_credentials_were_from() {
    // It grants tokens to anyone, and accepts none.
    let server = RawServer::start(|conn| {
        while let Some(request) = conn.read_request() {
            if request.target.starts_with("/token") {
                conn.respond("200 OK", &[], br#"{"token":"T"}"#);
            } else {
                let host = request.header("host").expect("a host");
                let realm = format!("Bearer realm=\"http://{host}/token\"");
                let fields = [("WWW-Authenticate", realm.as_str())];
                conn.respond("401 Unauthorized", &fields, b"");
            }
        }
    });
    let client = Client::new(&server.url(), &Config::new()).expect("a client");
    let path = format!("/v2/{NAME}/tags/list");
    let mut request = client.request("GET", &path).expect("a request");
    let response = client.execute(&mut request).expect("a response");
    let error = response.check().expect_err("401");
    assert!(
        error.message().ends_with("status 401 (no credentials)"),
        "{error}"
    );
}

#[test]
fn a_helper_that_fails_is_told_by_its_name_and_words() {
    let registry = Registry::start(Options::default().token(USER, PASSWORD));
    let folder = temp::folder();
    let path = folder.path().join("config.json");
    fs::write(&path, r#"{"credsStore":"that-is-not-there"}"#).expect("written");
    let mut config = config_with(&path);
    config.set_credential_helpers(true);
    let client = Client::new(registry.url(), &config).expect("a client");
    let error = try_pull(&client, NAME).expect_err("no helper");
    assert_eq!(error.kind(), Kind::CredentialHelper);
    assert_eq!(
        error.message(),
        "credential helper docker-credential-that-is-not-there: not found in PATH"
    );
    assert_eq!(error.host(), Some(registry.host().as_str()));
    assert_eq!(registry.count(About::Token), 0);
}

#[test]
fn what_nobody_knows_is_looked_for_once_for_each_challenge() {
    let registry = Registry::start(Options::default().basic(USER, PASSWORD));
    let asked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&asked);
    let mut config = Config::new();
    config.set_credential_callback(Some(Arc::new(move |_, _| {
        *count.lock().expect("no panic") += 1;
        Ok(None)
    })));
    let client = Client::new(registry.url(), &config).expect("a client");
    for _ in 0..3 {
        assert_eq!(try_pull(&client, NAME).expect("an answer").status(), 401);
    }
    assert_eq!(*asked.lock().expect("no panic"), 3);
}
