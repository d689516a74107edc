//! Partial files of blobs, and what killed processes have left behind in a layout.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::blob_file;
use super::folder::Layout;
use crate::body::digest::Digest;
use crate::body::final_path::FinalPath;
use crate::body::temporary::{self, PREFIX};
use crate::error::Error;

/// What the name of a partial file ends with.
const END: &str = ".partial";
/// How long an abandoned partial file is kept.
const MAX_AGE: Duration = Duration::from_secs(7 * 24 * 3600);

/// The place of a blob, and the name of its partial file. That is outside `blobs`, where
/// programs expect only whole blobs.
pub(in crate::content) fn place(
    layout: &Layout,
    digest: &Digest,
) -> Result<(FinalPath, PathBuf), Error> {
    let (algorithm, hex) = (digest.algorithm().name(), digest.hex());
    let name = format!("{PREFIX}{algorithm}-{hex}{END}");
    Ok((layout.place(digest)?, PathBuf::from(name)))
}

/// Removes files of killed processes, and partial files that are no longer needed.
pub(super) fn remove_abandoned(layout: &Layout) {
    let directory = layout.directory();
    // Ignored: a file that cannot be removed does no harm.
    for name in directory.names().unwrap_or_default() {
        let path = Path::new(&name);
        if temporary::is_name(name.as_bytes()) {
            temporary::remove_if(directory, path, |_| true);
        } else if let Some(digest) = digest_of(&name) {
            temporary::remove_if(directory, path, |file| {
                is_old(file) || blob_file::open(layout, &digest).is_ok()
            });
        }
    }
}

/// The digest that the name of a partial file contains.
fn digest_of(name: &OsStr) -> Option<Digest> {
    let name = name.to_str()?.strip_prefix(PREFIX)?.strip_suffix(END)?;
    Digest::parse(&name.replacen('-', ":", 1)).ok()
}

fn is_old(file: &File) -> bool {
    let modified = file.metadata().and_then(|about| about.modified());
    let age = modified.map(|modified| modified.elapsed().unwrap_or_default());
    age.is_ok_and(|age| age > MAX_AGE)
}
