//! Content: pushing and uploading blobs; manifests, lists and referrers.

mod documents;
mod list_quirks;
mod lists;
mod manifest_deletes;
mod manifest_lies;
mod manifest_pulls;
mod manifest_pushes;
mod manifest_quirks;
mod peers;
mod push;
mod push_breaks;
mod push_failures;
mod push_memory;
mod push_quirks;
mod push_state;
mod pushing;
mod quirky;
mod referrers;
mod referrers_quirks;
mod registries;
mod scripted;
mod uploads;
