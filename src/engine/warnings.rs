//! Warnings of registries, reported once each.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::observe::WarningCallback;
use crate::error::Step;
use crate::os::deadline::CallLimits;

/// How many warnings are remembered; older ones are reported again.
const MAX_REMEMBERED: usize = 1024;

/// Reports the warnings of one client.
pub(crate) struct Warnings {
    callback: Option<WarningCallback>,
    reported: Mutex<Reported>,
}

/// Hashes of the hosts and warnings that were reported, so that a registry
/// controls neither the number nor the size of what is stored.
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

    /// Reports those of the warnings that are new.
    pub(crate) fn report(&self, limits: &CallLimits, host: &str, texts: &[String]) {
        let Some(callback) = &self.callback else {
            return;
        };
        for text in texts {
            // The lock is released before the callback runs.
            let is_new = self
                .reported
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .add(host, text);
            if is_new {
                let (callback, host, text) = (Arc::clone(callback), host.to_owned(), text.clone());
                limits.post_callback(Step::Receive, move || callback(&host, &text));
            }
        }
    }
}

impl Reported {
    /// Remembers a warning; false if it was reported before.
    fn add(&mut self, host: &str, text: &str) -> bool {
        let hash = self.hasher.hash_one((host, text));
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() == MAX_REMEMBERED {
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
        for number in 0..2 * MAX_REMEMBERED {
            assert!(reported.add("a.example", &number.to_string()));
        }
        assert_eq!(reported.hashes.len(), MAX_REMEMBERED);
        assert!(reported.add("a.example", "old"), "it was forgotten");
    }
}
