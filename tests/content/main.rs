//! The content layer: blobs, manifests, lists and referrers.

mod blob_file_locks;
mod blob_files;
mod blob_lies;
mod blob_locations;
mod blob_memory;
mod blob_pulls;
mod blob_ranges;
mod blob_reads;
mod blob_real_registries;
mod blob_resumption;
mod blob_server;
mod blob_stats;
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
