//! The request, as C sees it: the handle, and what makes up its URL.

use std::ffi::{CString, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, ptr};

use super::callback::{Registration, reggie_free_callback, reggie_retry_callback};
use super::client::reggie_client;
use super::convert::{Out, borrowed, c_string};
use super::error::{ErrorOut, reggie_error};
use super::pairs::Pairs;
use super::slot::Slot;
use super::status::reggie_status;
use super::{callback, convert, guard, slot};
use crate::error::Error;
use crate::request::Request;
use crate::request::response::Response;

/// A request: a method, a path, and what goes along.
///
/// reggie_request_new() makes one, reggie_request_free() frees it. It may be
/// sent any number of times, also by other clients of the same registry. One
/// thread at a time may change or send it, and several may read it at once.
///
/// Its getters give borrowed texts. They are valid until the request is
/// changed, sent or freed; those that a retry callback gets, until the callback
/// changes the request or returns.
///
/// While a call sends it, it is in use: functions that change or send it return
/// REGGIE_BUSY, getters their value for NULL, and to free it does nothing, so
/// that it leaks. In its retry callback all but sending and freeing works.
pub struct reggie_request {
    held: Slot<Held>,
    sending: AtomicBool,
}

/// What a call takes out of the handle.
struct Held {
    core: Request,
    /// What the getters gave: made when the first one is called, and dropped
    /// with the next change.
    texts: Option<Texts>,
}

pub(super) struct Texts {
    method: CString,
    path: CString,
    name: Option<CString>,
    reference: Option<CString>,
    digest: Option<CString>,
    session_id: Option<CString>,
    pub(super) headers: Pairs,
    pub(super) query: Pairs,
}

impl Texts {
    fn of(core: &Request) -> Texts {
        Texts {
            method: c_string(core.method()),
            path: c_string(core.path()),
            name: core.name().map(c_string),
            reference: core.reference().map(c_string),
            digest: core.digest().map(c_string),
            session_id: core.session_id().map(c_string),
            headers: Pairs::of_headers(core.headers()),
            query: Pairs::of_query(core.query()),
        }
    }
}

impl Held {
    fn new(core: Request) -> Held {
        Held { core, texts: None }
    }
}

impl reggie_request {
    fn new(core: Request) -> reggie_request {
        reggie_request {
            held: Slot::new(Held::new(core)),
            sending: AtomicBool::new(false),
        }
    }

    /// Changes the request, which is out of the handle meanwhile: what is
    /// dropped may call its owner back.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut Request) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.held.lend("request", |held| {
            held.texts = None;
            change(&mut held.core)
        })
    }

    /// Sends the request, which is out of the handle meanwhile, but for its
    /// retry callback.
    pub(super) fn send(
        &self,
        send: impl FnOnce(&mut Request) -> Result<Response, Error>,
    ) -> Result<Response, Error> {
        if self.sending.swap(true, Ordering::AcqRel) {
            return Err(slot::busy("request"));
        }
        let _sending = Sending(&self.sending);
        self.change(send)
    }

    /// Runs a retry callback, for which the request that is being sent is in
    /// the handle.
    pub(super) fn with_core_inside(
        &self,
        core: &mut Request,
        callback: impl FnOnce() -> c_int,
    ) -> Result<c_int, Error> {
        // Something has to be where the request was taken from.
        let stand_in = Request::new(&core.address, None, "GET", "/")?;
        self.held.put(Held::new(mem::replace(core, stand_in)));
        let value = callback();
        // Gone only if another thread changes it, which is not allowed.
        *core = self.held.take().ok_or_else(|| slot::busy("request"))?.core;
        Ok(value)
    }

    /// The texts of the getters; `None` while the request is in use.
    pub(super) fn texts<R>(&self, look: impl FnOnce(&Texts) -> R) -> Option<R> {
        self.held.look(|held| {
            let texts = held.texts.get_or_insert_with(|| Texts::of(&held.core));
            look(texts)
        })
    }
}

/// Ends the sending when dropped.
struct Sending<'a>(&'a AtomicBool);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Makes a request.
///
/// `method` is a token (RFC 9110, section 9.1), such as REGGIE_GET; its case
/// matters, and CONNECT is refused. `path` begins with "/" and is appended to
/// the client's address; or it is a whole http or https URL, which is taken as
/// it is, while credentials go to the client's own registry only. These
/// placeholders in it are replaced when the request is sent: <name>,
/// <reference>, <digest> and <session_id>. A path without them, such as one of
/// reggie_response_relative_location(), is sent as it is.
///
/// On REGGIE_OK, `request` is the caller's, who frees it with
/// reggie_request_free(); it has a copy of the client's default name and does
/// not need the client any more. Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_UTF8, REGGIE_INVALID_METHOD or REGGIE_INVALID_PATH.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_new(
    client: Option<&reggie_client>,
    method: *const c_char,
    path: *const c_char,
    request: *mut *mut reggie_request,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let request = unsafe { Out::handle(request, "request") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: a text of the caller's, or NULL.
        let method = unsafe { convert::text(method, "method") }?;
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::text(path, "path") }?;
        let core = client.core().request(method, path)?;
        request.give(reggie_request::new(core));
        Ok(())
    })
}

