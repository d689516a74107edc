//! The one error type of the library: what went wrong, in which step, where,
//! and whether trying again can help.

use std::time::Duration;
use std::{fmt, io};

/// What kind of failure an [`Error`] is. The numbers are the statuses of the C
/// interface: once released, they never change and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(i32)]
pub enum Kind {
    // Arguments: 1 and up.
    /// Required argument that is NULL.
    NullArgument = 1,
    /// String that is not valid UTF-8.
    InvalidUtf8 = 2,
    /// Argument that is empty, out of range or otherwise invalid.
    InvalidArgument = 3,
    /// Invalid registry address.
    InvalidAddress = 4,
    /// Method that is not a token (RFC 9110, section 9.1).
    InvalidMethod = 5,
    /// Invalid path or URL of a request.
    InvalidPath = 6,
    /// Invalid name or value of a header.
    InvalidHeader = 7,
    /// Invalid repository name.
    InvalidName = 8,
    /// Invalid reference: neither a tag nor a digest.
    InvalidReference = 9,
    /// Invalid digest.
    InvalidDigest = 10,
    /// Invalid session ID of an upload.
    InvalidSessionId = 11,
    /// Placeholder in the path that has no value.
    MissingValue = 12,
    /// Invalid user name, password, token or scope.
    InvalidCredentials = 13,
    /// Credentials file that cannot be read or parsed.
    InvalidCredentialsFile = 14,
    /// CA certificates that cannot be read or parsed.
    InvalidCertificates = 15,
    /// Client certificate or private key that cannot be read or parsed.
    InvalidClientCertificate = 16,
    /// Invalid proxy URL.
    InvalidProxy = 17,
    /// Unknown digest algorithm.
    UnknownAlgorithm = 18,
    /// Content-Length that differs from the length of the body.
    LengthMismatch = 19,
    /// Handle that is in use by a running call.
    Busy = 20,

    // Local failures: 101 and up.
    /// Out of memory.
    NoMemory = 101,
    /// Bug in the library. Handles stay valid; the outcome of the call is
    /// unknown.
    Panic = 102,
    /// Local file or descriptor that cannot be read or written; the error has
    /// the errno.
    File = 103,
    /// Request body that has to be sent again but cannot be read again.
    BodyNotRewindable = 104,
    /// Request body that is shorter or longer than announced.
    BodyLength = 105,
    /// Response body that exceeds the limit for bodies in memory.
    BodyTooLarge = 106,
    /// Call cancelled by its cancel handle.
    Cancelled = 107,
    /// Call that exceeded its total time limit.
    Deadline = 108,
    /// Credential helper that failed, timed out or returned invalid output.
    CredentialHelper = 109,

    // Callbacks: 201 and up.
    /// Call stopped by the challenge callback.
    ChallengeCallback = 201,
    /// Call stopped by the read callback.
    ReadCallback = 202,
    /// Call stopped by the rewind callback.
    RewindCallback = 203,
    /// Call stopped by the write callback.
    WriteCallback = 204,
    /// Callback that returned an impossible result.
    CallbackMisuse = 205,
    /// Certificate rejected by the certificate callback.
    CertificateCallback = 206,
    /// Call stopped by the credential callback.
    CredentialCallback = 207,
    /// Call stopped by the realm callback.
    RealmCallback = 208,
    /// Call stopped by the redirect callback.
    RedirectCallback = 209,
    /// Call stopped by the send callback or the response callback.
    ExchangeCallback = 210,
    /// Call stopped by the retry condition.
    RetryConditionCallback = 211,
    /// Call stopped by the progress callback.
    ProgressCallback = 212,

    // The network: 301 and up.
    /// Host name that cannot be resolved.
    Resolve = 301,
    /// Connection that cannot be established.
    Connect = 302,
    /// TLS failure, in the handshake or later.
    Tls = 303,
    /// Server certificate that is not trusted.
    Certificate = 304,
    /// Request that was not sent completely.
    Send = 305,
    /// Response that was not received completely.
    Receive = 306,
    /// Connection closed by the server without a response.
    Closed = 307,
    /// Response body that ended before its announced length.
    Truncated = 308,
    /// Response that is not valid HTTP/1.1.
    Protocol = 309,
    /// Step that exceeded its time limit, or transfer that stalled.
    Timeout = 310,
    /// Request refused by the proxy, or invalid proxy response; the error has
    /// the HTTP status, if any.
    Proxy = 311,
    /// Redirect or challenge to a more private network than the server that
    /// sent it.
    AddressRefused = 312,

