//! Opening and creating layouts.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::folder::{INDEX, Layout, MARK};
use super::index::Index;
use super::index_file;
use super::lock::Lock;
use crate::body::temporary;
use crate::content::json::Json;
use crate::error::{Error, Kind, with_path};
use crate::os::deadline::CallLimits;
use crate::os::directory::Directory;

/// The only version.
const VERSION: &str = "1.0.0";
const MAX_MARK: u64 = 64 * 1024;
/// How long to wait for another process that creates the layout.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// What a directory is.
enum State {
    Layout,
    /// A layout that is being created, or that was not finished.
    Unfinished,
    Empty,
    /// It has other content.
    Other,
}

/// Opens a layout. With `create`, a missing or empty directory becomes one.
pub(in crate::content) fn open(path: &Path, create: bool) -> Result<Layout, Error> {
    if path.as_os_str().is_empty() {
        return Err(Error::new(Kind::InvalidArgument, "layout: empty path"));
    }
    let failed = |error| Error::io(Kind::File, with_path("layout", path), &error);
    let opened = match Directory::open(path) {
        Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
            match std::fs::create_dir(path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => Directory::open(path),
            }
        }
        opened => opened,
    };
    let layout = Layout::new(opened.map_err(failed)?, path);
    match (state(&layout)?, create) {
        (State::Layout, _) | (State::Unfinished, false) => Ok(layout),
        (State::Other, _) | (State::Empty, false) => Err(layout.invalid("not an image layout")),
        (State::Unfinished | State::Empty, true) => {
            finish(&layout)?;
            Ok(layout)
        }
    }
}

fn state(layout: &Layout) -> Result<State, Error> {
    let mark = layout.read(Path::new(MARK), MAX_MARK);
    let mark = mark.map_err(|error| match error.kind() {
        Kind::BodyTooLarge => error.with_kind(Kind::InvalidLayout),
        _ => error,
    })?;
    // Other programs create it empty and then write to it.
    if let Some(mark) = mark.filter(|mark| !mark.is_empty()) {
        check_version(layout, &mark)?;
        return Ok(match layout.directory().find(Path::new(INDEX)) {
            Ok(Some(_)) => State::Layout,
            _ => State::Unfinished,
        });
    }
    let names = layout.directory().names();
    let names = names.map_err(|error| layout.failed(Path::new("."), &error))?;
    let is_of_layout = |name: &[u8]| {
        [MARK, INDEX, "blobs"]
            .iter()
            .any(|known| known.as_bytes() == name)
            || name.starts_with(temporary::PREFIX.as_bytes())
    };
    let has = |name: &str| names.iter().any(|known| known == name);
    Ok(
        match names.iter().all(|name| is_of_layout(name.as_bytes())) {
            true if names.is_empty() => State::Empty,
            // An index.json alone may be any file.
            true if has("blobs") || !has(INDEX) => State::Unfinished,
            _ => State::Other,
        },
    )
}

fn check_version(layout: &Layout, mark: &[u8]) -> Result<(), Error> {
    let json = Json::parse(mark).map_err(|_| layout.invalid("oci-layout: not JSON"))?;
    match json.member("imageLayoutVersion").and_then(Json::string) {
        Some(VERSION) => Ok(()),
        Some(other) => {
            let other = crate::log::redact::shown(other);
            Err(layout.invalid(&format!("unknown version {other}")))
        }
        None => Err(layout.invalid("oci-layout: no imageLayoutVersion")),
    }
}

/// Creates what is missing of a layout. The first synced change of the index syncs it.
fn finish(layout: &Layout) -> Result<(), Error> {
    let limits = CallLimits::default();
    let _lock = Lock::acquire(layout, Some(LOCK_TIMEOUT), &limits, || {})?;
    let blobs = Path::new("blobs");
    for folder in [blobs, &blobs.join("sha256")] {
        let made = layout.directory().make(folder);
        made.map_err(|error| layout.failed(folder, &error))?;
    }
    let contents = |name: &str| layout.read(Path::new(name), u64::MAX);
    if contents(MARK)?.is_none_or(|mark| mark.is_empty()) {
        let mark = format!("{{\"imageLayoutVersion\":\"{VERSION}\"}}");
        layout.replace(Path::new(MARK), mark.as_bytes(), false)?;
    }
    // Last: to other programs, a directory with an index is a complete layout.
    if contents(INDEX)?.is_none_or(|index| index.is_empty()) {
        index_file::write(layout, Index::default(), false)?;
    }
    Ok(())
}
