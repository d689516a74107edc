//! Credential helpers: programs that Docker's configuration names, and that
//! hand out credentials by the protocol of docker-credential-helpers.

use std::ffi::OsString;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::file::of_pair;
use crate::auth::secret_json::SecretJson;
use crate::config::credential::Credential;
use crate::error::{Error, Kind, Step, describe, server_text};
use crate::log::redact;
use crate::os::deadline::CallLimits;
use crate::os::subprocess;

/// How a helper says that it has nothing; it fails as well then.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// That helpers may be run, and how.
pub(crate) struct Helpers {
    /// The longest that one may take.
    timeout: Option<Duration>,
    /// As it was when the client was made.
    environment: Vec<(OsString, OsString)>,
}

/// The answer of a helper.
struct Answer<'a> {
    code: Option<i32>,
    output: &'a [u8],
    words: &'a [u8],
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

    /// What a helper has under a key; `None` if nothing.
    pub(super) fn get(
        &self,
        name: &str,
        key: &str,
        limits: &CallLimits,
    ) -> Result<Option<Credential>, Error> {
        let program = program_of(name);
        let path = self.find(&program)?;
        let mut command = Command::new(path);
        command.arg("get").env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let limit = limits.limit(Step::Credentials, self.timeout, &program);
        let ended = subprocess::run(command, format!("{key}\n").as_bytes(), limits, limit)
            .map_err(|error| ended_by(&program, error))?;
        read(&Answer {
            code: ended.code,
            output: &ended.output,
            words: &ended.words,
        })
        .map_err(|why| fail(&program, &why))
    }

    /// Where the program is, by PATH.
    fn find(&self, program: &str) -> Result<PathBuf, Error> {
        // The name comes from a file, and is a name, not a path.
        let is_name = program
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if !is_name {
            let shown = redact::shown(program);
            return Err(fail(&shown, "not a name of a program"));
        }
        let path = self.environment.iter().find(|(name, _)| name == "PATH");
        let path = path.map(|(_, value)| value.as_os_str()).unwrap_or_default();
        std::env::split_paths(path)
            // What is run must not depend on the current folder.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(program))
            .find(|file| is_executable(file))
            .ok_or_else(|| fail(program, "no such program in PATH"))
    }
}

fn program_of(name: &str) -> String {
    format!("docker-credential-{name}")
}

fn is_executable(file: &Path) -> bool {
    let about = std::fs::metadata(file);
    about.is_ok_and(|about| about.is_file() && about.permissions().mode() & 0o111 != 0)
}

fn fail(program: &str, why: &str) -> Error {
    let message = format!("credential helper {program}: {why}");
    Error::new(Kind::CredentialHelper, message)
}

/// The call's own end stays what it is; all else is the helper's failure.
fn ended_by(program: &str, error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) if error.kind() == Kind::Timeout => {
            let why = error.message().trim_start_matches(program);
            fail(program, why.trim_start_matches([':', ' ']))
        }
        Ok(error) => error,
        Err(error) => {
            let failed = fail(program, &describe(&error));
            failed.with_errno(error.raw_os_error().unwrap_or(0))
        }
    }
}

/// Reads what a helper answered.
fn read(answer: &Answer) -> Result<Option<Credential>, String> {
    let json = SecretJson::parse(answer.output).filter(|json| json.is_object());
    match (answer.code, &json) {
        (Some(0), _) | (None, Some(_)) => {}
        _ => {
            let output = said(answer.output);
            if output.contains(NOT_FOUND) {
                return Ok(None);
            }
            // Who fails after all may have written a secret before.
            let output = if json.is_some() || output.contains("Secret") {
                String::new()
            } else {
                output
            };
            let words = [output, said(answer.words)];
            let words: Vec<String> = words.into_iter().filter(|text| !text.is_empty()).collect();
            let words = if words.is_empty() {
                "it said nothing".to_owned()
            } else {
                words.join("; ")
            };
            return Err(match answer.code {
                Some(code) => format!("failed with {code}: {words}"),
                None => format!("failed: {words}"),
            });
        }
    }
    // What it wrote instead may be the secret: it is not repeated.
    let json = json.ok_or("its answer is not json")?;
    let text = |name: &str| match json.get(name) {
        None => Ok(""),
        Some(value) => value.as_str().ok_or(format!("its {name} is not a text")),
    };
    let (username, secret) = (text("Username")?, text("Secret")?);
    if username.is_empty() && secret.is_empty() {
        return Ok(None);
    }
    of_pair(username, secret).map(Some)
}

fn said(words: &[u8]) -> String {
    let shown = redact::body(Some("text/plain"), words, 512).unwrap_or_default();
    server_text(shown.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_of_helpers() {
        let read = |code, output: &str, words: &str| {
            read(&Answer {
                code,
                output: output.as_bytes(),
                words: words.as_bytes(),
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
        assert_eq!(read(Some(0), "{}", ""), Ok(None));
        let none = "credentials not found in native keychain\n";
        assert_eq!(read(Some(1), none, ""), Ok(None));
        assert_eq!(read(None, none, ""), Ok(None));
        for (code, output, words, expected) in [
            (Some(0), "", "", "its answer is not json"),
            (Some(0), "Secret: pass", "", "its answer is not json"),
            (Some(0), "[1]", "", "its answer is not json"),
            (
                Some(0),
                r#"{"Username":1}"#,
                "",
                "its Username is not a text",
            ),
            (
                Some(0),
                r#"{"Username":"me","Secret":"a\nb"}"#,
                "",
                "password: has a control character",
            ),
            (Some(2), "locked\n", "", "failed with 2: locked"),
            (
                Some(2),
                "locked",
                "no\nkey",
                "failed with 2: locked; no\\nkey",
            ),
            (Some(1), "", "", "failed with 1: it said nothing"),
            (Some(1), secret, "gone", "failed with 1: gone"),
            (None, "", "killed", "failed: killed"),
        ] {
            let expected = Err(expected.to_owned());
            assert_eq!(read(code, output, words), expected, "{output} {words}");
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
        let error = helpers.find("docker-credential-x").expect_err("no program");
        assert_eq!(
            error.message(),
            "credential helper docker-credential-x: no such program in PATH"
        );
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("set");
        assert_eq!(helpers.find("docker-credential-x").expect("found"), file);
        let error = helpers.find("docker-credential-../x").expect_err("no name");
        assert_eq!(error.kind(), Kind::CredentialHelper);
    }
}
