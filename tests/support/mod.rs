//! What the integration tests share: registries, a scripted server, C programs.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each integration test is a crate of its own and uses a part of this"
)]

pub mod c;
pub mod certificates;
pub mod image;
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
