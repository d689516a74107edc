//! Retry settings.

use std::sync::Arc;
use std::time::Duration;

// Cycle: adds the setters of one subject to Config; see config/mod.rs.
use super::Config;
use crate::error::{Error, Kind};

/// The maximum number of retries that can be set.
pub const MAX_RETRIES: u32 = 1000;

/// What a retry condition decides on: a failed request or an error response.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryQuestion<'a> {
    /// How often the request was sent, at least once.
    pub attempt: u32,
    /// The method of the request.
    pub method: &'a str,
    /// The HTTP status of the response, 0 if there was none.
    pub http_status: u16,
    /// The failure; `None` if there was a response.
    pub failure: Option<Kind>,
    /// Whether the rules would retry the request.
    pub would_retry: bool,
}

/// Decides whether a request is retried; an error stops the call.
pub type RetryCondition = Arc<dyn Fn(&RetryQuestion) -> Result<bool, Error> + Send + Sync>;

/// The retry settings.
#[derive(Clone)]
pub(crate) struct RetrySettings {
    /// The number of retries, if it was set.
    pub(crate) tries: Option<u32>,
    /// The maximum delay before the first retry.
    pub(crate) base: Duration,
    /// The maximum delay before any retry.
    pub(crate) cap: Duration,
    /// The longest Retry-After that is honoured.
    pub(crate) retry_after_cap: Duration,
    pub(crate) condition: Option<RetryCondition>,
}

impl Default for RetrySettings {
    fn default() -> RetrySettings {
        RetrySettings {
            tries: None,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            retry_after_cap: Duration::from_secs(60),
            condition: None,
        }
    }
}

impl Config {
    /// Sets how often a failed request is retried; 0 means never.
    pub fn set_retries(&mut self, tries: u32) -> Result<(), Error> {
        check_tries(tries)?;
        self.retry.tries = Some(tries);
        Ok(())
    }

    /// Sets the maximum delay before the first retry and before any retry, and
    /// the longest Retry-After that is honoured.
    pub fn set_retry_delays(&mut self, base: Duration, cap: Duration, retry_after_cap: Duration) {
        self.retry.base = base;
        self.retry.cap = cap;
        self.retry.retry_after_cap = retry_after_cap;
    }

    /// Sets the callback that overrides the rules. Returns the earlier one.
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
