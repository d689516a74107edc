//! The log. Messages contain no secrets.

pub(crate) mod redact;
#[cfg(reggie_test_log)]
pub(crate) mod test_log;

use std::sync::Arc;

use crate::os::deadline::CallLimits;
use crate::os::descriptor;

/// The severity of a log message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something may be wrong.
    Warning = 2,
    /// Something the client does on its own, such as requesting a token.
    Info = 3,
    /// Every request and response.
    Debug = 4,
}

/// Receives log messages on the calling thread. May be called concurrently.
pub type LogCallback = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// The destination of a client's log.
#[derive(Clone)]
pub(crate) struct Log {
    callback: Option<(Level, LogCallback)>,
    debug: bool,
}

impl Log {
    pub(crate) fn new(callback: Option<(Level, LogCallback)>, debug: bool) -> Log {
        Log { callback, debug }
    }

    /// Whether messages of this level are written. With the debug setting,
    /// debug messages also go to the callback, whatever its level.
    pub(crate) fn takes(&self, level: Level) -> bool {
        cfg!(reggie_test_log) || self.is_set_to_take(level)
    }

    fn is_set_to_take(&self, level: Level) -> bool {
        self.debug || matches!(&self.callback, Some((max, _)) if level <= *max)
    }

    /// Writes a message, which may have several lines.
    pub(crate) fn write(&self, level: Level, text: &str) {
        #[cfg(reggie_test_log)]
        crate::log::test_log::line(text);
        if !self.is_set_to_take(level) {
            return;
        }
        match &self.callback {
            Some((_, callback)) => callback(level, text),
            None => {
                // Ignored: an error on stderr can neither be reported nor stop
                // the program.
                let _ = descriptor::write_all(
                    libc::STDERR_FILENO,
                    format!("{text}\n").as_bytes(),
                    &CallLimits::default(),
                );
            }
        }
    }
}
