//! Statuses.

use crate::error::Kind;

/// The result of a function that can fail: REGGIE_OK or the reason for the
/// failure.
///
/// Later versions may add statuses, so a switch needs a default; existing ones
/// keep their numbers. Statuses from 1 are about arguments, from 101 about
/// local failures, from 201 about callbacks, from 301 about the network, and
/// from 1001 about registries and token servers. No status is a valid HTTP
/// status.
pub type reggie_status = i32;

/// Success.
pub const REGGIE_OK: reggie_status = 0;
/// Required argument that is NULL.
pub const REGGIE_NULL_ARGUMENT: reggie_status = 1;
/// String that is not valid UTF-8.
pub const REGGIE_INVALID_UTF8: reggie_status = 2;
/// Argument that is empty, out of range or otherwise invalid.
pub const REGGIE_INVALID_ARGUMENT: reggie_status = 3;
/// Invalid registry address.
pub const REGGIE_INVALID_ADDRESS: reggie_status = 4;
/// Method that is not a token (RFC 9110, section 9.1).
pub const REGGIE_INVALID_METHOD: reggie_status = 5;
/// Invalid path or URL of a request.
pub const REGGIE_INVALID_PATH: reggie_status = 6;
/// Invalid name or value of a header.
pub const REGGIE_INVALID_HEADER: reggie_status = 7;
/// Invalid repository name.
pub const REGGIE_INVALID_NAME: reggie_status = 8;
/// Invalid reference; the message says where the error is.
pub const REGGIE_INVALID_REFERENCE: reggie_status = 9;
/// Invalid digest, or a digest of an unknown algorithm.
pub const REGGIE_INVALID_DIGEST: reggie_status = 10;
/// Invalid session ID of an upload.
pub const REGGIE_INVALID_SESSION_ID: reggie_status = 11;
/// Required value that was not set, such as that of a placeholder in a path, or the
/// type of an artifact.
pub const REGGIE_MISSING_VALUE: reggie_status = 12;
/// Invalid user name, password, token or scope.
pub const REGGIE_INVALID_CREDENTIALS: reggie_status = 13;
/// Credentials file that cannot be read or parsed.
pub const REGGIE_INVALID_CREDENTIALS_FILE: reggie_status = 14;
/// CA certificates that cannot be read or parsed.
pub const REGGIE_INVALID_CERTIFICATES: reggie_status = 15;
/// Client certificate or private key that cannot be read or parsed.
pub const REGGIE_INVALID_CLIENT_CERTIFICATE: reggie_status = 16;
/// Invalid proxy URL.
pub const REGGIE_INVALID_PROXY: reggie_status = 17;
/// Unknown digest algorithm.
pub const REGGIE_UNKNOWN_ALGORITHM: reggie_status = 18;
/// Content-Length that differs from the length of the body.
pub const REGGIE_LENGTH_MISMATCH: reggie_status = 19;
/// Handle that is in use by a running call.
pub const REGGIE_BUSY: reggie_status = 20;
/// Invalid platform.
pub const REGGIE_INVALID_PLATFORM: reggie_status = 21;
/// Invalid upload export, or an export from another repository.
pub const REGGIE_INVALID_EXPORT: reggie_status = 22;
/// Invalid JSON, or JSON that is nested too deeply.
pub const REGGIE_INVALID_JSON: reggie_status = 23;
/// Invalid media type.
pub const REGGIE_INVALID_MEDIA_TYPE: reggie_status = 24;
/// Out of memory.
pub const REGGIE_NO_MEMORY: reggie_status = 101;
/// Bug in the library. Handles stay valid; the outcome of the call is unknown.
pub const REGGIE_PANIC: reggie_status = 102;
/// Local file or descriptor that cannot be read or written; the error has the
/// errno.
pub const REGGIE_FILE: reggie_status = 103;
/// Request body that has to be sent again but cannot be read again.
pub const REGGIE_BODY_NOT_REWINDABLE: reggie_status = 104;
/// Request body that is shorter or longer than announced.
pub const REGGIE_BODY_LENGTH: reggie_status = 105;
/// Response body that exceeds the limit for bodies in memory.
pub const REGGIE_BODY_TOO_LARGE: reggie_status = 106;
/// Call cancelled by reggie_cancel_trigger().
pub const REGGIE_CANCELLED: reggie_status = 107;
/// Call that exceeded its total time limit.
pub const REGGIE_DEADLINE: reggie_status = 108;
/// Credential helper that failed, timed out or returned invalid output.
pub const REGGIE_CREDENTIAL_HELPER: reggie_status = 109;
/// Lock timeout: another process or thread is using the same file or layout.
pub const REGGIE_LOCKED: reggie_status = 110;
/// Source that changed during the push, or that does not have the digest that was
/// given.
pub const REGGIE_SOURCE_CHANGED: reggie_status = 111;
/// No state directory to keep the blob in until it is complete, for a
/// registry that does not support chunked uploads; see
/// reggie_options_set_state_folder().
pub const REGGIE_NO_STATE_FOLDER: reggie_status = 112;
/// Directory that is not an OCI image layout, or a layout of an unknown
/// version.
pub const REGGIE_INVALID_LAYOUT: reggie_status = 113;
/// Layer title that does not name a file in the directory, or that is used by
/// another layer too.
pub const REGGIE_UNSAFE_NAME: reggie_status = 114;
/// Call stopped by the challenge callback.
pub const REGGIE_CHALLENGE_CALLBACK: reggie_status = 201;
/// Call stopped by the read callback.
pub const REGGIE_READ_CALLBACK: reggie_status = 202;
/// Call stopped by the rewind callback.
pub const REGGIE_REWIND_CALLBACK: reggie_status = 203;
/// Call stopped by the write callback.
pub const REGGIE_WRITE_CALLBACK: reggie_status = 204;
/// Callback that returned an impossible result.
pub const REGGIE_CALLBACK_MISUSE: reggie_status = 205;
/// Certificate rejected by the certificate callback.
pub const REGGIE_CERTIFICATE_CALLBACK: reggie_status = 206;
/// Call stopped by the credential callback.
pub const REGGIE_CREDENTIAL_CALLBACK: reggie_status = 207;
/// Call stopped by the realm callback.
pub const REGGIE_REALM_CALLBACK: reggie_status = 208;
/// Call stopped by the redirect callback.
pub const REGGIE_REDIRECT_CALLBACK: reggie_status = 209;
/// Call stopped by the send callback or the response callback.
pub const REGGIE_EXCHANGE_CALLBACK: reggie_status = 210;
/// Call stopped by the retry condition.
pub const REGGIE_RETRY_CONDITION_CALLBACK: reggie_status = 211;
/// Call stopped by the progress callback.
pub const REGGIE_PROGRESS_CALLBACK: reggie_status = 212;
/// Call stopped by the filter callback.
pub const REGGIE_FILTER_CALLBACK: reggie_status = 213;
/// Host name that cannot be resolved.
pub const REGGIE_RESOLVE: reggie_status = 301;
/// Connection that cannot be established, or is closed in the TLS handshake.
pub const REGGIE_CONNECT: reggie_status = 302;
/// TLS failure, in the handshake or later.
pub const REGGIE_TLS: reggie_status = 303;
/// Server certificate that is not trusted.
pub const REGGIE_CERTIFICATE: reggie_status = 304;
/// Request that was not sent completely.
pub const REGGIE_SEND: reggie_status = 305;
/// Response that was not received completely.
pub const REGGIE_RECEIVE: reggie_status = 306;
/// Connection closed by the server without a response.
pub const REGGIE_CLOSED: reggie_status = 307;
/// Response body that ended before its announced length.
pub const REGGIE_TRUNCATED: reggie_status = 308;
/// Response that is not valid HTTP/1.1.
pub const REGGIE_PROTOCOL: reggie_status = 309;
/// Step that exceeded its time limit, or transfer that stalled.
pub const REGGIE_TIMEOUT: reggie_status = 310;
/// Request refused by the proxy, or invalid proxy response; the error has the
/// HTTP status, if any.
pub const REGGIE_PROXY: reggie_status = 311;
/// Redirect or challenge to a more private network than that of the server that
/// sent it, or request to a cloud metadata address; see
/// reggie_config_add_allowed_network().
pub const REGGIE_ADDRESS_REFUSED: reggie_status = 312;
/// More redirects than allowed.
pub const REGGIE_TOO_MANY_REDIRECTS: reggie_status = 1001;
/// Redirect that is not followed; the message says why.
pub const REGGIE_REDIRECT_REFUSED: reggie_status = 1002;
/// Token refused by the token server, or invalid response from it.
pub const REGGIE_TOKEN_REFUSED: reggie_status = 1003;
/// Token server that the credentials must not be sent to; see
/// reggie_config_add_allowed_realm().
pub const REGGIE_REALM_REFUSED: reggie_status = 1004;
/// Retry-After that exceeds the configured maximum, or that is a Unix time; the
/// error has the time.
pub const REGGIE_RETRY_LATER: reggie_status = 1005;
/// Response body without an error list of the registry.
pub const REGGIE_NO_ERRORS: reggie_status = 1006;
/// Response header that is missing or invalid.
pub const REGGIE_NO_HEADER: reggie_status = 1007;
/// HTTP status other than 2xx, for which there is no status of its own. Not returned
/// by reggie_client_do().
pub const REGGIE_HTTP_STATUS: reggie_status = 1008;
/// Received content that does not match the expected digest.
pub const REGGIE_DIGEST_MISMATCH: reggie_status = 1009;
/// 206 response, which has only part of the content, where a complete body is
/// required: for an output path, or with an expected digest.
pub const REGGIE_PARTIAL_CONTENT: reggie_status = 1010;
/// Next page of a list that is at another server, or an invalid Link header.
pub const REGGIE_NEXT_PAGE_REFUSED: reggie_status = 1011;
/// No such repository, manifest, tag or blob in the registry (404), or in the
/// layout.
pub const REGGIE_NOT_FOUND: reggie_status = 1012;
/// Credentials, or different credentials, required by the registry (401).
pub const REGGIE_UNAUTHORIZED: reggie_status = 1013;
/// Access denied by the registry (403).
pub const REGGIE_DENIED: reggie_status = 1014;
/// Operation not supported by the registry.
pub const REGGIE_UNSUPPORTED: reggie_status = 1015;
/// Received content that is longer or shorter than expected.
pub const REGGIE_SIZE_MISMATCH: reggie_status = 1016;
/// Manifest that is not JSON, contradicts itself or its media type, or refers
/// to content by an invalid digest.
pub const REGGIE_INVALID_MANIFEST: reggie_status = 1017;
/// No match for the platform in an index.
pub const REGGIE_NO_PLATFORM: reggie_status = 1018;
/// Range requests for the blob not supported by the registry.
pub const REGGIE_RANGE_IGNORED: reggie_status = 1019;
/// Upload lost by the registry, with data that cannot be read again.
pub const REGGIE_UPLOAD_LOST: reggie_status = 1020;
/// Manifest rejected by the registry because content that it refers to is
/// missing; the error has the digest of that content if the registry names it.
pub const REGGIE_BLOB_MISSING: reggie_status = 1021;
/// List that loops or has more pages than the limit.
pub const REGGIE_LIST_ENDLESS: reggie_status = 1022;
/// Manifest without a layer that has a title, so that there is no file to write.
pub const REGGIE_NO_FILES: reggie_status = 1023;

