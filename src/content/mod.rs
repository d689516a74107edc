//! Content of registries: references, descriptors, manifests, JSON, digests.

pub(crate) mod descriptor;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod media_type;
pub(crate) mod platform;
pub(crate) mod reference;

pub use crate::body::digest;
