//! The tokens of a client, and the requests for tokens that are in flight.

use std::sync::PoisonError;
use std::time::Instant;

use super::authorization::{Authorization, bearer};
use super::flight::{Flight, Outcome, Wake};
use super::scope::Scopes;
use super::token::{Grant, TokenRequest};
use crate::error::{Error, Kind, Step};
use crate::log::secrets::{Secret, Secrets};
use crate::os::callback_queue::this_thread;
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::event::Event;
use crate::os::sync::{Arc, Mutex, MutexGuard};

/// The maximum number of cached tokens.
const MAX_TOKENS: usize = 256;
/// The maximum number of other scopes that a token is known to serve.
const MAX_SERVED: usize = 256;

struct Token {
    request: TokenRequest,
    /// Scopes that the registry accepted this token for, though the token was
    /// not requested for them.
    served: Vec<Scopes>,
    value: Secret,
    expires: Instant,
}

impl Token {
    fn serves(&self, required: &Scopes) -> bool {
        self.request.scopes.covers(required) || self.served.contains(required)
    }

    fn is_of(&self, required: &TokenRequest) -> bool {
        self.request.realm == required.realm && self.request.service == required.service
    }

    fn serve(&mut self, required: Option<&Scopes>) {
        if let Some(required) = required
            && !self.serves(required)
            && self.served.len() < MAX_SERVED
        {
            self.served.push(required.clone());
        }
    }
}

type TokenFlight = Flight<Authorization, Error, Event>;

impl Wake for Event {
    fn wake(&self) {
        self.happen();
    }
}

/// A request to a token server that has not ended.
struct Fetch {
    request: TokenRequest,
    /// The thread that runs its callbacks.
    callback_thread: usize,
    flight: Arc<TokenFlight>,
}

#[derive(Default)]
struct State {
    tokens: Vec<Token>,
    fetches: Vec<Fetch>,
}

/// The token cache, shared by all threads that use a client.
#[derive(Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
    secrets: Arc<Secrets>,
}

/// How to get a token.
pub(crate) enum Role<'a> {
    /// It is cached.
    Cached(Authorization),
    /// Fetch it, for every thread that needs it.
    Fetch(Fetcher<'a>),
    /// Another thread fetches it: wait.
    Wait(Waiter),
}

impl Tokens {
    pub(crate) fn new(secrets: &Arc<Secrets>) -> Tokens {
        Tokens {
            state: Mutex::default(),
            secrets: Arc::clone(secrets),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A cached token for the scopes.
    pub(crate) fn known(&self, required: impl FnOnce() -> Option<Scopes>) -> Option<Authorization> {
        let state = self.state();
        if state.tokens.is_empty() {
            return None;
        }
        let required = &required()?;
        let now = Instant::now();
        let mut tokens = state.tokens.iter();
        tokens
            .find(|token| token.expires > now && token.serves(required))
            .map(|token| bearer(&token.value))
    }

    /// Removes a token that the registry rejected.
    pub(crate) fn drop_rejected(&self, rejected: &Authorization) {
        let mut state = self.state();
        state
            .tokens
            .retain(|token| bearer(&token.value) != *rejected);
    }

    /// How to get a token in a call. `served` are the scopes of the request
    /// that the token is for.
    pub(crate) fn join(
        &self,
        required: &TokenRequest,
        served: Option<&Scopes>,
        limits: &CallLimits,
    ) -> Role<'_> {
        let mut state = self.state();
        let now = Instant::now();
        let known = state.tokens.iter_mut().find(|token| {
            token.expires > now
                && token.is_of(required)
                && token.request.scopes.covers(&required.scopes)
        });
        if let Some(token) = known {
            token.serve(served);
            return Role::Cached(bearer(&token.value));
        }
        // A fetch whose callbacks run on this thread may be in one of them now,
        // if the callback uses the client: waiting for it would not end.
        let here = this_thread();
        let in_flight = state.fetches.iter().find(|other| {
            other.callback_thread != here
                && other.request.realm == required.realm
                && other.request.service == required.service
                && other.request.scopes.covers(&required.scopes)
        });
        if let Some(other) = in_flight {
            return Role::Wait(Waiter(Arc::clone(&other.flight)));
        }
        let flight = Arc::new(Flight::new());
        state.fetches.push(Fetch {
            request: required.clone(),
            callback_thread: limits.callback_thread(),
            flight: Arc::clone(&flight),
        });
        Role::Fetch(Fetcher {
            tokens: self,
            required: required.clone(),
            flight,
        })
    }

    /// Notes that a token also serves these scopes.
    pub(crate) fn serve(&self, required: &TokenRequest, served: Option<&Scopes>) {
        let mut state = self.state();
        if let Some(token) = state
            .tokens
            .iter_mut()
            .find(|token| token.is_of(required) && token.request.scopes.covers(&required.scopes))
        {
            token.serve(served);
        }
    }
}

/// The duty to fetch a token for every thread that needs it. Dropped without a
/// result, it passes to one of the waiting threads.
pub(crate) struct Fetcher<'a> {
    tokens: &'a Tokens,
    required: TokenRequest,
    flight: Arc<TokenFlight>,
}

