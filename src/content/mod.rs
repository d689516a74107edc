//! Content of registries: references, descriptors, manifests, JSON, digests.

pub mod authorization;
pub mod descriptor;
pub mod json;
pub mod manifest;
pub mod manifest_pull;
pub mod media_type;
pub mod names;
pub mod options;
pub mod platform;
pub mod progress;
pub mod reference;
pub mod repository;
pub(crate) mod task;

pub use crate::body::digest;
