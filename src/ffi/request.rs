//! The request: the handle, and the parts of its URL.

use std::ffi::{c_char, c_int};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{mem, ptr};

use super::client::reggie_client;
use super::convert::Out;
use super::error_handle::{ErrorOut, reggie_error};
use super::guard::HasLog;
use super::headers::reggie_headers;
use super::request_state::RequestState;
use super::slot::Slot;
use super::status::reggie_status;
use super::strings::Strings;
use super::{convert, guard, slot};
use crate::error::Error;
use crate::log::{Log, WeakLog};
use crate::request::Request;
use crate::request::response::Response;

/// A request: method, path, headers, body, and the output of the response body.
///
/// Created by reggie_request_new(); freed by reggie_request_free(). It may be
/// sent any number of times, and by other clients of the same registry.
/// Changing and sending it is not safe for concurrent use; reading it is. Its
/// strings are borrowed; valid until the request is changed, sent or freed, or,
/// in its challenge callback, until the callback changes the request or
/// returns.
///
/// While it is being sent, functions that change or send it return REGGIE_BUSY,
/// getters return what they return for NULL, and reggie_request_free() does
/// nothing, so that the request must be freed later. Its challenge callback may
/// do anything with it except send or free it.
pub struct reggie_request {
    state: Arc<Slot<RequestState>>,
    headers: reggie_headers,
    log: WeakLog,
    sending: AtomicBool,
}

impl reggie_request {
    fn new(core: Request, log: WeakLog) -> reggie_request {
        let state = Arc::new(Slot::new(RequestState::new(core)));
        reggie_request {
            headers: reggie_headers::of_request(Arc::clone(&state), log.clone()),
            state,
            log,
            sending: AtomicBool::new(false),
        }
    }

    /// Changes the request.
    pub(super) fn change<R>(
        &self,
        change: impl FnOnce(&mut Request) -> Result<R, Error>,
    ) -> Result<R, Error> {
        self.state.change(change)
    }

    /// Sends the request, which is out of the handle meanwhile, except in its
    /// challenge callback.
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

    /// Runs a challenge callback, for which the request that is being sent is
    /// in the handle.
    pub(super) fn with_core_inside(
        &self,
        core: &mut Request,
        callback: impl FnOnce() -> c_int,
    ) -> Result<c_int, Error> {
        // The core needs a request meanwhile.
        let stand_in = Request::new(&core.address, None, "GET", "/")?;
        self.state
            .put(Box::new(RequestState::new(mem::replace(core, stand_in))));
        let value = callback();
        // Missing only if another thread changes it, which is not allowed.
        *core = self.state.take().ok_or_else(|| slot::busy("request"))?.core;
        Ok(value)
    }

    /// Looks at the request; `None` while a call uses it.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Request, &Strings) -> R) -> Option<R> {
        self.state.look(|state| look(&state.core, &state.strings))
    }
}

impl HasLog for reggie_request {
    fn log(&self) -> Option<Log> {
        self.log.upgrade()
    }
}

/// Marks the request as no longer being sent when dropped.
struct Sending<'a>(&'a AtomicBool);

impl Drop for Sending<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Creates a request.
///
/// `method` is a token (RFC 9110, section 9.1), such as REGGIE_GET. It is
/// case-sensitive. CONNECT is not allowed. `path` begins with "/" and is
/// appended to the client's address; or it is a full http or https URL, which
/// is used unchanged; credentials are sent only to the client's registry. When
/// the request is sent, these placeholders in the path are replaced: `<name>`,
/// `<reference>`, `<digest>` and `<session_id>`. A path without placeholders,
/// such as the result of reggie_response_relative_location(), is sent
/// unchanged.
///
/// On REGGIE_OK, `request` must be freed with reggie_request_free(). It has a
/// copy of the client's default name and remains valid after the client is
/// freed. Otherwise returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_INVALID_PATH.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_new(
    client: Option<&reggie_client>,
    method: *const c_char,
    path: *const c_char,
    request: *mut *mut reggie_request,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(client, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let request = unsafe { Out::handle(request, "request") }?;
        let client = convert::required(client, "client")?;
        // SAFETY: the caller's string, or NULL.
        let method = unsafe { convert::text(method, "method") }?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::text(path, "path") }?;
        let core = client.core().request(method, path)?;
        let log = client.core().log().downgrade();
        request.give(reggie_request::new(core, log));
        Ok(())
    })
}

/// Frees a request and the userdata of its callbacks. NULL and requests that
/// are being sent are ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_free(request: *mut reggie_request) {
    guard::value((), || {
        // SAFETY: the caller's handle, or NULL.
        let Some(handle) = (unsafe { request.as_ref() }) else {
            return;
        };
        if handle.sending.load(Ordering::Acquire) {
            return;
        }
        // Frees the userdata while the handle is still valid.
        if handle.state.take().is_some() {
            // SAFETY: handles come from `Box::into_raw`, and this one is not in use.
            drop(unsafe { Box::from_raw(request) });
        }
    });
}

/// Sets the method; see reggie_request_new().
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_METHOD or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_method(
    request: *mut reggie_request,
    method: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let method = unsafe { convert::text(method, "method") }?;
        request.change(|core| core.set_method(method))
    })
}

/// Returns the method. Borrowed. Returns NULL if `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_method(request: Option<&reggie_request>) -> *const c_char {
    string(request, |core| Some(core.method()))
}

/// Sets the path; see reggie_request_new(). Query parameters are kept.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_PATH or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_path(
    request: *mut reggie_request,
    path: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let path = unsafe { convert::text(path, "path") }?;
        request.change(|core| core.set_path(path))
    })
}

