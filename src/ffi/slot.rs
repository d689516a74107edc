//! Where a handle keeps an object of the core that a call takes away while it
//! runs: so nothing points into the handle while a callback uses it, and
//! whoever uses it then is told that it is busy.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::{Error, Kind};

pub(super) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    pub(super) fn new(value: T) -> Slot<T> {
        Slot(Mutex::new(Some(value)))
    }

    /// Looks at what is here; `None` while it is lent. The look is short and
    /// calls nobody back, since others wait for it.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.lock().as_mut().map(look)
    }

    /// Lends what is here to a body that may take long and may call back.
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

    pub(super) fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Puts a value here, unless one is here: what the caller sees stays.
    pub(super) fn put(&self, value: T) {
        let mut place = self.lock();
        if place.is_none() {
            *place = Some(value);
        } else {
            // A value that is dropped may call its owner back.
            drop(place);
            drop(value);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts back what was lent, after a panic too.
struct Lent<'a, T> {
    slot: &'a Slot<T>,
    value: Option<T>,
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.slot.put(value);
        }
    }
}

/// The failure that a handle is used while a call has it.
pub(super) fn busy(what: &str) -> Error {
    let message = format!("{what}: in use by a call that has not returned");
    Error::new(Kind::Busy, message)
}