    // Registries and token servers: 1001 and up.
    /// More redirects than allowed.
    TooManyRedirects = 1001,
    /// Redirect that is not followed; the message says why.
    RedirectRefused = 1002,
    /// Token refused by the token server, or invalid response from it.
    TokenRefused = 1003,
    /// Token server that the credentials must not be sent to.
    RealmRefused = 1004,
    /// Retry-After that exceeds the configured maximum; the error has the time.
    RetryLater = 1005,
    /// Response body without an error list of the registry.
    NoErrors = 1006,
    /// Response header that is missing or invalid.
    NoHeader = 1007,
    /// HTTP status other than 2xx.
    HttpStatus = 1008,
    /// Response body that does not match the expected digest.
    DigestMismatch = 1009,
    /// 206 response where a complete body is required.
    PartialContent = 1010,
}

/// The step of a call in which it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Checking arguments and putting the request together.
    Prepare,
    /// Resolving the host's name.
    Resolve,
    /// Connecting.
    Connect,
    /// The TLS handshake.
    Tls,
    /// Sending the request.
    Send,
    /// Receiving the answer.
    Receive,
    /// Looking for credentials.
    Credentials,
    /// Asking for a token.
    Token,
    /// Following a redirect.
    Redirect,
    /// In the retry callback or the retry condition.
    Retry,
    /// Writing the body to where it goes.
    Deliver,
    /// Waiting before another send.
    Wait,
}

impl Step {
    /// The step's name, as the C interface shows it.
    pub fn name(self) -> &'static str {
        match self {
            Step::Prepare => "prepare",
            Step::Resolve => "resolve",
            Step::Connect => "connect",
            Step::Tls => "tls",
            Step::Send => "send",
            Step::Receive => "receive",
            Step::Credentials => "credentials",
            Step::Token => "token",
            Step::Redirect => "redirect",
            Step::Retry => "retry",
            Step::Wait => "wait",
            Step::Deliver => "deliver",
        }
    }
}

/// Why a call failed.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    step: Step,
    message: String,
    host: Option<String>,
    http_status: u16,
    registry_code: Option<String>,
    errno: i32,
    retry_after: Option<Duration>,
    callback_value: i32,
    unsent: bool,
}

/// The longest part of a server's own words that a message repeats, in bytes.
const MAX_SERVER_TEXT: usize = 1024;

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            step: default_step(kind),
            message: message.into(),
            host: None,
            http_status: 0,
            registry_code: None,
            errno: 0,
            retry_after: None,
            callback_value: 0,
            unsent: false,
        }))
    }

    /// A failure of the system, with its errno.
    pub(crate) fn io(kind: Kind, what: impl fmt::Display, source: &io::Error) -> Error {
        let mut error = Error::new(kind, format!("{what}: {}", describe(source)));
        error.0.errno = source.raw_os_error().unwrap_or(0);
        error
    }

    pub(crate) fn no_memory(what: &str) -> Error {
        Error::new(Kind::NoMemory, format!("{what}: out of memory"))
    }

    pub(crate) fn at(mut self, step: Step) -> Error {
        self.0.step = step;
        self
    }

    /// Names the host, where it is not named yet: the innermost knows best.
    pub(crate) fn with_host(mut self, host: &str) -> Error {
        if self.0.host.is_none() {
            self.0.host = Some(host.to_owned());
        }
        self
    }

    pub(crate) fn with_errno(mut self, errno: i32) -> Error {
        self.0.errno = errno;
        self
    }

    pub(crate) fn with_http_status(mut self, status: u16) -> Error {
        if self.0.http_status == 0 {
            self.0.http_status = status;
        }
        self
    }

    pub(crate) fn with_registry_code(mut self, code: &str) -> Error {
        self.0.registry_code = Some(server_text(code));
        self
    }

    pub(crate) fn with_retry_after(mut self, wait: Option<Duration>) -> Error {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_callback_value(mut self, value: i32) -> Error {
        self.0.callback_value = value;
        self
    }

    /// Tells whether not a byte of the request has left.
    pub(crate) fn with_unsent(mut self, unsent: bool) -> Error {
        self.0.unsent = unsent;
        self
    }

    pub(crate) fn is_unsent(&self) -> bool {
        self.0.unsent
    }

    /// Says more behind the message.
    pub(crate) fn with_more(mut self, more: &str) -> Error {
        self.0.message.push_str(more);
        self
    }

    pub(crate) fn with_message(mut self, message: String) -> Error {
        self.0.message = message;
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The step in which it happened.
    pub fn step(&self) -> Step {
        self.0.step
    }

    /// One line, without secrets.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The host and port that the step had to do with, if any.
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// The HTTP status of the answer that led here, 0 if there was none.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// The registry's own error code, if one was sent.
    pub fn registry_code(&self) -> Option<&str> {
        self.0.registry_code.as_deref()
    }

    /// The system's errno, 0 if there is none.
    pub fn errno(&self) -> i32 {
        self.0.errno
    }

    /// How long the server asked to wait before the next request (Retry-After).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// What a callback returned to stop the call, 0 if none did.
    pub fn callback_value(&self) -> i32 {
        self.0.callback_value
    }

    /// Whether the same call may succeed later without any change.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            Kind::Busy | Kind::NoMemory | Kind::RetryLater => true,
            Kind::HttpStatus => is_transient_status(self.0.http_status),
            _ => self.is_transient(),
        }
    }

    /// Whether the request failed for a reason that may be gone at the next
    /// attempt: what the engine retries.
    pub(crate) fn is_transient(&self) -> bool {
        match self.0.kind {
            Kind::Resolve
            | Kind::Connect
            | Kind::Send
            | Kind::Receive
            | Kind::Closed
            | Kind::Truncated
            | Kind::Timeout => true,
            // The status is the token server's or the proxy's.
            Kind::TokenRefused | Kind::Proxy => is_transient_status(self.0.http_status),
            _ => false,
        }
    }
}

