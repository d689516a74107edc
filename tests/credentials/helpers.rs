//! Credential helpers whose credentials change.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use embedded_registry::{Options, Registry};
use reggie::{Client, Config};
use support::child;
use support::registries::{PASSWORD, USER};
use support::temp;

use crate::NAME;
use crate::image::try_pull;

/// A helper with an outdated password, and then with the right one.
fn helper() -> tempfile::TempDir {
    let folder = temp::folder();
    let path = folder.path().join("docker-credential-own");
    let script = format!(
        "#!/bin/sh\ncd $(dirname $0)\n\
         if mkdir first 2>/dev/null; then password=old; else password={PASSWORD}; fi\n\
         echo >>runs\n\
         echo '{{\"Username\":\"{USER}\",\"Secret\":\"'$password'\"}}'\n"
    );
    fs::write(&path, script).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("set");
    fs::write(folder.path().join("config.json"), r#"{"credsStore":"own"}"#).expect("written");
    folder
}

#[test]
fn a_helper_runs_again_after_its_credentials_are_rejected() {
    let folder = helper();
    let mut command = child::command(child_recovers);
    command.env("TEST_FOLDER", folder.path());
    command.env("PATH", format!("{}:/usr/bin:/bin", folder.path().display()));
    child::run(command);
}

#[test]
#[ignore = "run by another test"]
fn child_recovers() {
    let Some(folder) = std::env::var_os("TEST_FOLDER") else {
        return;
    };
    let folder = std::path::PathBuf::from(folder);
    for options in [
        Options::default().basic(USER, PASSWORD),
        Options::default().token(USER, PASSWORD),
    ] {
        let registry = Registry::start(options);
        let mut config = Config::new();
        config
            .add_credentials_file(&folder.join("config.json"))
            .expect("a path");
        config.set_credential_helpers(true);
        let client = Client::new(registry.url(), &config).expect("a client");
        // Refused with the outdated password, which is then not used again.
        let is_refused = match try_pull(&client, NAME) {
            Ok(response) => response.status() == 401,
            Err(error) => error.http_status() == 401,
        };
        assert!(is_refused);
        for _ in 0..3 {
            let response = try_pull(&client, NAME).expect("a response");
            assert_eq!(response.status(), 404, "let in");
        }
        let runs = fs::read_to_string(folder.join("runs")).expect("a text");
        assert_eq!(runs.lines().count(), 2);
        fs::remove_file(folder.join("runs")).expect("removed");
        fs::remove_dir(folder.join("first")).expect("removed");
    }
}
