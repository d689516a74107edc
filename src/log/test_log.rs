//! Support for `tests/secrets/run`: writes the debug log of every client, and
//! every secret passed to one, to files in a folder. Compiled only with `--cfg
//! reggie_test_log`, never in a release.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::{env, process};

/// Appends a log message.
pub(crate) fn line(text: &str) {
    append("log", text);
}

/// Records a secret that must not occur in any log.
pub(crate) fn secret(what: &str, text: &str) {
    append("secrets", &format!("{what}\t{text}"));
}

/// Opened and closed for each line, since tests close descriptors and fork.
fn append(kind: &str, text: &str) {
    let Some(folder) = env::var_os("REGGIE_TEST_LOGS") else {
        return;
    };
    let path = Path::new(&folder).join(format!("{}.{kind}", process::id()));
    let file = OpenOptions::new().append(true).create(true).open(path);
    // If this fails, the search reports missing logs.
    if let Ok(mut file) = file {
        let _ = file.write_all(format!("{text}\n").as_bytes());
    }
}
