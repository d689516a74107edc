//! A client: the registry's address and settings, and the calls that send.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::body::sink::{Output, WholeFile, write_descriptor};
use crate::config::{Config, Times};
use crate::engine::retry::{Attempt, Decision, Outcome, Retries};
use crate::engine::warnings::Warnings;
use crate::engine::{Call, Engine, EngineResponse, retry, trace};
use crate::error::{Error, Kind, Step};
use crate::http::template;
use crate::log::Level;
use crate::os::transfer::TransferMeter;
use crate::request::Request;
use crate::request::address::Address;
use crate::request::response::{Account, Content, Response};
use crate::transport::RawBody;

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

    /// Sends a request and brings the body of its answer where the request
    /// wants it, or into the response.
    pub fn execute(&self, request: &mut Request) -> Result<Response, Error> {
        self.patiently(request, |client, request, call| {
            let mut response = client.begin(request, call)?;
            let status = response.status;
            client
                .deliver(request, &mut response, call)
                .map_err(|error| error.with_http_status(status).with_host(response.host()))?;
            response.account.total = call.started.elapsed();
            Ok(response)
        })
    }

    /// Sends a request and returns when the headers of its answer are there;
    /// the body is read from the response.
    pub fn open(&self, request: &mut Request) -> Result<Response, Error> {
        self.patiently(request, Client::begin)
    }

    /// Sends by `attempt`, and again as far as the settings allow it.
    fn patiently(
        &self,
        request: &mut Request,
        attempt: impl Fn(&Client, &mut Request, &Call) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        let mut limits = self.times.begin(&request.times, request.cancel.clone());
        limits.transfer = request
            .progress
            .clone()
            .map(|callback| Arc::new(TransferMeter::new(callback)));
        let call = Call::new(limits);
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
        let Content::Open(mut body) =
            std::mem::replace(&mut response.content, Content::Delivered(0))
        else {
            return Ok(());
        };
        let wanted = (200..300).contains(&response.status) && request.method() != "HEAD";
        match &mut request.output {
            Output::Path(path) if wanted => {
                let mut file = WholeFile::begin(path)?;
                body.deliver(&mut |piece| file.write(piece))?;
                file.finish()?;
            }
            Output::Descriptor(fd) if wanted => {
                let fd = *fd;
                body.deliver(&mut |piece| {
                    call.delivered.set(true);
                    write_descriptor(fd, piece, &call.limits)
                })?;
            }
            Output::Callback(sink) if wanted => body.deliver(&mut |piece| {
                call.delivered.set(true);
                sink.write(piece)
            })?,
            _ => {
                let kept = self.keep(&mut body)?;
                if self.engine.log.takes(Level::Debug)
                    && let Some(text) = trace::answer_body(&response.headers, &kept)
                {
                    self.engine.note(Level::Debug, || text);
                }
                response.content = Content::Kept(kept);
                return Ok(());
            }
        }
        response.content = Content::Delivered(body.received());
        Ok(())
    }

    /// Reads a body into memory, never more than the setting allows, and never
    /// on the word of its announced length.
    fn keep(&self, body: &mut RawBody) -> Result<Vec<u8>, Error> {
        let most = self.max_body_memory;
        let too_large = || {
            let message = format!(
                "the body is larger than the {most} bytes that the setting max_body_memory allows"
            );
            Error::new(Kind::BodyTooLarge, message).at(Step::Receive)
        };
        if body.length().is_some_and(|length| length > most as u64) {
            return Err(too_large());
        }
        let mut kept = Vec::new();
        body.deliver(&mut |piece: &[u8]| {
            if piece.len() > most - kept.len() {
                return Err(too_large());
            }
            append(&mut kept, piece, most)
        })?;
        Ok(kept)
    }
}

/// Appends a piece; what is reserved doubles, but never beyond `most`.
fn append(kept: &mut Vec<u8>, piece: &[u8], most: usize) -> Result<(), Error> {
    let needed = kept.len() + piece.len();
    if needed > kept.capacity() {
        // One more, for the NUL that the C boundary puts behind a body.
        let target = needed.max(kept.capacity() * 2).min(most) + 1;
        kept.try_reserve_exact(target - kept.len())
            .map_err(|_| Error::no_memory("response body"))?;
    }
    kept.extend_from_slice(piece);
    Ok(())
}
