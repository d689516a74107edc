//! Content of registries: references, descriptors, manifests, JSON, digests.

pub mod authorization;
pub mod blob_pull;
pub mod blob_reader;
pub mod blob_stat;
pub mod descriptor;
mod download;
mod file_check;
pub mod file_pull;
pub mod json;
pub mod location;
pub mod manifest;
pub mod manifest_pull;
pub mod media_type;
pub mod names;
pub mod options;
mod partial_file;
pub mod platform;
pub mod progress;
mod range_fetch;
mod ranges;
pub mod reference;
pub mod repository;
pub(crate) mod requests;
pub(crate) mod task;

pub use crate::body::digest;
