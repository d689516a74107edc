//! Statuses and the numbers that stand for something.

use std::ffi::{CStr, CString, c_char, c_int};

use super::config_network::{REGGIE_IP_4, REGGIE_IP_6, REGGIE_IP_ANY};
use super::guard;
use crate::config::{IpVersion, TlsVersion};
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
/// Certificates to trust cannot be read, or are none.
pub const REGGIE_INVALID_CERTIFICATES: reggie_status = 14;
/// A proxy's URL cannot be used.
pub const REGGIE_INVALID_PROXY: reggie_status = 17;
/// A client certificate or its key cannot be used.
pub const REGGIE_INVALID_CLIENT_CERTIFICATE: reggie_status = 16;
/// A file of credentials cannot be read, or makes no sense.
pub const REGGIE_INVALID_CREDENTIALS_FILE: reggie_status = 18;
/// Invalid digest, or a digest of an unknown algorithm.
pub const REGGIE_INVALID_DIGEST: reggie_status = 20;
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
/// A credential helper failed, took too long, or answered nonsense.
pub const REGGIE_CREDENTIAL_HELPER: reggie_status = 110;
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
/// The certificate callback refused the server's certificate.
pub const REGGIE_CERTIFICATE_CALLBACK: reggie_status = 207;
/// The redirect callback stopped the call.
pub const REGGIE_REDIRECT_CALLBACK: reggie_status = 208;
/// The callback at a send or at an answer stopped the call.
pub const REGGIE_HOOK_CALLBACK: reggie_status = 209;
/// The realm callback stopped the call.
pub const REGGIE_REALM_CALLBACK: reggie_status = 211;
/// The retry condition stopped the call.
pub const REGGIE_RETRY_CONDITION_CALLBACK: reggie_status = 210;
/// The credential callback stopped the call.
pub const REGGIE_CREDENTIAL_CALLBACK: reggie_status = 212;
/// The progress callback stopped the call.
pub const REGGIE_PROGRESS_CALLBACK: reggie_status = 213;
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
/// The proxy refused, or does not speak as it has to; the error has its status.
pub const REGGIE_PROXY: reggie_status = 311;
/// A redirect or a challenge leads further into a network than the server that
/// sent it stands; reggie_config_add_allowed_network() tells.
pub const REGGIE_ADDRESS_REFUSED: reggie_status = 312;
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
/// The server asks to be left alone for longer than is waited; the error has
/// the time.
pub const REGGIE_RETRY_LATER: reggie_status = 1005;
/// The response has no such header, or one that cannot be read.
pub const REGGIE_NO_HEADER: reggie_status = 1007;
/// The HTTP status is not a 2xx; only reggie_response_check() returns this.
pub const REGGIE_HTTP_STATUS: reggie_status = 1008;
/// Received content that does not match the expected digest; see
/// reggie_request_set_expected_digest().
pub const REGGIE_DIGEST_MISMATCH: reggie_status = 1013;
/// A 206 response, which has only part of the content, where only a complete
/// body can be used: for an output path, or with an expected digest.
pub const REGGIE_PARTIAL_CONTENT: reggie_status = 1022;

/// A level of the log: something failed.
pub const REGGIE_LOG_ERROR: c_int = 1;
/// A level of the log: something may be wrong.
pub const REGGIE_LOG_WARNING: c_int = 2;
/// A level of the log: what the client does by itself, such as asking for a token.
pub const REGGIE_LOG_INFO: c_int = 3;
/// A level of the log: every request and response.
pub const REGGIE_LOG_DEBUG: c_int = 4;

/// A version of TLS: 1.2 (RFC 5246).
pub const REGGIE_TLS_1_2: c_int = 12;
/// A version of TLS: 1.3 (RFC 8446).
pub const REGGIE_TLS_1_3: c_int = 13;

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

/// The versions of IP that a number of C stands for.
pub(super) fn ip_version(number: c_int) -> Option<IpVersion> {
    match number {
        REGGIE_IP_ANY => Some(IpVersion::Any),
        REGGIE_IP_4 => Some(IpVersion::V4),
        REGGIE_IP_6 => Some(IpVersion::V6),
        _ => None,
    }
}

