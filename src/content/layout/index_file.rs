//! The file with the index of a layout.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use super::folder::{INDEX, Layout};
use super::index::Index;
use crate::content::json::Json;
use crate::error::{Error, Kind};

/// The maximum size of the file.
const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// Reads the index. A layout that is being created has an empty one.
pub(crate) fn read(layout: &Layout) -> Result<Arc<Index>, Error> {
    let bytes = bytes(layout)?;
    // Parsing takes most of the time.
    if let Some(index) = layout.index_cache().get(&bytes) {
        return Ok(index);
    }
    let index = Arc::new(parse(layout, &bytes)?);
    layout.index_cache().set(bytes, Arc::clone(&index));
    Ok(index)
}

/// The bytes of the index.
pub(super) fn bytes(layout: &Layout) -> Result<Vec<u8>, Error> {
    let bytes = layout.read(Path::new(INDEX), MAX_SIZE)?;
    Ok(bytes.unwrap_or_default())
}

/// The index of a layout that has these bytes.
pub(super) fn parse(layout: &Layout, bytes: &[u8]) -> Result<Index, Error> {
    if bytes.is_empty() {
        return Ok(Index::default());
    }
    Index::parse(bytes).map_err(|why| layout.invalid(&format!("{INDEX}: {why}")))
}

/// Changes the index unless `change` returns false, and returns what that returns. The
/// caller has the lock of the layout.
pub(super) fn change(
    layout: &Layout,
    is_synced: bool,
    change: impl FnOnce(&mut Index) -> bool,
) -> Result<bool, Error> {
    let mut index = Arc::unwrap_or_clone(read(layout)?);
    let is_changed = change(&mut index);
    if is_changed {
        write(layout, index, is_synced)?;
    }
    Ok(is_changed)
}

/// Replaces the index of a layout, unless the new one exceeds the limits of [`read`].
pub(super) fn write(layout: &Layout, index: Index, is_synced: bool) -> Result<(), Error> {
    let text = index.to_text();
    let limited = match text.len() as u64 > MAX_SIZE {
        true => Err(format!("more than {MAX_SIZE} bytes")),
        false => Json::check_limits(text.as_bytes()).map_err(|error| error.message().to_owned()),
    };
    limited.map_err(|why| layout.invalid(&format!("new {INDEX}: {why}")))?;
    if is_synced {
        layout.sync_base()?;
    }
    layout.replace(Path::new(INDEX), text.as_bytes(), is_synced)?;
    layout.index_cache().set(text.into_bytes(), Arc::new(index));
    Ok(())
}

/// The digest of the only manifest.
pub(crate) fn target(layout: &Layout) -> Result<String, Error> {
    let index = read(layout)?;
    let digests: Vec<String> = index
        .entries()
        .map(|entry| entry.digest().as_str().to_owned())
        .collect();
    let count = digests.iter().collect::<HashSet<_>>().len();
    match digests.into_iter().next() {
        Some(only) if count == 1 => Ok(only),
        None => Err(layout.missing("manifest")),
        _ => {
            let layout = layout.shown();
            let message = format!("{layout}: {count} manifests; a tag or digest is required");
            Err(Error::new(Kind::InvalidReference, message))
        }
    }
}
