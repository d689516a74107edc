//! One fetch for all who want its result at the same time.
//!
//! Generic over the result, and over lock and event by way of `os::sync`, so
//! that every interleaving of its steps can be tried in a model.

use crate::os::sync::{Arc, Mutex, MutexGuard};

/// What those who wait are woken by.
pub(crate) trait Wake {
    fn wake(&self);
}

/// How a fetch ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome<V, E> {
    /// With a result for all who wait.
    Done(V),
    /// For a reason that holds for all who wait.
    Failed(E),
    /// For a reason of the one who fetched: another one may go on.
    Abandoned(Option<E>),
}

/// A fetch that is under way.
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

    /// Ends it and wakes all who wait. Only the first end counts.
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

    /// How it ended; or else `waker` will be woken when it has.
    pub(crate) fn outcome_or_wake(&self, waker: &Arc<W>) -> Option<Outcome<V, E>> {
        let mut state = self.lock();
        if state.outcome.is_none() {
            state.waiting.push(Arc::clone(waker));
        }
        state.outcome.clone()
    }

    /// Wakes that one no more.
    pub(crate) fn forget(&self, waker: &Arc<W>) {
        self.lock().waiting.retain(|one| !Arc::ptr_eq(one, waker));
    }

    /// How it ended, if it has.
    pub(crate) fn outcome(&self) -> Option<Outcome<V, E>> {
        self.lock().outcome.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State<V, E, W>> {
        // Nothing here panics midway.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
