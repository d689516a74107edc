//! The maximum speed of a call, which all its transfers share.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Unused time that may be made up for, so that delays of the scheduler do not lower
/// the speed.
const BURST: Duration = Duration::from_millis(100);
/// How many times a second something is sent.
const SENDS_PER_SECOND: u64 = 10;
/// The smallest amount to send at a time.
const MIN_SEND: usize = 1024;

/// The limits of a call, in both directions.
#[derive(Debug)]
pub(crate) struct Speed {
    down: Option<Bucket>,
    up: Option<Bucket>,
}

/// The limit in one direction.
#[derive(Debug)]
struct Bucket {
    /// Bytes per second.
    rate: u64,
    /// When what was transferred has taken its time.
    free_at: Mutex<Instant>,
}

impl Speed {
    /// Limits in bytes per second; 0 for none.
    pub(crate) fn new(down: u64, up: u64) -> Option<Arc<Speed>> {
        let bucket = |rate| {
            (rate > 0).then(|| Bucket {
                rate,
                free_at: Mutex::new(Instant::now()),
            })
        };
        let (down, up) = (bucket(down), bucket(up));
        (down.is_some() || up.is_some()).then(|| Arc::new(Speed { down, up }))
    }

    /// Counts bytes of a response body.
    pub(crate) fn received(&self, bytes: usize) {
        if let Some(down) = &self.down {
            down.take(bytes, Instant::now());
        }
    }

    /// Counts bytes of a request.
    pub(crate) fn sent(&self, bytes: usize) {
        if let Some(up) = &self.up {
            up.take(bytes, Instant::now());
        }
    }

    /// How much may be sent at a time.
    pub(crate) fn max_send(&self) -> usize {
        self.up.as_ref().map_or(usize::MAX, |up| {
            usize::try_from(up.rate / SENDS_PER_SECOND).map_or(usize::MAX, |max| max.max(MIN_SEND))
        })
    }

    /// When more may be received.
    pub(super) fn receive_at(&self) -> Option<Instant> {
        self.down.as_ref().map(Bucket::free_at)
    }

    /// When more may be sent.
    pub(super) fn send_at(&self) -> Option<Instant> {
        self.up.as_ref().map(Bucket::free_at)
    }
}

impl Bucket {
    fn take(&self, bytes: usize, now: Instant) {
        let time = Duration::from_secs_f64(bytes as f64 / self.rate as f64);
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(BURST).unwrap_or(now);
        *free_at = (*free_at).max(earliest) + time;
    }

    fn free_at(&self) -> Instant {
        *self.free_at.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transferred_takes_its_time() {
        let speed = Speed::new(1000, 0).expect("a limit");
        let down = speed.down.as_ref().expect("a limit");
        let now = Instant::now() + Duration::from_secs(10);
        down.take(500, now);
        assert_eq!(down.free_at(), now + Duration::from_millis(400), "a burst");
        down.take(250, now);
        assert_eq!(down.free_at(), now + Duration::from_millis(650));
        let later = now + Duration::from_secs(60);
        down.take(1000, later);
        assert_eq!(down.free_at(), later + Duration::from_millis(900));
        assert_eq!(speed.receive_at(), Some(down.free_at()));
        speed.sent(1 << 40);
        assert!(speed.send_at().is_none(), "no limit in this direction");
        assert!(Speed::new(0, 0).is_none());
    }

    #[test]
    fn little_is_sent_at_a_time() {
        for (rate, expected) in [(0, usize::MAX), (1, 1024), (100_000, 10_000)] {
            let max = Speed::new(1, rate).map(|speed| speed.max_send());
            assert_eq!(max, Some(expected));
        }
    }
}
