//! Content of registries: for now, only its digests.

pub use crate::body::digest;
