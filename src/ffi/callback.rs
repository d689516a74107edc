//! Functions of the caller's that the core calls.

use std::ffi::{c_char, c_int, c_void};
use std::slice;
use std::sync::Arc;

use super::request::reggie_request;
use super::status::{REGGIE_OK, REGGIE_UNKNOWN_SIZE, reggie_status};
use super::{convert, guard, status};
use crate::body::output::WriteSink;
use crate::body::{BorrowedBytes, ReadSource};
use crate::config::CertificateCallback;
use crate::config::retry::RetryCondition;
use crate::config::warning::WarningCallback;
use crate::error::{Error, Kind, Step};
use crate::log::LogCallback;
use crate::os::transfer::TransferCallback;
use crate::request::RetryCallback;

/// Frees a userdata. It is called exactly once for each registration, with
/// NULL too if the userdata is NULL: when another registration takes its
/// place, when the last handle that holds it is freed, or, when the
/// registration fails, before the function that registers returns. It runs on
/// whichever thread does that.
pub type reggie_free_callback = Option<unsafe extern "C-unwind" fn(userdata: *mut c_void)>;

/// Receives an entry of the log: its level, REGGIE_LOG_ERROR and so on, and
/// its message, which is valid during the call, may have several lines and
/// ends without a line feed. It may run at once on all threads that use the
/// client.
pub type reggie_log_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, level: c_int, message: *const c_char),
>;

/// Supplies the body of a request: writes up to `size` bytes to `buffer`,
/// whose bytes are 0 before, and their number to `got`, which is 0 before. A
/// number of 0 is the end of the body; one above `size` makes the call return
/// REGGIE_CALLBACK_MISUSE. Returns 0, or a value of its own to stop the call,
/// which then returns REGGIE_READ_CALLBACK.
pub type reggie_read_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        buffer: *mut c_void,
        size: usize,
        got: *mut usize,
    ) -> c_int,
>;

/// Makes the body of a request begin again with its first byte. Returns 0, or
/// a value of its own to stop the call, which then returns
/// REGGIE_REWIND_CALLBACK.
pub type reggie_rewind_callback =
    Option<unsafe extern "C-unwind" fn(userdata: *mut c_void) -> c_int>;

/// Receives the next `size` bytes of the body of a response, at least one.
/// Returns 0, or a value of its own to stop the call, which then returns
/// REGGIE_WRITE_CALLBACK.
pub type reggie_write_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, data: *const c_void, size: usize) -> c_int,
>;

/// Called when the server has answered a request with a challenge and before
/// the request is sent again with authorization. It may use all functions on
/// `request` but reggie_client_do(), reggie_client_open() and
/// reggie_request_free(): what it sets is sent. Returns 0, or a value of its
/// own to stop the call, which then returns REGGIE_RETRY_CALLBACK.
pub type reggie_retry_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, request: *mut reggie_request) -> c_int,
>;

/// Decides whether a request is sent again. It gets how often the request was
/// sent, from 1 on; its method; the HTTP status of the answer, 0 if there was
/// none; the failure, REGGIE_OK if there was an answer; and whether it would be
/// sent again, 1 or 0. That stands in `retry` too, which it may set to 1 or 0.
/// Texts are valid during the call. It may run at once on all threads that use
/// the client. Returns 0, or a value of its own to stop the call, which then
/// returns REGGIE_RETRY_CONDITION_CALLBACK.
pub type reggie_retry_condition_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        attempt: c_int,
        method: *const c_char,
        http_status: c_int,
        failure: reggie_status,
        would_retry: c_int,
        retry: *mut c_int,
    ) -> c_int,
>;

/// Reports how much of the body of a request was sent and how much of the body
/// of its response was received, in bytes. A total is REGGIE_UNKNOWN_SIZE if it
/// is unknown, and 0 if there is no body. All four start again when the request
/// is sent again. Return 0 to continue, nonzero to stop the call, which then
/// returns REGGIE_PROGRESS_CALLBACK.
pub type reggie_transfer_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        sent: u64,
        send_total: u64,
        received: u64,
        receive_total: u64,
    ) -> c_int,
>;

/// Receives a warning of a registry: the host and port that it came from, and
/// its text, on one line. Both are valid during the call. It may run at once on
/// all threads that use the client.
pub type reggie_warning_callback = Option<
    unsafe extern "C-unwind" fn(userdata: *mut c_void, host: *const c_char, text: *const c_char),
>;

/// Decides on the certificates of a server with TLS, in each handshake with
/// it, and so not for each request: a connection serves many.
///
/// `host` is the server's name or address, with its port where that is not
/// 443. `certificates` has `count` addresses, at least one, and `sizes` the
/// lengths of what is there: the server's certificate first, and what it sent
/// of the authorities above it, each in DER (RFC 5280). `refusal` is NULL where
/// the client would accept the certificate, or else says why it would not. All
/// are valid during the call.
///
/// Returns 0 to accept the certificate, whatever the client says of it, or a
/// value of its own to refuse it and stop the call, which then returns
/// REGGIE_CERTIFICATE_CALLBACK. It may run at once on all threads that use the
/// client.
pub type reggie_certificate_callback = Option<
    unsafe extern "C-unwind" fn(
        userdata: *mut c_void,
        host: *const c_char,
        certificates: *const *const u8,
        sizes: *const usize,
        count: usize,
        refusal: *const c_char,
    ) -> c_int,
