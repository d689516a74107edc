//! Which token servers get credentials.

use std::sync::Arc;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::error::position::first_byte;
use crate::error::{Error, Kind};

/// Decides whether the credentials for a registry may go to a token server:
/// host and port of both.
pub type RealmCallback = Arc<dyn Fn(&str, &str) -> Result<bool, Error> + Send + Sync>;

impl Config {
    /// Allows credentials to go to a token server at another site than the
    /// registry: by `host`, `host:port`, or `.domain` with all that is under it.
    pub fn add_allowed_realm(&mut self, host: &str) -> Result<(), Error> {
        let is_odd = |byte: u8| !byte.is_ascii_alphanumeric() && !b"-._:[]".contains(&byte);
        let wrong = match first_byte(host.as_bytes(), is_odd) {
            Some(wrong) => format!(", {wrong}"),
            None if host.trim_matches('.').is_empty() => String::new(),
            None => {
                self.allowed_realms.push(host.to_ascii_lowercase());
                return Ok(());
            }
        };
        let message = format!("allowed realm: not a host, a host with a port or a domain{wrong}");
        Err(Error::new(Kind::InvalidArgument, message))
    }

    /// Sets the callback that decides about token servers at another site.
    /// Returns the earlier one.
    pub fn set_realm_callback(&mut self, callback: Option<RealmCallback>) -> Option<RealmCallback> {
        std::mem::replace(&mut self.realm_callback, callback)
    }

    /// Whether a pull is tried without credentials after a token server has
    /// refused those there are.
    pub fn set_anonymous_fallback(&mut self, fallback: bool) {
        self.anonymous_fallback = fallback;
    }
}
