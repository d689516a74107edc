//! Single flight: one fetch for all concurrent callers that need its result.
//!
//! Generic over the result, the lock and the event (through `os::sync`), so
//! that loom can test every interleaving.

use crate::os::sync::{Arc, Mutex, MutexGuard};

/// Wakes a waiting caller.
pub(crate) trait Wake {
    fn wake(&self);
}

/// The result of a fetch.
#[derive(Clone, Debug)]
pub(crate) enum Outcome<V, E> {
    /// A result for all waiting callers.
    Done(V),
    /// A failure that applies to all waiting callers.
    Failed(E),
    /// A failure specific to the fetching caller: another one may continue.
    Abandoned(Option<E>),
}

/// A fetch in progress.
#[derive(Debug)]
pub(crate) struct Flight<V, E, W> {
    state: Mutex<State<V, E, W>>,
}

#[derive(Debug)]
struct State<V, E, W> {
    outcome: Option<Outcome<V, E>>,
    waiting: Vec<Arc<W>>,
}

impl<V: Clone, E: Clone, W: Wake> Flight<V, E, W> {
    pub(crate) fn new() -> Flight<V, E, W> {
        Flight {
            state: Mutex::new(State {
                outcome: None,
                waiting: Vec::new(),
            }),
        }
    }

    /// Ends the fetch and wakes all waiting callers. Later calls have no
    /// effect.
    pub(crate) fn end(&self, outcome: Outcome<V, E>) {
        let woken = {
            let mut state = self.lock();
            state.outcome.get_or_insert(outcome);
            std::mem::take(&mut state.waiting)
        };
        for one in woken {
            one.wake();
        }
    }

    /// Returns the outcome, or registers `waker` to be woken at the end.
    pub(crate) fn outcome_or_wake(&self, waker: &Arc<W>) -> Option<Outcome<V, E>> {
        let mut state = self.lock();
        if state.outcome.is_none() {
            state.waiting.push(Arc::clone(waker));
        }
        state.outcome.clone()
    }

    /// Removes a registered waker.
    pub(crate) fn forget(&self, waker: &Arc<W>) {
        self.lock().waiting.retain(|one| !Arc::ptr_eq(one, waker));
    }

    /// The outcome, if the fetch has ended.
    pub(crate) fn outcome(&self) -> Option<Outcome<V, E>> {
        self.lock().outcome.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State<V, E, W>> {
        // Poisoning is harmless: no code panics with the state half changed.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
