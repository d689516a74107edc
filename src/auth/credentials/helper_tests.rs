//! How often credential helpers run.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use super::store::{CredentialStore, Lookup};
use crate::config::{Config, Credential};
use crate::error::Error;
use crate::http::url::{Origin, Url};
use crate::os::deadline::CallLimits;

/// A folder with a helper that counts its runs, and a file that names it.
struct Counted(tempfile::TempDir);

impl Counted {
    fn new(script: &str) -> Counted {
        let folder = tempfile::tempdir().expect("a folder");
        let runs = folder.path().join("runs");
        let helper = folder.path().join("docker-credential-own");
        let text = format!("#!/bin/sh\necho >>{}\n{script}\n", runs.display());
        fs::write(&helper, text).expect("written");
        fs::set_permissions(&helper, fs::Permissions::from_mode(0o755)).expect("set");
        fs::write(folder.path().join("config.json"), r#"{"credsStore":"own"}"#).expect("written");
        Counted(folder)
    }

    fn store(&self, keep: Duration) -> CredentialStore {
        let mut config = Config::new();
        let file = self.0.path().join("config.json");
        config.add_credentials_file(&file).expect("a path");
        config.set_credential_helper_cache_time(keep);
        let store = CredentialStore::new(&config, Arc::default()).expect("a store");
        store.with_helpers_in(self.0.path(), None)
    }

    fn runs(&self) -> usize {
        let runs = fs::read_to_string(self.0.path().join("runs"));
        runs.unwrap_or_default().lines().count()
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const GIVES: &str = r#"echo '{"Username":"me","Secret":"pass"}'"#;

fn origin(host: &str) -> Origin {
    Url::parse(&format!("https://{host}"))
        .expect("a url")
        .origin()
}

fn look(store: &CredentialStore, host: &str) -> Result<Lookup, Error> {
    store.lookup(&origin(host), None, &CallLimits::default())
}

#[test]
fn one_run_serves_all_threads_and_later_calls() {
    // Threads that arrive later find the result of the run.
    let helper = Counted::new(&format!("sleep 0.3\n{GIVES}"));
    let store = helper.store(HOUR);
    let barrier = Barrier::new(10);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                barrier.wait();
                let found = look(&store, "r.example").expect("no error").found;
                assert!(found.is_some());
            });
        }
    });
    assert_eq!(helper.runs(), 1);
    let found = look(&store, "r.example").expect("no error").found;
    assert!(found.expect("a credential").is_kept);
    assert_eq!(helper.runs(), 1);
    look(&store, "other.example").expect("no error");
    assert_eq!(helper.runs(), 2, "each registry has its own");
}

#[test]
fn without_a_time_only_waiting_calls_share_a_run() {
    let helper = Counted::new(GIVES);
    let store = helper.store(Duration::ZERO);
    for runs in 1..=3 {
        let found = look(&store, "r.example").expect("no error").found;
        assert!(!found.expect("a credential").is_kept);
        assert_eq!(helper.runs(), runs);
    }
    let longest = helper.store(Duration::MAX);
    for _ in 0..2 {
        look(&longest, "r.example").expect("no error");
    }
    assert_eq!(helper.runs(), 4);
}

#[test]
fn a_rejected_credential_is_not_kept() {
    let helper = Counted::new(GIVES);
    let store = helper.store(HOUR);
    look(&store, "r.example").expect("no error");
    let other = Credential::password("me", "other").expect("a credential");
    store.forget_helper_results(|credential| *credential == other);
    look(&store, "r.example").expect("no error");
    assert_eq!(helper.runs(), 1);
    let rejected = Credential::password("me", "pass").expect("a credential");
    store.forget_helper_results(|credential| *credential == rejected);
    look(&store, "r.example").expect("no error");
    assert_eq!(helper.runs(), 2);
}

#[test]
fn failures_are_not_kept() {
    let helper = Counted::new("echo locked >&2; exit 1");
    let store = helper.store(HOUR);
    for runs in 1..=2 {
        let error = look(&store, "r.example").expect_err("it fails");
        assert!(error.message().contains("locked"), "{error}");
        assert_eq!(helper.runs(), runs);
    }
}

#[test]
fn a_call_in_a_callback_runs_its_own() {
    // The first run does not end before the second one has.
    let script = format!(
        "cd $(dirname $0)\n\
         if mkdir first 2>/dev/null; then while ! [ -e second ]; do sleep 0.01; done; fi\n\
         {GIVES}"
    );
    let helper = Counted::new(&script);
    let store = helper.store(HOUR);
    let nested = CallLimits {
        is_nested: true,
        ..CallLimits::default()
    };
    thread::scope(|scope| {
        let waiting = scope.spawn(|| look(&store, "r.example"));
        while !helper.0.path().join("first").exists() {
            thread::sleep(Duration::from_millis(1));
        }
        let found = store.lookup(&origin("r.example"), None, &nested);
        assert!(found.expect("no error").found.is_some());
        fs::write(helper.0.path().join("second"), "").expect("written");
        let found = waiting.join().expect("no panic").expect("no error").found;
        assert!(found.is_some());
    });
    assert_eq!(helper.runs(), 2);
}
