//! Credential helpers, which are named in Docker's configuration and implement
//! the protocol of docker-credential-helpers.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::file::of_pair;
use crate::auth::secret_json::{SecretJson, field};
use crate::config::credential::Credential;
use crate::error::{Error, Kind, Step, describe, server_text};
use crate::log::redact;
use crate::log::scrub::scrub;
use crate::os::deadline::CallLimits;
use crate::os::subprocess;

/// The error message of a helper that has no credential.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Settings for running credential helpers.
pub(crate) struct Helpers {
    /// Time limit for one helper.
    pub(super) timeout: Option<Duration>,
    /// The environment at the time when the client was created.
    environment: Vec<(OsString, OsString)>,
}

/// The result of a helper.
struct HelperResult<'a> {
    code: Option<i32>,
    output: &'a [u8],
    stderr: &'a [u8],
}

impl Helpers {
    pub(crate) fn new(
        timeout: Option<Duration>,
        environment: Vec<(OsString, OsString)>,
    ) -> Helpers {
        Helpers {
            timeout,
            environment,
        }
    }

    /// Gets the credential for a key from a helper; `None` if it has none.
    pub(super) fn get(
        &self,
        name: &str,
        key: &str,
        limits: &CallLimits,
    ) -> Result<Option<Credential>, Error> {
        let helper = helper_name(name);
        let path = self.find(&helper)?;
        let mut command = Command::new(path);
        command.arg("get").env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let limit = limits.limit(Step::Credentials, self.timeout, &helper);
        let ended = subprocess::run(command, format!("{key}\n").as_bytes(), limits, limit)
            .map_err(|error| failure(&helper, error))?;
        read(&HelperResult {
            code: ended.code,
            output: &ended.output,
            stderr: &ended.stderr,
        })
        .map_err(|why| fail(&helper, &why))
    }

    /// Finds a helper in PATH.
    fn find(&self, helper: &str) -> Result<PathBuf, Error> {
        // The name comes from a file: reject paths.
        let is_name = helper
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_name {
            let shown = redact::shown(helper);
            return Err(fail(&shown, "not a valid helper name"));
        }
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map(|(_, value)| value.as_os_str()).unwrap_or_default();
        std::env::split_paths(path)
            // The choice must not depend on the current folder.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(helper))
            .find(|file| is_executable(file))
            .ok_or_else(|| fail(helper, "not found in PATH"))
    }
}

fn helper_name(name: &str) -> String {
    format!("docker-credential-{name}")
}

fn is_executable(file: &Path) -> bool {
    let about = std::fs::metadata(file);
    about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

fn fail(helper: &str, why: &str) -> Error {
    let message = format!("credential helper {helper}: {why}");
    Error::new(Kind::CredentialHelper, message)
}

/// Cancellation and deadline of the call stay as they are; other errors become
/// failures of the helper.
fn failure(helper: &str, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) if error.kind() == Kind::Timeout => {
            let why = error.message().trim_start_matches(helper);
            fail(helper, why.trim_start_matches([':', ' ']))
        }
        Ok(error) => error,
        Err(error) => {
            let failed = fail(helper, &describe(&error));
            failed.with_errno(error.raw_os_error().unwrap_or(0))
        }
    }
}

/// Parses the result of a helper.
fn read(result: &HelperResult) -> Result<Option<Credential>, String> {
    let json = SecretJson::parse(result.output).filter(|json| json.is_object());
    match (result.code, &json) {
        (Some(0), _) | (None, Some(_)) => {}
        _ => {
            let output = quoted(result.output);
            if output.contains(NOT_FOUND) {
                return Ok(None);
            }
            // A helper that fails may have written a secret before.
            let output = if json.is_some() || output.contains("Secret") {
                String::new()
            } else {
                output
            };
            let mut outputs = vec![output, quoted(result.stderr)];
            outputs.retain(|output| !output.is_empty());
            let shown = match outputs.as_slice() {
                [] => "no output".to_owned(),
                outputs => {
                    let secrets = json.as_deref().map(redact::secret_members);
                    scrub(&outputs.join("; "), &secrets.unwrap_or_default())
                }
            };
            return Err(match result.code {
                Some(code) => format!("failed with {code}: {shown}"),
                None => format!("failed: {shown}"),
            });
        }
    }
    // Do not quote the output: it may be a secret.
    let json = json.ok_or("its output is not json")?;
    let object = json.as_object().ok_or("its output is not json")?;
    let text = |name: &'static str| match field(object, name) {
        None => Ok(""),
        Some(value) => value.as_str().ok_or(format!("its {name} is not a string")),
    };
    let (username, secret) = (text("Username")?, text("Secret")?);
    if username.is_empty() && secret.is_empty() {
        return Ok(None);
    }
    of_pair(username, secret).map(Some)
}

