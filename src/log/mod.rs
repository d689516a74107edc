//! The log: lines for a person, without secrets.

pub(crate) mod redact;
#[cfg(reggie_test_log)]
pub(crate) mod test_log;

use std::sync::Arc;

use crate::os::deadline::CallLimits;
use crate::os::descriptor;

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something may be wrong.
    Warning = 2,
    /// What the client does by itself, such as asking for a token.
    Info = 3,
    /// Every request and response.
    Debug = 4,
}

/// Receives an entry of the log on the calling thread. May be called
/// concurrently.
pub type LogCallback = Arc<dyn Fn(Level, &str) + Send + Sync>;

/// Where a client's log goes.
#[derive(Clone)]
pub(crate) struct Log {
    callback: Option<(Level, LogCallback)>,
    debug: bool,
}

impl Log {
    pub(crate) fn new(callback: Option<(Level, LogCallback)>, debug: bool) -> Log {
        Log { callback, debug }
    }

    /// Whether a line of this level goes anywhere. Debug that was asked for by
    /// its own setting goes to the callback too, whatever its level.
    pub(crate) fn takes(&self, level: Level) -> bool {
        cfg!(reggie_test_log) || self.is_set_to_take(level)
    }

    fn is_set_to_take(&self, level: Level) -> bool {
        self.debug || matches!(&self.callback, Some((most, _)) if level <= *most)
    }

    /// Writes one entry, which may have several lines.
    pub(crate) fn write(&self, level: Level, text: &str) {
        #[cfg(reggie_test_log)]
        crate::log::test_log::line(text);
        if !self.is_set_to_take(level) {
            return;
        }
        match &self.callback {
            Some((_, callback)) => callback(level, text),
            None => {
                // There is nobody to tell that stderr is closed; nor may the
                // program end for it.
                let _ = descriptor::write_all(
                    libc::STDERR_FILENO,
                    format!("{text}\n").as_bytes(),
                    &CallLimits::default(),
                );
            }
        }
    }
}
