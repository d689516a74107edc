//! Finds credentials in typical files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::store::{CredentialStore, Lookup};
use crate::config::{Config, Credential};
use crate::error::{Error, Kind, Step};
use crate::http::url::{Origin, Url};
use crate::os::cancel::Cancel;
use crate::os::deadline::CallLimits;

fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/credentials")
}

fn origin(url: &str) -> Origin {
    Url::parse(url).expect("a url").origin()
}

/// A store with one file, which runs helpers from its folder.
fn store(file: &Path, helpers: bool) -> Result<CredentialStore, Error> {
    let mut config = Config::new();
    config.add_credentials_file(file).expect("a path");
    let store = CredentialStore::new(&config, Arc::default())?;
    Ok(match helpers {
        true => store.with_helpers_in(&samples().join("bin"), None),
        false => store,
    })
}

fn look(sample: &str, registry: &str, repository: Option<&str>) -> Result<Lookup, Error> {
    let store = store(&samples().join(sample), true)?;
    store.lookup(&origin(registry), repository, &CallLimits::default())
}

fn report_lookup(outcome: Result<Lookup, Error>) -> String {
    let or_none = |text: &str| match text {
        "" => "-".to_owned(),
        text => text.to_owned(),
    };
    match outcome.map(|lookup| lookup.found.map(|found| found.credential)) {
        Ok(None) => "none".to_owned(),
        Ok(Some(Credential::Basic { username, password })) => {
            match password.strip_prefix("secret of ") {
                Some(key) => format!("helper {username} {key}"),
                None => format!("basic {} {}", or_none(&username), password.as_str()),
            }
        }
        Ok(Some(Credential::IdentityToken { username, token })) => {
            format!("identity {} {}", or_none(&username), token.as_str())
        }
        Ok(Some(Credential::BearerToken(token))) => format!("bearer {}", token.as_str()),
        Err(error) => format!("error {error}"),
    }
}

#[test]
fn each_sample_gives_what_is_expected() {
    let table = fs::read_to_string(samples().join("expected.txt")).expect("the table");
    let mut rows = 0;
    for row in table.lines().filter(|row| !row.starts_with('#')) {
        let columns: Vec<&str> = row.splitn(4, "; ").collect();
        let [sample, registry, repository, expected] = columns[..] else {
            panic!("four columns: {row}");
        };
        let repository = Some(repository).filter(|name| *name != "-");
        let found = report_lookup(look(sample, registry, repository));
        match expected.strip_prefix("error ") {
            Some(part) => assert!(
                found.starts_with("error ") && found.contains(part),
                "{row}: {found}"
            ),
            None => assert_eq!(found, expected, "{row}"),
        }
        rows += 1;
    }
    assert!(rows > 50, "{rows}");
}

#[test]
fn helpers_run_only_where_that_is_allowed() {
    let registry = origin("https://registry.example");
    let file = samples().join("docker-desktop.json");
    let lookup = store(&file, false)
        .expect("a store")
        .lookup(&registry, None, &CallLimits::default())
        .expect("no error");
    assert!(lookup.found.is_none());
    let tried = lookup.tried.join("; ");
    assert!(
        tried.contains("docker-credential-desktop of")
            && tried.contains("(not run: helpers are not allowed)"),
        "{tried}"
    );
}

