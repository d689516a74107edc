//! Limits the number of connections to each host.
//!
//! Generic over the host, the waker and the mutex (through `os::sync`), so that
//! loom can test every interleaving.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::os::sync::{Arc, Mutex, MutexGuard};

/// The slots of all hosts. A released slot goes to the caller that has waited
/// longest, never to a new one.
#[derive(Debug)]
pub(crate) struct Slots<K, W> {
    max: usize,
    hosts: Mutex<HashMap<K, Host<W>>>,
}

/// A host with at least one slot in use.
#[derive(Debug)]
struct Host<W> {
    taken: usize,
    /// Empty while a slot is free.
    waiting: VecDeque<Arc<W>>,
}

impl<K: Eq + Hash + Clone, W> Slots<K, W> {
    /// Creates `max` slots for each host, at least one.
    pub(crate) fn new(max: usize) -> Slots<K, W> {
        Slots {
            max: max.max(1),
            hosts: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }

    /// Takes a slot if one is free.
    pub(crate) fn take(&self, key: &K) -> bool {
        self.take_or(key, |_| {})
    }

    /// Takes a slot if one is free. Otherwise adds `waker` to the end of the
    /// queue; it owns a slot by the time it is woken.
    pub(crate) fn take_or_queue(&self, key: &K, waker: &Arc<W>) -> bool {
        self.take_or(key, |host| host.waiting.push_back(Arc::clone(waker)))
    }

    /// Takes a slot even if none is free.
    pub(crate) fn take_extra(&self, key: &K) {
        self.take_or(key, |host| host.taken += 1);
    }

    fn take_or(&self, key: &K, if_none: impl FnOnce(&mut Host<W>)) -> bool {
        let mut hosts = self.lock();
        let host = match hosts.entry(key.clone()) {
            Entry::Occupied(host) => host.into_mut(),
            Entry::Vacant(place) => place.insert(Host {
                taken: 0,
                waiting: VecDeque::new(),
            }),
        };
        let is_free = host.taken < self.max;
        if is_free {
            host.taken += 1;
        } else {
            if_none(host);
        }
        is_free
    }

    /// Releases a slot. The caller must wake the returned waker, which now owns
    /// it.
    #[must_use]
    pub(crate) fn give_back(&self, key: &K) -> Option<Arc<W>> {
        let mut hosts = self.lock();
        let host = hosts.get_mut(key)?;
        // A slot beyond the maximum is not passed on.
        let next = match host.taken > self.max {
            true => None,
            false => host.waiting.pop_front(),
        };
        if next.is_none() {
            host.taken -= 1;
            if host.taken == 0 {
                hosts.remove(key);
            }
        }
        next
    }

    /// Leaves the queue. Returns false if `waker` already owns a slot.
    pub(crate) fn leave(&self, key: &K, waker: &Arc<W>) -> bool {
        let mut hosts = self.lock();
        let Some(host) = hosts.get_mut(key) else {
            return false;
        };
        let before = host.waiting.len();
        host.waiting.retain(|one| !Arc::ptr_eq(one, waker));
        host.waiting.len() < before
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Host<W>>> {
        // Poisoning is harmless: no code panics with the state half changed.
        self.hosts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
