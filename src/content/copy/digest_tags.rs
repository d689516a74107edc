//! Tags that are named after digests, as cosign has them.

use std::collections::HashMap;

use crate::body::digest::Digest;
use crate::content::names;
use crate::content::operation::Operation;
use crate::error::Error;

/// Lists such tags of the repository of an operation.
pub(super) fn list(operation: &Operation) -> Result<Vec<String>, Error> {
    names::all_tags(operation, |tag| prefix_of(tag).is_some())
}

/// The tags by what the names begin with.
pub(super) fn by_prefix(tags: Vec<String>) -> HashMap<String, Vec<String>> {
    let mut found: HashMap<String, Vec<String>> = HashMap::new();
    for tag in tags {
        if let Some(prefix) = prefix_of(&tag).map(str::to_owned) {
            found.entry(prefix).or_default().push(tag);
        }
    }
    found
}

/// What the tags of a digest begin with. The referrers tag is only this.
pub(super) fn prefix(digest: &Digest) -> String {
    digest.as_str().replacen(':', "-", 1)
}

/// What a tag begins with, if that stands for a digest.
fn prefix_of(tag: &str) -> Option<&str> {
    let (prefix, _) = tag.split_once('.')?;
    Digest::parse(&prefix.replacen('-', ":", 1))
        .is_ok()
        .then_some(prefix)
}
