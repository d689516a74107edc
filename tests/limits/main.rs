//! Limits: time, cancellation, memory.

mod cancel;
mod descriptors;
mod hanging_servers;
mod memory;
mod silence;
mod slow_transfers;
