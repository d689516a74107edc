//! The content layer: what users come for.

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
