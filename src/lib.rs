//! A client for OCI registries, made to be used from C.
mod address;
mod auth;
mod body;
mod client;
mod config;
mod content;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the engine does not use the jar yet")
)]
mod cookies;
mod engine;
mod error;
mod ffi;
mod file;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod header;
mod headers;
mod log;
mod oci_error;
mod output;
mod redact;
mod redirect;
mod request;
mod response;
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the engine does not send again yet")
)]
mod retry;
mod template;
mod trace;
mod transport;
mod url;
mod warnings;

pub use body::ReadSource;
pub use client::Client;
pub use config::retry::{MAX_RETRIES, RetryCondition, RetryQuestion};
pub use config::warning::WarningCallback;
pub use config::{Config, DEFAULT_MAX_BODY_MEMORY, LogCallback};
pub use content::digest;
pub use error::{Error, Kind, Step};
pub use header::range::ContentRange;
pub use header::rate_limit::RateLimit;
pub use headers::Headers;
pub use log::Level;
pub use oci_error::OciError;
pub use output::WriteSink;
pub use request::{Request, RetryCallback};
pub use response::Response;
