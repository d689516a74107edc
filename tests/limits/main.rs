//! Limits: time, cancellation, memory.

mod cancel;
mod memory;
mod slow_transfers;
