//! Progress events.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::Arc;

use super::callback::Registration;
use super::descriptor::reggie_descriptor;
use super::status::REGGIE_UNKNOWN_SIZE;
use super::strings::Strings;
use super::{callback, convert, guard};
use crate::content::progress::{Event, Phase, ProgressCallback, Snapshot};
use crate::error::Kind;

/// Progress event: the transfer of a blob or manifest begins.
pub const REGGIE_PROGRESS_BEGIN: c_int = 1;
/// Progress event: bytes were transferred.
pub const REGGIE_PROGRESS_MOVE: c_int = 2;
/// Progress event: nothing was transferred for one second. Lets programs check
/// for signals and process window events.
pub const REGGIE_PROGRESS_WAIT: c_int = 3;
/// Progress event: the transfer restarts from the beginning because the
/// existing data was unusable. Only at this event does reggie_progress_done()
/// decrease.
pub const REGGIE_PROGRESS_RESTART: c_int = 4;
/// Progress event: the content is in place and verified.
pub const REGGIE_PROGRESS_END: c_int = 5;
/// Progress event: the content already existed, was mounted, or was left out.
pub const REGGIE_PROGRESS_SKIP: c_int = 6;
/// Progress event: the transfer failed.
pub const REGGIE_PROGRESS_FAIL: c_int = 7;
/// Progress event: a batch item is done, or the whole call if it is not part of
/// a batch.
pub const REGGIE_PROGRESS_DONE: c_int = 8;

/// Phase: a local file is being read to compute its digest.
pub const REGGIE_PHASE_CHECK: c_int = 1;
/// Phase: content is being pulled. Blobs that are copied to a layout are in this
/// phase too.
pub const REGGIE_PHASE_PULL: c_int = 2;
/// Phase: content is being pushed. Blobs that are copied to a registry are in
/// this phase too, and all manifests that are copied.
pub const REGGIE_PHASE_PUSH: c_int = 3;
/// Phase: the registry is storing content that it has received.
pub const REGGIE_PHASE_COMMIT: c_int = 4;
/// Phase: waiting before the next retry; see reggie_progress_wait_ms().
pub const REGGIE_PHASE_RETRY: c_int = 5;
/// Phase: waiting for another process or thread that is pulling to the same
/// file or writing to the same layout.
pub const REGGIE_PHASE_LOCK: c_int = 6;

/// A progress event, passed to a reggie_progress_callback.
///
/// Owned by the library. The event and its strings are valid until the callback
/// returns.
pub struct reggie_progress {
    core: Snapshot,
    item: Option<reggie_descriptor>,
    strings: Strings,
}

/// Reports progress.
///
/// Runs on the thread that made the call, one at a time for each call. Returns
/// 0 to continue, or any other value to stop the call, which then returns
/// REGGIE_PROGRESS_CALLBACK.
pub type reggie_progress_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, progress: *const reggie_progress) -> c_int,
>;

/// The core's progress callback; `None` for NULL.
pub(super) fn progress(
    callback: reggie_progress_callback,
    registration: Registration,
) -> Option<ProgressCallback> {
    let callback = callback?;
    Some(Arc::new(move |snapshot| {
        let progress = reggie_progress {
            core: snapshot.clone(),
            item: snapshot.item.clone().map(reggie_descriptor::new),
            strings: Strings::default(),
        };
        let userdata = registration.userdata();
        // SAFETY: the caller registered them together; the event outlives the call.
        let value = guard::outside(|| unsafe { callback(userdata, &raw const progress) });
        callback::result(Kind::ProgressCallback, "progress", value)
    }))
}

/// A number of an event.
fn number<T>(
    progress: Option<&reggie_progress>,
    otherwise: T,
    get: impl FnOnce(&Snapshot) -> T,
) -> T
where
    T: Copy,
{
    guard::value(otherwise, || {
        progress.map_or(otherwise, |progress| get(&progress.core))
    })
}

/// Returns the event: REGGIE_PROGRESS_BEGIN or one of those after it.
///
/// More may be added. Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_event(progress: Option<&reggie_progress>) -> c_int {
    number(progress, 0, |core| match core.event {
        Event::Begin => REGGIE_PROGRESS_BEGIN,
        Event::Move => REGGIE_PROGRESS_MOVE,
        Event::Wait => REGGIE_PROGRESS_WAIT,
        Event::Restart => REGGIE_PROGRESS_RESTART,
        Event::End => REGGIE_PROGRESS_END,
        Event::Skip => REGGIE_PROGRESS_SKIP,
        Event::Fail => REGGIE_PROGRESS_FAIL,
        Event::Done => REGGIE_PROGRESS_DONE,
    })
}