/// The length of a body whose length is unknown.
pub const REGGIE_UNKNOWN_SIZE: u64 = u64::MAX;

/// A length from C, in which REGGIE_UNKNOWN_SIZE means unknown.
pub(super) fn known_size(size: u64) -> Option<u64> {
    (size != REGGIE_UNKNOWN_SIZE).then_some(size)
}

/// The status of a kind of failure. They have the same number; the match makes
/// sure that each kind has a status.
pub(super) const fn of(kind: Kind) -> reggie_status {
    match kind {
        Kind::NullArgument => REGGIE_NULL_ARGUMENT,
        Kind::InvalidUtf8 => REGGIE_INVALID_UTF8,
        Kind::InvalidArgument => REGGIE_INVALID_ARGUMENT,
        Kind::InvalidAddress => REGGIE_INVALID_ADDRESS,
        Kind::InvalidMethod => REGGIE_INVALID_METHOD,
        Kind::InvalidPath => REGGIE_INVALID_PATH,
        Kind::InvalidHeader => REGGIE_INVALID_HEADER,
        Kind::InvalidName => REGGIE_INVALID_NAME,
        Kind::InvalidReference => REGGIE_INVALID_REFERENCE,
        Kind::InvalidDigest => REGGIE_INVALID_DIGEST,
        Kind::InvalidSessionId => REGGIE_INVALID_SESSION_ID,
        Kind::MissingValue => REGGIE_MISSING_VALUE,
        Kind::InvalidCredentials => REGGIE_INVALID_CREDENTIALS,
        Kind::InvalidCredentialsFile => REGGIE_INVALID_CREDENTIALS_FILE,
        Kind::InvalidCertificates => REGGIE_INVALID_CERTIFICATES,
        Kind::InvalidClientCertificate => REGGIE_INVALID_CLIENT_CERTIFICATE,
        Kind::InvalidProxy => REGGIE_INVALID_PROXY,
        Kind::UnknownAlgorithm => REGGIE_UNKNOWN_ALGORITHM,
        Kind::LengthMismatch => REGGIE_LENGTH_MISMATCH,
        Kind::Busy => REGGIE_BUSY,
        Kind::InvalidPlatform => REGGIE_INVALID_PLATFORM,
        Kind::InvalidExport => REGGIE_INVALID_EXPORT,
        Kind::InvalidJson => REGGIE_INVALID_JSON,
        Kind::InvalidMediaType => REGGIE_INVALID_MEDIA_TYPE,
        Kind::NoMemory => REGGIE_NO_MEMORY,
        Kind::Panic => REGGIE_PANIC,
        Kind::File => REGGIE_FILE,
        Kind::BodyNotRewindable => REGGIE_BODY_NOT_REWINDABLE,
        Kind::BodyLength => REGGIE_BODY_LENGTH,
        Kind::BodyTooLarge => REGGIE_BODY_TOO_LARGE,
        Kind::Cancelled => REGGIE_CANCELLED,
        Kind::Deadline => REGGIE_DEADLINE,
        Kind::CredentialHelper => REGGIE_CREDENTIAL_HELPER,
        Kind::Locked => REGGIE_LOCKED,
        Kind::SourceChanged => REGGIE_SOURCE_CHANGED,
        Kind::NoStateFolder => REGGIE_NO_STATE_FOLDER,
        Kind::InvalidLayout => REGGIE_INVALID_LAYOUT,
        Kind::UnsafeName => REGGIE_UNSAFE_NAME,
        Kind::ChallengeCallback => REGGIE_CHALLENGE_CALLBACK,
        Kind::ReadCallback => REGGIE_READ_CALLBACK,
        Kind::RewindCallback => REGGIE_REWIND_CALLBACK,
        Kind::WriteCallback => REGGIE_WRITE_CALLBACK,
        Kind::CallbackMisuse => REGGIE_CALLBACK_MISUSE,
        Kind::CertificateCallback => REGGIE_CERTIFICATE_CALLBACK,
        Kind::CredentialCallback => REGGIE_CREDENTIAL_CALLBACK,
        Kind::RealmCallback => REGGIE_REALM_CALLBACK,
        Kind::RedirectCallback => REGGIE_REDIRECT_CALLBACK,
        Kind::ExchangeCallback => REGGIE_EXCHANGE_CALLBACK,
        Kind::RetryConditionCallback => REGGIE_RETRY_CONDITION_CALLBACK,
        Kind::ProgressCallback => REGGIE_PROGRESS_CALLBACK,
        Kind::FilterCallback => REGGIE_FILTER_CALLBACK,
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
        Kind::RealmRefused => REGGIE_REALM_REFUSED,
        Kind::RetryLater => REGGIE_RETRY_LATER,
        Kind::NoErrors => REGGIE_NO_ERRORS,
        Kind::NoHeader => REGGIE_NO_HEADER,
        Kind::HttpStatus => REGGIE_HTTP_STATUS,
        Kind::DigestMismatch => REGGIE_DIGEST_MISMATCH,
        Kind::PartialContent => REGGIE_PARTIAL_CONTENT,
        Kind::NextPageRefused => REGGIE_NEXT_PAGE_REFUSED,
        Kind::NotFound => REGGIE_NOT_FOUND,
        Kind::Unauthorized => REGGIE_UNAUTHORIZED,
        Kind::Denied => REGGIE_DENIED,
        Kind::Unsupported => REGGIE_UNSUPPORTED,
        Kind::SizeMismatch => REGGIE_SIZE_MISMATCH,
        Kind::InvalidManifest => REGGIE_INVALID_MANIFEST,
        Kind::NoPlatform => REGGIE_NO_PLATFORM,
        Kind::RangeIgnored => REGGIE_RANGE_IGNORED,
        Kind::UploadLost => REGGIE_UPLOAD_LOST,
        Kind::BlobMissing => REGGIE_BLOB_MISSING,
        Kind::ListEndless => REGGIE_LIST_ENDLESS,
        Kind::NoFiles => REGGIE_NO_FILES,
    }
}
