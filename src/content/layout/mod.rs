//! OCI image layouts (OCI Image Specification, Image Layout).

pub(super) mod blob_file;
pub(super) mod blobs;
pub(super) mod folder;
mod index;
mod index_cache;
pub(super) mod index_file;
mod lock;
pub(super) mod manifests;
pub(super) mod new_blob;
pub(super) mod open;
pub(super) mod partial_blob;
pub(super) mod referrers;
pub(super) mod upload;
