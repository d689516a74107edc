//! The secrets of a client, which no log line and no error message may show.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
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
    hasher: RandomState,
    /// By hash; of two secrets with the same hash, one is at the next number.
    known: HashMap<u64, Known>,
    /// Number and total size of the secrets that are known without an owner.
    recent: usize,
    recent_bytes: usize,
    /// How often a secret was added.
    additions: u64,
    index: Index,
    /// The secrets that are not in the index yet.
    unindexed: Vec<Weak<Zeroizing<String>>>,
}

#[derive(Debug)]
struct Known {
    secret: Weak<Zeroizing<String>>,
    /// The same, if it is among the latest.
    recent: Option<Secret>,
    /// The number of its last addition.
    addition: u64,
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
        state.known.values().filter_map(Known::get).collect()
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
        let mut place = self.hasher.hash_one(secret.as_str());
        let known = loop {
            match self.known.get(&place).and_then(Known::get) {
                Some(other) if *other != secret => place = place.wrapping_add(1),
                found => break found,
            }
        };
        let secret = known.unwrap_or_else(|| {
            let secret = Arc::new(secret);
            self.unindexed.push(Arc::downgrade(&secret));
            secret
        });
        self.additions += 1;
        let before = self.known.insert(
            place,
            Known {
                secret: Arc::downgrade(&secret),
                recent: Some(Arc::clone(&secret)),
                addition: self.additions,
            },
        );
        if before.is_none_or(|known| known.recent.is_none()) {
            self.recent += 1;
            self.recent_bytes += secret.len();
            self.forget_old();
        }
        secret
    }

    /// Forgets the older half of the latest secrets if there are too many, so
    /// that the index is not rebuilt for each of them.
    fn forget_old(&mut self) {
        while self.recent > 1 && (self.recent > MAX_RECENT || self.recent_bytes > MAX_RECENT_BYTES)
        {
            let is_recent = |known: &&mut Known| known.recent.is_some();
            let recent = self.known.values_mut().filter(is_recent);
            let oldest = recent.map(|known| known.addition).min();
            let last = oldest.unwrap_or(0).midpoint(self.additions - 1);
            for known in self.known.values_mut() {
                if known.addition <= last
                    && let Some(secret) = known.recent.take()
                {
                    self.recent -= 1;
                    self.recent_bytes -= secret.len();
                }
            }
            self.known
                .retain(|_, known| known.secret.strong_count() > 0);
            self.index = Index::default();
            let known = self.known.values();
            self.unindexed = known.map(|known| Weak::clone(&known.secret)).collect();
        }
    }

    fn update_index(&mut self) {
        for secret in self.unindexed.drain(..) {
            if let Some(secret) = secret.upgrade() {
                self.index.add(&secret);
            }
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
            let known = state.known.values().filter_map(Known::get);
            let bytes: usize = known.map(|secret| secret.len()).sum();
            assert!(bytes <= MAX_RECENT_BYTES);
            assert_eq!(bytes, state.recent_bytes);
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
        assert_eq!(secrets.state().recent, 1);
    }

    #[test]
    fn a_secret_that_is_added_again_is_among_the_latest() {
        let secrets = Secrets::default();
        for number in 0..2 * MAX_RECENT {
            add(&secrets, "hunter2");
            add(&secrets, &format!("secret-{number}"));
        }
        assert_eq!(secrets.scrub("hunter2, secret-0"), "[redacted], secret-0");
    }

    #[test]
    fn two_secrets_may_have_the_same_hash() {
        let secrets = Secrets::default();
        let first = add(&secrets, "hunter2");
        let place = {
            let mut state = secrets.state();
            let place = state.hasher.hash_one("swordfish");
            let known = state
                .known
                .drain()
                .map(|(_, known)| (place, known))
                .collect();
            state.known = known;
            place
        };
        let second = add(&secrets, "swordfish");
        assert!(Arc::ptr_eq(&second, &add(&secrets, "swordfish")));
        assert_eq!(secrets.scrub("hunter2 swordfish"), "[redacted] [redacted]");
        let state = secrets.state();
        let of = |place| state.known.get(&place).and_then(Known::get);
        assert_eq!(of(place), Some(first));
        assert_eq!(of(place.wrapping_add(1)), Some(second));
    }
}
