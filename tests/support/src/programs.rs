//! Programs of the system that some tests need.

use std::collections::BTreeSet;
use std::env;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Mutex;

use super::sync::lock;

/// The environment variable that makes a missing program a failure.
pub const REQUIRE: &str = "REGGIE_REQUIRE_REGISTRIES";

/// Finds an executable file named `name` in the folders of `PATH`.
pub fn find(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(name))
        .find(|path| {
            path.metadata()
                .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        })
}

/// Says once per process that tests are skipped, or panics with the line and
/// the reason in `detail` where [`REQUIRE`] is set.
pub fn missing(line: &str, detail: &str) {
    static SAID: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

    if env::var_os(REQUIRE).is_some() {
        panic!("{line}, yet {REQUIRE} is set: {detail}");
    }
    if lock(&SAID).insert(line.to_owned()) {
        // Not eprintln!, which the test harness hides where a test passes.
        // A closed stderr is no reason to fail a test.
        let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
    }
}
