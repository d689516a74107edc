//! The secrets of a client, which no log line and no error message may show.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use zeroize::Zeroizing;

use super::redact;
use crate::error::Error;

/// A secret, wiped when its last owner drops it.
pub(crate) type Secret = Arc<Zeroizing<String>>;

/// Knows every secret for as long as somebody owns it, so its owners bound its
/// size. Shared by a client and those derived from it.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<Vec<Weak<Zeroizing<String>>>>);

impl Secrets {
    /// Registers a secret. It is known while the result, or a clone of it, lives.
    pub(crate) fn add(&self, secret: Zeroizing<String>) -> Secret {
        let secret = Arc::new(secret);
        let mut known = self.known();
        known.retain(|other| other.strong_count() > 0);
        known.push(Arc::downgrade(&secret));
        secret
    }

    /// Covers every secret in a string.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let known: Vec<Secret> = self.known().iter().filter_map(Weak::upgrade).collect();
        let known: Vec<&str> = known.iter().map(|secret| secret.as_str()).collect();
        redact::scrub(text, &known)
    }

    /// Covers every secret in an error's message.
    pub(crate) fn scrub_error(&self, error: Error) -> Error {
        let message = self.scrub(error.message());
        error.with_message(message)
    }

    fn known(&self) -> MutexGuard<'_, Vec<Weak<Zeroizing<String>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_secret_is_covered_while_it_has_an_owner() {
        let secrets = Secrets::default();
        let add = |text: &str| secrets.add(Zeroizing::new(text.to_owned()));
        let (first, second) = (add("hunter2"), add("swordfish"));
        let text = "hunter2 swordfish";
        assert_eq!(secrets.scrub(text), "[redacted] [redacted]");
        let error = secrets.scrub_error(Error::new(Kind::TokenRefused, text).with_http_status(401));
        assert_eq!(error.message(), "[redacted] [redacted]");
        assert_eq!(error.http_status(), 401);
        let again = Arc::clone(&first);
        drop(first);
        drop(second);
        assert_eq!(secrets.scrub(text), "[redacted] swordfish");
        drop(again);
        assert_eq!(secrets.scrub(text), text);
    }

    #[test]
    fn secrets_without_an_owner_take_no_memory() {
        let secrets = Secrets::default();
        for number in 0..1000 {
            secrets.add(Zeroizing::new(format!("secret-{number}")));
        }
        assert_eq!(secrets.known().len(), 1);
    }
}
