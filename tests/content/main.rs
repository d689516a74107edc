//! Content: manifests, lists and referrers.

mod authorizations;
mod documents;
mod list_quirks;
mod lists;
mod manifest_deletes;
mod manifest_lies;
mod manifest_pulls;
mod manifest_pushes;
mod manifest_quirks;
mod peers;
mod referrers;
mod referrers_quirks;
mod registries;
mod scripted;
