//! Connections that are kept between requests.
//!
//! Generic over the connection, and over the mutex by way of `super::sync`, so
//! that every interleaving of its steps can be tried in a model.

use std::collections::HashMap;
use std::hash::Hash;

use super::sync::{Instant, Mutex, MutexGuard};

/// The most connections that are kept idle.
const MAX_IDLE: usize = 512;
/// How long one is kept, in seconds: most servers close theirs after a minute
/// or more.
const MAX_IDLE_SECONDS: u64 = 60;

/// Something that can be kept.
pub(crate) trait Kept {
    /// Whether it can be used now: no bytes, no end, this process's own.
    fn is_usable(&mut self) -> bool;
}

#[derive(Debug)]
struct Idle<C> {
    connection: C,
    since: Instant,
}

/// Idle connections by their origin. The lock is held for a look-up alone,
/// never while a connection is looked at or closed.
#[derive(Debug)]
pub(crate) struct Pool<K, C> {
    idle: Mutex<HashMap<K, Vec<Idle<C>>>>,
}

impl<K: Eq + Hash + Clone, C: Kept> Pool<K, C> {
    pub(crate) fn new() -> Pool<K, C> {
        Pool {
            idle: Mutex::new(HashMap::new()),
        }
    }

    /// Takes the connection that was used last: it is the likeliest to be alive.
    pub(crate) fn checkout(&self, key: &K) -> Option<C> {
        loop {
            let mut idle = {
                let mut all = self.lock();
                let list = all.get_mut(key)?;
                let idle = list.pop();
                if list.is_empty() {
                    all.remove(key);
                }
                idle?
            };
            if idle.since.elapsed().as_secs() < MAX_IDLE_SECONDS && idle.connection.is_usable() {
                return Some(idle.connection);
            }
        }
    }

    /// Keeps a connection whose last answer was read to its end.
    pub(crate) fn put_back(&self, key: &K, connection: C) {
        let idle = Idle {
            connection,
            since: Instant::now(),
        };
        let mut dropped = Vec::new();
        {
            let mut all = self.lock();
            let mut count: usize = all.values().map(Vec::len).sum();
            if let Some(list) = all.get_mut(key) {
                // The oldest stand first.
                let expired = list
                    .iter()
                    .take_while(|idle| idle.since.elapsed().as_secs() >= MAX_IDLE_SECONDS)
                    .count();
                dropped.extend(list.drain(..expired));
                count -= expired;
            }
            if count < MAX_IDLE {
                all.entry(key.clone()).or_default().push(idle);
            } else {
                dropped.push(idle);
            }
        }
        // Closed here, after the lock.
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Vec<Idle<C>>>> {
        // A panic elsewhere leaves the map whole: nothing here panics midway.
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
