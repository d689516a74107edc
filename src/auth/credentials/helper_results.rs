//! The results of credential helpers: one run at a time for a registry, whose
//! result serves all waiting calls and, for some time, later ones.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::auth::flight::{Flight, Outcome};
use crate::auth::waiter::{self, Waiter};
use crate::config::credential::Credential;
use crate::error::{Error, Step};
use crate::os::deadline::CallLimits;
use crate::os::event::Event;
use crate::os::sync::{Arc, Mutex, MutexGuard};

/// The maximum number of results that are kept.
const MAX_RESULTS: usize = 64;
/// Maximum time to keep the result that there is no credential: the user may be
/// logging in.
const MAX_ABSENT: Duration = Duration::from_secs(5);

/// A helper and the key that it is run with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HelperKey {
    pub(super) helper: String,
    pub(super) registry: String,
}

type HelperFlight = Flight<Option<Credential>, Error, Event>;

struct Kept {
    key: HelperKey,
    credential: Option<Credential>,
    /// `None`: for ever.
    until: Option<Instant>,
}

#[derive(Default)]
struct State {
    kept: Vec<Kept>,
    running: Vec<(HelperKey, Arc<HelperFlight>)>,
}

/// Shared by clients with the same credential settings.
#[derive(Default)]
pub(crate) struct HelperResults(Mutex<State>);

/// How to get a result.
enum Role<'a> {
    Kept(Option<Credential>),
    Run(Runner<'a>),
    Wait(Waiter<Option<Credential>>),
}

/// A credential, if the helper has one.
pub(super) struct HelperResult {
    pub(super) credential: Option<Credential>,
    /// It is of an earlier run.
    pub(super) is_kept: bool,
}

impl HelperResults {
    /// A kept result, that of a run in progress, or that of `run`, which is kept
    /// for `keep`. `timeout` is the limit of a run.
    pub(super) fn get(
        &self,
        key: &HelperKey,
        keep: Duration,
        timeout: Option<Duration>,
        limits: &CallLimits,
        run: impl FnOnce() -> Result<Option<Credential>, Error>,
    ) -> Result<HelperResult, Error> {
        let what = format!("wait for docker-credential-{}", key.helper);
        let mut may_wait = !limits.is_nested;
        loop {
            let waiter = match self.join(key, may_wait) {
                Role::Kept(credential) => {
                    return Ok(HelperResult {
                        credential,
                        is_kept: true,
                    });
                }
                Role::Run(runner) => {
                    let result = run();
                    runner.ended(&result, keep);
                    return result.map(|credential| HelperResult {
                        credential,
                        is_kept: false,
                    });
                }
                Role::Wait(waiter) => waiter,
            };
            let limit = limits.limit(Step::Credentials, timeout, &what);
            match waiter.wait(limits, limit)? {
                Some(Outcome::Done(credential)) => {
                    return Ok(HelperResult {
                        credential,
                        is_kept: false,
                    });
                }
                Some(Outcome::Failed(error)) => return Err(error),
                Some(Outcome::Abandoned(_)) => {}
                None => may_wait = false,
            }
        }
    }

    /// Forgets credentials that a server rejected.
    pub(super) fn forget(&self, is_rejected: impl Fn(&Credential) -> bool) {
        self.state()
            .kept
            .retain(|kept| !kept.credential.as_ref().is_some_and(&is_rejected));
    }

    fn join(&self, key: &HelperKey, may_wait: bool) -> Role<'_> {
        let mut state = self.state();
        let now = Instant::now();
        state
            .kept
            .retain(|kept| kept.until.is_none_or(|end| end > now));
        if let Some(kept) = state.kept.iter().find(|kept| kept.key == *key) {
            return Role::Kept(kept.credential.clone());
        }
        let running = state.running.iter().find(|(other, _)| other == key);
        if let Some((_, flight)) = running.filter(|_| may_wait) {
            return Role::Wait(Waiter::new(flight));
        }
        let flight = Arc::new(Flight::new());
        state.running.push((key.clone(), Arc::clone(&flight)));
        Role::Run(Runner {
            results: self,
            key: key.clone(),
            flight,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to run a helper for all waiting calls. Dropped without a result, it
/// passes to one of them.
struct Runner<'a> {
    results: &'a HelperResults,
    key: HelperKey,
    flight: Arc<HelperFlight>,
}

impl Runner<'_> {
    fn ended(self, result: &Result<Option<Credential>, Error>, keep: Duration) {
        let credential = match result {
            Ok(credential) => credential,
            Err(error) => return self.end(waiter::outcome_of(error)),
        };
        let keep = match credential {
            Some(_) => keep,
            None => keep.min(MAX_ABSENT),
        };
        if !keep.is_zero() {
            let mut state = self.results.state();
            state.kept.retain(|kept| kept.key != self.key);
            if state.kept.len() >= MAX_RESULTS {
                state.kept.remove(0);
            }
            state.kept.push(Kept {
                key: self.key.clone(),
                credential: credential.clone(),
                until: Instant::now().checked_add(keep),
            });
        }
        self.end(Outcome::Done(credential.clone()));
    }

    fn end(&self, outcome: Outcome<Option<Credential>, Error>) {
        // Before the waiting calls wake: one that returns starts a new run.
        self.results
            .state()
            .running
            .retain(|(_, other)| !Arc::ptr_eq(other, &self.flight));
        self.flight.end(outcome);
    }
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.end(Outcome::Abandoned(None));
    }
}
