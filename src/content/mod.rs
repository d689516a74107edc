//! Content of registries: references, descriptors, manifests, JSON, digests.

pub mod authorization;
pub mod blob_pull;
pub mod blob_reader;
pub mod blob_stat;
pub mod descriptor;
mod download;
mod empty_blob;
mod file_check;
pub mod file_pull;
pub mod json;
pub mod location;
pub mod manifest;
pub mod manifest_delete;
pub mod manifest_pull;
pub mod manifest_push;
pub mod media_type;
pub mod names;
pub mod options;
mod partial_file;
pub mod platform;
pub mod progress;
mod range_fetch;
mod ranges;
pub(crate) mod recent_uploads;
pub mod reference;
pub mod referrers;
mod referrers_support;
mod referrers_tag;
pub mod repository;
pub(crate) mod requests;
mod tag_lock;
pub(crate) mod task;

pub use crate::body::digest;
