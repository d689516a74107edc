//! Proxies: the rules that curl and Go share.

mod choice;
pub(crate) mod host_rules;
mod server;

pub(crate) use choice::{Choice, Proxies, entries};
pub(crate) use server::{Proxy, ProxyKind};
