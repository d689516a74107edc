//! Waiting for what another call fetches.

use super::flight::{Flight, Outcome, Wake};
use crate::error::{Error, Kind};
use crate::os::deadline::{CallLimits, StepLimit};
use crate::os::event::Event;
use crate::os::sync::Arc;

impl Wake for Event {
    fn wake(&self) {
        self.happen();
    }
}

/// What a failed fetch means for the calls that wait for it.
pub(super) fn outcome_of<V>(error: &Error) -> Outcome<V, Error> {
    match error.kind() {
        // The caller's own limit or callback.
        Kind::Cancelled
        | Kind::Deadline
        | Kind::CallbackMisuse
        | Kind::RedirectCallback
        | Kind::ExchangeCallback
        | Kind::RealmCallback
        | Kind::CredentialCallback
        | Kind::ProgressCallback
        | Kind::FilterCallback => Outcome::Abandoned(None),
        Kind::Timeout => Outcome::Abandoned(Some(error.clone())),
        _ => Outcome::Failed(error.clone()),
    }
}

/// Waits for what another call fetches.
pub(crate) struct Waiter<V>(Arc<Flight<V, Error, Event>>);

impl<V: Clone> Waiter<V> {
    pub(super) fn new(flight: &Arc<Flight<V, Error, Event>>) -> Waiter<V> {
        Waiter(Arc::clone(flight))
    }

    /// How the fetch ended; `None` if it did not end within the limit. An error
    /// is the waiting call's own: its cancel or its deadline.
    pub(crate) fn wait(
        &self,
        limits: &CallLimits,
        limit: StepLimit<'_>,
    ) -> Result<Option<Outcome<V, Error>>, Error> {
        let failed = |error: &std::io::Error| Error::io(Kind::NoMemory, limit.what, error);
        let event = Arc::new(Event::new().map_err(|error| failed(&error))?);
        if let Some(outcome) = self.0.outcome_or_wake(&event) {
            return Ok(Some(outcome));
        }
        let waited = event.wait(limits, limit);
        self.0.forget(&event);
        match waited.map_err(|error| error.downcast::<Error>()) {
            Ok(()) => Ok(Some(self.0.outcome().unwrap_or(Outcome::Abandoned(None)))),
            Err(Ok(error)) if error.kind() == Kind::Timeout => Ok(None),
            Err(Ok(error)) => Err(error),
            Err(Err(error)) => Err(Error::io(Kind::Receive, limit.what, &error)),
        }
    }
}
