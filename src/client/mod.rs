//! A client: the registry's address and settings, and the functions that send
//! requests.

mod deliver;
mod memory;

use std::num::NonZero;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use self::deliver::{deliver, expected_digest, with_response};
use self::memory::Memory;
use crate::auth::scope::Scopes;
use crate::auth::{Authorization, Subject};
use crate::body::sink::MemoryLimit;
use crate::config::{Config, OwnTimes, Times};
use crate::engine::retry::{Attempt, Decision, Outcome, Retries};
use crate::engine::warnings::Warnings;
use crate::engine::{Engine, EngineResponse, retry};
use crate::error::{Error, Kind};
use crate::http::template;
use crate::log::{Level, Log};
use crate::os::call_scope::CallScope;
use crate::os::cancel::Cancel;
use crate::os::deadline::{CallLimits, Reserved};
use crate::os::transfer::TransferMeter;
use crate::request::Request;
use crate::request::address::Address;
use crate::request::call::{Call, Execution};
use crate::request::location::Location;
use crate::request::response::{Account, Content, Response};
use crate::transport;

/// A client of one registry. Safe for concurrent use.
pub struct Client {
    engine: Engine,
    config: Config,
    default_name: Mutex<Option<String>>,
    max_body_memory: MemoryLimit,
    times: Times,
    warnings: Warnings,
    retries: Retries,
    memory: Memory,
}

impl Client {
    /// A client of the registry at `address`, an http or https URL.
    pub fn new(address: &str, config: &Config) -> Result<Client, Error> {
        Client::make(Arc::new(Address::parse(address)?), config, None)
    }

    /// A client of the same registry with other settings. It shares the
    /// connections, tokens and cookies of this one if both settings allow it.
    pub fn derive(&self, config: &Config) -> Result<Client, Error> {
        let address = Arc::clone(&self.engine.address);
        Client::make(address, config, Some((&self.engine, &self.config)))
    }

    pub(crate) fn log(&self) -> &Log {
        &self.engine.log
    }

    fn make(
        address: Arc<Address>,
        config: &Config,
        other: Option<(&Engine, &Config)>,
    ) -> Result<Client, Error> {
        Ok(Client {
            engine: Engine::new(address, config, other)?,
            config: config.clone(),
            default_name: Mutex::new(config.default_name.clone()),
            max_body_memory: MemoryLimit {
                bytes: config.max_body_memory,
                set_by: "the setting max_body_memory",
            },
            times: config.times.clone(),
            warnings: Warnings::new(config.warning.clone()),
            retries: Retries::new(&config.retry),
            memory: Memory::default(),
        })
    }

    /// The registry's host and port.
    pub(crate) fn host(&self) -> String {
        self.engine.address.origin().authority()
    }

    /// The registry whose content this client's registry mirrors.
    pub(crate) fn mirror_of(&self) -> Option<&str> {
        self.config.mirror_of.as_deref()
    }