/// Returns the path as it was set, with its placeholders. Borrowed. Returns
/// NULL if `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_path(request: Option<&reggie_request>) -> *const c_char {
    string(request, |core| Some(core.path()))
}

/// Sets the repository name that replaces `<name>`, such as "myorg/myrepo".
/// Overrides the client's default name.
///
/// It may contain slashes. Empty values and segments, the segments "." and
/// "..", control characters, whitespace, and the characters ? # % < > \ and "
/// are invalid here and in the values of the other placeholders.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_NAME or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_name(
    request: *mut reggie_request,
    name: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        request.change(|core| core.set_name(name))
    })
}

/// Returns the repository name: the request's own, or the client's default name
/// at the time the request was created.
///
/// Borrowed. Returns NULL if there is none or `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_name(request: Option<&reggie_request>) -> *const c_char {
    string(request, Request::name)
}

/// Sets the tag or digest that replaces `<reference>`, such as "latest".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_REFERENCE or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_reference(
    request: *mut reggie_request,
    reference: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let reference = unsafe { convert::text(reference, "reference") }?;
        request.change(|core| core.set_reference(reference))
    })
}

/// Returns the reference. Borrowed. Returns NULL if it is not set or `request`
/// is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_reference(request: Option<&reggie_request>) -> *const c_char {
    string(request, Request::reference)
}

/// Sets the digest that replaces `<digest>`, such as "sha256:e3b0c442...".
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_DIGEST or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_digest(
    request: *mut reggie_request,
    digest: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let digest = unsafe { convert::text(digest, "digest") }?;
        request.change(|core| core.set_digest(digest))
    })
}

/// Returns the digest. Borrowed. Returns NULL if it is not set or `request` is
/// NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_digest(request: Option<&reggie_request>) -> *const c_char {
    string(request, Request::digest)
}

/// Sets the session ID of an upload, which replaces `<session_id>`.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_SESSION_ID or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_session_id(
    request: *mut reggie_request,
    session_id: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let session_id = unsafe { convert::text(session_id, "session_id") }?;
        request.change(|core| core.set_session_id(session_id))
    })
}

/// Returns the session ID. Borrowed. Returns NULL if it is not set or `request`
/// is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_session_id(request: Option<&reggie_request>) -> *const c_char {
    string(request, Request::session_id)
}

/// Sets a header, replacing all fields with that name. The same as
/// reggie_headers_set() on reggie_request_headers().
///
/// `name` is a token (RFC 9110, section 5.1); it is sent as it is spelled.
/// `value` consists of bytes without control characters other than tab, and
/// neither begins nor ends with whitespace; it may be empty. Transfer-Encoding
/// and Expect cannot be set; Content-Length must match the body. Authorization
/// is replaced after a challenge. It is sent only to the client's registry, not
/// to a redirect target or a URL at another origin; so are all headers that the
/// log hides: Cookie, X-Api-Key and others whose names contain words such as
/// token, secret, password, auth, key or session, and values that begin with
/// Basic or Bearer or contain a secret of the client.
///
/// Returns REGGIE_OK, REGGIE_NULL_ARGUMENT, REGGIE_INVALID_UTF8,
/// REGGIE_INVALID_HEADER or REGGIE_BUSY.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_set_header(
    request: *mut reggie_request,
    name: *const c_char,
    value: *const c_char,
) -> reggie_status {
    // SAFETY: the caller's handle, or NULL.
    let request = unsafe { request.as_ref() };
    guard::logged_status(request, || {
        let request = convert::required(request, "request")?;
        // SAFETY: the caller's string, or NULL.
        let name = unsafe { convert::text(name, "name") }?;
        // SAFETY: the caller's string, or NULL.
        let value = unsafe { convert::bytes(value, "value") }?;
        request.change(|core| core.set_header(name, value))
    })
}

/// Returns the headers that were set, without those that the library adds. They
/// can be changed.
///
/// Borrowed. Returns NULL if `request` is NULL.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_request_headers(request: Option<&reggie_request>) -> *mut reggie_headers {
    guard::value(ptr::null_mut(), || {
        request.map_or(ptr::null_mut(), |request| {
            // Changes go through the locks inside.
            ptr::from_ref(&request.headers).cast_mut()
        })
    })
}

/// Returns the URL of the request, with placeholders replaced and query
/// parameters appended.
///
/// On REGGIE_OK, `url` must be freed with reggie_string_free(). Otherwise
/// returns REGGIE_NULL_ARGUMENT, REGGIE_INVALID_PATH, REGGIE_MISSING_VALUE if a
/// placeholder has no value, or REGGIE_BUSY.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_request_url(
    request: Option<&reggie_request>,
    url: *mut *mut c_char,
    error: *mut *mut reggie_error,
) -> reggie_status {
    // SAFETY: the caller's out-pointer, or NULL.
    let error = unsafe { ErrorOut::new(error) };
    guard::logged_call(request, error, || {
        // SAFETY: the caller's out-pointer, or NULL.
        let url = unsafe { Out::handle(url, "url") }?;
        let request = convert::required(request, "request")?;
        let text = request
            .look(|core, _| core.url())
            .unwrap_or_else(|| Err(slot::busy("request")))?;
        url.give_text(text);
        Ok(())
    })
}

fn string(request: Option<&reggie_request>, field: fn(&Request) -> Option<&str>) -> *const c_char {
    guard::value(ptr::null(), || {
        request
            .and_then(|request| request.look(|core, strings| strings.lend_if_any(field(core))))
            .unwrap_or(ptr::null())
    })
}
