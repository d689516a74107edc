//! Who hears what registries warn of.

use std::sync::Arc;

use super::Config;

/// Receives a host and its warning: on the calling thread, maybe on several at
/// once.
pub type WarningCallback = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Config {
    /// What receives the warnings of registries.
    pub fn set_warning_callback(&mut self, callback: Option<WarningCallback>) {
        self.warning = callback;
    }
}
