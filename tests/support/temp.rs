//! Temporary folders.

use std::path::Path;

use tempfile::TempDir;

/// Makes an empty folder that is removed on drop.
///
/// It lies in the target folder: what a killed test leaves behind is then
/// found and removed by `cargo clean`, and large blobs do not fill `/tmp`.
pub fn folder() -> TempDir {
    let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(parent).expect("the target folder is writable");
    tempfile::Builder::new()
        .prefix("reggie-")
        .tempdir_in(parent)
        .expect("the target folder is writable")
}
