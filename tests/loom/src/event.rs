//! What one thread awaits and another one makes happen, in a model.

use loom::sync::{Condvar, Mutex};

/// Happens once, and stays so.
#[derive(Debug)]
pub(super) struct Event {
    happened: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    pub(super) fn new() -> Event {
        Event {
            happened: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    pub(super) fn wait(&self) {
        let mut happened = self.happened.lock().expect("no panic");
        while !*happened {
            happened = self.changed.wait(happened).expect("no panic");
        }
    }

    pub(super) fn happen(&self) {
        *self.happened.lock().expect("no panic") = true;
        self.changed.notify_all();
    }

    pub(super) fn has_happened(&self) -> bool {
        *self.happened.lock().expect("no panic")
    }
}
