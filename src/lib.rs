//! A client for OCI registries, made to be used from C.

// In import order: a module imports only modules above it.
mod auth;
mod body;
mod client;
mod config;
pub mod content;
mod engine;
mod error;
mod ffi;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod log;
mod os;
mod proxy;
mod request;
mod tls;
mod transport;

pub use body::output::WriteSink;
pub use body::{BorrowedBytes, ReadSource};
pub use client::Client;
pub use config::observe::WarningCallback;
pub use config::retry::{MAX_RETRIES, RetryCondition, RetryQuestion};
pub use config::{
    CertificateCallback, Config, Credential, CredentialCallback, DEFAULT_MAX_BODY_MEMORY,
    IpVersion, RealmCallback, TlsVersion,
};
pub use content::digest;
pub use error::{Error, Kind, Step};
pub use http::header::range::ContentRange;
pub use http::header::rate_limit::RateLimit;
pub use http::headers::Headers;
pub use http::hooks::{Exchange, Purpose, ResponseCallback, SendCallback};
pub use http::oci_error::OciError;
pub use http::redirect::{RedirectCallback, RedirectChoice, RedirectStep};
pub use log::{Level, LogCallback};
pub use os::cancel::Cancel;
pub use os::transfer::{Transfer, TransferCallback};
pub use request::response::{Response, ResponseHead};
pub use request::{ChallengeCallback, Request};
