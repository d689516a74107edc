//! The one error type of the library: what went wrong, in which step, where,
//! and whether trying again can help.

mod kind;
pub(crate) mod position;
mod step;

use std::path::Path;
use std::time::Duration;
use std::{fmt, io};

pub use self::kind::Kind;
pub use self::step::Step;

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
    retry_after: Option<RetryAfter>,
    callback_value: i32,
    digest: Option<String>,
    unsent: bool,
}

/// A Retry-After field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryAfter {
    pub(crate) wait: Duration,
    /// It is a Unix time, which servers send as the time at which a quota is
    /// renewed, not as the delay before a retry.
    pub(crate) is_unix_time: bool,
}

impl From<Duration> for RetryAfter {
    fn from(wait: Duration) -> RetryAfter {
        RetryAfter {
            wait,
            is_unix_time: false,
        }
    }
}

/// The maximum length of a server's text in a message, in bytes.
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
            digest: None,
            unsent: false,
        }))
    }

    /// A failure of the system, with its errno.
    pub(crate) fn io(kind: Kind, what: impl fmt::Display, source: &io::Error) -> Error {
        let mut error = Error::new(kind, format!("{what}: {}", describe(source)));
        error.0.errno = source.raw_os_error().unwrap_or(0);
        error
    }

    /// The error that an I/O error carries, such as that of a time limit; otherwise
    /// a failure of the system.
    pub(crate) fn of_io(kind: Kind, what: impl fmt::Display, error: io::Error) -> Error {
        error
            .downcast::<Error>()
            .unwrap_or_else(|error| Error::io(kind, what, &error))
    }

    pub(crate) fn no_memory(what: &str) -> Error {
        Error::new(Kind::NoMemory, format!("{what}: out of memory"))
    }

    /// The same failure as another kind, which knows more about it.
    pub(crate) fn with_kind(mut self, kind: Kind) -> Error {
        self.0.kind = kind;
        self
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

    pub(crate) fn with_retry_after(mut self, wait: Option<impl Into<RetryAfter>>) -> Error {
        self.0.retry_after = wait.map(Into::into);
        self
    }

    pub(crate) fn retry_after_field(&self) -> Option<RetryAfter> {
        self.0.retry_after
    }

    pub(crate) fn with_callback_value(mut self, value: i32) -> Error {
        self.0.callback_value = value;
        self
    }

    /// Names the content that the failure is about, unless it is named.
    pub(crate) fn with_digest(mut self, digest: &str) -> Error {
        if self.0.digest.is_none() {
            self.0.digest = Some(digest.to_owned());
        }
        self
    }

    /// Records whether no byte of the request was sent.
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

    /// Changes the message, and the registry's code.
    pub(crate) fn map_text(mut self, change: impl Fn(&str) -> String) -> Error {
        self.0.message = change(&self.0.message);
        self.0.registry_code = self.0.registry_code.as_deref().map(change);
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

    /// The HTTP status of the response that caused the failure, 0 if there was
    /// none.
    pub fn http_status(&self) -> u16 {
        self.0.http_status
    }

    /// The registry's own error code, if one was sent.
    pub fn registry_code(&self) -> Option<&str> {
        self.0.registry_code.as_deref()
    }

    /// The digest of the content that the failure is about.
    pub fn digest(&self) -> Option<&str> {
        self.0.digest.as_deref()
    }

    /// The system's errno, 0 if there is none.
    pub fn errno(&self) -> i32 {
        self.0.errno
    }

    /// How long the server asked to wait before the next request (Retry-After).
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.map(|field| field.wait)
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
            _ => is_shortage(self.0.errno),
        }
    }
}

/// Whether an errno reports that the process or the system has no descriptors or
/// memory left at the moment, whatever they were needed for.
pub(crate) fn is_shortage(errno: i32) -> bool {
    matches!(
        errno,
        libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM
    )
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
        | Kind::PartialContent
        | Kind::NextPageRefused
        | Kind::NotFound
        | Kind::Unauthorized
        | Kind::Denied
        | Kind::Unsupported
        | Kind::SizeMismatch
        | Kind::InvalidManifest
        | Kind::NoPlatform
        | Kind::RangeIgnored
        | Kind::UploadLost
        | Kind::BlobMissing
        | Kind::ListEndless
        | Kind::NoFiles => Step::Receive,
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

/// Whether a character would disturb a line of a terminal: controls, line
/// separators, and controls of the writing direction, which can make text look
/// like another.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

/// What a message about a file begins with, such as `output /tmp/blob`.
pub(crate) fn with_path(what: &str, path: &Path) -> String {
    format!("{what} {}", server_text(&path.to_string_lossy()))
}

/// Text from a server for a one-line message: control characters are escaped,
/// and it is cut at 1 KiB.
pub(crate) fn server_text(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if out.len() >= MAX_SERVER_TEXT {
            out.push_str("...");
            break;
        }
        if is_unprintable(character) {
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
        assert_eq!(
            server_text("\u{1b}[31m\u{202e}a\u{2066}\u{200f}\u{2028}"),
            "\\u{1b}[31m\\u{202e}a\\u{2066}\\u{200f}\\u{2028}"
        );
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
    fn a_shortage_is_temporary_wherever_it_shows() {
        let kinds = [
            Kind::File,
            Kind::Connect,
            Kind::NoMemory,
            Kind::InvalidCertificates,
            Kind::InvalidCredentialsFile,
            Kind::CredentialHelper,
        ];
        for kind in kinds {
            for errno in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
                let source = io::Error::from_raw_os_error(errno);
                let error = Error::io(kind, "open", &source);
                assert!(
                    error.is_retryable() && error.is_transient(),
                    "{kind:?} {errno}"
                );
            }
        }
        for errno in [libc::ENOENT, libc::EACCES, libc::ENOSPC, libc::EIO] {
            let source = io::Error::from_raw_os_error(errno);
            let error = Error::io(Kind::File, "open", &source);
            assert!(!error.is_retryable() && !error.is_transient(), "{errno}");
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