/// Returns the phase: REGGIE_PHASE_CHECK or one of those after it.
///
/// More may be added. Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_phase(progress: Option<&reggie_progress>) -> c_int {
    number(progress, 0, |core| match core.phase {
        Phase::Check => REGGIE_PHASE_CHECK,
        Phase::Pull => REGGIE_PHASE_PULL,
        Phase::Push => REGGIE_PHASE_PUSH,
        Phase::Commit => REGGIE_PHASE_COMMIT,
        Phase::Retry => REGGIE_PHASE_RETRY,
        Phase::Lock => REGGIE_PHASE_LOCK,
    })
}

/// Returns the number of the content, such as its line on a terminal.
///
/// Numbers start at 0, in the order in which transfers began. Before a transfer
/// has begun, REGGIE_PROGRESS_WAIT is about the whole call or item, as
/// REGGIE_PROGRESS_DONE may be; the number of such an event is 0. Returns 0 if
/// `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_number(progress: Option<&reggie_progress>) -> usize {
    number(progress, 0, |core| core.number)
}

/// Returns the index of the batch item that the content belongs to.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_index(progress: Option<&reggie_progress>) -> usize {
    number(progress, 0, |core| core.index)
}

/// Returns the descriptor of the content.
///
/// At REGGIE_PROGRESS_DONE, it is what the item or the call was about: a blob,
/// or the manifest with everything it refers to. Borrowed; valid until the
/// callback returns. Returns NULL if the digest is not known yet or if
/// `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_item(
    progress: Option<&reggie_progress>,
) -> *const reggie_descriptor {
    guard::value(ptr::null(), || {
        let item = progress.and_then(|progress| progress.item.as_ref());
        item.map_or(ptr::null(), ptr::from_ref)
    })
}

/// Returns a name for display.
///
/// It is the title, the name of the file, the tag, or the first characters of
/// the digest. Borrowed; valid until the callback returns. Returns "" if
/// `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_name(progress: Option<&reggie_progress>) -> *const c_char {
    guard::value(c"".as_ptr(), || {
        progress.map_or(c"".as_ptr(), |progress| {
            progress.strings.lend(&progress.core.name)
        })
    })
}

/// Returns how many bytes of the content are in place.
///
/// Decreases only at REGGIE_PROGRESS_RESTART; bytes that are sent or fetched
/// again are not counted again. Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_done(progress: Option<&reggie_progress>) -> u64 {
    number(progress, 0, |core| core.done)
}

/// Returns the size of the content in bytes.
///
/// Returns REGGIE_UNKNOWN_SIZE if unknown or if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_total(progress: Option<&reggie_progress>) -> u64 {
    number(progress, REGGIE_UNKNOWN_SIZE, |core| {
        core.total.unwrap_or(REGGIE_UNKNOWN_SIZE)
    })
}

/// Returns how many bytes of the content were in place before the call.
///
/// It is 0 at REGGIE_PROGRESS_BEGIN, before the partial file or the upload is
/// examined; reggie_progress_done() then increases by the same amount. Both are 0
/// again at REGGIE_PROGRESS_RESTART.
///
/// Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_resumed(progress: Option<&reggie_progress>) -> u64 {
    number(progress, 0, |core| core.resumed)
}

/// Returns the time until the next retry in milliseconds.
///
/// Returns 0 if not waiting for a retry or if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_wait_ms(progress: Option<&reggie_progress>) -> i64 {
    number(progress, 0, |core| convert::milliseconds(core.wait))
}

/// Returns how many bytes of all content are in place, with those of skipped content.
///
/// Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_all_done(progress: Option<&reggie_progress>) -> u64 {
    number(progress, 0, |core| core.totals.done)
}

/// Returns the size of all content known so far, in bytes.
///
/// It grows as content is found, so that a percentage may fall. Content of unknown
/// size is ignored. In a batch, content that several items share counts for each.
///
/// Returns 0 if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_all_total(progress: Option<&reggie_progress>) -> u64 {
    number(progress, 0, |core| core.totals.total)
}

/// Returns the number of batch items that are done, successful or not.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_items_done(progress: Option<&reggie_progress>) -> usize {
    number(progress, 0, |core| core.totals.items_done)
}

/// Returns the number of items in the batch.
///
/// Returns 0 for calls other than batches or if `progress` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_progress_items(progress: Option<&reggie_progress>) -> usize {
    number(progress, 0, |core| core.totals.items)
}
