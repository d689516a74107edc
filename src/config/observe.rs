//! What a client reports: its log, warnings, and each request and response.

use std::mem;
use std::sync::Arc;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::http::hooks::{ResponseCallback, SendCallback};
use crate::log::{Level, Log, LogCallback};

/// Receives a host and its warning: on the calling thread, maybe on several at
/// once.
pub type WarningCallback = Arc<dyn Fn(&str, &str) + Send + Sync>;

impl Config {
    /// Logs requests and responses, without secrets: to the log callback, or to
    /// stderr if there is none.
    pub fn set_debug(&mut self, debug: bool) {
        self.debug = debug;
    }

    /// The log of the setters of these settings, which know no secrets: their
    /// messages contain none.
    pub(crate) fn log(&self) -> Log {
        Log::new(self.log.clone(), self.debug, &Arc::default())
    }

    /// Sets the callback for log messages up to `level`. Returns the earlier
    /// one.
    pub fn set_log_callback(
        &mut self,
        level: Level,
        callback: Option<LogCallback>,
    ) -> Option<LogCallback> {
        let log = callback.map(|callback| (level, callback));
        mem::replace(&mut self.log, log).map(|(_, earlier)| earlier)
    }

    /// Sets the callback for warnings of registries. Returns the earlier one.
    pub fn set_warning_callback(
        &mut self,
        callback: Option<WarningCallback>,
    ) -> Option<WarningCallback> {
        mem::replace(&mut self.warning, callback)
    }

    /// Sets the callback before each send; it may change the headers. Returns the earlier one.
    pub fn set_send_callback(&mut self, callback: Option<SendCallback>) -> Option<SendCallback> {
        mem::replace(&mut self.send_callback, callback)
    }

    /// Sets the callback for the headers of each response. Returns the earlier one.
    pub fn set_response_callback(
        &mut self,
        callback: Option<ResponseCallback>,
    ) -> Option<ResponseCallback> {
        mem::replace(&mut self.response_callback, callback)
    }
}
