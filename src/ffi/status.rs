//! Statuses and the numbers that stand for something.

use std::ffi::{CStr, CString, c_char, c_int};

use super::guard;
use crate::error::Kind;
use crate::log::Level;

/// What a function returns that can fail: REGGIE_OK or what went wrong. New
/// statuses may come, so a switch over them needs a default; none ever gets
/// another number. Those from 1 on tell of arguments, from 101 on of this side
/// of the network, from 201 on of callbacks, from 301 on of the network, and
/// from 1001 on of registries and token servers.
pub type reggie_status = i32;

/// No failure.
pub const REGGIE_OK: reggie_status = 0;
/// A required argument is NULL.
pub const REGGIE_NULL_ARGUMENT: reggie_status = 1;
/// A text is not valid UTF-8.
pub const REGGIE_INVALID_UTF8: reggie_status = 2;
/// An argument is empty, out of range or otherwise of no use.
pub const REGGIE_INVALID_ARGUMENT: reggie_status = 3;
/// The registry's address cannot be used.
pub const REGGIE_INVALID_ADDRESS: reggie_status = 4;
/// The method is not a token (RFC 9110, section 9.1).
pub const REGGIE_INVALID_METHOD: reggie_status = 5;
/// The path or URL of a request cannot be sent.
pub const REGGIE_INVALID_PATH: reggie_status = 6;
/// The name or value of a header cannot be sent.
pub const REGGIE_INVALID_HEADER: reggie_status = 7;
/// A name, reference, digest or session id has something in it that is refused.
pub const REGGIE_INVALID_VALUE: reggie_status = 8;
/// A placeholder of the path has no value.
pub const REGGIE_MISSING_VALUE: reggie_status = 9;
/// User name, password or scope cannot be used.
pub const REGGIE_INVALID_CREDENTIALS: reggie_status = 10;
/// The handle is in use by a call that has not returned.
pub const REGGIE_BUSY: reggie_status = 11;
/// The digest algorithm is not known.
pub const REGGIE_UNKNOWN_ALGORITHM: reggie_status = 12;
/// A Content-Length that was set differs from the body's length.
pub const REGGIE_LENGTH_MISMATCH: reggie_status = 13;
/// A file of certificates cannot be read or holds none.
pub const REGGIE_INVALID_CERTIFICATES: reggie_status = 14;
/// There is not enough memory.
pub const REGGIE_NO_MEMORY: reggie_status = 101;
/// A defect of the library was caught. Handles stay valid; the outcome of the
/// call is not known.
pub const REGGIE_PANIC: reggie_status = 102;
/// A local file or descriptor failed; the error has the errno.
pub const REGGIE_FILE: reggie_status = 103;
/// The body must be sent again and cannot be read again.
pub const REGGIE_BODY_NOT_REWINDABLE: reggie_status = 104;
/// The body of a request is shorter or longer than was said.
pub const REGGIE_BODY_LENGTH: reggie_status = 105;
/// The body of a response is larger than what may be kept in memory.
pub const REGGIE_BODY_TOO_LARGE: reggie_status = 106;
/// The call was cancelled by reggie_cancel_trigger().
pub const REGGIE_CANCELLED: reggie_status = 107;
/// The call took longer than it was given as a whole.
pub const REGGIE_DEADLINE: reggie_status = 109;
/// The retry callback stopped the call.
pub const REGGIE_RETRY_CALLBACK: reggie_status = 201;
/// The read callback of a body stopped the call.
pub const REGGIE_READ_CALLBACK: reggie_status = 202;
/// The rewind callback of a body stopped the call.
pub const REGGIE_REWIND_CALLBACK: reggie_status = 203;
/// The write callback of a response stopped the call.
pub const REGGIE_WRITE_CALLBACK: reggie_status = 204;
/// A callback reported something impossible.
pub const REGGIE_CALLBACK_MISUSE: reggie_status = 205;
/// The redirect callback stopped the call.
pub const REGGIE_REDIRECT_CALLBACK: reggie_status = 208;
/// The callback at a send or at an answer stopped the call.
pub const REGGIE_HOOK_CALLBACK: reggie_status = 209;
/// The realm callback stopped the call.
pub const REGGIE_REALM_CALLBACK: reggie_status = 211;
/// The host's name was not resolved.
pub const REGGIE_RESOLVE: reggie_status = 301;
/// No connection was made.
pub const REGGIE_CONNECT: reggie_status = 302;
/// TLS failed, in its handshake or later.
pub const REGGIE_TLS: reggie_status = 303;
/// The server's certificate is not trusted.
pub const REGGIE_CERTIFICATE: reggie_status = 304;
/// The request was not sent whole.
pub const REGGIE_SEND: reggie_status = 305;
/// The answer was not received whole.
pub const REGGIE_RECEIVE: reggie_status = 306;
/// The server closed the connection without an answer.
pub const REGGIE_CLOSED: reggie_status = 307;
/// The body of a response ended before its announced length.
pub const REGGIE_TRUNCATED: reggie_status = 308;
/// What the server sent is not HTTP/1.1 that can be understood.
pub const REGGIE_PROTOCOL: reggie_status = 309;
/// A step took longer than its time limit, or a transfer did not move.
pub const REGGIE_TIMEOUT: reggie_status = 310;
/// There are more redirects than are followed.
pub const REGGIE_TOO_MANY_REDIRECTS: reggie_status = 1001;
/// A redirect is not followed, for the reason that the message tells.
pub const REGGIE_REDIRECT_REFUSED: reggie_status = 1002;
/// The token server refused, or what it answered cannot be used.
pub const REGGIE_TOKEN_REFUSED: reggie_status = 1003;
/// The body of the response holds no error list of the registry.
pub const REGGIE_NO_ERRORS: reggie_status = 1004;
/// The registry names a token server that the credentials may not go to.
pub const REGGIE_REALM_REFUSED: reggie_status = 1006;
/// The HTTP status is not a 2xx; only reggie_response_check() returns this.
pub const REGGIE_HTTP_STATUS: reggie_status = 1007;

