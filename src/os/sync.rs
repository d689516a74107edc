//! The synchronisation types of the structures that are tested with loom, which
//! replaces them.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard};
pub(crate) use std::time::Instant;
