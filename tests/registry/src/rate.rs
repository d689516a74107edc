//! A limit on requests, as public registries have one.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time that the limit is about, which the registry names in Retry-After.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts the requests within a second.
#[derive(Default)]
pub(crate) struct Rate {
    max: Option<u32>,
    window: Mutex<Option<(Instant, u32)>>,
}

impl Rate {
    pub(crate) fn new(max: Option<u32>) -> Self {
        Rate {
            max,
            window: Mutex::default(),
        }
    }

    /// Counts a request; returns whether there were too many before.
    pub(crate) fn is_exceeded(&self, now: Instant) -> bool {
        let Some(max) = self.max else {
            return false;
        };
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (begin, count) = match *window {
            Some((begin, count)) if now.saturating_duration_since(begin) < WINDOW => (begin, count),
            _ => (now, 0),
        };
        *window = Some((begin, (count + 1).min(max)));
        count >= max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_its_requests() {
        let now = Instant::now();
        let rate = Rate::new(Some(2));
        for (ms, expected) in [
            (0, false),
            (500, false),
            (998, true),
            (999, true),
            (1000, false),
            (1999, false),
            (1999, true),
            (5000, false),
        ] {
            let at = now + Duration::from_millis(ms);
            assert_eq!(rate.is_exceeded(at), expected, "{ms}");
        }
        let without = Rate::default();
        assert!((0..1000).all(|_| !without.is_exceeded(now)));
    }
}
