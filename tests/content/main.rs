//! Content: pushing blobs and uploading them incrementally.

mod push;
mod push_breaks;
mod push_failures;
mod push_memory;
mod push_quirks;
mod push_state;
mod pushing;
mod quirky;
mod uploads;
