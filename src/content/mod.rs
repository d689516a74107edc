//! Content of registries: references, descriptors, manifests, JSON, digests.

pub(crate) mod authorization;
pub(crate) mod blob_pull;
pub(crate) mod blob_reader;
pub(crate) mod blob_stat;
pub(crate) mod descriptor;
pub(crate) mod download;
pub(crate) mod file_check;
pub(crate) mod file_pull;
pub(crate) mod json;
pub(crate) mod location;
pub(crate) mod manifest;
pub(crate) mod manifest_pull;
pub(crate) mod media_type;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod partial_file;
pub(crate) mod platform;
pub(crate) mod progress;
pub(crate) mod range_fetch;
pub(crate) mod ranges;
pub(crate) mod reference;
pub(crate) mod repository;
pub(crate) mod requests;
pub(crate) mod task;

pub use crate::body::digest;
