//! A client: the registry's address and settings, and the functions that send
//! requests.

mod deliver;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use self::deliver::{deliver, expected_digest, with_response};
use crate::auth::scope::Scopes;
use crate::auth::{Authorization, Subject};
use crate::config::{Config, Times};
use crate::engine::retry::{Attempt, Decision, Outcome, Retries};
use crate::engine::warnings::Warnings;
use crate::engine::{Engine, EngineResponse, retry};
use crate::error::{Error, Kind};
use crate::http::template;
use crate::log::{Level, Log};
use crate::os::call_scope::CallScope;
use crate::os::transfer::TransferMeter;
use crate::request::Request;
use crate::request::address::Address;
use crate::request::call::{Call, Execution};
use crate::request::response::{Account, Content, Response};
use crate::transport;

/// A client of one registry. Safe for concurrent use.
pub struct Client {
    engine: Engine,
    config: Config,
    default_name: Mutex<Option<String>>,
    max_body_memory: usize,
    times: Times,
    warnings: Warnings,
    retries: Retries,
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
            max_body_memory: config.max_body_memory,
            times: config.times.clone(),
            warnings: Warnings::new(config.warning.clone()),
            retries: Retries::new(&config.retry),
        })
    }

    /// Sets the repository of `<name>` for later requests.
    pub fn set_default_name(&self, name: &str) -> Result<(), Error> {
        template::check_value(Kind::InvalidName, "default name", name)?;
        *self.default_name() = Some(name.to_owned());
        Ok(())
    }

    fn default_name(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.default_name
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A request to this client's registry.
    pub fn request(&self, method: &str, path: &str) -> Result<Request, Error> {
        let default_name = self.default_name().clone();
        Request::new(&self.engine.address, default_name, method, path)
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
                client.max_body_memory,
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
    #[cfg_attr(not(test), expect(dead_code, reason = "for the content layer"))]
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

    /// Forgets an authorization that a server rejected.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the content layer"))]
    pub(crate) fn forget_authorization(&self, authorization: &Authorization) {
        self.engine.forget(authorization);
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
            .map_err(|error| self.engine.log.secrets().scrub_error(error))
    }

    fn attempts(
        &self,
        call: &Call,
        request: &mut Request,
        attempt: impl Fn(&Client, &mut Request, &Execution) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        let execution = Execution::new(call);
        loop {
            let outcome = attempt(self, request, &execution);
            match self.retry_delay(request, &outcome, &execution)? {
                Some(delay) => {
                    if let Ok(response) = outcome {
                        response.discard();
                    }
                    transport::pause(delay, &call.limits)?;
                    execution.attempt.set(execution.attempt.get() + 1);
                }
                None => return outcome,
            }
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
                    let number = attempt.number + 1;
                    format!("{host}: send {number} in {} ms", delay.as_millis())
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

#[cfg(test)]
mod tests;
