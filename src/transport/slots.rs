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
    /// Who waits, and for how many slots. The first of them does not get them yet.
    waiting: VecDeque<(Arc<W>, usize)>,
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
        self.take_or(key, 1, |_| {})
    }

    /// Takes a slot if one is free. Otherwise adds `waker` to the end of the
    /// queue; it owns a slot by the time it is woken.
    pub(crate) fn take_or_queue(&self, key: &K, waker: &Arc<W>) -> bool {
        self.take_all_or_queue(key, 1, waker)
    }

    /// The same with several slots, of which it gets all at once. They must not be more
    /// than there are.
    pub(crate) fn take_all_or_queue(&self, key: &K, count: usize, waker: &Arc<W>) -> bool {
        self.take_or(key, count, |host| {
            host.waiting.push_back((Arc::clone(waker), count));
        })
    }

    /// Takes a slot even if none is free.
    pub(crate) fn take_extra(&self, key: &K) {
        self.take_or(key, 1, |host| host.taken += 1);
    }

    fn take_or(&self, key: &K, count: usize, if_none: impl FnOnce(&mut Host<W>)) -> bool {
        let mut hosts = self.lock();
        let host = match hosts.entry(key.clone()) {
            Entry::Occupied(host) => host.into_mut(),
            Entry::Vacant(place) => place.insert(Host {
                taken: 0,
                waiting: VecDeque::new(),
            }),
        };
        let is_free = host.waiting.is_empty() && host.taken + count <= self.max;
        if is_free {
            host.taken += count;
        } else {
            if_none(host);
        }
        is_free
    }

    /// Releases a slot. The caller must wake the returned waker, which now owns
    /// what it waited for.
    #[must_use]
    pub(crate) fn give_back(&self, key: &K) -> Option<Arc<W>> {
        let mut hosts = self.lock();
        let host = hosts.get_mut(key)?;
        host.taken -= 1;
        let next = host.next(self.max);
        if host.taken == 0 {
            hosts.remove(key);
        }
        next
    }

    /// Leaves the queue. Returns false if `waker` already owns its slots. After that,
    /// the caller must wake those that [`Slots::next`] returns.
    pub(crate) fn leave(&self, key: &K, waker: &Arc<W>) -> bool {
        let mut hosts = self.lock();
        let Some(host) = hosts.get_mut(key) else {
            return false;
        };
        let before = host.waiting.len();
        host.waiting.retain(|(one, _)| !Arc::ptr_eq(one, waker));
        host.waiting.len() < before
    }

    /// The next waker whose slots are free, which now owns them: it may have waited
    /// behind one that has left.
    #[must_use]
    pub(crate) fn next(&self, key: &K) -> Option<Arc<W>> {
        let mut hosts = self.lock();
        hosts.get_mut(key)?.next(self.max)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Host<W>>> {
        // Poisoning is harmless: no code panics with the state half changed.
        self.hosts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl<W> Host<W> {
    fn next(&mut self, max: usize) -> Option<Arc<W>> {
        let (_, count) = self.waiting.front()?;
        if self.taken + count > max {
            return None;
        }
        let (waker, count) = self.waiting.pop_front()?;
        self.taken += count;
        Some(waker)
    }
}
