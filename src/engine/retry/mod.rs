//! Whether a request is sent again, and when: the decision alone, for the
//! engine, which sends.

mod backoff;
mod hosts;
mod rules;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::hosts::Hosts;
use crate::config::retry::{RetryQuestion, RetrySettings};
use crate::error::{Error, Kind};

/// How a send ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outcome<'a> {
    /// With an answer.
    Response {
        status: u16,
        retry_after: Option<Duration>,
    },
    /// Without one, or with one whose body was cut short.
    Failure(&'a Error),
}

/// What was sent, and what came of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'a> {
    /// 1 for the first send.
    pub(crate) number: u32,
    pub(crate) method: &'a str,
    /// Host and port that it went to; a failure may name another, such as
    /// that of the token server.
    pub(crate) host: &'a str,
    pub(crate) outcome: Outcome<'a>,
    /// Not a byte of the request left this side.
    pub(crate) unsent: bool,
    /// There is no body, or it can be sent from its first byte on.
    pub(crate) repeatable: bool,
    /// A byte of the answer's body has gone to the caller.
    pub(crate) delivered: bool,
}

impl Attempt<'_> {
    fn host(&self) -> &str {
        match self.outcome {
            Outcome::Response { .. } => self.host,
            Outcome::Failure(error) => error.host().unwrap_or(self.host),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self.outcome {
            Outcome::Response { retry_after, .. } => retry_after,
            Outcome::Failure(error) => error.retry_after().map(Duration::from_secs),
        }
    }
}

/// What to do after a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Send again after this time.
    Retry(Duration),
    /// The outcome stands.
    Give,
    /// The outcome stands, since the server wants to be left alone for this
    /// time, which is longer than what is waited.
    TooLong(Duration),
}

/// Decides for all requests of a client.
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

    /// What to do after a send of a request with a setting of its own, or none.
    /// Fails where the caller's condition stops the call.
    pub(crate) fn decide(
        &self,
        attempt: &Attempt,
        tries: Option<u32>,
        now: Instant,
    ) -> Result<Decision, Error> {
        self.decide_with(attempt, tries, now, backoff::random)
    }

    fn decide_with(
        &self,
        attempt: &Attempt,
        tries: Option<u32>,
        now: Instant,
        random: impl FnOnce() -> u64,
    ) -> Result<Decision, Error> {
        let settings = &self.settings;
        let host = attempt.host();
        let told = attempt.retry_after();
        if let Some(wait) = told.filter(|_| rules::is_advised(attempt)) {
            // For the retries of other threads too, whatever becomes of this.
            self.with_hosts(|hosts| hosts.leave_alone(host, now, wait));
        }
        if attempt.number > tries.unwrap_or(settings.tries) || !rules::is_possible(attempt) {
            return Ok(Decision::Give);
        }
        if !self.is_wanted(attempt)? {
            return Ok(Decision::Give);
        }
        let asked = self
            .with_hosts(|hosts| hosts.alone_for(host, now))
            .max(told.unwrap_or_default());
        if asked > settings.retry_after_cap {
            return Ok(Decision::TooLong(asked));
        }
        if !self.with_hosts(|hosts| hosts.take(host, now)) {
            return Ok(Decision::Give);
        }
        let random = random();
        let delay = |sent| backoff::delay(settings.base, settings.cap, sent, random);
        let mut wait = delay(attempt.number);
        if !asked.is_zero() {
            // Not all at the very moment that the server named.
            wait = wait.max(asked.saturating_add(delay(1)));
        }
        Ok(Decision::Retry(wait))
    }

    /// Counts a request that succeeded.
    pub(crate) fn succeeded(&self, host: &str, now: Instant) {
        self.with_hosts(|hosts| hosts.refill(host, now));
    }

    fn is_wanted(&self, attempt: &Attempt) -> Result<bool, Error> {
        let would_retry = rules::is_advised(attempt);
        let Some(condition) = &self.settings.condition else {
            return Ok(would_retry);
        };
        let (http_status, failure) = match attempt.outcome {
            Outcome::Response { status, .. } if status < 400 => return Ok(false),
            Outcome::Response { status, .. } => (status, None),
            Outcome::Failure(error) => (error.http_status(), Some(error.kind())),
        };
        condition(&RetryQuestion {
            attempt: attempt.number,
            method: attempt.method,
            http_status,
            failure,
            would_retry,
        })
        .map_err(|error| {
            error
                .with_http_status(http_status)
                .with_host(attempt.host())
        })
    }

    fn with_hosts<R>(&self, body: impl FnOnce(&mut Hosts) -> R) -> R {
        body(&mut self.hosts.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The failure that a server asks for more timer than is set.
pub(crate) fn too_long(host: &str, status: u16, wait: Duration) -> Error {
    // Rounded up: the server is not to be asked a moment too early.
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let message = format!("{host} asks to be left alone for {seconds} s, longer than is waited");
    Error::new(Kind::RetryLater, message)
        .with_host(host)
        .with_http_status(status)
        .with_retry_after(Some(seconds))
}

#[cfg(test)]
mod tests;
