//! The tokens of a client, and the requests for tokens that are in flight.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::authorization::{Authorization, bearer};
use super::flight::{Flight, Outcome};
use super::scope::Scopes;
use super::token::{Grant, TokenRequest};
use super::waiter::{self, Waiter};
use crate::error::Error;
use crate::log::secrets::{Secret, Secrets};
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

/// A request to a token server that has not ended.
struct Fetch {
    request: TokenRequest,
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
    Wait(Waiter<Authorization>),
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

    /// How long a token is used from now on.
    pub(crate) fn time_left(&self, authorization: &Authorization) -> Option<Duration> {
        let state = self.state();
        let mut tokens = state.tokens.iter();
        let token = tokens.find(|token| bearer(&token.value) == *authorization)?;
        Some(token.expires.saturating_duration_since(Instant::now()))
    }

    /// Removes a token that the registry rejected.
    pub(crate) fn drop_rejected(&self, rejected: &Authorization) {
        let mut state = self.state();
        state
            .tokens
            .retain(|token| bearer(&token.value) != *rejected);
    }

    /// How to get a token in a call. `served` are the scopes of the request
    /// that the token is for. Without `may_wait`, a token is fetched even if
    /// another call fetches one.
    pub(crate) fn join(
        &self,
        required: &TokenRequest,
        served: Option<&Scopes>,
        may_wait: bool,
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
        let in_flight = state.fetches.iter().find(|other| {
            may_wait
                && other.request.realm == required.realm
                && other.request.service == required.service
                && other.request.scopes.covers(&required.scopes)
        });
        if let Some(other) = in_flight {
            return Role::Wait(Waiter::new(&other.flight));
        }
        let flight = Arc::new(Flight::new());
        state.fetches.push(Fetch {
            request: required.clone(),
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
        let outcome = waiter::outcome_of(error);
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
