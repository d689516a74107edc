//! For one run of all tests: what any client would log at the level of debug,
//! whatever it was set to, and what it was given that no log may show, goes to
//! files in a folder. Compiled only where `--cfg reggie_test_log` says so, as
//! `tests/secrets/run` does, and in no library that is shipped.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::{env, process};

/// A line of the log, or several.
pub(crate) fn line(text: &str) {
    append("log", text);
}

/// Something that has to be in none.
pub(crate) fn secret(what: &str, text: &str) {
    append("secrets", &format!("{what}\t{text}"));
}

/// Opened and closed for each: tests close descriptors, and fork.
fn append(kind: &str, text: &str) {
    let Some(folder) = env::var_os("REGGIE_TEST_LOGS") else {
        return;
    };
    let path = Path::new(&folder).join(format!("{}.{kind}", process::id()));
    let file = OpenOptions::new().append(true).create(true).open(path);
    // Where that fails nothing is found, which the search tells.
    if let Ok(mut file) = file {
        let _ = file.write_all(format!("{text}\n").as_bytes());
    }
}