/// Whether an HTTP status reports a temporary problem of the server, or of a
/// proxy in front of it: 499 is nginx's "client closed request", 520 to 524 are
/// Cloudflare's. The only list of such statuses.
pub(crate) fn is_transient_status(status: u16) -> bool {
    matches!(
        status,
        408 | 425 | 429 | 499 | 500 | 502 | 503 | 504 | 520..=524
    )
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("step", &self.0.step)
            .field("message", &self.0.message)
            .field("host", &self.0.host)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {}

fn default_step(kind: Kind) -> Step {
    match kind {
        Kind::Resolve => Step::Resolve,
        Kind::Connect | Kind::Proxy | Kind::AddressRefused => Step::Connect,
        Kind::Tls | Kind::Certificate | Kind::CertificateCallback => Step::Tls,
        Kind::Send
        | Kind::BodyNotRewindable
        | Kind::BodyLength
        | Kind::ReadCallback
        | Kind::RewindCallback
        | Kind::ExchangeCallback => Step::Send,
        Kind::Receive
        | Kind::Closed
        | Kind::Truncated
        | Kind::Protocol
        | Kind::BodyTooLarge
        | Kind::RetryLater
        | Kind::NoHeader
        | Kind::HttpStatus
        | Kind::DigestMismatch
        | Kind::PartialContent => Step::Receive,
        Kind::TooManyRedirects | Kind::RedirectRefused => Step::Redirect,
        Kind::TokenRefused | Kind::RealmRefused => Step::Token,
        Kind::CredentialHelper | Kind::CredentialCallback => Step::Credentials,
        Kind::ChallengeCallback => Step::Retry,
        Kind::RedirectCallback => Step::Redirect,
        Kind::RealmCallback => Step::Token,
        Kind::RetryConditionCallback => Step::Retry,
        Kind::WriteCallback => Step::Deliver,
        _ => Step::Prepare,
    }
}

/// The system's words without the "(os error N)" that the errno says anyway.
pub(crate) fn describe(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or(&text);
    text.to_lowercase()
}

/// A server's words made fit for a one-line message: control characters
/// escaped, cut at 1 KiB.
pub(crate) fn server_text(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if out.len() >= MAX_SERVER_TEXT {
            out.push_str("...");
            break;
        }
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_server_are_one_bounded_line() {
        assert_eq!(server_text("no\r\nsuch\0 repo"), "no\\r\\nsuch\\u{0} repo");
        let long = server_text(&"ü".repeat(5000));
        assert!(long.len() <= MAX_SERVER_TEXT + 5, "{}", long.len());
        assert!(long.ends_with("..."));
    }

    #[test]
    fn transient_statuses() {
        let transient = [
            408, 425, 429, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524,
        ];
        for status in 0..=1000 {
            let expected = transient.contains(&status);
            assert_eq!(is_transient_status(status), expected, "{status}");
            for (kind, retryable, retried) in [
                (Kind::HttpStatus, expected, false),
                (Kind::TokenRefused, expected, expected),
                (Kind::Proxy, expected, expected),
                (Kind::RetryLater, true, false),
                (Kind::Timeout, true, true),
                (Kind::RealmRefused, false, false),
            ] {
                let error = Error::new(kind, "a failure").with_http_status(status);
                assert_eq!(error.is_retryable(), retryable, "{kind:?} {status}");
                assert_eq!(error.is_transient(), retried, "{kind:?} {status}");
            }
        }
    }

    #[test]
    fn system_failures_keep_their_errno() {
        let source = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        let error = Error::io(Kind::Connect, "connect to 127.0.0.1:1", &source);
        assert_eq!(
            error.message(),
            "connect to 127.0.0.1:1: connection refused"
        );
        assert_eq!(error.errno(), libc::ECONNREFUSED);
        assert_eq!(error.step(), Step::Connect);
        assert!(error.is_retryable());
    }
}