/// A file that names a helper for all registries.
fn naming(helper: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    fs::write(&path, format!(r#"{{"credsStore":"{helper}"}}"#)).expect("written");
    (folder, path)
}

#[test]
fn a_helper_that_hangs_is_ended_by_its_limit_and_by_a_cancel() {
    let (_folder, path) = naming("hangs");
    let registry = origin("https://registry.example");
    let begun = Instant::now();
    let limited = store(&path, false)
        .expect("a store")
        .with_helpers_in(&samples().join("bin"), Some(Duration::from_millis(200)));
    let error = limited
        .lookup(&registry, None, &CallLimits::default())
        .expect_err("it hangs");
    assert_eq!(error.kind(), Kind::CredentialHelper);
    assert_eq!(
        error.message(),
        "credential helper docker-credential-hangs: not done within 200 ms"
    );

    let cancel = Cancel::new().expect("a handle");
    let limits = CallLimits {
        cancel: Some(cancel.clone()),
        ..CallLimits::default()
    };
    let unlimited = store(&path, true).expect("a store");
    std::thread::scope(|scope| {
        let looking = scope.spawn(|| unlimited.lookup(&registry, None, &limits));
        cancel.trigger();
        let error = looking.join().expect("no panic").expect_err("cancelled");
        assert_eq!(
            (error.kind(), error.step()),
            (Kind::Cancelled, Step::Credentials)
        );
    });
    assert!(begun.elapsed() < Duration::from_secs(30));
}

#[test]
fn what_a_helper_says_in_place_of_an_answer_is_not_repeated() {
    let (_folder, path) = naming("junk");
    let error = store(&path, true)
        .expect("a store")
        .lookup(&origin("https://r.example"), None, &CallLimits::default())
        .expect_err("junk");
    assert_eq!(
        error.message(),
        "credential helper docker-credential-junk: its output is not json"
    );
}

#[test]
fn what_was_set_goes_before_the_callback_and_that_before_files() {
    let mut config = Config::new();
    let credential = |name: &str| Credential::password(name, "pass").expect("a credential");
    config.set_credentials("own", "pass").expect("credentials");
    for (place, name) in [
        ("r.example/team", "team"),
        ("r.example/team/app", "earlier"),
        ("r.example/team/app", "app"),
        ("other.example", "other"),
    ] {
        config
            .add_credential(place, credential(name))
            .expect("a place");
    }
    let called = |registry: &str, repository: Option<&str>| {
        assert_eq!(registry, "r.example");
        let has_it = repository == Some("called");
        Ok(has_it.then(|| Credential::bearer_token("t").expect("a token")))
    };
    config.set_credential_callback(Some(std::sync::Arc::new(called)));
    config
        .add_credentials_file(&samples().join("docker-login.json"))
        .expect("a path");
    let source = |config: &Config, repository: Option<&str>| {
        let store = CredentialStore::new(config, Arc::default()).expect("a store");
        let lookup = store
            .lookup(
                &origin("https://r.example"),
                repository,
                &CallLimits::default(),
            )
            .expect("no error");
        let source = lookup.found.map(|found| found.source);
        (source.unwrap_or_default(), lookup.tried.len())
    };
    for (repository, expected) in [
        (
            Some("team/app/x"),
            "the client's settings for r.example/team/app",
        ),
        (Some("team/a"), "the client's settings for r.example/team"),
        (Some("called"), "the client's settings"),
        (None, "the client's settings"),
    ] {
        assert_eq!(source(&config, repository), (expected.to_owned(), 0));
    }
    config.credentials = None;
    let callback = ("the credential callback".to_owned(), 0);
    assert_eq!(source(&config, Some("called")), callback);
    assert_eq!(source(&config, Some("x")), (String::new(), 2));
}

#[test]
fn a_file_that_was_named_has_to_be_there() {
    let error = store(&samples().join("absent.json"), false)
        .err()
        .expect("no file");
    assert_eq!(error.kind(), Kind::InvalidCredentialsFile);
    assert_eq!(error.errno(), libc::ENOENT);
    assert!(
        error.message().ends_with("absent.json: no such file"),
        "{error}"
    );
}

#[test]
fn a_login_after_the_client_was_made_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.json");
    fs::write(&path, "{}").expect("written");
    let store = store(&path, false).expect("a store");
    let look = || {
        let lookup = store.lookup(&origin("https://r.example"), None, &CallLimits::default());
        report_lookup(lookup)
    };
    assert_eq!(look(), "none");
    fs::write(&path, r#"{"auths":{"r.example":{"auth":"YTpi"}}}"#).expect("written");
    assert_eq!(look(), "basic a b");
    fs::remove_file(&path).expect("removed");
    assert!(look().contains("no such file"));
}

/// Looks up `registry` in a file with these contents.
fn look_in(contents: &[u8], registry: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("config.json");
    fs::write(&path, contents).expect("written");
    let found = store(&path, true)
        .and_then(|store| store.lookup(&origin(registry), None, &CallLimits::default()));
    report_lookup(found).replace(&folder.path().display().to_string(), "")
}

#[test]
fn a_file_may_be_in_the_encodings_of_other_systems() {
    let text = r#"{"auths":{"r.example":{"username":"mé","password":"pass"}}}"#;
    let little = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let big = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>()
    };
    let marked = format!("\u{feff}{text}");
    for contents in [
        text.as_bytes().to_vec(),
        marked.as_bytes().to_vec(),
        little(&marked),
        big(&marked),
        little(text),
        big(text),
        format!("\u{feff}\r\n{text}\r\n").into_bytes(),
    ] {
        assert_eq!(
            look_in(&contents, "https://r.example"),
            "basic m\u{e9} pass"
        );
    }
    for (contents, expected) in [
        (&b"\xef\xbb\xbf"[..], "none"),
        (b"\xff\xfe", "none"),
        (b"null", "none"),
        (
            b"\xff\xfe\0\0{\0\0\0",
            "error credentials file /config.json: is UTF-32, save it as UTF-8",
        ),
        (
            b"\xff\xfe{",
            "error credentials file /config.json: is UTF-16, but damaged",
        ),
        (
            b"\xef\xbb\xbf{",
            "error credentials file /config.json: not json: line 1, column 1",
        ),
        (
            b"{\"auths\":{\"caf\xe9\":{}}}",
            "error credentials file /config.json: neither UTF-8 nor UTF-16",
        ),
    ] {
        assert_eq!(
            look_in(contents, "https://r.example"),
            expected,
            "{contents:?}"
        );
    }
}

#[test]
fn files_are_read_as_docker_reads_them() {
    for (contents, expected) in [
        (
            r#"{"Auths":{"r.example":{"Username":"me","Password":"pass"}}}"#,
            "basic me pass",
        ),
        (
            r#"{"AUTHS":{"R.EXAMPLE":{"AUTH":"bWU6cGFzcw=="}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":{},"Auths":{"r.example":{"auth":"bWU6cGFzcw=="}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":null,"Auths":{"r.example":{"auth":"bWU6cGFzcw=="}}}"#,
            "basic me pass",
        ),
        (r#"{"r.example":{"Auth":"bWU6cGFzcw=="}}"#, "basic me pass"),
        (
            r#"{"auths":{"r.example":{"auth":" bWU6\n\tcGFz\r\ncw==\n"}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":{"r.example":{"auth":"bWU6cGFzcw"}}}"#,
            "basic me pass",
        ),
        // "me:>>>???" in both alphabets.
        (
            r#"{"auths":{"r.example":{"auth":"bWU6Pj4-Pz8_"}}}"#,
            "basic me >>>???",
        ),
        (
            r#"{"auths":{"r.example":{"auth":"bWU6Pj4+Pz8/"}}}"#,
            "basic me >>>???",
        ),
        // "me:a:b\n c".
        (
            r#"{"auths":{"r.example":{"auth":"bWU6YTpiCiBj"}}}"#,
            "basic me a:b\n c",
        ),
        (
            r#"{"auths":{"r.example":{"username":"me","password":"a:b\n c"}}}"#,
            "basic me a:b\n c",
        ),
        (
            r#"{"auths":{"r.example":{"auth":"","username":"me","password":"pass"}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":{"r.example":{"auth":null,"username":"me","password":"pass","email":1e400}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":{"r.example":{"auth":"bWU6cGFzcw==","identitytoken":"tok\n"}}}"#,
            "identity me tok",
        ),
        (
            r#"{"auths":{"r.example":{"auth":"bWU6cGFzcw==","identitytoken":null}}}"#,
            "basic me pass",
        ),
        (
            r#"{"auths":{"r.example":{"username":"me","password":7}}}"#,
            "error credentials file /config.json: the entry for r.example: password is not a string",
        ),
        // The last of equal keys, as in Docker.
        (
            r#"{"auths":{"r.example":{"auth":"bWU6b2xk"},"r.example":{"auth":"bWU6cGFzcw=="}}}"#,
            "basic me pass",
        ),
        (r#"{"CredsStore":"token"}"#, "identity - identity-of-helper"),
        (
            r#"{"CREDHELPERS":{"r.example":"token"}}"#,
            "identity - identity-of-helper",
        ),
        // An empty helper is none, not even the one for all.
        (
            r#"{"credsStore":"token","credHelpers":{"r.example":""}}"#,
            "none",
        ),
        (
            r#"{"credsStore":"token","credHelpers":{"r.example":null}}"#,
            "none",
        ),
        (
            r#"{"credHelpers":{"https://r.example":"fails","r.example":"token"}}"#,
            "identity - identity-of-helper",
        ),
    ] {
        assert_eq!(
            look_in(contents.as_bytes(), "https://r.example"),
            expected,
            "{contents}"
        );
    }
    let huge = format!(
        r#"{{"auths":{{"r.example":{{"auth":"{}"}}}}}}"#,
        "a".repeat(5 << 20)
    );
    let found = look_in(huge.as_bytes(), "https://r.example");
    assert_eq!(
        found,
        "error credentials file /config.json: larger than 4194304 bytes"
    );
    let long = format!(
        r#"{{"auths":{{"r.example":{{"registrytoken":"{}"}}}}}}"#,
        "a".repeat(200_000)
    );
    let found = look_in(long.as_bytes(), "https://r.example");
    assert!(
        found.ends_with("bearer token: has 200000 bytes, more than 65536"),
        "{found}"
    );
}

#[test]
fn the_exact_key_wins() {
    let new = r#"{"username":"me","password":"new"}"#;
    let old = r#"{"username":"me","password":"old"}"#;
    for (registry, exact, others) in [
        (
            "http://localhost:5000",
            "localhost:5000",
            &[
                "http://localhost:5000",
                "https://localhost:5000",
                "https://localhost:5000/v1/",
                "LOCALHOST:5000",
            ][..],
        ),
        (
            "https://r.example",
            "r.example",
            &[
                "r.example:443",
                "https://r.example",
                "http://r.example/v2/",
                "R.example",
            ],
        ),
        (
            "https://r.example",
            "r.example/",
            &["https://r.example", "http://a@r.example"],
        ),
        (
            "https://r.example",
            "https://r.example",
            &["http://r.example", "https://r.example:5000"],
        ),
        (
            "https://registry-1.docker.io",
            "https://index.docker.io/v1/",
            &[
                "docker.io",
                "index.docker.io",
                "https://index.docker.io/v1/access-token",
                "https://index.docker.io/v1/refresh-token",
                "https://registry-1.docker.io",
            ],
        ),
    ] {
        for other in others {
            for auths in [
                format!(r#"{{"auths":{{"{exact}":{new},"{other}":{old}}}}}"#),
                format!(r#"{{"auths":{{"{other}":{old},"{exact}":{new}}}}}"#),
            ] {
                assert_eq!(
                    look_in(auths.as_bytes(), registry),
                    "basic me new",
                    "{auths}"
                );
            }
        }
    }
}