/// Frees a request and the userdata of its callbacks. NULL is ignored, and so
/// is a request that is being sent.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_free(request: *mut reggie_request) {
    guard::value((), || {
        // SAFETY: a handle of the caller's, or NULL.
        let Some(handle) = (unsafe { request.as_ref() }) else {
            return;
        };
        if handle.sending.load(Ordering::Acquire) {
            return;
        }
        // Frees the userdata while the handle is still one.
        if handle.held.take().is_some() {
            // SAFETY: handles come from `Box::into_raw`, and nobody uses this one.
            drop(unsafe { Box::from_raw(request) });
        }
    });
}

/// Sets the method, as for reggie_request_new().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_method(
    request: *mut reggie_request,
    method: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let method = unsafe { convert::text(method, "method") }?;
        request.change(|core| core.set_method(method))
    })
}

/// The method. Returns a borrowed text, NULL for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_method(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| Some(&texts.method))
}

/// Sets the path, as for reggie_request_new(). Query parameters that were set
/// stay.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_PATH or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let path = unsafe { convert::text(path, "path") }?;
        request.change(|core| core.set_path(path))
    })
}

/// The path as it was set, with its placeholders. Returns a borrowed text, NULL
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_path(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| Some(&texts.path))
}

/// Sets the repository that <name> means, such as "myorg/myrepo", in place of
/// the client's default name.
///
/// It may have slashes in it. Empty values and segments, the segments "." and
/// "..", control characters, white space and the characters ? # % < > \ and "
/// are refused, here and in the other values. Returns REGGIE_OK,
/// REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8, REGGIE_INVALID_VALUE or
/// REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_name(
    request: *mut reggie_request,
    name: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        request.change(|core| core.set_name(name))
    })
}

/// The repository that <name> means: the request's own, else the default name
/// that the client had when the request was made.
///
/// Returns a borrowed text; NULL if there is neither, and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_name(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| texts.name.as_ref())
}

/// Sets the tag or digest that <reference> means, such as "latest".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_reference(
    request: *mut reggie_request,
    reference: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let reference = unsafe { convert::text(reference, "reference") }?;
        request.change(|core| core.set_reference(reference))
    })
}

/// What <reference> means. Returns a borrowed text; NULL if it was not set, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_reference(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| texts.reference.as_ref())
}

/// Sets the digest that <digest> means, such as "sha256:e3b0c442...".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_digest(
    request: *mut reggie_request,
    digest: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        request.change(|core| core.set_digest(digest))
    })
}

/// What <digest> means. Returns a borrowed text; NULL if it was not set, and
/// for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_digest(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| texts.digest.as_ref())
}

/// Sets the upload session that <session_id> means.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_VALUE or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_session_id(
    request: *mut reggie_request,
    session_id: *const c_char,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        // SAFETY: a text of the caller's, or NULL.
        let session_id = unsafe { convert::text(session_id, "session_id") }?;
        request.change(|core| core.set_session_id(session_id))
    })
}

/// What <session_id> means. Returns a borrowed text; NULL if it was not set,
/// and for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_session_id(request: Option<&reggie_request>) -> *const c_char {
    text(request, |texts| texts.session_id.as_ref())
}

/// Gives the URL that the request goes to, its placeholders replaced and its
/// query parameters appended.
///
/// On REGGIE_OK, `url` is the caller's, who frees it with
/// reggie_string_free(). Otherwise returns REGGIE_NULL_ARGUMENT,
/// REGGIE_INVALID_PATH, REGGIE_MISSING_VALUE if a placeholder has no value, or
/// REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_url(
    request: Option<&reggie_request>,
    url: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: a place of the caller's, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::call(error, || {
        // SAFETY: a place of the caller's, or NULL.
        let url = unsafe { Out::handle(url, "url") }?;
        let request = convert::required(request, "request")?;
        let text = request
            .held
            .look(|held| held.core.url())
            .unwrap_or_else(|| Err(slot::busy("request")))?;
        url.give_text(text);
        Ok(())
    })
}

/// Sets what is called when the server has answered with a challenge, before
/// the request is sent again. A `callback` of NULL removes it, and frees
/// `userdata`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_retry_callback(
    request: *mut reggie_request,
    callback: reggie_retry_callback,
    userdata: *mut c_void,
    free_userdata: reggie_free_callback,
) -> reggie_status {
    guard::status(|| {
        let registration = Registration::new(userdata, free_userdata);
        let callback = callback::retry(callback, request, registration);
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_retry_callback(callback);
            Ok(())
        })
    })
}

/// Whether a challenge of the server is answered. If `follow` is 0, a 401 is
/// the answer. Unless set, 1.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_follow_challenge(
    request: *mut reggie_request,
    follow: c_int,
) -> reggie_status {
    guard::status(|| {
        // SAFETY: a handle of the caller's, or NULL.
        let request = unsafe { convert::handle(request, "request") }?;
        request.change(|core| {
            core.set_follow_challenge(follow != 0);
            Ok(())
        })
    })
}

fn text(request: Option<&reggie_request>, field: fn(&Texts) -> Option<&CString>) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.texts(|texts| borrowed(field(texts))))
            .unwrap_or(ptr::null())
    })
}
