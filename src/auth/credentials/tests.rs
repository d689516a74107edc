//! Finds credentials in typical files.

use std::fs;
use std::path::{Path, PathBuf};
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
    let store = CredentialStore::new(&config)?;
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
        let store = CredentialStore::new(config).expect("a store");
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
