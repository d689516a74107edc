//! Content of registries: references, descriptors, manifests, JSON, digests.

pub mod authorization;
pub mod descriptor;
mod digest_state;
mod empty_blob;
pub mod json;
pub mod manifest;
pub mod manifest_delete;
pub mod manifest_pull;
pub mod manifest_push;
pub mod media_type;
pub mod names;
pub mod options;
pub mod platform;
pub mod progress;
pub mod push;
mod push_content;
mod push_stream;
mod recent_uploads;
pub mod reference;
pub mod referrers;
mod referrers_support;
mod referrers_tag;
pub mod repository;
mod tag_lock;
pub(crate) mod task;
pub mod upload;
mod upload_export;
mod upload_limits;
mod upload_sender;
mod upload_session;
mod upload_state;

pub use crate::body::digest;