/// A level of the log: something failed.
pub const REGGIE_LOG_ERROR: c_int = 1;
/// A level of the log: something may be wrong.
pub const REGGIE_LOG_WARNING: c_int = 2;
/// A level of the log: what the client does by itself, such as asking for a token.
pub const REGGIE_LOG_INFO: c_int = 3;
/// A level of the log: every request and response.
pub const REGGIE_LOG_DEBUG: c_int = 4;

/// The length of a body, where it is not known.
pub const REGGIE_UNKNOWN_SIZE: u64 = u64::MAX;

/// The level that a number of C stands for.
pub(super) fn level(number: c_int) -> Option<Level> {
    match number {
        REGGIE_LOG_ERROR => Some(Level::Error),
        REGGIE_LOG_WARNING => Some(Level::Warning),
        REGGIE_LOG_INFO => Some(Level::Info),
        REGGIE_LOG_DEBUG => Some(Level::Debug),
        _ => None,
    }
}

/// A length of C's, which has a number for the unknown one.
pub(super) fn known_size(size: u64) -> Option<u64> {
    (size != REGGIE_UNKNOWN_SIZE).then_some(size)
}

/// What a status means, in a few words.
///
/// Returns a text that is never freed and never NULL, also for numbers that
/// are no status.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_status_string(status: reggie_status) -> *const c_char {
    guard::value(c"".as_ptr(), || words(status).as_ptr())
}

fn words(status: reggie_status) -> &'static CStr {
    match status {
        REGGIE_OK => c"no failure",
        REGGIE_NULL_ARGUMENT => c"required argument is NULL",
        REGGIE_INVALID_UTF8 => c"text is not valid UTF-8",
        REGGIE_INVALID_ARGUMENT => c"argument cannot be used",
        REGGIE_INVALID_ADDRESS => c"registry address cannot be used",
        REGGIE_INVALID_METHOD => c"method cannot be sent",
        REGGIE_INVALID_PATH => c"path cannot be sent",
        REGGIE_INVALID_HEADER => c"header cannot be sent",
        REGGIE_INVALID_VALUE => c"name, reference, digest or session id cannot be sent",
        REGGIE_MISSING_VALUE => c"placeholder of the path has no value",
        REGGIE_INVALID_CREDENTIALS => c"user name, password or scope cannot be used",
        REGGIE_BUSY => c"handle is in use by another call",
        REGGIE_UNKNOWN_ALGORITHM => c"digest algorithm is not known",
        REGGIE_LENGTH_MISMATCH => c"Content-Length differs from the body",
        REGGIE_INVALID_CERTIFICATES => c"certificate file cannot be used",
        REGGIE_NO_MEMORY => c"out of memory",
        REGGIE_PANIC => c"defect in libreggie",
        REGGIE_FILE => c"local file or descriptor failed",
        REGGIE_BODY_NOT_REWINDABLE => c"request body cannot be sent again",
        REGGIE_BODY_LENGTH => c"request body has another length than was said",
        REGGIE_BODY_TOO_LARGE => c"response body is too large to be kept in memory",
        REGGIE_CANCELLED => c"call was cancelled",
        REGGIE_DEADLINE => c"call took longer than it was given",
        REGGIE_RETRY_CALLBACK => c"stopped by the retry callback",
        REGGIE_READ_CALLBACK => c"stopped by the read callback",
        REGGIE_REWIND_CALLBACK => c"stopped by the rewind callback",
        REGGIE_WRITE_CALLBACK => c"stopped by the write callback",
        REGGIE_CALLBACK_MISUSE => c"callback reported something impossible",
        REGGIE_REDIRECT_CALLBACK => c"redirect callback stopped the call",
        REGGIE_HOOK_CALLBACK => c"callback at a send or an answer stopped the call",
        REGGIE_REALM_CALLBACK => c"realm callback stopped the call",
        REGGIE_RESOLVE => c"host name was not resolved",
        REGGIE_CONNECT => c"no connection was made",
        REGGIE_TLS => c"TLS failed",
        REGGIE_CERTIFICATE => c"server certificate is not trusted",
        REGGIE_SEND => c"request was not sent whole",
        REGGIE_RECEIVE => c"answer was not received whole",
        REGGIE_CLOSED => c"connection was closed without an answer",
        REGGIE_TRUNCATED => c"response body ended early",
        REGGIE_TIMEOUT => c"step took too long",
        REGGIE_PROTOCOL => c"answer is not HTTP/1.1 that can be understood",
        REGGIE_TOO_MANY_REDIRECTS => c"too many redirects",
        REGGIE_REDIRECT_REFUSED => c"redirect is not followed",
        REGGIE_TOKEN_REFUSED => c"token server refused, or its answer cannot be used",
        REGGIE_NO_ERRORS => c"response holds no error list",
        REGGIE_REALM_REFUSED => c"token server is none that the credentials may go to",
        REGGIE_HTTP_STATUS => c"HTTP status is not a 2xx",
        _ => c"unknown status",
    }
}

