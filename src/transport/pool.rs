//! Connections that are kept between requests.
//!
//! Generic over the connection, and over the mutex by way of `super::sync`, so
//! that every interleaving of its steps can be tried in a model.

use std::time::Duration;

use super::sync::{Instant, Mutex, MutexGuard};

/// The most connections that are kept idle.
const MAX_IDLE: usize = 512;

/// Which connections are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// The most for one key.
    pub(crate) per_key: usize,
    /// How long one is kept.
    pub(crate) time: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            per_key: MAX_IDLE,
            // Most servers close theirs after a minute or more.
            time: Duration::from_secs(60),
        }
    }
}

/// Something that can be kept.
pub(crate) trait Kept {
    /// Whether it can be used now: no bytes, no end, this process's own.
    fn is_usable(&mut self) -> bool;
}

#[derive(Debug)]
struct Idle<K, C> {
    key: K,
    connection: C,
    since: Instant,
}

/// Idle connections, the one that was used last at the end. The lock is held
/// for a look-up alone, never while a connection is looked at or closed.
#[derive(Debug)]
pub(crate) struct Pool<K, C> {
    idle: Mutex<Vec<Idle<K, C>>>,
    limits: Limits,
}

impl<K: Eq + Clone, C: Kept> Pool<K, C> {
    pub(crate) fn new(limits: Limits) -> Pool<K, C> {
        Pool {
            idle: Mutex::new(Vec::new()),
            limits,
        }
    }

    /// Takes the connection that was used last: it is the likeliest to be alive.
    pub(crate) fn checkout(&self, key: &K) -> Option<C> {
        loop {
            let mut idle = {
                let mut all = self.lock();
                let at = all.iter().rposition(|idle| idle.key == *key)?;
                all.remove(at)
            };
            if idle.since.elapsed() < self.limits.time && idle.connection.is_usable() {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(crate) fn put_back(&self, key: &K, connection: C) {
        let idle = Idle {
            key: key.clone(),
            connection,
            since: Instant::now(),
        };
        let mut dropped = Vec::new();
        {
            let mut all = self.lock();
            let same = all.iter().filter(|idle| idle.key == *key).count();
            let mut surplus = (same + 1).saturating_sub(self.limits.per_key);
            // The oldest stand first.
            dropped.extend(all.extract_if(.., |idle| {
                let goes =
                    idle.key == *key && (surplus > 0 || idle.since.elapsed() >= self.limits.time);
                surplus = surplus.saturating_sub(usize::from(goes));
                goes
            }));
            if all.len() < MAX_IDLE && self.limits.per_key > 0 {
                all.push(idle);
            } else {
                dropped.push(idle);
            }
        }
        // Closed here, after the lock.
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle<K, C>>> {
        // A panic elsewhere leaves the list whole: nothing here panics midway.
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
