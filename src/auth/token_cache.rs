//! The tokens of a client, and the fetches that are under way.

use std::sync::PoisonError;
use std::time::Instant;

use zeroize::Zeroizing;

use super::authorization::{Authorization, bearer};
use super::flight::{Flight, Outcome, Wake};
use super::scope::Scopes;
use super::token::{Grant, TokenRequest};
use crate::error::{Error, Kind, Step};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::event::Event;
use crate::os::sync::{Arc, Mutex, MutexGuard};

/// The most tokens that a client keeps.
const MAX_TOKENS: usize = 256;
/// The most requests' scopes that are remembered for one token.
const MAX_SERVED: usize = 256;

struct Token {
    of: TokenRequest,
    /// What requests wanted that the registry took this token for, though its
    /// scopes say nothing of it.
    served: Vec<Scopes>,
    value: Zeroizing<String>,
    expires: Instant,
}

impl Token {
    fn serves(&self, wanted: &Scopes) -> bool {
        self.of.scopes.covers(wanted) || self.served.contains(wanted)
    }

    fn is_of(&self, wanted: &TokenRequest) -> bool {
        self.of.realm == wanted.realm && self.of.service == wanted.service
    }

    fn serve(&mut self, wanted: Option<&Scopes>) {
        if let Some(wanted) = wanted
            && !self.serves(wanted)
            && self.served.len() < MAX_SERVED
        {
            self.served.push(wanted.clone());
        }
    }
}

type TokenFlight = Flight<Authorization, Error, Event>;

impl Wake for Event {
    fn wake(&self) {
        self.happen();
    }
}

thread_local! {
    static HERE: u8 = const { 0 };
}

/// A number that no other thread has at this time. Unlike the standard
/// library's it takes no memory.
fn this_thread() -> usize {
    HERE.with(|here| std::ptr::from_ref(here).addr())
}

/// A fetch that is under way.
struct UnderWay {
    of: TokenRequest,
    by: usize,
    flight: Arc<TokenFlight>,
}

#[derive(Default)]
struct State {
    tokens: Vec<Token>,
    flights: Vec<UnderWay>,
}

/// Shared by all threads that use a client.
#[derive(Default)]
pub(crate) struct Tokens {
    state: Mutex<State>,
}

/// What one who wants a token is to do.
pub(crate) enum Role<'a> {
    /// Take this one.
    Have(Authorization),
    /// Fetch it, for all who want it.
    Fetch(Fetcher<'a>),
    /// Wait for the one who fetches it.
    Wait(Waiter),
}

impl Tokens {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token that can be sent without asking anybody.
    pub(crate) fn known(&self, wanted: impl FnOnce() -> Option<Scopes>) -> Option<Authorization> {
        let state = self.state();
        if state.tokens.is_empty() {
            return None;
        }
        let wanted = &wanted()?;
        let now = Instant::now();
        let mut tokens = state.tokens.iter();
        tokens
            .find(|token| token.expires > now && token.serves(wanted))
            .map(|token| bearer(&token.value))
    }

    /// Forgets a token that a registry does not take.
    pub(crate) fn drop_rejected(&self, rejected: &Authorization) {
        let mut state = self.state();
        state
            .tokens
            .retain(|token| bearer(&token.value) != *rejected);
    }

    /// What to do for a token. `served` is what the request wants, for which
    /// the token is remembered.
    pub(crate) fn join(&self, wanted: &TokenRequest, served: Option<&Scopes>) -> Role<'_> {
        let mut state = self.state();
        let now = Instant::now();
        let known = state.tokens.iter_mut().find(|token| {
            token.expires > now && token.is_of(wanted) && token.of.scopes.covers(&wanted.scopes)
        });
        if let Some(token) = known {
            token.serve(served);
            return Role::Have(bearer(&token.value));
        }
        // A fetch of this very thread is in a callback, which uses the client:
        // it goes on only after the callback.
        let by = this_thread();
        let under_way = state.flights.iter().find(|other| {
            other.by != by
                && other.of.realm == wanted.realm
                && other.of.service == wanted.service
                && other.of.scopes.covers(&wanted.scopes)
        });
        if let Some(other) = under_way {
            return Role::Wait(Waiter(Arc::clone(&other.flight)));
        }
        let flight = Arc::new(Flight::new());
        state.flights.push(UnderWay {
            of: wanted.clone(),
            by,
            flight: Arc::clone(&flight),
        });
        Role::Fetch(Fetcher {
            tokens: self,
            wanted: wanted.clone(),
            flight,
        })
    }

    /// Remembers what a token is taken for.
    pub(crate) fn serve(&self, wanted: &TokenRequest, served: Option<&Scopes>) {
        let mut state = self.state();
        if let Some(token) = state
            .tokens
            .iter_mut()
            .find(|token| token.is_of(wanted) && token.of.scopes.covers(&wanted.scopes))
        {
            token.serve(served);
        }
    }

    /// All that no log line and no message may show.
    pub(crate) fn secrets(&self) -> Vec<Zeroizing<String>> {
        let state = self.state();
        state
            .tokens
            .iter()
            .map(|token| token.value.clone())
            .collect()
    }
}

/// Fetches a token for all who want it. Dropped without a result it leaves the
/// fetch to another one.
pub(crate) struct Fetcher<'a> {
    tokens: &'a Tokens,
    wanted: TokenRequest,
    flight: Arc<TokenFlight>,
}

impl Fetcher<'_> {
    /// Keeps what was granted, and hands it to all who wait.
    pub(crate) fn done(self, grant: Grant, served: Option<&Scopes>) -> Authorization {
        let authorization = bearer(&grant.token);
        let mut token = Token {
            of: self.wanted.clone(),
            served: Vec::new(),
            value: grant.token,
            expires: grant.expires,
        };
        token.serve(served);
        let now = Instant::now();
        {
            let mut state = self.tokens.state();
            state
                .tokens
                .retain(|old| old.expires > now && old.of != token.of);
            if state.tokens.len() >= MAX_TOKENS {
                state.tokens.remove(0);
            }
            state.tokens.push(token);
        }
        self.end(Outcome::Done(authorization.clone()));
        authorization
    }

    /// Tells all who wait, as far as the reason holds for them.
    pub(crate) fn failed(self, error: &Error) {
        let outcome = match error.kind() {
            // The caller's own wish, by a limit or in a callback.
            Kind::Cancelled
            | Kind::Deadline
            | Kind::CallbackMisuse
            | Kind::RedirectCallback
            | Kind::HookCallback
            | Kind::RealmCallback
            | Kind::CredentialCallback
            | Kind::ProgressCallback => Outcome::Abandoned(None),
            Kind::Timeout => Outcome::Abandoned(Some(error.clone())),
            _ => Outcome::Failed(error.clone()),
        };
        self.end(outcome);
    }

    fn end(&self, outcome: Outcome<Authorization, Error>) {
        // Before those who wait are woken: who comes back begins anew.
        self.tokens
            .state()
            .flights
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
    /// How the fetch ended. An error is one of the waiter's own: its cancel,
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