>;

/// A userdata that was given to the library, and how it is freed. Made before
/// anything is checked, so that it is freed when the check fails.
pub(super) struct Registration {
    userdata: *mut c_void,
    free: reggie_free_callback,
}

// SAFETY: the pointer is only handed to functions of the caller, who is told
// that they may run on any thread.
unsafe impl Send for Registration {}
// SAFETY: as above; those of a config may run on several threads at once.
unsafe impl Sync for Registration {}

impl Registration {
    pub(super) fn new(userdata: *mut c_void, free: reggie_free_callback) -> Registration {
        Registration { userdata, free }
    }

    pub(super) fn userdata(&self) -> *mut c_void {
        self.userdata
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some(free) = self.free {
            // SAFETY: the caller gave them to be used together, this once.
            guard::outside(|| unsafe { free(self.userdata) });
        }
    }
}

/// The core's log callback; `None` where C gave none.
pub(super) fn log(
    callback: reggie_log_callback,
    registration: Registration,
) -> Option<LogCallback> {
    let callback = callback?;
    Some(Arc::new(move |level, message| {
        let message = convert::c_string(message);
        let userdata = registration.userdata();
        // SAFETY: the caller gave them to be used together; the text outlives the call.
        guard::outside(|| unsafe { callback(userdata, level as c_int, message.as_ptr()) });
    }))
}

/// The core's retry condition; `None` where C gave none.
pub(super) fn retry_condition(
    callback: reggie_retry_condition_callback,
    registration: Registration,
) -> Option<RetryCondition> {
    let callback = callback?;
    Some(Arc::new(move |question| {
        let userdata = registration.userdata();
        let attempt = c_int::try_from(question.attempt).unwrap_or(c_int::MAX);
        let method = convert::c_string(question.method);
        let http_status = c_int::from(question.http_status);
        let failure = question.failure.map_or(REGGIE_OK, status::of);
        let would_retry = c_int::from(question.would_retry);
        let mut retry = would_retry;
        let place = &raw mut retry;
        let ask = || {
            // SAFETY: the caller gave them to be used together; all outlives the call.
            unsafe {
                callback(
                    userdata,
                    attempt,
                    method.as_ptr(),
                    http_status,
                    failure,
                    would_retry,
                    place,
                )
            }
        };
        let value = guard::outside(ask);
        result(Kind::RetryConditionCallback, "retry condition", value)?;
        Ok(retry != 0)
    }))
}

/// The core's warning callback; `None` where C gave none.
pub(super) fn warning(
    callback: reggie_warning_callback,
    registration: Registration,
) -> Option<WarningCallback> {
    let callback = callback?;
    Some(Arc::new(move |host, text| {
        let (host, text) = (convert::c_string(host), convert::c_string(text));
        let userdata = registration.userdata();
        // SAFETY: the caller gave them to be used together; the texts outlive the call.
        guard::outside(|| unsafe { callback(userdata, host.as_ptr(), text.as_ptr()) });
    }))
}

/// The core's progress callback; `None` where C gave none.
pub(super) fn transfer(
    callback: reggie_transfer_callback,
    registration: Registration,
) -> Option<TransferCallback> {
    let callback = callback?;
    Some(Arc::new(move |transfer| {
        let userdata = registration.userdata();
        let [send_total, receive_total] = [transfer.send_total, transfer.receive_total]
            .map(|total| total.unwrap_or(REGGIE_UNKNOWN_SIZE));
        let (sent, received) = (transfer.sent, transfer.received);
        let report = || {
            // SAFETY: the caller gave them to be used together.
            unsafe { callback(userdata, sent, send_total, received, receive_total) }
        };
        result(Kind::ProgressCallback, "progress", guard::outside(report))
    }))
}

/// The core's certificate callback; `None` where C gave none.
pub(super) fn certificate(
    callback: reggie_certificate_callback,
    registration: Registration,
) -> Option<CertificateCallback> {
    let callback = callback?;
    Some(Arc::new(move |host, chain, refusal| {
        let host = convert::c_string(host);
        let refusal = refusal.map(convert::c_string);
        let addresses: Vec<*const u8> = chain.iter().map(|der| der.as_ptr()).collect();
        let sizes: Vec<usize> = chain.iter().map(|der| der.len()).collect();
        let refusal = convert::borrowed(refusal.as_ref());
        let userdata = registration.userdata();
        let (host, addresses, count) = (host.as_ptr(), addresses.as_ptr(), sizes.len());
        let sizes = sizes.as_ptr();
        // SAFETY: the caller gave them to be used together; all outlives the call.
        guard::outside(|| unsafe { callback(userdata, host, addresses, sizes, count, refusal) })
    }))
}