/// The version of TLS that a number of C stands for.
pub(super) fn tls_version(number: c_int) -> Option<TlsVersion> {
    match number {
        REGGIE_TLS_1_2 => Some(TlsVersion::Tls12),
        REGGIE_TLS_1_3 => Some(TlsVersion::Tls13),
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
        REGGIE_INVALID_PROXY => c"proxy URL cannot be used",
        REGGIE_INVALID_CERTIFICATES => c"certificates cannot be used",
        REGGIE_INVALID_CLIENT_CERTIFICATE => c"client certificate or its key cannot be used",
        REGGIE_INVALID_CREDENTIALS_FILE => c"credentials file cannot be used",
        REGGIE_INVALID_DIGEST => c"invalid digest",
        REGGIE_NO_MEMORY => c"out of memory",
        REGGIE_PANIC => c"defect in libreggie",
        REGGIE_FILE => c"local file or descriptor failed",
        REGGIE_BODY_NOT_REWINDABLE => c"request body cannot be sent again",
        REGGIE_BODY_LENGTH => c"request body has another length than was said",
        REGGIE_BODY_TOO_LARGE => c"response body is too large to be kept in memory",
        REGGIE_CANCELLED => c"call was cancelled",
        REGGIE_DEADLINE => c"call took longer than it was given",
        REGGIE_CREDENTIAL_HELPER => c"credential helper failed",
        REGGIE_RETRY_CALLBACK => c"stopped by the retry callback",
        REGGIE_READ_CALLBACK => c"stopped by the read callback",
        REGGIE_REWIND_CALLBACK => c"stopped by the rewind callback",
        REGGIE_WRITE_CALLBACK => c"stopped by the write callback",
        REGGIE_CALLBACK_MISUSE => c"callback reported something impossible",
        REGGIE_CERTIFICATE_CALLBACK => c"certificate refused by the certificate callback",
        REGGIE_REDIRECT_CALLBACK => c"redirect callback stopped the call",
        REGGIE_HOOK_CALLBACK => c"callback at a send or an answer stopped the call",
        REGGIE_REALM_CALLBACK => c"realm callback stopped the call",
        REGGIE_RETRY_CONDITION_CALLBACK => c"stopped by the retry condition",
        REGGIE_CREDENTIAL_CALLBACK => c"stopped by the credential callback",
        REGGIE_PROGRESS_CALLBACK => c"stopped by the progress callback",
        REGGIE_RESOLVE => c"host name was not resolved",
        REGGIE_CONNECT => c"no connection was made",
        REGGIE_TLS => c"TLS failed",
        REGGIE_CERTIFICATE => c"server certificate is not trusted",
        REGGIE_SEND => c"request was not sent whole",
        REGGIE_RECEIVE => c"answer was not received whole",
        REGGIE_CLOSED => c"connection was closed without an answer",
        REGGIE_TRUNCATED => c"response body ended early",
        REGGIE_TIMEOUT => c"step took too long",
        REGGIE_PROXY => c"proxy refused",
        REGGIE_ADDRESS_REFUSED => c"server leads to an address that it may not lead to",
        REGGIE_PROTOCOL => c"answer is not HTTP/1.1 that can be understood",
        REGGIE_TOO_MANY_REDIRECTS => c"too many redirects",
        REGGIE_REDIRECT_REFUSED => c"redirect is not followed",
        REGGIE_TOKEN_REFUSED => c"token server refused, or its answer cannot be used",
        REGGIE_NO_ERRORS => c"response holds no error list",
        REGGIE_REALM_REFUSED => c"token server is none that the credentials may go to",
        REGGIE_RETRY_LATER => c"server asks to be left alone for longer",
        REGGIE_NO_HEADER => c"response has no such header that can be read",
        REGGIE_HTTP_STATUS => c"HTTP status is not a 2xx",
        REGGIE_DIGEST_MISMATCH => c"content does not match the expected digest",
        REGGIE_PARTIAL_CONTENT => c"response has only part of the content",
        _ => c"unknown status",
    }
}

