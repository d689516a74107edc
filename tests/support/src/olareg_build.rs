//! Builds olareg from `tests/registries`, once for all test programs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;
use std::{env, fs, process};

use super::{programs, root};

/// The olareg of this workspace, built where that is due and possible.
pub fn program() -> Result<&'static Path, &'static str> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(build) {
        Ok(path) => Ok(path),
        Err(reason) => Err(reason),
    }
}

fn build() -> Result<PathBuf, String> {
    let source = root().join("tests/registries");
    let folder = root().join("target/registries");
    let program = folder.join("olareg");

    let Some(go) = programs::find("go") else {
        let text = "go is not installed".to_owned();
        return program.is_file().then_some(program).ok_or(text);
    };
    fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    if let (Some(built), Some(asked)) = (changed(&program), changed(&source.join("go.mod")))
        && built >= asked
    {
        return Ok(program);
    }

    // A build that is killed leaves no half program under the real name, and
    // two at once do not disturb each other.
    let unfinished = folder.join(format!("olareg.{}", process::id()));
    let mut command = Command::new(go);
    command
        .current_dir(&source)
        .args(["build", "-o"])
        .arg(&unfinished)
        .arg("github.com/olareg/olareg/cmd/olareg");
    if env::var_os("CARGO_NET_OFFLINE").is_some_and(|value| value == "true") {
        command.env("GOPROXY", "off");
    }
    let built = match command.output() {
        Ok(output) if output.status.success() => {
            fs::rename(&unfinished, &program).map_err(|error| error.to_string())
        }
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        Err(error) => Err(error.to_string()),
    };
    match built {
        Err(reason) if !program.is_file() => Err(reason),
        // An older one serves where a new one cannot be had.
        _ => Ok(program),
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|data| data.modified()).ok()
}
