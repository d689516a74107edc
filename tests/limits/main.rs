//! Limits: time, cancellation, memory.

mod cancel;
mod hanging_servers;
mod memory;
mod slow_transfers;
