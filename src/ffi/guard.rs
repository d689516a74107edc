//! The guard around the body of every exported function: failures become
//! statuses, and no panic crosses into C.

use std::any::Any;
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::{panic, thread};

use super::error::ErrorOut;
use super::status;
use super::status::{REGGIE_OK, reggie_status};
use crate::error::{Error, Kind, server_text};

#[cfg(not(panic = "unwind"))]
compile_error!("libreggie turns panics into REGGIE_PANIC, which takes panic = \"unwind\"");

thread_local! {
    /// Whether this thread runs our code on behalf of C: then the panic hook
    /// is silent.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs a body whose failure is told by its status and by an error object.
pub(super) fn call(error: ErrorOut, body: impl FnOnce() -> Result<(), Error>) -> reggie_status {
    match caught(body) {
        Ok(()) => REGGIE_OK,
        Err(failure) => error.give(failure),
    }
}

/// Runs a body whose failure is told by its status alone.
pub(super) fn status(body: impl FnOnce() -> Result<(), Error>) -> reggie_status {
    match caught(body) {
        Ok(()) => REGGIE_OK,
        Err(failure) => status::of(failure.kind()),
    }
}

/// Runs a body that cannot fail; a panic gives `otherwise`.
pub(super) fn value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    caught(|| Ok(body())).unwrap_or(otherwise)
}

/// Runs code that is not ours, whose panics are not ours to silence.
pub(super) fn outside<T>(body: impl FnOnce() -> T) -> T {
    let _mark = Mark::set(false);
    body()
}

fn caught<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    static HOOK: Once = Once::new();
    // A hook cannot be set while this thread panics; the next call sets it.
    if !thread::panicking() {
        HOOK.call_once(set_hook);
    }
    let _mark = Mark::set(true);
    // What a panic leaves half done stays in its handle, whose slot takes back
    // what was lent, or is dropped.
    match panic::catch_unwind(AssertUnwindSafe(body)) {
        Ok(result) => result,
        Err(payload) => Err(of_panic(payload.as_ref())),
    }
}

fn set_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        if !INSIDE.get() {
            previous(about);
        }
    }));
}

fn of_panic(payload: &(dyn Any + Send)) -> Error {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => text,
        None => payload
            .downcast_ref::<String>()
            .map_or("no words", String::as_str),
    };
    let message = format!("defect in libreggie: {}", server_text(text));
    Error::new(Kind::Panic, message)
}

/// Sets the thread's mark, and puts the earlier one back when dropped.
struct Mark {
    before: bool,
}

impl Mark {
    fn set(inside: bool) -> Mark {
        Mark {
            before: INSIDE.replace(inside),
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        INSIDE.set(self.before);
    }
}