fn quoted(output: &[u8]) -> String {
    let shown = redact::body(Some("text/plain"), output, 512).unwrap_or_default();
    server_text(shown.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_helpers() {
        let read = |code, output: &str, stderr: &str| {
            read(&HelperResult {
                code,
                output: output.as_bytes(),
                stderr: stderr.as_bytes(),
            })
        };
        let secret = r#"{"ServerURL":"r","Username":"me","Secret":"pass"}"#;
        let found = Credential::password("me", "pass").expect("a credential");
        assert_eq!(read(Some(0), secret, ""), Ok(Some(found.clone())));
        assert_eq!(read(None, secret, "reaped by others"), Ok(Some(found)));
        let token = Credential::identity_token("", "tok").expect("a credential");
        assert_eq!(
            read(Some(0), r#"{"Username":"<token>","Secret":"tok"}"#, ""),
            Ok(Some(token))
        );
        assert_eq!(
            read(
                Some(0),
                "{\"username\":\"<token>\",\"SECRET\":\"tok\\n\"}",
                ""
            ),
            read(Some(0), r#"{"Username":"<token>","Secret":"tok"}"#, "")
        );
        let key = "{\n  \"private_key\": \"x:y\"\n}\n";
        let lines = serde_json::json!({"Username": "_json_key", "Secret": key}).to_string();
        let found = Credential::password("_json_key", key).expect("a credential");
        assert_eq!(
            read(Some(0), &format!("\u{feff}{lines}"), ""),
            Ok(Some(found))
        );
        assert_eq!(read(Some(0), "{}", ""), Ok(None));
        let none = "credentials not found in native keychain\n";
        assert_eq!(read(Some(1), none, ""), Ok(None));
        assert_eq!(read(None, none, ""), Ok(None));
        for (code, output, stderr, expected) in [
            (Some(0), "", "", "its output is not json"),
            (Some(0), "Secret: pass", "", "its output is not json"),
            (Some(0), "[1]", "", "its output is not json"),
            (
                Some(0),
                r#"{"Username":1}"#,
                "",
                "its Username is not a string",
            ),
            (
                Some(0),
                r#"{"Username":"me","Secret":"a\u0000b"}"#,
                "",
                "password: has a NUL character, byte 0x00 at offset 1",
            ),
            (Some(2), "locked\n", "", "failed with 2: locked"),
            (
                Some(2),
                "locked",
                "no\nkey",
                "failed with 2: locked; no\\nkey",
            ),
            (Some(1), "", "", "failed with 1: no output"),
            (Some(1), secret, "gone", "failed with 1: gone"),
            (
                Some(1),
                secret,
                "cannot keep pass",
                "failed with 1: cannot keep [redacted]",
            ),
            (None, "", "killed", "failed: killed"),
        ] {
            let expected = Err(expected.to_owned());
            assert_eq!(read(code, output, stderr), expected, "{output} {stderr}");
        }
    }

    #[test]
    fn a_program_is_found_in_absolute_folders_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("docker-credential-x");
        std::fs::write(&file, "").expect("written");
        let path = format!("relative:{}", folder.path().display());
        let environment = vec![("PATH".into(), path.into())];
        let helpers = Helpers::new(None, environment);
        let error = helpers.find("docker-credential-x").expect_err("no helper");
        assert_eq!(
            error.message(),
            "credential helper docker-credential-x: not found in PATH"
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("set");
        assert_eq!(helpers.find("docker-credential-x").expect("found"), file);
        let error = helpers.find("docker-credential-../x").expect_err("no name");
        assert_eq!(error.kind(), Kind::CredentialHelper);
    }
}
