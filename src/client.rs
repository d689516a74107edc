//! A client: the registry's address and settings, and the calls that send.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::body::digest::Digest;
use crate::body::output::Output;
use crate::body::sink::{MemorySink, Sink};
use crate::body::verify::VerifyingSink;
use crate::config::{Config, Times};
use crate::engine::retry::{Attempt, Decision, Outcome, Retries};
use crate::engine::warnings::Warnings;
use crate::engine::{Call, Engine, EngineResponse, retry, trace};
use crate::error::{Error, Kind, server_text};
use crate::http::template;
use crate::log::Level;
use crate::request::Request;
use crate::request::address::Address;
use crate::request::response::{Account, Content, Response};

/// A client of one registry, to be shared by any number of threads.
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
    /// connections, tokens and cookies of this one as far as both settings
    /// allow it.
    pub fn derive(&self, config: &Config) -> Result<Client, Error> {
        let address = Arc::clone(&self.engine.address);
        Client::make(address, config, Some((&self.engine, &self.config)))
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

    /// Sets the repository of `<name>` for requests made from now on.
    pub fn set_default_name(&self, name: &str) -> Result<(), Error> {
        template::check_value("default name", name)?;
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

    /// Sends a request and delivers the body of the response to the output of
    /// the request, or keeps it in the response.
    pub fn execute(&self, request: &mut Request) -> Result<Response, Error> {
        self.patiently(request, |client, request, call| {
            let mut response = client.begin(request, call)?;
            client
                .deliver(request, &mut response, call)
                .map_err(|error| with_response(error, &response))?;
            response.account.total = call.started.elapsed();
            Ok(response)
        })
    }

    /// Sends a request and returns once the header fields of the response have
    /// been received; the body is read from the response.
    pub fn open(&self, request: &mut Request) -> Result<Response, Error> {
        self.patiently(request, |client, request, call| {
            let mut response = client.begin(request, call)?;
            let expected = expected_digest(request, &response)
                .map_err(|error| with_response(error, &response))?;
            if let Some(expected) = expected
                && let Content::Open(body) = &mut response.content
            {
                body.verify(expected.clone())?;
            }
            Ok(response)
        })
    }

    /// Sends by `attempt`, and again as far as the settings allow it.
    fn patiently(
        &self,
        request: &mut Request,
        attempt: impl Fn(&Client, &mut Request, &Call) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        let call = Call::new(self.times.begin(&request.times, request.cancel.clone()));
        loop {
            let outcome = attempt(self, request, &call);
            match self.after(request, &outcome, &call)? {
                Some(wait) => {
                    if let Ok(response) = outcome {
                        response.discard();
                    }
                    self.engine.pause(wait, &call)?;
                    call.begin_again();
                }
                None => return outcome,
            }
        }
    }

    /// How long to wait before the request is sent again, if it is.
    fn after(
        &self,
        request: &Request,
        outcome: &Result<Response, Error>,
        call: &Call,
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
                    retry_after: response.retry_after(),
                };
                (response.host(), ended)
            }
            Err(error) => (error.host().unwrap_or(&own), Outcome::Failure(error)),
        };
        let attempt = Attempt {
            number: call.attempts.get(),
            method: request.method(),
            host,
            outcome: ended,
            unsent: matches!(outcome, Err(error) if error.is_unsent()),
            repeatable: request.body.is_repeatable(),
            delivered: call.delivered.get(),
        };
        match self.retries.decide(&attempt, request.retries(), now)? {
            Decision::Give => Ok(None),
            // What would come after the end of the call comes to nothing.
            Decision::Retry(wait) if call.ends_within(wait) => Ok(None),
            Decision::Retry(wait) => {
                self.engine.note(Level::Info, || {
                    let number = attempt.number + 1;
                    format!("{host}: send {number} in {} ms", wait.as_millis())
                });
                Ok(Some(wait))
            }
            Decision::TooLong(wait) => match outcome {
                Ok(response) => Err(retry::too_long(host, response.status, wait)),
                Err(_) => Ok(None),
            },
        }
    }

    fn begin(&self, request: &mut Request, call: &Call) -> Result<Response, Error> {
        let EngineResponse {
            answer, url, host, ..
        } = self.engine.answer(request, call)?;
        let account = Account {
            stats: answer.stats,
            sends: call.sends.get(),
            total: call.started.elapsed(),
        };
        let response = Response::new(answer, url, host, &self.engine.address, account);
        self.warnings.tell(response.host(), response.warnings());
        Ok(response)
    }

    fn deliver(
        &self,
        request: &mut Request,
        response: &mut Response,
        call: &Call,
    ) -> Result<(), Error> {
        let Content::Open(body) = std::mem::replace(&mut response.content, Content::Delivered(0))
        else {
            return Ok(());
        };
        let mut body = body.into_raw();
        let expected = expected_digest(request, response)?.cloned();
        let mut kept = Vec::new();
        let sink = if has_output(request, response) {
            check_whole(&request.output, response)?;
            request.output.sink(&call.limits)?
        } else {
            None
        };
        let is_kept = sink.is_none();
        let sink: Box<dyn Sink + '_> = match sink {
            Some(sink) => sink,
            None => Box::new(MemorySink::new(
                &mut kept,
                body.length(),
                self.max_body_memory,
            )?),
        };
        let mut sink = match expected {
            Some(expected) => Box::new(VerifyingSink::new(sink, expected, body.length())?),
            None => sink,
        };
        let received = body
            .deliver(&mut |piece| sink.write(piece))
            .and_then(|()| sink.commit());
        if sink.has_delivered() {
            call.delivered.set(true);
        }
        drop(sink);
        received?;
        if !is_kept {
            response.content = Content::Delivered(body.received());
            return Ok(());
        }
        if self.engine.log.takes(Level::Debug)
            && let Some(text) = trace::answer_body(&response.headers, &kept)
        {
            self.engine.note(Level::Debug, || text);
        }
        response.content = Content::Kept(kept);
        Ok(())
    }
}

/// Whether the body of a response goes to the output of its request. Other
/// bodies are kept in the response, and so is what cannot have a body.
fn has_output(request: &Request, response: &Response) -> bool {
    (200..300).contains(&response.status) && response.status != 204 && request.method() != "HEAD"
}

/// The digest that the body of a response must have, if any.
fn expected_digest<'a>(
    request: &'a Request,
    response: &Response,
) -> Result<Option<&'a Digest>, Error> {
    let expected = request.expected_digest.as_ref();
    match expected.filter(|_| has_output(request, response)) {
        Some(_) if response.status == 206 => {
            Err(partial("it cannot be verified against the expected digest"))
        }
        expected => Ok(expected),
    }
}

/// Refuses to replace a file by a part of one.
fn check_whole(output: &Output, response: &Response) -> Result<(), Error> {
    match output {
        Output::Path(path) if response.status == 206 => {
            let path = server_text(&path.to_string_lossy());
            Err(partial(&format!(
                "it would replace all of {path}; use a descriptor for ranges"
            )))
        }
        _ => Ok(()),
    }
}

fn partial(why: &str) -> Error {
    let message = format!("a 206 response has only part of the content: {why}");
    Error::new(Kind::PartialContent, message)
}

/// An error after the head of a response was received.
fn with_response(error: Error, response: &Response) -> Error {
    error
        .with_http_status(response.status)
        .with_host(response.host())
}
