//! How many connections to one host are used at once, and who waits for one.
//!
//! Generic over the host and over what wakes those who wait, and over the mutex
//! by way of `os::sync`, so that every interleaving of its steps can be tried
//! in a model.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use crate::os::sync::{Arc, Mutex, MutexGuard};

/// The slots of all hosts. A slot that is given back goes to the one who has
/// waited longest, and never to one who comes just then.
#[derive(Debug)]
pub(crate) struct Slots<K, W> {
    most: usize,
    hosts: Mutex<HashMap<K, Host<W>>>,
}

/// A host of which a slot is taken.
#[derive(Debug)]
struct Host<W> {
    taken: usize,
    /// Nobody while a slot is free.
    waiting: VecDeque<Arc<W>>,
}

impl<K: Eq + Hash + Clone, W> Slots<K, W> {
    /// `most` slots for each host, at least one.
    pub(crate) fn new(most: usize) -> Slots<K, W> {
        Slots {
            most: most.max(1),
            hosts: Mutex::new(HashMap::new()),
        }
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Takes a slot if one is free.
    pub(crate) fn take(&self, key: &K) -> bool {
        self.take_or(key, |_| {})
    }

    /// Takes a slot if one is free. If none is, the last of those who wait is
    /// now `waker`, who is given one before it is woken.
    pub(crate) fn take_or_queue(&self, key: &K, waker: &Arc<W>) -> bool {
        self.take_or(key, |host| host.waiting.push_back(Arc::clone(waker)))
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
        let is_free = host.taken < self.most;
        if is_free {
            host.taken += 1;
        } else {
            if_none(host);
        }
        is_free
    }

    /// Gives a slot back. Whoever has it then is to be woken.
    #[must_use]
    pub(crate) fn give_back(&self, key: &K) -> Option<Arc<W>> {
        let mut hosts = self.lock();
        let host = hosts.get_mut(key)?;
        let next = host.waiting.pop_front();
        if next.is_none() {
            host.taken -= 1;
            if host.taken == 0 {
                hosts.remove(key);
            }
        }
        next
    }

    /// Waits no longer. False if `waker` was given a slot meanwhile.
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
        // Nothing here panics midway.
        self.hosts
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
