//! What registries warn of, told once.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use crate::config::observe::WarningCallback;

/// How many warnings are remembered; the eldest are told again.
const MOST: usize = 1024;

/// Tells the warnings of one client.
pub(crate) struct Warnings {
    callback: Option<WarningCallback>,
    reported: Mutex<Reported>,
}

/// Hosts and texts that were reported, as hashes: a registry decides on neither
/// the number nor the size of what is kept.
#[derive(Default)]
struct Reported {
    hasher: RandomState,
    hashes: VecDeque<u64>,
}

impl Warnings {
    pub(crate) fn new(callback: Option<WarningCallback>) -> Warnings {
        Warnings {
            callback,
            reported: Mutex::default(),
        }
    }

    /// Tells those of the warnings that are new.
    pub(crate) fn tell(&self, host: &str, texts: &[String]) {
        let Some(callback) = &self.callback else {
            return;
        };
        for text in texts {
            // The lock is open again when the callback runs.
            let is_new = self
                .reported
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(host, text);
            if is_new {
                callback(host, text);
            }
        }
    }
}

impl Reported {
    /// Remembers a warning; false if it is known.
    fn add(&mut self, host: &str, text: &str) -> bool {
        let hash = self.hasher.hash_one((host, text));
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() == MOST {
            self.hashes.pop_front();
        }
        self.hashes.push_back(hash);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_warning_of_a_host_is_new_once() {
        let mut reported = Reported::default();
        assert!(reported.add("a.example", "old"));
        assert!(!reported.add("a.example", "old"));
        assert!(reported.add("b.example", "old"));
        for number in 0..2 * MOST {
            assert!(reported.add("a.example", &number.to_string()));
        }
        assert_eq!(reported.hashes.len(), MOST);
        assert!(reported.add("a.example", "old"), "it was forgotten");
    }
}
