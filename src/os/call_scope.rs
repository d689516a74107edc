//! Whether a call is made inside a callback of another call.

use std::cell::Cell;
use std::marker::PhantomData;

thread_local! {
    static ACTIVE: Cell<u32> = const { Cell::new(0) };
}

/// Marks that the current thread is inside a call until it is dropped.
///
/// A call that begins meanwhile can only come from a callback. Such a call must
/// not wait for anything that another call has to release: that call may be the
/// one that is calling back, or wait for it.
pub(crate) struct CallScope {
    /// Not `Send`: it belongs to the thread.
    _thread: PhantomData<*const ()>,
}

impl CallScope {
    pub(crate) fn enter() -> CallScope {
        ACTIVE.with(|active| active.set(active.get() + 1));
        CallScope {
            _thread: PhantomData,
        }
    }
}

impl Drop for CallScope {
    fn drop(&mut self) {
        ACTIVE.with(|active| active.set(active.get().saturating_sub(1)));
    }
}

/// Whether the current thread is inside a call.
pub(crate) fn is_active() -> bool {
    ACTIVE.with(|active| active.get() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_that_of_its_thread() {
        assert!(!is_active());
        let outer = CallScope::enter();
        let inner = CallScope::enter();
        assert!(is_active());
        let other = std::thread::spawn(is_active);
        assert!(!other.join().expect("no panic"));
        drop(inner);
        assert!(is_active());
        drop(outer);
        assert!(!is_active());
    }
}
