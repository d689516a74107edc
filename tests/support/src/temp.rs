//! Temporary folders.

use std::env;

use tempfile::TempDir;

/// Makes an empty folder that is removed on drop.
///
/// It lies in the target folder: what a killed test leaves behind is then
/// found and removed by `cargo clean`, and large blobs do not fill `/tmp`.
pub fn folder() -> TempDir {
    let program = env::current_exe().expect("a running program has a path");
    // Test programs are in target/debug/deps.
    let target = program.ancestors().nth(3).expect("the target folder");
    let parent = target.join("tmp");
    std::fs::create_dir_all(&parent).expect("the target folder is writable");
    tempfile::Builder::new()
        .prefix("reggie-")
        .tempdir_in(parent)
        .expect("the target folder is writable")
}