/// Frees a text that a function gave through an out-pointer. NULL is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reggie_string_free(string: *mut c_char) {
    guard::value((), || {
        if !string.is_null() {
            // SAFETY: such texts come from `CString::into_raw` alone.
            drop(unsafe { CString::from_raw(string) });
        }
    });
}

/// The status of a kind of failure. It is its number; the match makes sure
/// that each kind has a status here.
pub(super) const fn of(kind: Kind) -> reggie_status {
    match kind {
        Kind::NullArgument => REGGIE_NULL_ARGUMENT,
        Kind::InvalidUtf8 => REGGIE_INVALID_UTF8,
        Kind::InvalidArgument => REGGIE_INVALID_ARGUMENT,
        Kind::InvalidAddress => REGGIE_INVALID_ADDRESS,
        Kind::InvalidMethod => REGGIE_INVALID_METHOD,
        Kind::InvalidPath => REGGIE_INVALID_PATH,
        Kind::InvalidHeader => REGGIE_INVALID_HEADER,
        Kind::InvalidValue => REGGIE_INVALID_VALUE,
        Kind::MissingValue => REGGIE_MISSING_VALUE,
        Kind::InvalidCredentials => REGGIE_INVALID_CREDENTIALS,
        Kind::Busy => REGGIE_BUSY,
        Kind::UnknownAlgorithm => REGGIE_UNKNOWN_ALGORITHM,
        Kind::LengthMismatch => REGGIE_LENGTH_MISMATCH,
        Kind::InvalidCertificates => REGGIE_INVALID_CERTIFICATES,
        Kind::NoMemory => REGGIE_NO_MEMORY,
        Kind::Panic => REGGIE_PANIC,
        Kind::File => REGGIE_FILE,
        Kind::BodyNotRewindable => REGGIE_BODY_NOT_REWINDABLE,
        Kind::BodyLength => REGGIE_BODY_LENGTH,
        Kind::BodyTooLarge => REGGIE_BODY_TOO_LARGE,
        Kind::Cancelled => REGGIE_CANCELLED,
        Kind::Deadline => REGGIE_DEADLINE,
        Kind::RetryCallback => REGGIE_RETRY_CALLBACK,
        Kind::ReadCallback => REGGIE_READ_CALLBACK,
        Kind::RewindCallback => REGGIE_REWIND_CALLBACK,
        Kind::WriteCallback => REGGIE_WRITE_CALLBACK,
        Kind::CallbackMisuse => REGGIE_CALLBACK_MISUSE,
        Kind::RedirectCallback => REGGIE_REDIRECT_CALLBACK,
        Kind::HookCallback => REGGIE_HOOK_CALLBACK,
        Kind::RealmCallback => REGGIE_REALM_CALLBACK,
        Kind::Resolve => REGGIE_RESOLVE,
        Kind::Connect => REGGIE_CONNECT,
        Kind::Tls => REGGIE_TLS,
        Kind::Certificate => REGGIE_CERTIFICATE,
        Kind::Send => REGGIE_SEND,
        Kind::Receive => REGGIE_RECEIVE,
        Kind::Closed => REGGIE_CLOSED,
        Kind::Truncated => REGGIE_TRUNCATED,
        Kind::Protocol => REGGIE_PROTOCOL,
        Kind::Timeout => REGGIE_TIMEOUT,
        Kind::TooManyRedirects => REGGIE_TOO_MANY_REDIRECTS,
        Kind::RedirectRefused => REGGIE_REDIRECT_REFUSED,
        Kind::TokenRefused => REGGIE_TOKEN_REFUSED,
        Kind::NoErrors => REGGIE_NO_ERRORS,
        Kind::RealmRefused => REGGIE_REALM_REFUSED,
        Kind::HttpStatus => REGGIE_HTTP_STATUS,
    }
}