/// The core's retry callback on a request; `None` where C gave none.
pub(super) fn retry(
    callback: reggie_retry_callback,
    request: *mut reggie_request,
    registration: Registration,
) -> Option<RetryCallback> {
    let callback = callback?;
    let handle = Handle(request);
    Some(Arc::new(move |core| {
        let request = handle.pointer();
        let userdata = registration.userdata();
        // SAFETY: this runs while the request is sent, and so it is not freed.
        let shown = unsafe { &*request };
        let value = shown.with_core_inside(core, || {
            // SAFETY: the caller gave them to be used together.
            guard::outside(|| unsafe { callback(userdata, request) })
        })?;
        result(Kind::RetryCallback, "retry", value)
    }))
}

/// The address of the request that a retry callback was set on.
struct Handle(*mut reggie_request);

// SAFETY: what is behind it can be used from any thread.
unsafe impl Send for Handle {}
// SAFETY: as above.
unsafe impl Sync for Handle {}

impl Handle {
    fn pointer(&self) -> *mut reggie_request {
        self.0
    }
}

/// The body of a request, from callbacks.
pub(super) struct Source {
    read: unsafe extern "C-unwind" fn(*mut c_void, *mut c_void, usize, *mut usize) -> c_int,
    rewind: reggie_rewind_callback,
    registration: Registration,
}

impl Source {
    pub(super) fn new(
        read: reggie_read_callback,
        rewind: reggie_rewind_callback,
        registration: Registration,
    ) -> Result<Source, Error> {
        Ok(Source {
            read: convert::required(read, "read")?,
            rewind,
            registration,
        })
    }
}

impl ReadSource for Source {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let userdata = self.registration.userdata();
        let size = buffer.len();
        let place = buffer.as_mut_ptr().cast();
        let mut got = 0;
        // SAFETY: the caller gave them to be used together; the room is that large.
        let value = guard::outside(|| unsafe { (self.read)(userdata, place, size, &raw mut got) });
        result(Kind::ReadCallback, "read", value)?;
        if got > size {
            let message = format!("read callback: reported {got} bytes where {size} have room");
            return Err(Error::new(Kind::CallbackMisuse, message).at(Step::Send));
        }
        Ok(got)
    }

    fn rewind(&mut self) -> Result<(), Error> {
        let Some(rewind) = self.rewind else {
            let message = "the body must be sent again, and it has no rewind callback";
            return Err(Error::new(Kind::BodyNotRewindable, message));
        };
        let userdata = self.registration.userdata();
        // SAFETY: the caller gave them to be used together.
        let value = guard::outside(|| unsafe { rewind(userdata) });
        result(Kind::RewindCallback, "rewind", value)
    }

    fn can_rewind(&self) -> bool {
        self.rewind.is_some()
    }
}

/// The body of a request, in memory of the caller.
pub(super) struct Borrowed {
    bytes: *const u8,
    size: usize,
    /// Dropped when the bytes are no longer used.
    _registration: Registration,
}

// SAFETY: the caller is told that the bytes are read on any thread and do not
// change.
unsafe impl Send for Borrowed {}

impl Borrowed {
    /// # Safety
    ///
    /// `bytes` is NULL or has `size` bytes, which stay as they are until the
    /// registration is dropped.
    pub(super) unsafe fn new(
        bytes: *const u8,
        size: usize,
        registration: Registration,
    ) -> Result<Borrowed, Error> {
        // SAFETY: as above.
        let bytes = unsafe { convert::slice(bytes, size, "bytes") }?.as_ptr();
        Ok(Borrowed {
            bytes,
            size,
            _registration: registration,
        })
    }
}

impl BorrowedBytes for Borrowed {
    fn bytes(&self) -> &[u8] {
        // SAFETY: promised to `new`, where they were a slice.
        unsafe { slice::from_raw_parts(self.bytes, self.size) }
    }
}

/// The body of a response, to a callback.
pub(super) struct Sink {
    write: unsafe extern "C-unwind" fn(*mut c_void, *const c_void, usize) -> c_int,
    registration: Registration,
}

impl Sink {
    pub(super) fn new(
        write: reggie_write_callback,
        registration: Registration,
    ) -> Result<Sink, Error> {
        Ok(Sink {
            write: convert::required(write, "write")?,
            registration,
        })
    }
}

impl WriteSink for Sink {
    fn write(&mut self, piece: &[u8]) -> Result<(), Error> {
        let userdata = self.registration.userdata();
        let data = piece.as_ptr().cast();
        // SAFETY: the caller gave them to be used together; the piece is that large.
        let value = guard::outside(|| unsafe { (self.write)(userdata, data, piece.len()) });
        result(Kind::WriteCallback, "write", value)
    }
}

/// What the value that a callback returned means.
pub(super) fn result(kind: Kind, name: &str, value: c_int) -> Result<(), Error> {
    if value == 0 {
        return Ok(());
    }
    let message = format!("{name} callback: stopped the call with {value}");
    Err(Error::new(kind, message).with_callback_value(value))
}
