//! An OCI registry that lives in memory, for tests and examples.
//!
//! [`Registry::start`] binds a port of the loopback interface and serves the
//! whole OCI Distribution 1.1 API from threads of its own until the handle is
//! dropped. It can ask for Basic credentials or for tokens (it is its own token
//! server), speak TLS with a private authority, tell every request it got, and
//! misbehave on demand: see [`Fault`]. [`Options::ghcr`] and its like make it as
//! odd as the registries that people use.
//!
//! ```
//! use embedded_registry::{Fault, Options, Registry, Rule};
//!
//! let registry = Registry::start(Options::default());
//! let digest = registry.put_blob("team/app", b"hello");
//! registry.add_rule(Rule::new(Fault::status(503)).path("/blobs/").times(1));
//! println!("{}/v2/team/app/blobs/{digest}", registry.url());
//! ```

#![cfg_attr(not(test), warn(clippy::unwrap_used))]

mod api;
mod auth;
mod clock;
mod connection;
mod content;
mod digest;
mod fault;
mod http;
mod options;
mod quirks;
mod rate;
mod record;
mod registry;
mod response;
pub mod secrets;
mod server;
mod store;
mod text;
mod tls;
mod token;

pub use fault::{After, Ending, Fault, Rule};
pub use options::{Auth, Options, TokenAuth, TokenField};
pub use quirks::ACR_REFRESH_USER;
pub use record::{About, Recorded};
pub use registry::Registry;
