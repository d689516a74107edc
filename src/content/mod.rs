//! Content of registries: references, descriptors, manifests, JSON, digests.

pub(crate) mod authorization;
pub(crate) mod descriptor;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod manifest_pull;
pub(crate) mod media_type;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod platform;
pub(crate) mod progress;
pub(crate) mod reference;
pub(crate) mod repository;
pub(crate) mod task;

pub use crate::body::digest;
