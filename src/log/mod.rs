//! The log. Messages contain no secrets.

pub(crate) mod redact;
pub(crate) mod scrub;
pub(crate) mod secrets;
#[cfg(reggie_test_log)]
pub(crate) mod test_log;

use std::fmt;
use std::sync::{Arc, Weak};

use self::secrets::Secrets;
use crate::error::Step;
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
    secrets: Arc<Secrets>,
}

/// The log of a client, which does not keep the client's callback and secrets.
#[derive(Clone)]
pub(crate) struct WeakLog {
    callback: Option<(Level, WeakCallback)>,
    debug: bool,
    secrets: Weak<Secrets>,
}

type WeakCallback = Weak<dyn Fn(Level, &str) + Send + Sync>;

impl WeakLog {
    /// The log; `None` if the client no longer exists.
    pub(crate) fn upgrade(&self) -> Option<Log> {
        let callback = match &self.callback {
            Some((level, callback)) => Some((*level, callback.upgrade()?)),
            None => None,
        };
        Some(Log {
            callback,
            debug: self.debug,
            secrets: self.secrets.upgrade()?,
        })
    }
}

impl fmt::Debug for WeakLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WeakLog")
    }
}

impl Log {
    pub(crate) fn new(
        callback: Option<(Level, LogCallback)>,
        debug: bool,
        secrets: &Arc<Secrets>,
    ) -> Log {
        Log {
            callback,
            debug,
            secrets: Arc::clone(secrets),
        }
    }

    pub(crate) fn downgrade(&self) -> WeakLog {
        let callback = self.callback.as_ref();
        WeakLog {
            callback: callback.map(|(level, callback)| (*level, Arc::downgrade(callback))),
            debug: self.debug,
            secrets: Arc::downgrade(&self.secrets),
        }
    }

    /// The secrets that it does not show.
    pub(crate) fn secrets(&self) -> &Arc<Secrets> {
        &self.secrets
    }

    /// Whether the log hides a header or a part of it.
    pub(crate) fn hides(&self, name: &str, value: &[u8]) -> bool {
        let text = String::from_utf8_lossy(value);
        redact::hides(name, value) || self.secrets.scrub(&text) != text
    }

    /// Whether messages of this level are written. With the debug setting,
    /// debug messages also go to the callback, whatever its level.
    pub(crate) fn takes(&self, level: Level) -> bool {
        cfg!(reggie_test_log) || self.is_set_to_take(level)
    }

    fn is_set_to_take(&self, level: Level) -> bool {
        self.debug || matches!(&self.callback, Some((max, _)) if level <= *max)
    }

    /// Writes one entry of a call without its secrets; it may have several
    /// lines. `text` is called only if the entry goes anywhere.
    pub(crate) fn note(&self, limits: &CallLimits, level: Level, text: impl FnOnce() -> String) {
        if self.takes(level) {
            let text = self.secrets.scrub(&text());
            self.write(limits, level, text);
        }
    }

    fn write(&self, limits: &CallLimits, level: Level, text: String) {
        #[cfg(reggie_test_log)]
        crate::log::test_log::line(&text);
        if !self.is_set_to_take(level) {
            return;
        }
        match &self.callback {
            Some((_, callback)) => {
                let callback = Arc::clone(callback);
                limits.post_callback(Step::Prepare, move || callback(level, &text));
            }
            None => {
                // Ignored: a closed stderr must not end the program.
                let _ = descriptor::write_all(
                    libc::STDERR_FILENO,
                    format!("{text}\n").as_bytes(),
                    &CallLimits::default(),
                );
            }
        }
    }
}
