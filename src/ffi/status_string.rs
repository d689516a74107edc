//! Statuses as strings and as errnos.

use std::ffi::{CStr, c_char, c_int};

use super::guard;
use super::status::*;

/// Returns a short description of a status.
///
/// Static; must not be freed. Never NULL, even if the number is not a status.
#[unsafe(no_mangle)]
pub extern "C" fn reggie_status_string(status: reggie_status) -> *const c_char {
    guard::value(c"".as_ptr(), || describe(status).as_ptr())
}

fn describe(status: reggie_status) -> &'static CStr {
    match status {
        REGGIE_OK => c"no error",
        REGGIE_NULL_ARGUMENT => c"required argument is NULL",
        REGGIE_INVALID_UTF8 => c"invalid UTF-8",
        REGGIE_INVALID_ARGUMENT => c"invalid argument",
        REGGIE_INVALID_ADDRESS => c"invalid registry address",
        REGGIE_INVALID_METHOD => c"invalid method",
        REGGIE_INVALID_PATH => c"invalid path or URL",
        REGGIE_INVALID_HEADER => c"invalid header",
        REGGIE_INVALID_NAME => c"invalid repository name",
        REGGIE_INVALID_REFERENCE => c"invalid reference",
        REGGIE_INVALID_DIGEST => c"invalid digest",
        REGGIE_INVALID_SESSION_ID => c"invalid session ID",
        REGGIE_MISSING_VALUE => c"required value is missing",
        REGGIE_INVALID_CREDENTIALS => c"invalid credentials or scope",
        REGGIE_INVALID_CREDENTIALS_FILE => c"invalid credentials file",
        REGGIE_INVALID_CERTIFICATES => c"invalid CA certificates",
        REGGIE_INVALID_CLIENT_CERTIFICATE => c"invalid client certificate or key",
        REGGIE_INVALID_PROXY => c"invalid proxy URL",
        REGGIE_UNKNOWN_ALGORITHM => c"unknown digest algorithm",
        REGGIE_LENGTH_MISMATCH => c"Content-Length differs from the body",
        REGGIE_BUSY => c"handle is in use by another call",
        REGGIE_INVALID_PLATFORM => c"invalid platform",
        REGGIE_INVALID_EXPORT => c"invalid upload export",
        REGGIE_INVALID_JSON => c"invalid JSON",
        REGGIE_INVALID_MEDIA_TYPE => c"invalid media type",
        REGGIE_NO_MEMORY => c"out of memory",
        REGGIE_PANIC => c"bug in libreggie",
        REGGIE_FILE => c"local file or descriptor cannot be read or written",
        REGGIE_BODY_NOT_REWINDABLE => c"request body cannot be read again",
        REGGIE_BODY_LENGTH => c"request body has the wrong length",
        REGGIE_BODY_TOO_LARGE => c"response body exceeds the memory limit",
        REGGIE_CANCELLED => c"call was cancelled",
        REGGIE_DEADLINE => c"call exceeded its time limit",
        REGGIE_CREDENTIAL_HELPER => c"credential helper failed",
        REGGIE_LOCKED => c"file is locked by another process or thread",
        REGGIE_SOURCE_CHANGED => c"source does not have the expected digest or size",
        REGGIE_NO_STATE_FOLDER => c"no state directory",
        REGGIE_INVALID_LAYOUT => c"not an OCI image layout",
        REGGIE_UNSAFE_NAME => c"unsafe file name",
        REGGIE_CHALLENGE_CALLBACK => c"stopped by the challenge callback",
        REGGIE_READ_CALLBACK => c"stopped by the read callback",
        REGGIE_REWIND_CALLBACK => c"stopped by the rewind callback",
        REGGIE_WRITE_CALLBACK => c"stopped by the write callback",
        REGGIE_CALLBACK_MISUSE => c"callback returned an impossible result",
        REGGIE_CERTIFICATE_CALLBACK => c"certificate rejected by the certificate callback",
        REGGIE_CREDENTIAL_CALLBACK => c"stopped by the credential callback",
        REGGIE_REALM_CALLBACK => c"stopped by the realm callback",
        REGGIE_REDIRECT_CALLBACK => c"stopped by the redirect callback",
        REGGIE_EXCHANGE_CALLBACK => c"stopped by the send or response callback",
        REGGIE_RETRY_CONDITION_CALLBACK => c"stopped by the retry condition",
        REGGIE_PROGRESS_CALLBACK => c"stopped by the progress callback",
        REGGIE_FILTER_CALLBACK => c"stopped by the filter callback",
        REGGIE_RESOLVE => c"host name cannot be resolved",
        REGGIE_CONNECT => c"cannot connect",
        REGGIE_TLS => c"TLS failed",
        REGGIE_CERTIFICATE => c"server certificate is not trusted",
        REGGIE_SEND => c"request was not sent completely",
        REGGIE_RECEIVE => c"response was not received completely",
        REGGIE_CLOSED => c"connection closed without a response",
        REGGIE_TRUNCATED => c"response body ended early",
        REGGIE_PROTOCOL => c"response is not valid HTTP/1.1",
        REGGIE_TIMEOUT => c"step timed out",
        REGGIE_PROXY => c"proxy failed",
        REGGIE_ADDRESS_REFUSED => c"redirect or challenge to a private network refused",
        REGGIE_TOO_MANY_REDIRECTS => c"too many redirects",
        REGGIE_REDIRECT_REFUSED => c"redirect refused",
        REGGIE_TOKEN_REFUSED => c"token refused",
        REGGIE_REALM_REFUSED => c"token server not allowed",
        REGGIE_RETRY_LATER => c"Retry-After exceeds the maximum",
        REGGIE_NO_ERRORS => c"response has no error list",
        REGGIE_NO_HEADER => c"header is missing or invalid",
        REGGIE_HTTP_STATUS => c"HTTP status is not 2xx",
        REGGIE_DIGEST_MISMATCH => c"content does not match its digest",
        REGGIE_PARTIAL_CONTENT => c"response has only part of the content",
        REGGIE_NEXT_PAGE_REFUSED => c"next page is at another server, or Link is invalid",
        REGGIE_NOT_FOUND => c"not found",
        REGGIE_UNAUTHORIZED => c"credentials required or refused",
        REGGIE_DENIED => c"access denied",
        REGGIE_UNSUPPORTED => c"not supported by the registry",
        REGGIE_SIZE_MISMATCH => c"content has the wrong size",
        REGGIE_INVALID_MANIFEST => c"invalid manifest",
        REGGIE_NO_PLATFORM => c"no match for the platform",
        REGGIE_RANGE_IGNORED => c"range requests not supported",
        REGGIE_UPLOAD_LOST => c"upload lost by the registry",
        REGGIE_BLOB_MISSING => c"manifest refers to missing content",
        REGGIE_LIST_ENDLESS => c"list has too many pages",
        REGGIE_NO_FILES => c"manifest has no files",
        _ => c"unknown status",
    }
}

