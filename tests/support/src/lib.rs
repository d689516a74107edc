//! What the test programs share: registries, a scripted server, C programs.

use std::path::Path;

pub mod c;
pub mod certificates;
pub mod child;
pub mod cutter;
pub mod namespace;
pub mod olareg_build;
pub mod programs;
pub mod raw_conn;
pub mod raw_request;
pub mod raw_server;
pub mod registries;
pub mod relay;
pub mod server_process;
pub mod socks_server;
pub mod spy;
pub mod sync;
pub mod temp;
pub mod tinyproxy;
pub mod token_server;

/// The root of the source tree.
pub fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
