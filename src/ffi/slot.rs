//! A place in a handle for an object of the core. A call takes the object out
//! while it runs, so that no reference into the handle exists while a callback
//! uses the handle; other users find it busy.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind};

/// The object is in a box, so that lending it moves no more than a pointer.
pub(super) struct Slot<T>(Mutex<Option<Box<T>>>);

impl<T> Slot<T> {
    pub(super) fn new(value: T) -> Slot<T> {
        Slot(Mutex::new(Some(Box::new(value))))
    }

    /// Looks at the value; `None` while it is lent. `look` must be short and must
    /// not call back: it runs under a lock.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().as_deref_mut().map(look)
    }

    /// Lends the value to a body that may take long and may call back.
    pub(super) fn lend<R>(
        &self,
        what: &str,
        body: impl FnOnce(&mut T) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let mut lent = Lent {
            slot: self,
            value: self.take(),
        };
        match &mut lent.value {
            Some(value) => body(value),
            None => Err(busy(what)),
        }
    }

    pub(super) fn take(&self) -> Option<Box<T>> {
        self.lock().take()
    }

    /// Puts a value here, unless there is one already.
    pub(super) fn put(&self, value: Box<T>) {
        let mut place = self.lock();
        if place.is_none() {
            *place = Some(value);
        } else {
            // Dropping a value may run a callback.
            drop(place);
            drop(value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts back what was lent, even after a panic.
struct Lent<'a, T> {
    slot: &'a Slot<T>,
    value: Option<Box<T>>,
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.slot.put(value);
        }
    }
}

/// The error for a handle that a running call uses.
pub(super) fn busy(what: &str) -> Error {
    let message = format!("{what}: in use by a call that has not returned");
    Error::new(Kind::Busy, message)
}