    /// Sets the repository of `<name>` for later requests.
    pub fn set_default_name(&self, name: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidName, "default name", name)?;
        *self.lock_name() = Some(name.to_owned());
        Ok(())
    }

    /// The repository of `<name>`, if it was set.
    pub(crate) fn default_name(&self) -> Option<String> {
        self.lock_name().clone()
    }

    fn lock_name(&self) -> MutexGuard<'_, Option<String>> {
        self.default_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to this client's registry.
    pub fn request(&self, method: &str, path: &str) -> Result<Request, Error> {
        Request::new(&self.engine.address, self.default_name(), method, path)
    }

    /// Sends a request and delivers the body of its response to the request's
    /// output, or keeps it in the response.
    pub fn execute(&self, request: &mut Request) -> Result<Response, Error> {
        let call = self.call_for(request);
        let _scope = CallScope::enter();
        self.execute_in(&call, request)
    }

    /// Sends a request and returns once the response headers are received; the
    /// body is read from the response.
    pub fn open(&self, request: &mut Request) -> Result<Response, Error> {
        let call = self.call_for(request);
        let _scope = CallScope::enter();
        self.open_in(&call, request)
    }

    /// A call that may send several requests. The client's limits of each step
    /// apply, but not its limit of a call.
    pub(crate) fn begin(&self, cancel: Option<Cancel>, timeout: Option<Duration>) -> Call {
        let own = OwnTimes {
            call: Some(timeout),
            ..OwnTimes::default()
        };
        Call::new(self.times.begin(&own, cancel))
    }

    /// Takes a connection to the registry of each client for a call that uses them
    /// together, so that it does not wait for one while it has another.
    pub(crate) fn reserve(all: &[&Client], limits: &CallLimits) -> Result<Option<Reserved>, Error> {
        let engines: Vec<&Engine> = all.iter().map(|client| &client.engine).collect();
        Engine::reserve(&engines, limits)
    }

    /// What users of the client know about the registry, one value of each type.
    pub(crate) fn known<T: Default + Send + Sync + 'static>(&self) -> Arc<T> {
        self.memory.get()
    }

    /// The error without secrets that a server has repeated.
    pub(crate) fn scrub(&self, error: Error) -> Error {
        self.engine.log.secrets().scrub_error(error)
    }

    /// The registry's address, as a URL.
    pub(crate) fn address(&self) -> String {
        self.engine.address.to_string()
    }

    /// Whether another client is of the same registry.
    pub(crate) fn is_of_same_registry(&self, other: &Client) -> bool {
        self.engine.address == other.engine.address
    }

    /// Waits before a retry that the caller has decided on; false if there is
    /// none left.
    pub(crate) fn wait_for_retry(&self, call: &Call, max: u32) -> Result<bool, Error> {
        let Some(delay) = self.retries.take_delay(call, max) else {
            return Ok(false);
        };
        call.note_retry(Some(delay));
        let paused = transport::pause(delay, &call.limits);
        call.note_retry(None);
        paused.map(|()| true)
    }

    /// The number of retries, if it was set.
    pub(crate) fn retries(&self) -> Option<u32> {
        self.config.retry.tries
    }

    /// The maximum number of connections to a host, if there is one.
    pub(crate) fn max_connections(&self) -> Option<usize> {
        self.config.network.max_connections.map(NonZero::get)
    }

    /// A call with the client's limits, or those of the request.
    fn call_for(&self, request: &Request) -> Call {
        let mut limits = self.times.begin(&request.times, request.cancel.clone());
        limits.transfer = request.progress.clone().map(TransferMeter::new);
        Call::new(limits)
    }

    /// As [`Client::execute`], within a call that may have other requests. The
    /// call's limits apply, not the request's own.
    pub(crate) fn execute_in(&self, call: &Call, request: &mut Request) -> Result<Response, Error> {
        self.retrying(call, request, |client, request, execution| {
            let mut response = client.attempt(request, execution)?;
            deliver(
                &client.engine,
                request.max_body.unwrap_or(client.max_body_memory),
                request,
                &mut response,
                execution,
            )
            .map_err(|error| with_response(error, &response))?;
            response.head.account.total = call.started.elapsed();
            Ok(response)
        })
    }

    /// As [`Client::open`], within a call that may have other requests.
    pub(crate) fn open_in(&self, call: &Call, request: &mut Request) -> Result<Response, Error> {
        self.retrying(call, request, |client, request, execution| {
            let mut response = client.attempt(request, execution)?;
            let expected = expected_digest(request, &response)
                .map_err(|error| with_response(error, &response))?;
            if let Some(expected) = expected
                && let Content::Open(body) = &mut response.body.content
            {
                let verified = body.verify(expected.clone());
                verified.map_err(|error| with_response(error, &response))?;
            }
            Ok(response)
        })
    }

    /// The authorization for some actions, such as `pull,push`, in a
    /// repository; `None` if the registry requires none.
    pub(crate) fn authorization(
        &self,
        call: &Call,
        repository: &str,
        actions: &str,
    ) -> Result<Option<Authorization>, Error> {
        let subject = Subject {
            repository: Some(repository.to_owned()),
            scopes: Some(Scopes::parse(&format!("repository:{repository}:{actions}"))),
            ..Subject::default()
        };
        self.engine.authorization(&subject, &Execution::new(call))
    }

    /// How long an authorization is used from now on, if it is a token.
    pub(crate) fn time_left(&self, authorization: &Authorization) -> Option<Duration> {
        self.engine.time_left(authorization)
    }

    /// Whether the registry is known to require authorization.
    pub(crate) fn requires_authorization(&self) -> bool {
        self.engine.has_challenges()
    }

    /// Forgets an authorization that a server rejected.
    pub(crate) fn forget_authorization(&self, authorization: &Authorization) {
        self.engine.forget(authorization);
    }

    /// Waits until the caller may continue after a failure, with a request that
    /// depends on what was transferred: nothing that the other side has is sent
    /// again, so that methods and delivered data do not matter. `attempt` is the
    /// number of the attempt that failed; `error` may be that of a response.
    /// Returns the error if there is no retry.
    pub(crate) fn pause_before_retry(
        &self,
        call: &Call,
        request: &Request,
        attempt: u32,
        error: Error,
    ) -> Result<(), Error> {
        let own = self.engine.address.origin().authority();
        let host = error.host().unwrap_or(&own).to_owned();
        let outcome = match (error.kind(), error.http_status()) {
            (Kind::HttpStatus, status) | (Kind::Unsupported, status @ 502..) => Outcome::Response {
                status,
                retry_after: error.retry_after_field(),
            },
            _ => Outcome::Failure(&error),
        };
        let now = Instant::now();
        let attempt = Attempt {
            number: attempt,
            begun: request.begun.unwrap_or(now),
            method: request.method(),
            host: &host,
            outcome,
            unsent: true,
            repeatable: true,
            delivered: false,
        };
        match self
            .retries
            .decide(&attempt, request.retries(), call, now)?
        {
            Decision::Retry(delay) if !call.ends_within(delay) => {
                self.engine.log.note(&call.limits, Level::Info, || {
                    format!("{host}: continue in {} ms: {error}", delay.as_millis())
                });
                pause(delay, call)
            }
            Decision::TooLong(wait) if error.kind() == Kind::HttpStatus => {
                Err(retry::too_long(&host, error.http_status(), wait))
            }
            _ => Err(error),
        }
    }

    /// Remembers the repository of an upload that another process began.
    pub(crate) fn remember_upload(&self, location: &Location, repository: &str) {
        self.engine.remember_upload(location.url(), repository);
    }

    /// Makes attempts as far as the settings allow retries. No error that it
    /// returns shows a secret, not even one that a server repeats.
    fn retrying(
        &self,
        call: &Call,
        request: &mut Request,
        attempt: impl Fn(&Client, &mut Request, &Execution) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        self.attempts(call, request, attempt)
            .map_err(|error| self.scrub(error))
    }

    fn attempts(
        &self,
        call: &Call,
        request: &mut Request,
        attempt: impl Fn(&Client, &mut Request, &Execution) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        let execution = Execution::new(call);
        self.wait_for_host(call, request)?;
        loop {
            request.begun = Some(Instant::now());
            let outcome = attempt(self, request, &execution);
            match self.retry_delay(request, &outcome, &execution)? {
                Some(delay) => {
                    if let Ok(response) = outcome {
                        response.discard();
                    }
                    pause(delay, call)?;
                    execution.attempt.set(execution.attempt.get() + 1);
                }
                None => return outcome,
            }
        }
    }

    /// Waits until the time before which a host wants no more requests.
    fn wait_for_host(&self, call: &Call, request: &Request) -> Result<(), Error> {
        let host = || {
            let url = request.resolved(&self.engine.address).ok()?;
            Some(url.authority())
        };
        let max = match request.is_repeated_by_caller {
            true => Some(1),
            false => request.retries(),
        };
        let delay = self.retries.delay_first(host, max, Instant::now());
        match delay {
            Some(delay) if !call.ends_within(delay) => pause(delay, call),
            _ => Ok(()),
        }
    }

    /// How long to wait before the next attempt; `None` if there is none.
    fn retry_delay(
        &self,
        request: &Request,
        outcome: &Result<Response, Error>,
        execution: &Execution,
    ) -> Result<Option<Duration>, Error> {
        let now = Instant::now();
        if let Ok(response) = outcome
            && response.status < 400
        {
            self.retries.succeeded(response.host(), now);
            return Ok(None);
        }
        let own = self.engine.address.origin().authority();
        let (host, ended) = match outcome {
            Ok(response) => {
                let ended = Outcome::Response {
                    status: response.status,
                    retry_after: response.retry_after_field(),
                };
                (response.host(), ended)
            }
            Err(error) => (error.host().unwrap_or(&own), Outcome::Failure(error)),
        };
        let call = execution.call;
        let attempt = Attempt {
            number: execution.attempt.get(),
            begun: request.begun.unwrap_or(now),
            method: request.method(),
            host,
            outcome: ended,
            unsent: matches!(outcome, Err(error) if error.is_unsent()),
            repeatable: request.body.is_repeatable(),
            delivered: execution.delivered.get(),
        };
        match self
            .retries
            .decide(&attempt, request.retries(), call, now)?
        {
            Decision::Stop => Ok(None),
            // The call would end first.
            Decision::Retry(delay) if call.ends_within(delay) => Ok(None),
            Decision::Retry(delay) => {
                self.engine.log.note(&call.limits, Level::Info, || {
                    let reason = match outcome {
                        Ok(response) => format!("HTTP status {}", response.status),
                        Err(error) => error.to_string(),
                    };
                    let (number, delay) = (attempt.number, delay.as_millis());
                    format!("{host}: retry {number} in {delay} ms: {reason}")
                });
                Ok(Some(delay))
            }
            Decision::TooLong(wait) => match outcome {
                Ok(response) => Err(retry::too_long(host, response.status, wait)
                    .with_more(&response.head.server_message(&response.body).line(": "))),
                Err(_) => Ok(None),
            },
        }
    }

    fn attempt(&self, request: &mut Request, execution: &Execution) -> Result<Response, Error> {
        let EngineResponse {
            raw,
            url,
            host,
            note,
            ..
        } = self.engine.attempt(request, execution)?;
        let account = Account {
            stats: raw.stats,
            sends: execution.sends.get(),
            total: execution.call.started.elapsed(),
        };
        let secrets = self.engine.log.secrets();
        let mut response = Response::new(raw, url, host, &self.engine.address, account, secrets);
        response.head.note = note;
        self.warnings
            .report(execution.limits(), response.host(), response.warnings());
        if let Err(error) = response.check_next_page() {
            let log = &self.engine.log;
            log.note(execution.limits(), Level::Warning, || error.to_string());
        }
        Ok(response)
    }
}

/// Waits before a retry.
fn pause(delay: Duration, call: &Call) -> Result<(), Error> {
    call.note_retry(Some(delay));
    let paused = transport::pause(delay, &call.limits);
    call.note_retry(None);
    paused
}

#[cfg(test)]
mod tests;
