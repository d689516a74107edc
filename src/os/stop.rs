//! Stops threads of a call: those of a part of it, or all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::cancel::Cancel;
use crate::error::Error;

/// Ends what a call does on its threads. Its children end with it, but not the
/// other way round. Clones are the same handle.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cancel: Cancel,
    children: Mutex<Vec<Weak<Inner>>>,
}

impl Stop {
    pub(crate) fn new() -> Result<Stop, Error> {
        Ok(Stop(Arc::new(Inner {
            cancel: Cancel::new()?,
            children: Mutex::default(),
        })))
    }

    /// A handle that is triggered with this one.
    pub(crate) fn child(&self) -> Result<Stop, Error> {
        let child = Stop::new()?;
        {
            let mut children = self.0.children();
            children.retain(|other| other.strong_count() > 0);
            children.push(Arc::downgrade(&child.0));
        }
        // The trigger may have come before the child was there.
        if self.is_triggered() {
            child.trigger();
        }
        Ok(child)
    }

    pub(crate) fn trigger(&self) {
        self.0.trigger();
    }

    pub(crate) fn is_triggered(&self) -> bool {
        self.0.cancel.is_triggered()
    }

    /// What the waits of the call check.
    pub(super) fn cancel(&self) -> &Cancel {
        &self.0.cancel
    }
}

impl Inner {
    fn children(&self) -> MutexGuard<'_, Vec<Weak<Inner>>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trigger(&self) {
        self.cancel.trigger();
        let children = std::mem::take(&mut *self.children());
        for child in children.iter().filter_map(Weak::upgrade) {
            child.trigger();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_ends_what_is_below_it_and_nothing_else() {
        let root = Stop::new().expect("a handle");
        let first = root.child().expect("a handle");
        let second = root.child().expect("a handle");
        let below = first.child().expect("a handle");
        first.trigger();
        let state = [&root, &first, &second, &below].map(Stop::is_triggered);
        assert_eq!(state, [false, true, false, true]);
        root.trigger();
        assert!(second.is_triggered());
        assert!(root.child().expect("a handle").is_triggered(), "a late one");
    }
}
