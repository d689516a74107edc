//! Batches: creation, running, results.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::c_int;
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::convert::Out;
use super::descriptor::reggie_descriptor;
use super::error_handle::{ErrorOut, reggie_error};
use super::location::reggie_location;
use super::manifest::reggie_manifest;
use super::options::{self, reggie_options};
use super::slot::{self, Slot};
use super::status::reggie_status;
use super::{convert, guard};
use crate::content::batch::{Batch, Items, Product, Work};
use crate::content::manifest::Manifest;
use crate::error::Error;

/// A set of pulls, pushes, copies and lookups that run concurrently.
///
/// Its items share one progress callback and one cancel handle. With
/// reggie_batch_step() and reggie_batch_fd(), the batch runs while the program
/// does other things. Created by reggie_batch_new(); freed by
/// reggie_batch_free(). Not safe for concurrent use. Items are numbered from 0
/// in the order in which they were added. After a fork, the child may free a
/// batch but must not use it otherwise.
pub struct reggie_batch {
    core: Slot<Batch>,
    /// Also used by callbacks while the batch is lent.
    items: Arc<Items>,
    /// Created when a getter is first called.
    results: Mutex<BTreeMap<usize, Box<Results>>>,
}

/// The handles that an item results in.
struct Results {
    item: Option<reggie_descriptor>,
    manifest: Option<reggie_manifest>,
    location: Option<reggie_location>,
    error: Option<reggie_error>,
}

impl Results {
    fn new(outcome: &Result<Product, Error>) -> Results {
        let product = outcome.as_ref().ok();
        Results {
            item: product.map(|product| reggie_descriptor::new(product.descriptor().clone())),
            manifest: match product {
                Some(Product::Manifest(manifest)) => {
                    Some(reggie_manifest::new(Manifest::clone(manifest)))
                }
                _ => None,
            },
            location: match product {
                Some(Product::Location(_, location)) => {
                    Some(reggie_location::new(Arc::clone(location)))
                }
                _ => None,
            },
            error: outcome.as_ref().err().cloned().map(reggie_error::new),
        }
    }
}

impl reggie_batch {
    pub(super) fn add(&self, work: Work) {
        self.items.add(work);
    }

    /// A handle that the item has resulted in. Once created, it stays where it is.
    fn result<T>(&self, index: usize, get: impl FnOnce(&Results) -> Option<&T>) -> *const T {
        let mut results = self.results.lock().unwrap_or_else(PoisonError::into_inner);
        let results = match results.entry(index) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let item = self.items.get(index);
                let Some(outcome) = item.as_ref().and_then(|item| item.outcome()) else {
                    return ptr::null();
                };
                place.insert(Box::new(Results::new(outcome)))
            }
        };
        get(results).map_or(ptr::null(), ptr::from_ref)
    }
}

/// The body of a getter for a handle of an item.
fn result<T>(
    batch: Option<&reggie_batch>,
    index: usize,
    get: impl FnOnce(&Results) -> Option<&T>,
) -> *const T {
    guard::value(ptr::null(), || {
        batch.map_or(ptr::null(), |batch| batch.result(index, get))
    })
}

/// Creates a batch without items.
///
/// `options` apply to all items.
///
/// On REGGIE_OK, the caller must free `batch` with reggie_batch_free().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_NO_MEMORY if the system
/// provides no file descriptor.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_new(
    options: Option<&reggie_options>,
    batch: *mut *mut reggie_batch,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let batch = unsafe { Out::handle(batch, "batch") }?;
        let core = Batch::new(options::of(options))?;
        batch.give(reggie_batch {
            items: Arc::clone(core.items()),
            core: Slot::new(core),
            results: Mutex::default(),
        });
        Ok(())
    })
}

/// Frees a batch. NULL is ignored.
///
/// A batch that is still running is cancelled; the call waits until it has
/// ended. It runs no callbacks; those that worker threads wait for fail.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_free(batch: Option<Box<reggie_batch>>) {
    guard::value((), || drop(batch));
}

/// Sets whether the other items continue after an item has failed.
///
/// If `keep_going` is 0, the other items are ended too, with REGGIE_CANCELLED, or
/// REGGIE_DEADLINE if a time limit has passed.
/// Default: 0.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, or REGGIE_BUSY while the batch is
/// running.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_set_keep_going(
    batch: *mut reggie_batch,
    keep_going: c_int,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let batch = unsafe { batch.as_ref() };
    guard::status(|| {
        let batch = convert::required(batch, "batch")?;
        let set = batch.core.look(|core| core.set_keep_going(keep_going != 0));
        set.unwrap_or_else(|| Err(slot::busy("batch")))
    })
}

