//! A client for OCI registries, made to be used from C.
mod address;
mod auth;
mod body;
mod client;
mod config;
mod content;
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
mod hosts;
mod log;
mod observe;
mod oci_error;
mod output;
mod proxy;
mod redact;
mod redirect;
mod request;
mod request_settings;
mod response;
mod retry;
mod template;
#[cfg(reggie_test_log)]
mod test_log;
mod trace;
mod transport;
mod url;
mod warnings;

pub use body::ReadSource;
pub use client::Client;
pub use config::retry::{MAX_RETRIES, RetryCondition, RetryQuestion};
pub use config::warning::WarningCallback;
pub use config::{
    CertificateCallback, Config, Credential, CredentialCallback, DEFAULT_MAX_BODY_MEMORY,
    IpVersion, LogCallback, RealmCallback, TlsVersion,
};
pub use content::digest;
pub use error::{Error, Kind, Step};
pub use header::range::ContentRange;
pub use header::rate_limit::RateLimit;
pub use headers::Headers;
pub use log::Level;
pub use observe::{AnswerCallback, Exchange, Purpose, SendCallback};
pub use oci_error::OciError;
pub use output::WriteSink;
pub use redirect::{RedirectCallback, RedirectChoice, RedirectStep};
pub use request::{Request, RetryCallback};
pub use response::Response;
pub use transport::Cancel;