/// Returns the errno (see `<errno.h>`) that corresponds most closely to a
/// status, for programs that report errors as errnos. Several statuses map to
/// the same errno.
///
/// - 0: REGGIE_OK
/// - EINVAL: invalid arguments, REGGIE_CALLBACK_MISUSE and REGGIE_INVALID_LAYOUT
/// - EILSEQ: REGGIE_INVALID_UTF8
/// - EBUSY: REGGIE_BUSY and REGGIE_LOCKED
/// - ENOTSUP: REGGIE_UNKNOWN_ALGORITHM, REGGIE_NO_STATE_FOLDER,
///   REGGIE_UNSUPPORTED and REGGIE_RANGE_IGNORED
/// - ENOENT: REGGIE_NOT_FOUND, REGGIE_NO_PLATFORM and REGGIE_BLOB_MISSING
/// - ESTALE: REGGIE_SOURCE_CHANGED and REGGIE_UPLOAD_LOST
/// - ENOMEM: REGGIE_NO_MEMORY
/// - ENOTRECOVERABLE: REGGIE_PANIC
/// - ESPIPE: REGGIE_BODY_NOT_REWINDABLE
/// - EFBIG: REGGIE_BODY_TOO_LARGE
/// - ECANCELED: the call was cancelled or stopped by a callback
/// - ETIMEDOUT: REGGIE_DEADLINE and REGGIE_TIMEOUT
/// - EHOSTUNREACH: REGGIE_RESOLVE
/// - ECONNREFUSED: REGGIE_CONNECT and REGGIE_PROXY
/// - ECONNRESET: the connection ended early
/// - EPROTO: REGGIE_TLS and REGGIE_PROTOCOL
/// - EACCES: a certificate, redirect, address, token, realm or next page was
///   refused; REGGIE_UNAUTHORIZED, REGGIE_DENIED and REGGIE_UNSAFE_NAME
/// - ELOOP: REGGIE_TOO_MANY_REDIRECTS and REGGIE_LIST_ENDLESS
/// - EAGAIN: REGGIE_RETRY_LATER
/// - ENODATA: REGGIE_NO_ERRORS, REGGIE_NO_HEADER and REGGIE_NO_FILES
/// - EREMOTEIO: REGGIE_HTTP_STATUS
/// - EBADMSG: REGGIE_DIGEST_MISMATCH, REGGIE_PARTIAL_CONTENT,
///   REGGIE_SIZE_MISMATCH and REGGIE_INVALID_MANIFEST
/// - EIO: REGGIE_FILE, REGGIE_BODY_LENGTH, REGGIE_CREDENTIAL_HELPER, and
///   numbers that are not a status
///
/// For the errno that the system returned, if any, see reggie_error_errno().
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
        | REGGIE_INVALID_NAME
        | REGGIE_INVALID_REFERENCE
        | REGGIE_INVALID_DIGEST
        | REGGIE_INVALID_SESSION_ID
        | REGGIE_MISSING_VALUE
        | REGGIE_INVALID_CREDENTIALS
        | REGGIE_LENGTH_MISMATCH
        | REGGIE_INVALID_CERTIFICATES
        | REGGIE_INVALID_PROXY
        | REGGIE_INVALID_CLIENT_CERTIFICATE
        | REGGIE_INVALID_CREDENTIALS_FILE
        | REGGIE_CALLBACK_MISUSE
        | REGGIE_INVALID_PLATFORM
        | REGGIE_INVALID_EXPORT
        | REGGIE_INVALID_JSON
        | REGGIE_INVALID_MEDIA_TYPE
        | REGGIE_INVALID_LAYOUT => libc::EINVAL,
        REGGIE_INVALID_UTF8 => libc::EILSEQ,
        REGGIE_BUSY | REGGIE_LOCKED => libc::EBUSY,
        REGGIE_SOURCE_CHANGED | REGGIE_UPLOAD_LOST => libc::ESTALE,
        REGGIE_NOT_FOUND | REGGIE_NO_PLATFORM | REGGIE_BLOB_MISSING => libc::ENOENT,
        REGGIE_UNKNOWN_ALGORITHM
        | REGGIE_NO_STATE_FOLDER
        | REGGIE_UNSUPPORTED
        | REGGIE_RANGE_IGNORED => libc::ENOTSUP,
        REGGIE_NO_MEMORY => libc::ENOMEM,
        REGGIE_PANIC => libc::ENOTRECOVERABLE,
        REGGIE_FILE | REGGIE_BODY_LENGTH | REGGIE_CREDENTIAL_HELPER => libc::EIO,
        REGGIE_BODY_NOT_REWINDABLE => libc::ESPIPE,
        REGGIE_BODY_TOO_LARGE => libc::EFBIG,
        REGGIE_CHALLENGE_CALLBACK
        | REGGIE_READ_CALLBACK
        | REGGIE_REWIND_CALLBACK
        | REGGIE_WRITE_CALLBACK
        | REGGIE_RETRY_CONDITION_CALLBACK
        | REGGIE_PROGRESS_CALLBACK
        | REGGIE_FILTER_CALLBACK
        | REGGIE_REDIRECT_CALLBACK
        | REGGIE_EXCHANGE_CALLBACK
        | REGGIE_REALM_CALLBACK
        | REGGIE_CREDENTIAL_CALLBACK
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
        | REGGIE_REALM_REFUSED
        | REGGIE_NEXT_PAGE_REFUSED
        | REGGIE_UNAUTHORIZED
        | REGGIE_DENIED
        | REGGIE_UNSAFE_NAME => libc::EACCES,
        REGGIE_TOO_MANY_REDIRECTS | REGGIE_LIST_ENDLESS => libc::ELOOP,
        REGGIE_RETRY_LATER => libc::EAGAIN,
        REGGIE_NO_ERRORS | REGGIE_NO_HEADER | REGGIE_NO_FILES => libc::ENODATA,
        REGGIE_HTTP_STATUS => libc::EREMOTEIO,
        REGGIE_DIGEST_MISMATCH
        | REGGIE_PARTIAL_CONTENT
        | REGGIE_SIZE_MISMATCH
        | REGGIE_INVALID_MANIFEST => libc::EBADMSG,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_status_has_an_errno_of_its_own_choice() {
        let unknown = describe(-1);
        for number in -10..3000 {
            let is_status = describe(number) != unknown;
            assert_eq!(errno(number).is_some(), is_status, "{number}");
            let expected = errno(number).unwrap_or(libc::EIO);
            assert_eq!(reggie_status_to_errno(number), expected);
            assert_eq!(expected == 0, number == REGGIE_OK, "{number}");
        }
        assert_eq!(reggie_status_to_errno(REGGIE_BUSY), libc::EBUSY);
        assert_eq!(
            reggie_status_to_errno(REGGIE_CHALLENGE_CALLBACK),
            libc::ECANCELED
        );
    }
}