/// Runs all items added since the batch was created or last run.
///
/// Waits until they are done.
///
/// Returns REGGIE_OK if all items succeeded, or else the status of the first
/// item that failed, with its error; or REGGIE_CANCELLED, REGGIE_DEADLINE or
/// REGGIE_PROGRESS_CALLBACK for the whole batch.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_run(
    batch: *mut reggie_batch,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's handle, or NULL.
        let batch = unsafe { convert::handle(batch, "batch") }?;
        batch.core.lend("batch", Batch::run)
    })
}

/// Starts added items on worker threads, and calls callbacks that are due.
///
/// For programs with an event loop. Waits for something to be due for up to
/// `wait_ms` milliseconds; -1 means no limit, 0 means not to wait. If
/// reggie_options_set_parallel() is 1, one worker thread is used. Items may be
/// added while the batch is running.
///
/// On REGGIE_OK, `running` is 1 while there is work, and 0 when everything is
/// done.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_ARGUMENT if `wait_ms`
/// is below -1, or, once when everything is done, what reggie_batch_run()
/// returns. After that, there is nothing to do until an item is added.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_batch_step(
    batch: *mut reggie_batch,
    wait_ms: i64,
    running: *mut c_int,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let running = unsafe { Out::new(running, 0, "running") }?;
        // SAFETY: the caller's handle, or NULL.
        let batch = unsafe { convert::handle(batch, "batch") }?;
        let wait = match wait_ms {
            -1 => None,
            wait_ms => Some(Duration::from_millis(convert::unsigned(
                wait_ms, "wait_ms",
            )?)),
        };
        let is_running = batch.core.lend("batch", |core| core.step(wait))?;
        running.set(c_int::from(is_running));
        Ok(())
    })
}

/// Returns a file descriptor to poll.
///
/// It is readable when reggie_batch_step() has something to do, which includes
/// newly added items. It is also readable before the first step or run of a batch
/// without items, whose first step sets `running` to 0. It is owned by the library,
/// open until the batch is freed, and must not be read or closed. Returns -1 if
/// `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_fd(batch: Option<&reggie_batch>) -> c_int {
    guard::value(-1, || {
        batch.map_or(-1, |batch| batch.items.descriptor().as_raw_fd())
    })
}

/// Returns the number of items.
///
/// Returns 0 if `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_count(batch: Option<&reggie_batch>) -> usize {
    guard::value(0, || batch.map_or(0, |batch| batch.items.count()))
}

/// Returns 1 if the item at `index`, counting from 0, has ended, else 0.
///
/// Returns 0 if absent or if `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_is_done(batch: Option<&reggie_batch>, index: usize) -> c_int {
    guard::value(0, || {
        let item = batch.and_then(|batch| batch.items.get(index));
        c_int::from(item.is_some_and(|item| item.outcome().is_some()))
    })
}

/// Returns the manifest pulled by the item at `index`, counting from 0.
///
/// Borrowed; valid until the batch is freed. Returns NULL if absent or if
/// `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_manifest(
    batch: Option<&reggie_batch>,
    index: usize,
) -> *const reggie_manifest {
    result(batch, index, |results| results.manifest.as_ref())
}

/// Returns the location found by the item at `index`, counting from 0.
///
/// Borrowed; valid until the batch is freed. Returns NULL if absent or if
/// `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_location(
    batch: Option<&reggie_batch>,
    index: usize,
) -> *const reggie_location {
    result(batch, index, |results| results.location.as_ref())
}

/// Returns why the item at `index`, counting from 0, has failed.
///
/// Must not be freed. Borrowed; valid until the batch is freed. Returns NULL if
/// the item has not failed, if absent, or if `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_error(
    batch: Option<&reggie_batch>,
    index: usize,
) -> *const reggie_error {
    result(batch, index, |results| results.error.as_ref())
}

/// Returns what the item at `index`, counting from 0, pulled, pushed, copied or
/// located.
///
/// Borrowed; valid until the batch is freed. Returns NULL if the item has not
/// succeeded, if absent, or if `batch` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_batch_item(
    batch: Option<&reggie_batch>,
    index: usize,
) -> *const reggie_descriptor {
    result(batch, index, |results| results.item.as_ref())
}