/// The errno of <errno.h> that is nearest to a status, for programs whose own
/// errors are such numbers. It is coarse: many statuses share one.
///
/// - 0: REGGIE_OK
/// - EINVAL: an argument that cannot be used, and a callback that reported
///   something impossible
/// - EILSEQ: REGGIE_INVALID_UTF8
/// - EBUSY: REGGIE_BUSY
/// - ENOTSUP: REGGIE_UNKNOWN_ALGORITHM
/// - ENOMEM: REGGIE_NO_MEMORY
/// - ENOTRECOVERABLE: REGGIE_PANIC
/// - ESPIPE: REGGIE_BODY_NOT_REWINDABLE
/// - EFBIG: REGGIE_BODY_TOO_LARGE
/// - ECANCELED: the call was cancelled, or a callback stopped it
/// - ETIMEDOUT: REGGIE_DEADLINE and REGGIE_TIMEOUT
/// - EHOSTUNREACH: REGGIE_RESOLVE
/// - ECONNREFUSED: REGGIE_CONNECT and REGGIE_PROXY
/// - ECONNRESET: a connection that ended early
/// - EPROTO: TLS that failed, and answers that cannot be understood
/// - EACCES: a certificate, redirect, address, token or realm that was refused
/// - ELOOP: REGGIE_TOO_MANY_REDIRECTS
/// - EAGAIN: REGGIE_RETRY_LATER
/// - ENODATA: REGGIE_NO_ERRORS and REGGIE_NO_HEADER
/// - EREMOTEIO: REGGIE_HTTP_STATUS
/// - EBADMSG: REGGIE_DIGEST_MISMATCH and REGGIE_PARTIAL_CONTENT
/// - EIO: REGGIE_FILE, REGGIE_BODY_LENGTH and REGGIE_CREDENTIAL_HELPER, and
///   numbers that are no status
///
/// reggie_error_errno() has what the system said, where it said something.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_status_to_errno(status: reggie_status) -> c_int {
    guard::value(libc::EIO, || errno(status).unwrap_or(libc::EIO))
}

