//! The guard around the body of every exported function: failures become
//! statuses, and no panic crosses into C.

use std::any::{Any, type_name};
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Once;
use std::thread::LocalKey;
use std::{panic, thread};

use super::error_handle::ErrorOut;
use super::status;
use super::status::{REGGIE_OK, reggie_status};
use crate::error::{Error, Kind, server_text};
use crate::log::{Level, Log};
use crate::os::deadline::CallLimits;
use crate::os::step_clock::CallbackTime;

#[cfg(not(panic = "unwind"))]
compile_error!("libreggie turns panics into REGGIE_PANIC, which takes panic = \"unwind\"");

thread_local! {
    /// Whether this thread runs code of the library: then the panic hook
    /// prints nothing.
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    /// Whether this thread logs an invalid argument: then a log callback that
    /// passes one itself is not called about it, and so on for ever.
    static REPORTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a body that reports failures by a status and an error object.
pub(super) fn call(error: ErrorOut, body: impl FnOnce() -> Result<(), Error>) -> reggie_status {
    match caught(body) {
        Ok(()) => REGGIE_OK,
        Err(failure) => error.give(failure),
    }
}

/// Runs a body that reports failures by a status.
pub(super) fn status(body: impl FnOnce() -> Result<(), Error>) -> reggie_status {
    match caught(body) {
        Ok(()) => REGGIE_OK,
        Err(failure) => status_of(failure),
    }
}

#[inline(never)]
fn status_of(failure: Error) -> reggie_status {
    status::of(failure.kind())
}

/// A handle with a log, which shows what is wrong with an argument.
pub(super) trait HasLog {
    /// The log; `None` if it no longer exists.
    fn log(&self) -> Option<Log>;
}

/// Runs a body as [`call()`] does, and logs invalid arguments.
pub(super) fn logged_call<H: HasLog, F: FnOnce() -> Result<(), Error>>(
    handle: Option<&H>,
    error: ErrorOut,
    body: F,
) -> reggie_status {
    call(error, || logged(handle, body))
}

/// Runs a body as [`status()`] does, and logs invalid arguments.
pub(super) fn logged_status<H: HasLog, F: FnOnce() -> Result<(), Error>>(
    handle: Option<&H>,
    body: F,
) -> reggie_status {
    status(|| logged(handle, body))
}

fn logged<H: HasLog, F: FnOnce() -> Result<(), Error>>(
    handle: Option<&H>,
    body: F,
) -> Result<(), Error> {
    let result = body();
    if let (Err(error), Some(handle)) = (&result, handle) {
        report(handle, type_name::<F>(), error);
    }
    result
}

/// Not generic, since there are many bodies.
#[cold]
#[inline(never)]
fn report(handle: &dyn HasLog, closure: &'static str, error: &Error) {
    if error.kind().is_argument()
        && !REPORTING.get()
        && let Some(log) = handle.log()
    {
        let _mark = Mark::set(&REPORTING, true);
        let function = function_of(closure);
        log.note(&CallLimits::default(), Level::Debug, || {
            format!("{function}: {error}")
        });
    }
}

/// The exported function that a closure is in. The name of its type is a path
/// such as `reggie::ffi::request::reggie_request_set_name::{{closure}}`.
fn function_of(closure: &'static str) -> &'static str {
    let mut parts = closure.split("::");
    parts
        .find(|part| part.starts_with("reggie_"))
        .unwrap_or("libreggie")
}

/// Runs a body that cannot fail; returns `otherwise` after a panic.
pub(super) fn value<T>(otherwise: T, body: impl FnOnce() -> T) -> T {
    caught(|| Ok(body())).unwrap_or(otherwise)
}

/// Runs a callback, whose panics are reported as usual, and whose time counts
/// towards no limit of a step.
pub(super) fn outside<T>(body: impl FnOnce() -> T) -> T {
    let _mark = Mark::set(&INSIDE, false);
    let _time = CallbackTime::start();
    body()
}

fn caught<T>(body: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let before = enter();
    // Unwinding is safe: what a panic leaves half done is in a handle, whose
    // slot restores what it lent.
    let caught = panic::catch_unwind(AssertUnwindSafe(|| {
        #[cfg(reggie_test_panic)]
        assert!(std::env::var_os("REGGIE_TEST_PANIC").is_none(), "a test");
        body()
    }));
    INSIDE.set(before);
    match caught {
        Ok(result) => result,
        Err(payload) => Err(of_panic(payload)),
    }
}

/// Returns whether this thread was inside already. A function of its own, since
/// there are many bodies.
#[inline(never)]
fn enter() -> bool {
    static HOOK: Once = Once::new();
    // The hook cannot be set while this thread panics; a later call sets it.
    if !thread::panicking() {
        HOOK.call_once(set_hook);
    }
    INSIDE.replace(true)
}

fn set_hook() {
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |about| {
        if !INSIDE.get() {
            previous(about);
        }
    }));
}

#[cold]
#[inline(never)]
fn of_panic(payload: Box<dyn Any + Send>) -> Error {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => text,
        None => payload
            .downcast_ref::<String>()
            .map_or("no message", String::as_str),
    };
    let message = format!("bug in libreggie: {}", server_text(text));
    Error::new(Kind::Panic, message)
}

/// Sets a mark of the thread, and restores the earlier one when dropped.
struct Mark {
    mark: &'static LocalKey<Cell<bool>>,
    before: bool,
}

impl Mark {
    fn set(mark: &'static LocalKey<Cell<bool>>, value: bool) -> Mark {
        Mark {
            mark,
            before: mark.replace(value),
        }
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        self.mark.set(self.before);
    }
}
