//! The locks of the structures that are checked with loom, which substitutes
//! its own.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
pub(crate) use std::time::Instant;