fn errno(status: reggie_status) -> Option<c_int> {
    Some(match status {
        REGGIE_OK => 0,
        REGGIE_NULL_ARGUMENT
        | REGGIE_INVALID_ARGUMENT
        | REGGIE_INVALID_ADDRESS
        | REGGIE_INVALID_METHOD
        | REGGIE_INVALID_PATH
        | REGGIE_INVALID_HEADER
        | REGGIE_INVALID_VALUE
        | REGGIE_MISSING_VALUE
        | REGGIE_INVALID_CREDENTIALS
        | REGGIE_LENGTH_MISMATCH
        | REGGIE_INVALID_CERTIFICATES
        | REGGIE_INVALID_PROXY
        | REGGIE_INVALID_CLIENT_CERTIFICATE
        | REGGIE_INVALID_CREDENTIALS_FILE
        | REGGIE_INVALID_DIGEST
        | REGGIE_CALLBACK_MISUSE => libc::EINVAL,
        REGGIE_INVALID_UTF8 => libc::EILSEQ,
        REGGIE_BUSY => libc::EBUSY,
        REGGIE_UNKNOWN_ALGORITHM => libc::ENOTSUP,
        REGGIE_NO_MEMORY => libc::ENOMEM,
        REGGIE_PANIC => libc::ENOTRECOVERABLE,
        REGGIE_FILE | REGGIE_BODY_LENGTH | REGGIE_CREDENTIAL_HELPER => libc::EIO,
        REGGIE_BODY_NOT_REWINDABLE => libc::ESPIPE,
        REGGIE_BODY_TOO_LARGE => libc::EFBIG,
        REGGIE_RETRY_CALLBACK
        | REGGIE_READ_CALLBACK
        | REGGIE_REWIND_CALLBACK
        | REGGIE_WRITE_CALLBACK
        | REGGIE_RETRY_CONDITION_CALLBACK
        | REGGIE_REDIRECT_CALLBACK
        | REGGIE_HOOK_CALLBACK
        | REGGIE_REALM_CALLBACK
        | REGGIE_CREDENTIAL_CALLBACK
        | REGGIE_PROGRESS_CALLBACK
        | REGGIE_CERTIFICATE_CALLBACK
        | REGGIE_CANCELLED => libc::ECANCELED,
        REGGIE_DEADLINE | REGGIE_TIMEOUT => libc::ETIMEDOUT,
        REGGIE_RESOLVE => libc::EHOSTUNREACH,
        REGGIE_CONNECT | REGGIE_PROXY => libc::ECONNREFUSED,
        REGGIE_SEND | REGGIE_RECEIVE | REGGIE_CLOSED | REGGIE_TRUNCATED => libc::ECONNRESET,
        REGGIE_TLS | REGGIE_PROTOCOL => libc::EPROTO,
        REGGIE_CERTIFICATE
        | REGGIE_REDIRECT_REFUSED
        | REGGIE_ADDRESS_REFUSED
        | REGGIE_TOKEN_REFUSED
        | REGGIE_REALM_REFUSED => libc::EACCES,
        REGGIE_TOO_MANY_REDIRECTS => libc::ELOOP,
        REGGIE_RETRY_LATER => libc::EAGAIN,
        REGGIE_NO_ERRORS | REGGIE_NO_HEADER => libc::ENODATA,
        REGGIE_HTTP_STATUS => libc::EREMOTEIO,
        REGGIE_DIGEST_MISMATCH | REGGIE_PARTIAL_CONTENT => libc::EBADMSG,
        _ => return None,
    })
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
        Kind::InvalidProxy => REGGIE_INVALID_PROXY,
        Kind::InvalidClientCertificate => REGGIE_INVALID_CLIENT_CERTIFICATE,
        Kind::InvalidCredentialsFile => REGGIE_INVALID_CREDENTIALS_FILE,
        Kind::InvalidDigest => REGGIE_INVALID_DIGEST,
        Kind::NoMemory => REGGIE_NO_MEMORY,
        Kind::Panic => REGGIE_PANIC,
        Kind::File => REGGIE_FILE,
        Kind::BodyNotRewindable => REGGIE_BODY_NOT_REWINDABLE,
        Kind::BodyLength => REGGIE_BODY_LENGTH,
        Kind::BodyTooLarge => REGGIE_BODY_TOO_LARGE,
        Kind::Cancelled => REGGIE_CANCELLED,
        Kind::Deadline => REGGIE_DEADLINE,
        Kind::CredentialHelper => REGGIE_CREDENTIAL_HELPER,
        Kind::RetryCallback => REGGIE_RETRY_CALLBACK,
        Kind::ReadCallback => REGGIE_READ_CALLBACK,
        Kind::RewindCallback => REGGIE_REWIND_CALLBACK,
        Kind::WriteCallback => REGGIE_WRITE_CALLBACK,
        Kind::CallbackMisuse => REGGIE_CALLBACK_MISUSE,
        Kind::CertificateCallback => REGGIE_CERTIFICATE_CALLBACK,
        Kind::RedirectCallback => REGGIE_REDIRECT_CALLBACK,
        Kind::HookCallback => REGGIE_HOOK_CALLBACK,
        Kind::RealmCallback => REGGIE_REALM_CALLBACK,
        Kind::RetryConditionCallback => REGGIE_RETRY_CONDITION_CALLBACK,
        Kind::CredentialCallback => REGGIE_CREDENTIAL_CALLBACK,
        Kind::ProgressCallback => REGGIE_PROGRESS_CALLBACK,
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
        Kind::Proxy => REGGIE_PROXY,
        Kind::AddressRefused => REGGIE_ADDRESS_REFUSED,
        Kind::TooManyRedirects => REGGIE_TOO_MANY_REDIRECTS,
        Kind::RedirectRefused => REGGIE_REDIRECT_REFUSED,
        Kind::TokenRefused => REGGIE_TOKEN_REFUSED,
        Kind::NoErrors => REGGIE_NO_ERRORS,
        Kind::RealmRefused => REGGIE_REALM_REFUSED,
        Kind::RetryLater => REGGIE_RETRY_LATER,
        Kind::NoHeader => REGGIE_NO_HEADER,
        Kind::HttpStatus => REGGIE_HTTP_STATUS,
        Kind::DigestMismatch => REGGIE_DIGEST_MISMATCH,
        Kind::PartialContent => REGGIE_PARTIAL_CONTENT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_an_errno_of_its_own_choice() {
        let unknown = words(-1);
        for number in -10..3000 {
            let is_status = words(number) != unknown;
            assert_eq!(errno(number).is_some(), is_status, "{number}");
            let expected = errno(number).unwrap_or(libc::EIO);
            assert_eq!(reggie_status_to_errno(number), expected);
            assert_eq!(expected == 0, number == REGGIE_OK, "{number}");
        }
        assert_eq!(reggie_status_to_errno(REGGIE_BUSY), libc::EBUSY);
        assert_eq!(
            reggie_status_to_errno(REGGIE_RETRY_CALLBACK),
            libc::ECANCELED
        );
    }
}
