//! What registries hold: for now, the digests that name it.

pub mod digest;