impl Fetcher<'_> {
    /// Caches the token and hands it to the waiting threads.
    pub(crate) fn done(self, grant: Grant, served: Option<&Scopes>) -> Authorization {
        let authorization = bearer(&grant.token);
        let mut token = Token {
            request: self.required.clone(),
            served: Vec::new(),
            value: self.tokens.secrets.add(grant.token),
            expires: grant.expires,
        };
        token.serve(served);
        let now = Instant::now();
        {
            let mut state = self.tokens.state();
            state
                .tokens
                .retain(|old| old.expires > now && old.request != token.request);
            if state.tokens.len() >= MAX_TOKENS {
                state.tokens.remove(0);
            }
            state.tokens.push(token);
        }
        self.end(Outcome::Done(authorization.clone()));
        authorization
    }

    /// Hands the error to the waiting threads, if it concerns them too.
    pub(crate) fn failed(self, error: &Error) {
        let outcome = match error.kind() {
            // The caller's own limit or callback.
            Kind::Cancelled
            | Kind::Deadline
            | Kind::CallbackMisuse
            | Kind::RedirectCallback
            | Kind::ExchangeCallback
            | Kind::RealmCallback
            | Kind::CredentialCallback
            | Kind::ProgressCallback => Outcome::Abandoned(None),
            Kind::Timeout => Outcome::Abandoned(Some(error.clone())),
            _ => Outcome::Failed(error.clone()),
        };
        self.end(outcome);
    }

    fn end(&self, outcome: Outcome<Authorization, Error>) {
        // Before the waiting threads wake: one that returns starts a new fetch.
        self.tokens
            .state()
            .fetches
            .retain(|other| !Arc::ptr_eq(&other.flight, &self.flight));
        self.flight.end(outcome);
    }
}

impl Drop for Fetcher<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Abandoned(None));
    }
}

/// Waits for a token that another thread fetches.
pub(crate) struct Waiter(Arc<TokenFlight>);

impl Waiter {
    /// How the fetch ended. An error is the waiting call's own: its cancel or
    /// its deadline.
    pub(crate) fn wait(&self, limits: &CallLimits) -> Result<Outcome<Authorization, Error>, Error> {
        let event =
            Event::new().map_err(|error| Error::io(Kind::NoMemory, "event of a token", &error))?;
        let event = Arc::new(event);
        if let Some(outcome) = self.0.outcome_or_wake(&event) {
            return Ok(outcome);
        }
        if let Err(error) = event.wait(limits, StepLimit::none(Step::Token)) {
            self.0.forget(&event);
            return Err(error
                .downcast::<Error>()
                .unwrap_or_else(|error| Error::io(Kind::Receive, "wait for a token", &error)));
        }
        Ok(self.0.outcome().unwrap_or(Outcome::Abandoned(None)))
    }
}
