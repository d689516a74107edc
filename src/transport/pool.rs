//! The pool of idle connections.
//!
//! Generic over the connection and the mutex (through `os::sync`), so that loom
//! can test every interleaving.

use std::time::Duration;

use crate::os::sync::{Instant, Mutex, MutexGuard};

/// The maximum number of idle connections.
const MAX_IDLE: usize = 512;

/// A connection that can be kept.
pub(crate) trait Kept {
    /// Whether it can be used: open, no unexpected input, created by this
    /// process.
    fn is_usable(&mut self) -> bool;
}

#[derive(Debug)]
struct Idle<K, C> {
    key: K,
    connection: C,
    since: Instant,
}

/// Idle connections, most recently used last. The lock is held only for
/// lookups, not while connections are checked or closed.
#[derive(Debug)]
pub(crate) struct Pool<K, C> {
    idle: Mutex<Vec<Idle<K, C>>>,
    max_per_key: usize,
    max_idle_time: Duration,
}

impl<K: Eq + Clone, C: Kept> Pool<K, C> {
    pub(crate) fn new(max_per_key: usize, max_idle_time: Duration) -> Pool<K, C> {
        Pool {
            idle: Mutex::new(Vec::new()),
            max_per_key,
            max_idle_time,
        }
    }

    /// Takes the most recently used connection, which is the least likely to be
    /// stale.
    pub(crate) fn checkout(&self, key: &K) -> Option<C> {
        loop {
            let mut idle = {
                let mut all = self.lock();
                let at = all.iter().rposition(|idle| idle.key == *key)?;
                all.remove(at)
            };
            if idle.since.elapsed() < self.max_idle_time && idle.connection.is_usable() {
                return Some(idle.connection);
            }
        }
    }

    /// Adds a connection after a complete response.
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
            let mut surplus = (same + 1).saturating_sub(self.max_per_key);
            // The oldest come first.
            dropped.extend(all.extract_if(.., |idle| {
                let goes =
                    idle.key == *key && (surplus > 0 || idle.since.elapsed() >= self.max_idle_time);
                surplus = surplus.saturating_sub(usize::from(goes));
                goes
            }));
            if all.len() < MAX_IDLE && self.max_per_key > 0 {
                all.push(idle);
            } else {
                dropped.push(idle);
            }
        }
        // Close connections after releasing the lock.
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Idle<K, C>>> {
        // Poisoning is harmless: no code panics with the list half changed.
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
