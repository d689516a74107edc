//! Whether a request is retried, and when. Only the decision: the client sends.

mod attempt;
mod backoff;
mod hosts;
mod rules;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use self::attempt::{Attempt, Outcome};
use self::hosts::Hosts;
use crate::config::retry::{RetryQuestion, RetrySettings};
use crate::error::{Error, Kind, Step};
use crate::request::call::Call;

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Retry after this time.
    Retry(Duration),
    /// Return the outcome.
    Stop,
    /// Return the outcome: this Retry-After exceeds the configured maximum, or is
    /// the time of a new quota.
    TooLong(Duration),
}

/// Decides on the retries of a client.
pub(crate) struct Retries {
    settings: RetrySettings,
    hosts: Mutex<Hosts>,
}

impl Retries {
    pub(crate) fn new(settings: &RetrySettings) -> Retries {
        Retries {
            settings: settings.clone(),
            hosts: Mutex::default(),
        }
    }

    /// What to do after an attempt within a call. `max` is the maximum number of
    /// retries without progress, if the request or the call has its own. An
    /// error is one of the caller's retry condition.
    pub(crate) fn decide(
        &self,
        attempt: &Attempt,
        max: Option<u32>,
        call: &Call,
        now: Instant,
    ) -> Result<Decision, Error> {
        self.decide_with(attempt, max, call, now, backoff::random)
    }

    fn decide_with(
        &self,
        attempt: &Attempt,
        max: Option<u32>,
        call: &Call,
        now: Instant,
        random: impl FnOnce() -> u64,
    ) -> Result<Decision, Error> {
        let settings = &self.settings;
        let host = attempt.host();
        let max = max.or(settings.tries).unwrap_or(0);
        let field = attempt.retry_after();
        let retry_after = field.map(|field| field.wait);
        // The request was on its way when the host refused another one.
        let mut is_known = false;
        let is_quota = field.is_some_and(|field| field.is_unix_time && !field.wait.is_zero());
        if let Some(wait) = retry_after.filter(|_| !is_quota && rules::is_advised(attempt)) {
            // For the requests of other threads too, even without a retry here.
            is_known = self.with_hosts(|hosts| {
                hosts.set_retry_after(host, now, wait);
                hosts.note_refusal(host, attempt.begun, now)
            });
        }
        let progressed = call.take_progress(now);
        let is_left = call.has_retry(max) || (is_known && max > 0);
        if !is_left || !rules::is_possible(attempt) {
            return Ok(Decision::Stop);
        }
        if !self.is_approved(attempt, call)? {
            return Ok(Decision::Stop);
        }
        let required = self
            .with_hosts(|hosts| hosts.retry_after(host, now))
            .max(retry_after.unwrap_or_default());
        if is_quota || required > settings.retry_after_cap {
            return Ok(Decision::TooLong(required));
        }
        // A host that makes progress, or says when to send the next request, is not
        // down: its budget is not needed.
        let is_up = progressed || attempt.retry_after().is_some();
        if !is_up && !self.with_hosts(|hosts| hosts.take(host, now)) {
            return Ok(Decision::Stop);
        }
        let number = match is_known {
            true => Some(1),
            false => call.take_retry(max),
        };
        let Some(number) = number else {
            return Ok(Decision::Stop);
        };
        let random = random();
        let mut wait = backoff::delay(settings.base, settings.cap, number, random);
        if !required.is_zero() {
            wait = wait.max(self.after(required, random));
        }
        Ok(Decision::Retry(wait))
    }

    /// How long a request waits before its first attempt: what is left of its host's
    /// Retry-After, unless it may not be retried or that exceeds the maximum.
    pub(crate) fn delay_first(
        &self,
        host: impl FnOnce() -> Option<String>,
        max: Option<u32>,
        now: Instant,
    ) -> Option<Duration> {
        let settings = &self.settings;
        if max.or(settings.tries).unwrap_or(0) == 0 || self.with_hosts(|hosts| hosts.is_empty()) {
            return None;
        }
        let host = host()?;
        let required = self.with_hosts(|hosts| hosts.retry_after(&host, now));
        let is_taken = !required.is_zero() && required <= settings.retry_after_cap;
        is_taken.then(|| self.after(required, backoff::random()))
    }

    /// Some time after a Retry-After: not all requests at the very moment that the
    /// server named.
    fn after(&self, required: Duration, random: u64) -> Duration {
        let settings = &self.settings;
        required.saturating_add(backoff::delay(settings.base, settings.cap, 1, random))
    }

    /// Takes a retry that the caller has decided on, and returns the delay before
    /// it; `None` if there is none left.
    pub(crate) fn take_delay(&self, call: &Call, max: u32) -> Option<Duration> {
        let number = call.take_retry(max)?;
        let settings = &self.settings;
        let random = backoff::random();
        Some(backoff::delay(settings.base, settings.cap, number, random))
    }

    /// Counts a request that succeeded.
    pub(crate) fn succeeded(&self, host: &str, now: Instant) {
        self.with_hosts(|hosts| hosts.refill(host, now));
    }

    fn is_approved(&self, attempt: &Attempt, call: &Call) -> Result<bool, Error> {
        let would_retry = rules::is_advised(attempt);
        let Some(condition) = self.settings.condition.clone() else {
            return Ok(would_retry);
        };
        let (http_status, failure) = match attempt.outcome {
            Outcome::Response { status, .. } if status < 400 => return Ok(false),
            Outcome::Response { status, .. } => (status, None),
            Outcome::Failure(error) => (error.http_status(), Some(error.kind())),
        };
        let (number, method) = (attempt.number, attempt.method.to_owned());
        let approved = call.limits.call_back(Step::Retry, move || {
            condition(&RetryQuestion {
                attempt: number,
                method: &method,
                http_status,
                failure,
                would_retry,
            })
        })?;
        approved.map_err(|error| {
            error
                .with_http_status(http_status)
                .with_host(attempt.host())
        })
    }

    fn with_hosts<R>(&self, body: impl FnOnce(&mut Hosts) -> R) -> R {
        body(&mut self.hosts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The error for a Retry-After that exceeds the configured maximum, or that names
/// the time of a new quota.
pub(crate) fn too_long(host: &str, status: u16, wait: Duration) -> Error {
    // Rounded up, so that the caller's next request does not come too early.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let message = format!("{host}: retry-after of {seconds} s is too long to wait");
    Error::new(Kind::RetryLater, message)
        .with_host(host)
        .with_http_status(status)
        .with_retry_after(Some(wait))
}

#[cfg(test)]
mod tests;
