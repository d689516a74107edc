//! Whether and when requests are sent again.

use std::sync::Arc;
use std::time::Duration;

use super::Config;
use crate::error::{Error, Kind};

/// The most further tries that can be set.
pub const MAX_RETRIES: u32 = 1000;

/// What a condition is asked: a send failed, or its answer is an error.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryQuestion<'a> {
    /// How often the request was sent, from 1 on.
    pub attempt: u32,
    /// The method of the request.
    pub method: &'a str,
    /// The status of the answer, 0 if there was none.
    pub http_status: u16,
    /// The failure; `None` if there was an answer.
    pub failure: Option<Kind>,
    /// Whether the request would be sent again.
    pub would_retry: bool,
}

/// Decides whether a request is sent again; an error stops the call.
pub type RetryCondition = Arc<dyn Fn(&RetryQuestion) -> Result<bool, Error> + Send + Sync>;

/// The settings of retries.
#[derive(Clone)]
pub(crate) struct RetrySettings {
    /// How many further tries there are.
    pub(crate) tries: u32,
    /// The longest wait before the first of them.
    pub(crate) base: Duration,
    /// The longest wait before any of them.
    pub(crate) cap: Duration,
    /// The longest wait that a server can ask for.
    pub(crate) retry_after_cap: Duration,
    pub(crate) condition: Option<RetryCondition>,
}

impl Default for RetrySettings {
    fn default() -> RetrySettings {
        RetrySettings {
            tries: 0,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            retry_after_cap: Duration::from_secs(60),
            condition: None,
        }
    }
}

impl Config {
    /// How many further tries a request has that fails; 0 = none.
    pub fn set_retries(&mut self, tries: u32) -> Result<(), Error> {
        check_tries(tries)?;
        self.retry.tries = tries;
        Ok(())
    }

    /// The longest waits: before the first further try, before any, and the
    /// longest that a server can ask for.
    pub fn set_retry_delays(&mut self, base: Duration, cap: Duration, retry_after_cap: Duration) {
        self.retry.base = base;
        self.retry.cap = cap;
        self.retry.retry_after_cap = retry_after_cap;
    }

    /// Sets what decides in place of the rules. Returns the earlier one.
    pub fn set_retry_condition(
        &mut self,
        condition: Option<RetryCondition>,
    ) -> Option<RetryCondition> {
        std::mem::replace(&mut self.retry.condition, condition)
    }
}

pub(crate) fn check_tries(tries: u32) -> Result<(), Error> {
    if tries > MAX_RETRIES {
        let message = format!("retries: {tries} are more than {MAX_RETRIES}");
        return Err(Error::new(Kind::InvalidArgument, message));
    }
    Ok(())
}
