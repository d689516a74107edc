//! Content: pushing blobs and uploading them incrementally.

mod push;
mod pushing;
