//! Content of registries: references, descriptors, manifests, JSON, digests.

pub(crate) mod authorization;
pub(crate) mod descriptor;
mod digest_state;
pub(crate) mod json;
pub(crate) mod manifest;
pub(crate) mod manifest_pull;
pub(crate) mod media_type;
pub(crate) mod names;
pub(crate) mod options;
pub(crate) mod platform;
pub(crate) mod progress;
pub(crate) mod push;
pub(crate) mod push_content;
mod push_stream;
pub(crate) mod reference;
pub(crate) mod repository;
pub(crate) mod task;
pub(crate) mod upload;
mod upload_export;
mod upload_sender;
mod upload_session;
mod upload_state;

pub use crate::body::digest;
