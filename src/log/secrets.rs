//! The secrets of a client, which no log line and no error message may show.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use zeroize::Zeroizing;

use super::scrub::Index;
use crate::error::Error;

/// A secret, wiped when its last owner drops it.
pub(crate) type Secret = Arc<Zeroizing<String>>;

/// The secrets that are known without an owner, since a server may repeat one
/// that was rejected or replaced: the latest, up to a number and a total size.
const MAX_RECENT: usize = 512;
const MAX_RECENT_BYTES: usize = 256 * 1024;

/// Knows every secret for as long as somebody owns it, and the latest ones.
/// Shared by a client, those derived from it, and their responses.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In the order of their addition.
    known: Vec<Known>,
    index: Index,
}

#[derive(Debug)]
struct Known {
    secret: Weak<Zeroizing<String>>,
    recent: Option<Secret>,
    is_indexed: bool,
}

impl Secrets {
    /// Registers a secret. It is known while the result, or a clone of it, lives,
    /// and as long as it is among the latest.
    pub(crate) fn add(&self, secret: Zeroizing<String>) -> Secret {
        self.state().add(secret)
    }

    /// Owns every secret that is known now.
    pub(crate) fn hold(&self) -> Vec<Secret> {
        let state = self.state();
        state.known.iter().filter_map(Known::get).collect()
    }

    /// Covers every secret in a string.
    pub(crate) fn scrub(&self, text: &str) -> String {
        let mut state = self.state();
        state.update_index();
        state.index.scrub(text)
    }

    /// Covers every secret in an error's message and code.
    pub(crate) fn scrub_error(&self, error: Error) -> Error {
        error.map_text(|text| self.scrub(text))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, secret: Zeroizing<String>) -> Secret {
        let same = self.known.iter().enumerate().find_map(|(place, known)| {
            let known = known.get().filter(|known| **known == secret)?;
            Some((place, known))
        });
        let (secret, is_indexed) = match same {
            Some((place, known)) => (known, self.known.remove(place).is_indexed),
            None => (Arc::new(secret), false),
        };
        self.known.push(Known {
            secret: Arc::downgrade(&secret),
            recent: Some(Arc::clone(&secret)),
            is_indexed,
        });
        self.forget_old();
        secret
    }

    /// Forgets the older half of the latest secrets if there are too many, so
    /// that the index is not rebuilt for each of them.
    fn forget_old(&mut self) {
        loop {
            let recent = self.known.iter().filter_map(|known| known.recent.as_ref());
            let count = recent.clone().count();
            let bytes: usize = recent.map(|secret| secret.len()).sum();
            if count <= 1 || count <= MAX_RECENT && bytes <= MAX_RECENT_BYTES {
                return;
            }
            let recent = self.known.iter_mut().filter(|known| known.recent.is_some());
            for known in recent.take(count.div_ceil(2)) {
                known.recent = None;
            }
            self.known.retain(|known| known.secret.strong_count() > 0);
            self.index = Index::default();
            for known in &mut self.known {
                known.is_indexed = false;
            }
        }
    }

    fn update_index(&mut self) {
        for known in self.known.iter_mut().filter(|known| !known.is_indexed) {
            if let Some(secret) = known.secret.upgrade() {
                self.index.add(&secret);
            }
            known.is_indexed = true;
        }
    }
}

impl Known {
    fn get(&self) -> Option<Secret> {
        self.secret.upgrade()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn add(secrets: &Secrets, text: &str) -> Secret {
        secrets.add(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn errors_keep_everything_but_the_secrets() {
        let secrets = Secrets::default();
        add(&secrets, "hunter2");
        add(&secrets, "swordfish");
        let error = Error::new(Kind::TokenRefused, "hunter2 swordfish")
            .with_http_status(401)
            .with_registry_code("X hunter2");
        let error = secrets.scrub_error(error);
        assert_eq!(error.message(), "[redacted] [redacted]");
        assert_eq!(error.registry_code(), Some("X [redacted]"));
        assert_eq!(error.http_status(), 401);
    }

    #[test]
    fn a_secret_without_an_owner_is_known_while_it_is_among_the_latest() {
        let secrets = Secrets::default();
        let owned = add(&secrets, "swordfish");
        drop(add(&secrets, "hunter2"));
        let text = "hunter2 swordfish";
        assert_eq!(secrets.scrub(text), "[redacted] [redacted]");
        for number in 0..MAX_RECENT {
            add(&secrets, &format!("secret-{number}"));
        }
        assert_eq!(secrets.scrub(text), "hunter2 [redacted]");
        assert_eq!(secrets.scrub("secret-511"), "[redacted]");
        drop(owned);
        for number in 0..MAX_RECENT {
            add(&secrets, &format!("another-{number}"));
        }
        assert_eq!(secrets.scrub(text), text);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let secrets = Secrets::default();
        let large = |number: usize| format!("{number}-{}", "x".repeat(60_000));
        for number in 0..1000 {
            add(&secrets, &large(number));
            let state = secrets.state();
            let bytes: usize = state
                .known
                .iter()
                .filter_map(Known::get)
                .map(|s| s.len())
                .sum();
            assert!(bytes <= MAX_RECENT_BYTES);
        }
        // The latest is known, however large.
        let huge = "y".repeat(MAX_RECENT_BYTES + 1);
        add(&secrets, &huge);
        assert_eq!(secrets.scrub(&huge), "[redacted]");
        assert_eq!(secrets.state().known.len(), 1);
    }

    #[test]
    fn a_secret_that_is_added_again_is_the_same() {
        let secrets = Secrets::default();
        let first = add(&secrets, "hunter2");
        assert!(Arc::ptr_eq(&first, &add(&secrets, "hunter2")));
        assert_eq!(secrets.hold().len(), 1);
    }
}
